"""Text as it is read aloud: numbers, dates, times, money and abbreviations in words.

A speech synthesiser knows letters and a few marks. Signs that stand for words, such as "3" or
"Dr.", have to become words first; other characters stay silent, so :func:`unspeakable` lists them.
The rules are for English.
"""

import calendar
import functools
import re

from num2words import num2words

__all__ = ["spell_out", "unspeakable"]

MONTHS = calendar.month_name[1:]
MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
}
ABBREVIATIONS = {
    "Dr": "Doctor",
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Prof": "Professor",
    "St": "Saint",
    "Jr": "Junior",
    "Sr": "Senior",
    "approx": "approximately",
    "dept": "department",
    "etc": "et cetera",
    "vs": "versus",
    "e.g": "for example",
    "i.e": "that is",
    "a.m": "ay em",
    "p.m": "pee em",
}
"""Abbreviations that a full stop follows."""

_PREFIXES = {"": "", "k": "kilo", "c": "centi", "m": "milli"}
_METRIC = {"m": "metre", "g": "gram", "l": "litre", "s": "second", "Hz": "hertz"}
UNITS = {
    "h": "hour",
    "min": "minute",
    "dB": "decibel",
    "°C": "degree Celsius",
    "°F": "degree Fahrenheit",
    "%": "percent",
} | {p + unit: _PREFIXES[p] + _METRIC[unit] for p in _PREFIXES for unit in _METRIC}
SIGNS = {"&": "and", "@": "at", "+": "plus", "=": "equals", "#": "number"}
LETTERS = (
    "ay bee see dee ee eff jee aitch eye jay kay ell em en oh pee cue ar ess tee you vee doubleyou "
    "ex why zed"
)
"""Names of the letters from A to Z, for initialisms such as NHS."""

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"


def spell_out(text):
    """Return an English text as it is read aloud.

    Digits, currency signs, units and known abbreviations become words; other words, punctuation
    and unknown characters stay as they are. Raise TypeError if `text` is no str.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str.")
    for pattern, words in _rules():
        text = pattern.sub(words, text)
    return re.sub(" +", " ", text).strip()


def unspeakable(text):
    """Return the characters of a text that no synthesiser can read, each once, in order.

    They are all but Latin letters without accents, white space, and ``. , ? ! ; : ' " ( ) -`` with
    their typographic forms. Call it on the result of :func:`spell_out`.
    """
    known = re.compile(r"[A-Za-z\s.,?!;:'\"()\-\u2013\u2014\u2018\u2019\u201c\u201d\u2026]")
    return [character for character in dict.fromkeys(text) if not known.match(character)]


@functools.cache
def _rules():
    """Return the rules in order of application: a compiled pattern and what replaces a match."""
    months = "|".join(MONTHS)
    day, year = r"(\d{1,2})(?:st|nd|rd|th)?", r"(1[1-9]\d\d|20\d\d)"
    dated = rf"\b(?:the )?{day} (?:of )?({months})(?:,? {year})?\b"
    in_year = rf"\b([Ii]n|[Ss]ince|[Uu]ntil|[Bb]y|of) {year}\b(?![.,]\d)"
    units = "|".join(map(re.escape, sorted(UNITS, key=len, reverse=True)))
    abbreviations = "|".join(map(re.escape, ABBREVIATIONS))
    rules = [
        (rf"\b({abbreviations})\.(?=(\s+[A-Z])?)", _abbreviation),
        (r"\b(\d{4})-(\d\d)-(\d\d)\b", lambda m: _date(m[3], m[2], m[1])),
        (dated, lambda m: _date(m[1], m[2], m[3])),
        (rf"\b({months}) {day}(?:,? {year})?\b", lambda m: _date(m[2], m[1], m[3])),
        (r"\b([01]?\d|2[0-3]):([0-5]\d)\b", _time),
        (rf"([$€£])({_NUMBER})(?: (thousand|million|billion))?", _money),
        (rf"(?<![\w.])(-?)({_NUMBER})\s?({units})(?!\w)", _quantity),
        (r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: _number(m[1], "ordinal")),
        (in_year, lambda m: f"{m[1]} {_year(m[2])}"),
        (rf"(?<![\w.])-(?={_NUMBER})", lambda m: "minus "),
        (_NUMBER, lambda m: f" {_number(m[0])} "),
        (r"\b([B-HJ-NP-Z]{2,5}|[A-Z]*[B-DF-HJ-NP-TV-Z]{3}[A-Z]*)\b", _letters),
        (r"\s?([&@+=#])\s?", lambda m: f" {SIGNS[m[1]]} "),
        (r" +([.,?!;:])", lambda m: m[1]),
    ]
    return [(re.compile(pattern), words) for pattern, words in rules]


def _number(digits, to="cardinal"):
    """Return a number such as 1,203.5 in words; digit by digit if it is a code such as 007."""
    whole, _, fraction = digits.replace(",", "").partition(".")
    code = to == "cardinal" and (len(whole) > 15 or re.match("0.", whole))
    words = _digits(whole) if code else num2words(int(whole), to=to).replace(",", "")
    return f"{words} point {_digits(fraction)}" if fraction else words


def _digits(digits):
    return " ".join(num2words(int(digit)) for digit in digits)


def _letters(match):
    names = LETTERS.split()
    return " ".join(names[ord(letter) - ord("A")] for letter in match[1])


def _abbreviation(match):
    # The full stop may also end the sentence, if a capital letter follows.
    ends_sentence = match[2] and match[1] in ("etc", "a.m", "p.m", "approx", "dept")
    return ABBREVIATIONS[match[1]] + ("." if ends_sentence else "")


def _date(day, month, year):
    month = MONTHS[int(month) - 1] if month.isdigit() and 1 <= int(month) <= 12 else month
    words = f"the {_number(day, 'ordinal')} of {month}"
    return f"{words} {_year(year)}" if year else words


def _year(digits):
    return _number(digits, "year").replace("oh-", "oh ")


def _time(match):
    hour, minute = num2words(int(match[1])), int(match[2])
    if minute == 0:
        return f"{hour} o'clock"
    return f"{hour} {'oh ' if minute < 10 else ''}{num2words(minute)}"


def _money(match):
    one, many, small, smalls = MONEY[match[1]]
    amount, scale = match[2].replace(",", ""), match[3]
    whole, _, fraction = amount.partition(".")
    if scale or (fraction and len(fraction) != 2):
        return f"{_number(amount)} {scale + ' ' if scale else ''}{many}"
    words = f"{_number(whole)} {one if whole == '1' else many}"
    if not int(fraction or 0):
        return words
    return f"{words} and {num2words(int(fraction))} {small if int(fraction) == 1 else smalls}"


def _quantity(match):
    first, *rest = UNITS[match[3]].split()
    if match[2] != "1" and not first.endswith(("hertz", "percent")):
        first += "s"
    return " ".join(["minus"] * bool(match[1]) + [_number(match[2]), first, *rest])
