"""Text as it is read aloud, against num2words and cases by hand."""

import re

import num2words
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.formats import spelling

SAID = {
    "I have 3 cats.": "I have three cats.",
    "It costs $1, €2.50 or £0.05.": "It costs one dollar, two euros and fifty cents or "
    "zero pounds and five pence.",
    "$3.5 million": "three point five million dollars",
    "Dr. Hill and Mrs. Lee live in St. Ives.": "Doctor Hill and Missus Lee live in Saint Ives.",
    "Cats, dogs etc. They left.": "Cats, dogs et cetera. They left.",
    "e.g. a dog": "for example a dog",
    "on 2024-03-01": "on the first of March twenty twenty-four",
    "on 12 May": "on the twelfth of May",
    "the 3rd of June 1999": "the third of June nineteen ninety-nine",
    "March 22nd, 2005": "the twenty-second of March two thousand and five",
    "in 1905, in 1900 and in 2010": "in nineteen oh five, in nineteen hundred and in twenty ten",
    "at 10:05, 7:00 and 23:59": "at ten oh five, seven o'clock and twenty-three fifty-nine",
    "5 km at -1 °C": "five kilometres at minus one degree Celsius",
    "20 °C, 44.1 kHz, 1 kg, 50%": "twenty degrees Celsius, forty-four point one kilohertz, "
    "one kilogram, fifty percent",
    "code 007": "code zero zero seven",
    "the 21st, the 40th, the 112th": "the twenty-first, the fortieth, the one hundred and twelfth",
    "R&B, me@home": "R and B, me at home",
    "the NHS": "the en aitch ess",
    "-4 and 1,234.5": "minus four and one thousand two hundred and thirty-four point five",
    "nothing to do": "nothing to do",
    "": "",
}


@pytest.mark.parametrize(("written", "said"), SAID.items())
def test_by_hand(written, said):
    assert spelling.spell_out(written) == said
    assert spelling.unspeakable(said) == []


@given(st.integers(0, 10**15 - 1))
def test_whole_numbers_are_those_of_num2words(value):
    wanted = num2words.num2words(value).replace(",", "")
    assert spelling.spell_out(str(value)) == wanted
    assert spelling.spell_out(f"{value:,}") == wanted


@given(st.integers(1, 10**9))
def test_ordinals_are_those_of_num2words(value):
    wanted = num2words.num2words(value, to="ordinal").replace(",", "")
    assert spelling.spell_out(f"{value}th") == wanted


@given(st.text("0123456789 .,:$€£%-kmst°C&@abcDR'", max_size=40))
def test_nothing_that_stands_for_words_is_left(text):
    said = spelling.spell_out(text)
    assert not re.search(r"\d|[&@]", said)
    assert spelling.spell_out(said) == said or re.search("[A-Z]", said)


def test_what_cannot_be_said_is_named():
    assert spelling.unspeakable("naïve 日本 <b> ’quoted’ — dash…") == ["ï", "日", "本", "<", ">"]
    with pytest.raises(TypeError, match="text is int, not str"):
        spelling.spell_out(3)
