"""From rendered phonemes, and from plain text, to ARPAbet."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from foundry.speech import kokoro, pronunciation


def said(phonemes):
    return pronunciation.tokens_of(phonemes, [0] * (len(phonemes) + 2))[0][1:-1]


def test_marks_belong_to_the_phoneme_beside_them():
    tokens, durations = pronunciation.tokens_of("hˈɜːd ɪt.", [9, 1, 2, 3, 1, 2, 1, 2, 2, 4, 7])
    assert tokens == ["<s>", "HH", "ER1", "D", "|", "IH0", "T", ".", "</s>"]
    assert durations == [9, 1, 6, 2, 1, 2, 2, 4, 7]


def test_r_coloured_vowels_are_one_phoneme_in_both_accents():
    assert said(kokoro.to_kokoro("bˈɜːd", "us")) == ["B", "ER1", "D"]
    assert said(kokoro.to_kokoro("bˈɜːd", "uk")) == ["B", "ER1", "D"]
    assert said("əɹˈWnd") == ["ER0", "AW1", "N", "D"]
    assert said("kˈɑɹ") == ["K", "AA1", "R"]


@given(st.data())
def test_no_time_is_lost_and_every_token_is_known(data):
    phonemes = data.draw(st.text(sorted(kokoro.SYMBOLS), max_size=40))
    size = len(phonemes) + 2
    lengths = data.draw(st.lists(st.integers(0, 30), min_size=size, max_size=size))
    tokens, durations = pronunciation.tokens_of(phonemes, lengths)
    assert sum(durations) == sum(lengths) and len(tokens) == len(durations)
    assert set(tokens) <= set(pronunciation.TOKENS)


def test_a_wrong_number_of_durations_is_an_error():
    with pytest.raises(ValueError, match="3 phonemes have 4 durations"):
        pronunciation.tokens_of("abc", [1, 1, 1, 1])


def test_the_lexicon_holds_what_is_said_most_often():
    spoken = [("oh a", "ˈO ˈA"), ("a cat", "ə kˈæt."), ("a dog", "ə dˈɔɡ"), ("in the", "ɪnðə")]
    words = pronunciation.lexicon(spoken, {"a": "ˈA", "the": "ðˈi"})
    assert words["a"] == "ə" and words["cat"] == "kˈæt" and words["the"] == "ðˈi"
    assert "in" not in words


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    words = {"hello": "həlˈO", "the": "ðə", "isn't": "ˈɪzᵊnt", "is": "ɪz", "read": "ɹˈid"}
    folder = tmp_path_factory.mktemp("tokenizer")
    pronunciation.tokenizer(words).save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def test_a_sentence_becomes_phonemes_with_borders_and_ends(tokenizer):
    ids = tokenizer("Hello, isn't it?")["input_ids"]
    tokens = " ".join(tokenizer.convert_ids_to_tokens(ids))
    assert tokens == "<s> HH AH0 L OW1 , | IH1 Z AH0 N T | IH1 T ? </s>"


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("HELLO", "HH AH0 L OW1 ."),
        ("isn’t", "IH1 Z AH0 N T ."),
        ("hello - the", "HH AH0 L OW1 , | DH AH0 ."),
        ('"hello" (the)?', "HH AH0 L OW1 | DH AH0 ?"),
        ("hello,", "HH AH0 L OW1 ,"),
        ("hello...", "HH AH0 L OW1 ."),
        ("", ""),
    ],
)
def test_signs_and_case(tokenizer, text, phonemes):
    assert tokenizer.tokenize(text) == phonemes.split()


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("night", "N AY T"),
        ("shape", "SH EY P"),
        ("chicken", "CH IH K AH N"),
        ("station", "S T AE SH AH N"),
        ("knight's", "N AY T Z"),
        ("place", "P L EY S"),
        ("rainy", "R EY N IY"),
        ("quickly", "K W IH K L IY"),
        ("bell", "B EH L"),
        ("walked", "W AO K T"),
        ("phone", "F OW N"),
        ("thread", "TH R IY D"),
    ],
)
def test_a_word_that_the_lexicon_lacks_is_sounded_out(tokenizer, word, phonemes):
    said = [re.sub("[0-9]", "", token) for token in tokenizer.tokenize(word)]
    assert said == [*phonemes.split(), "."]


@given(st.text("abcdefghijklmnopqrstuvwxyz' ,.", max_size=30))
def test_no_letter_is_left_over(tokenizer, text):
    assert pronunciation.UNKNOWN not in tokenizer.tokenize(text)


def test_a_part_of_a_word_is_not_looked_up(tokenizer):
    assert tokenizer.tokenize("hist.") == ["HH", "IH1", "S", "T", "."]
    assert tokenizer.tokenize("is.") == ["IH0", "Z", "."]
