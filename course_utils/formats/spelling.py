"""Text as it is read aloud: numbers, dates, times, money and abbreviations in words.

A model of speech knows letters and a few marks. What stands for words, such as "3" or "Dr.", has to
become words first; whatever is left that it does not know is silence, so :func:`unspeakable` names
it. The rules are for English.
"""

import functools
import re

__all__ = ["spell_out", "unspeakable"]

ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
MONTHS = [
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
]
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
"""With a full stop after them; one before a capital letter may also end the sentence, and stays."""

UNITS = {
    "km": "kilometre",
    "m": "metre",
    "cm": "centimetre",
    "mm": "millimetre",
    "kg": "kilogram",
    "g": "gram",
    "l": "litre",
    "ml": "millilitre",
    "h": "hour",
    "min": "minute",
    "s": "second",
    "ms": "millisecond",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "dB": "decibel",
    "°C": "degree Celsius",
    "°F": "degree Fahrenheit",
    "%": "percent",
}
UNCHANGED = {"hertz", "kilohertz", "percent"}
"""Units without a plural."""

SIGNS = {"&": "and", "@": "at", "+": "plus", "=": "equals", "#": "number"}
LETTERS = {
    "A": "ay", "B": "bee", "C": "see", "D": "dee", "E": "ee", "F": "eff", "G": "jee", "H":
    "aitch", "I": "eye", "J": "jay", "K": "kay", "L": "ell", "M": "em", "N": "en", "O": "oh", "P":
    "pee", "Q": "cue", "R": "ar", "S": "ess", "T": "tee", "U": "you", "V": "vee", "W":
    "doubleyou", "X": "ex", "Y": "why", "Z": "zed",
}  # fmt: skip
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"


def spell_out(text):
    """Write a text as it is read aloud.

    Parameters
    ----------
    text : str
        English.

    Returns
    -------
    str
        Without digits, signs of currency, units and known abbreviations. Words, punctuation and
        everything unknown stay as they are.

    Raises
    ------
    TypeError
        If `text` is no str.

    Examples
    --------
    >>> spell_out("Dr. Hill owes $3.50, due 12 May 2024.")
    'Doctor Hill owes three dollars and fifty cents, due the twelfth of May twenty twenty-four.'
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str.")
    for pattern, words in _rules():
        text = pattern.sub(words, text)
    return re.sub(" +", " ", text).strip()


def unspeakable(text):
    """List the characters of a text that no voice can read.

    Parameters
    ----------
    text : str
        After :func:`spell_out`.

    Returns
    -------
    list of str
        Each once, in order: all but Latin letters without accents, white space and ``. , ? ! ; :
        ' " ( ) -`` with their typographic forms.
    """
    known = re.compile(r"[A-Za-z\s.,?!;:'\"()\-\u2013\u2014\u2018\u2019\u201c\u201d\u2026]")
    return [character for character in dict.fromkeys(text) if not known.match(character)]


@functools.cache
def _rules():
    """Give the rules in their order: a compiled pattern and what makes words of a match."""
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
        (rf"(?<![\w.])-?(?:{_NUMBER})\s?(?:{units})(?!\w)", _quantity),
        (r"\b(\d+)(?:st|nd|rd|th)\b", lambda m: ordinal(int(m[1]))),
        (in_year, lambda m: f"{m[1]} {_year(m[2])}"),
        (rf"(?<![\w.])-(?={_NUMBER})", lambda m: "minus "),
        (_NUMBER, lambda m: f" {number(m[0])} "),
        (r"\b([B-HJ-NP-Z]{2,5}|[A-Z]*[B-DF-HJ-NP-TV-Z]{3}[A-Z]*)\b", _letters),
        (r"\s?([&@+=#])\s?", lambda m: f" {SIGNS[m[1]]} "),
        (r" +([.,?!;:])", lambda m: m[1]),
    ]
    return [(re.compile(pattern), words) for pattern, words in rules]


def number(digits):
    """Spell a number: ``"1,203.5"`` is one thousand two hundred and three point five."""
    from transformers.models.speecht5.number_normalizer import EnglishNumberNormalizer

    spell = EnglishNumberNormalizer().spell_number
    whole, _, fraction = digits.replace(",", "").partition(".")
    if len(whole) > 15 or (len(whole) > 1 and whole[0] == "0"):  # a code, not a quantity
        words = " ".join(spell(int(digit)) for digit in whole)
    else:
        scales = ["", " thousand", " million", " billion", " trillion"]
        value, parts = int(whole), []
        for scale in scales:
            value, part = divmod(value, 1000)
            if part:
                parts.insert(0, re.sub(r"(ty) (?=\w+$)", r"\1-", spell(part)) + scale)
        words = " ".join(parts) or "zero"
        if len(parts) > 1 and int(whole) % 1000 and int(whole) % 1000 < 100:
            words = " ".join([*parts[:-1], "and", parts[-1]])
    if fraction:
        words += " point " + " ".join(spell(int(digit)) for digit in fraction)
    return words


def ordinal(value):
    """Spell an ordinal number: 21 is twenty-first."""
    before, mark, last = re.match(r"(.*?)([ -]?)(\w+)$", number(str(value))).groups()
    return before + mark + ORDINALS.get(last, re.sub("y$", "ie", last) + "th")


def _abbreviation(match):
    ends_sentence = match[2] and match[1] in ("etc", "a.m", "p.m", "approx", "dept")
    return ABBREVIATIONS[match[1]] + ("." if ends_sentence else "")


def _date(day, month, year):
    month = MONTHS[int(month) - 1] if month.isdigit() and 1 <= int(month) <= 12 else month
    words = f"the {ordinal(int(day))} of {month}"
    return f"{words} {_year(year)}" if year else words


def _year(digits):
    first, second = divmod(int(digits), 100)
    if first == 20 and second < 10:
        return number(digits)
    last = "hundred" if second == 0 else f"oh {number(str(second))}" if second < 10 else None
    return f"{number(str(first))} {last or number(str(second))}"


def _time(match):
    hour, minute = number(str(int(match[1]))), int(match[2])
    if minute == 0:
        return f"{hour} o'clock"
    return f"{hour} oh {number(str(minute))}" if minute < 10 else f"{hour} {number(str(minute))}"


def _money(match):
    one, many, small, smalls = MONEY[match[1]]
    amount, scale = match[2].replace(",", ""), match[3]
    whole, _, fraction = amount.partition(".")
    if scale or (fraction and len(fraction) != 2):
        return f"{number(amount)} {scale + ' ' if scale else ''}{many}"
    words = f"{number(whole)} {one if whole == '1' else many}"
    if not int(fraction or 0):
        return words
    return f"{words} and {number(str(int(fraction)))} {small if int(fraction) == 1 else smalls}"


def _quantity(match):
    amount, unit = re.match(r"(-?[\d.,]+)\s?(\D+)$", match[0]).groups()
    words = UNITS[unit]
    if words not in UNCHANGED and amount.lstrip("-") != "1":
        first, *rest = words.split()
        words = " ".join([first + "s", *rest])
    return f"{'minus ' if amount[0] == '-' else ''}{number(amount.lstrip('-'))} {words}"


def _letters(match):
    return " ".join(LETTERS[letter] for letter in match[1])
