import re
import unicodedata
from types import SimpleNamespace

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import data, scoring

WORDS = ["pay", "the", "bill", "über", "naïve", "日本", "o'clock", "3", "a", "of", "off"]


def random_pairs(count, seed=0):
    rng = np.random.default_rng(seed)

    def text():
        return " ".join(rng.choice(WORDS, size=rng.integers(0, 9)))

    pairs = [(text(), text()) for _ in range(count)]
    near = [(said, " ".join(w for w in said.split() if rng.random() > 0.2)) for said, _ in pairs]
    return pairs[: count // 2] + near[: count - count // 2]


def test_a_thousand_random_pairs_score_as_with_jiwer():
    pairs = random_pairs(1000)
    assert sum(not said for said, _ in pairs) > 20
    wer, cer = scoring.load("wer"), scoring.load("cer")
    for said, heard in pairs:
        sides = {"references": [said], "predictions": [heard]}
        assert wer.compute(**sides) == {"wer": pytest.approx(jiwer.wer(said, heard))}
        assert cer.compute(**sides) == {"cer": pytest.approx(jiwer.cer(said, heard))}
    said, heard = (list(side) for side in zip(*pairs, strict=True))
    assert wer.compute(references=said, predictions=heard)["wer"] == pytest.approx(
        jiwer.wer(said, heard)
    )
    assert cer.compute(references=said, predictions=heard)["cer"] == pytest.approx(
        jiwer.cer(said, heard)
    )


def test_rates_by_hand():
    sides = {"references": ["turn the light on"], "predictions": ["turn light off"]}
    assert scoring.load("wer").compute(**sides) == {"wer": 2 / 4}  # "the" lost, "on" became "off"
    # "the " lost (4), "n" became "ff" (2), of 17 characters.
    assert scoring.load("cer").compute(**sides) == {"cer": pytest.approx(6 / 17)}


def test_a_rate_may_pass_100_percent():
    score = scoring.load("wer").compute(references=["yes"], predictions=["oh yes of course"])
    assert score == {"wer": 3.0}


def test_batches_add_up():
    said, heard = (list(side) for side in zip(*random_pairs(60, seed=1), strict=True))
    metric = scoring.load("wer")
    metric.add_batch(references=said[:20], predictions=heard[:20])
    for one, other in zip(said[20:], heard[20:], strict=True):
        metric.add(reference=one, prediction=other)
    assert metric.compute()["wer"] == pytest.approx(jiwer.wer(said, heard))


@pytest.mark.parametrize(
    ("references", "predictions", "message"),
    [
        (["a"], ["a", "b"], "2 predictions for 1 references"),
        ([], [], "empty"),
        ("a", ["a"], "one text"),
        (["a"], [{"text": "a"}], r"predictions\[0\] is dict"),
        (["a"], [[1, 2]], "batch_decode"),
        (None, ["a"], "references is missing"),
    ],
)
def test_wrong_input_is_named(references, predictions, message):
    for name in ("wer", "cer"):
        with pytest.raises(ValueError, match=message):
            scoring.load(name).compute(references=references, predictions=predictions)
    with pytest.raises(ValueError, match=message):
        scoring.word_errors(references, predictions)


def test_nothing_to_score_is_said():
    with pytest.raises(ValueError, match="nothing to score"):
        scoring.load("wer").compute()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's twenty-five past, isn't it?", "it's twenty five past isn't it"),
        ("  Two   spaces\tand\na line ", "two spaces and a line"),
        ("’Tis the dogs’ ‘bone’", "tis the dogs bone"),
        ("ﬁne – really…", "fine really"),
        ("£3.50 & 20%", "3.50 20"),
        ("ÜBER straße STRASSE", "über straße strasse"),
        ("wait...what hello,world", "wait what hello world"),
        ("it´s it`s it′s rock’n’roll", "it's it's it's rock'n'roll"),
        ("3.5 litres are not 35, and end at 7.", "3.5 litres are not 35 and end at 7"),
        ("1,000,000 3,5 10,25 1.000 5,6,7", "1000000 3.5 10.25 1.000 5.6.7"),
        ("½ cup, 1½ cups", "1 2 cup 1 1 2 cups"),
        ("3:30 AT&T and/or snake_case", "3 30 at t and or snake case"),
        ("to\u00a0be\u3000or\u202fnot\u2009so", "to be or not so"),
        ("İstanbul ISPARTA ılık", "istanbul isparta ılık"),
        ("ΟΔΟΣ, Été; e\u0301te\u0301", "οδος été été"),
        ("हिन्दी में।", "हिन्दी में"),
        ("\u200fשָׁלוֹם\u200e, \u202bعَرَبِيّ\u202c؟", "שָׁלוֹם عَرَبِيّ"),
        ("می‌خواهم", "می‌خواهم"),
        ("co\u00adop\ufeff", "coop"),
        ("「日本語」、です。", "日本語 です"),
        ("", ""),
        ("?!", ""),
    ],
)
def test_normalise_text(text, expected):
    assert scoring.normalise_text(text) == expected


@given(st.text())
def test_normalised_text_stays_as_it_is(text):
    once = scoring.normalise_text(text)
    assert scoring.normalise_text(once) == once
    assert once == once.strip() and "  " not in once
    words = re.sub(r"(?<=\d)\.(?=\d)|(?<=\w)'(?=\w)", "", once)
    assert not any(unicodedata.category(mark)[0] in "PS" for mark in words)


def test_texts_of_the_lessons_are_normalised_already():
    for name in ("speech", "calls"):
        for rows in data.load(name).values():
            texts = rows["text"][:]
            assert [scoring.normalise_text(text) for text in texts] == texts


def test_white_space_of_every_kind_separates_words():
    for said, heard, errors in (
        ("a\tb c d", "a\tb x d", 1),
        ("to\u00a0be or not", "to be or not", 0),
        ("你好\u3000世界", "你好 世界", 0),
        (" a  b\n", "a b", 0),
    ):
        sides = {"references": [said], "predictions": [heard]}
        words = said.split()
        assert scoring.load("wer").compute(**sides) == {"wer": errors / len(words)}
        pairs = scoring.align(said, heard)
        assert [word for _, word, _ in pairs] == words
        assert [word for _, _, word in pairs] == heard.split()
        assert all((kind == "equal") == (word == other) for kind, word, other in pairs)
        turn = {"speaker": "A", "start": 0, "end": 1}
        sides = {name: [[turn | {"text": text[0]}]] for name, text in sides.items()}
        assert scoring.load("cpwer").compute(**sides) == {"cpwer": errors / len(words)}
    table = scoring.word_errors(["the\tcat sat down"], ["the cat sat up"])
    assert table[["word", "taken_for"]].to_numpy().tolist() == [["down", "up (1 x)"]]


def test_whispers_own_normalisers():
    """What the normalisers of openai-whisper return, by hand from its rules and tests."""
    english = scoring.whisper_normaliser()
    assert english("It's twenty-five, um, [noise] (laughs) past.") == "it is 25 past"
    assert english("he'll call Mr. Park: $20 million") == "he will call mister park $20000000"
    spelling = SimpleNamespace(english_spelling_normalizer={"colour": "color"})
    assert scoring.whisper_normaliser("en", spelling)("Colour!") == "color"
    assert scoring.whisper_normaliser("de")("Straße, it's [Lärm] ÜBER") == "straße it s über"
    assert scoring.whisper_normaliser("zh")("你好，世界") == "你 好 世 界"
    normalise = scoring.whisper_normaliser("ja")
    sides = {"references": [normalise("日本語です。")], "predictions": [normalise("日本後です")]}
    assert scoring.load("wer").compute(**sides) == {"wer": 1 / 5}  # a rate of characters
    assert scoring.align(*(" ".join(text) for text in ("日本", "日木"))) == [
        ("equal", "日", "日"),
        ("substitute", "本", "木"),
    ]


word = st.sampled_from(WORDS)
sentence = st.lists(word, max_size=8).map(" ".join)


@given(sentence, sentence)
def test_an_alignment_holds_both_texts_and_the_fewest_edits(said, heard):
    pairs = scoring.align(said, heard)
    assert " ".join(word for _, word, _ in pairs if word) == said
    assert " ".join(word for _, _, word in pairs if word) == heard
    found = jiwer.process_words(said, heard)
    kinds = [kind for kind, *_ in pairs]
    assert kinds.count("equal") == found.hits
    assert kinds.count("substitute") == found.substitutions
    assert kinds.count("delete") == found.deletions
    assert kinds.count("insert") == found.insertions


def test_word_errors_by_hand():
    table = scoring.word_errors(
        ["pay the bill", "the bill now", "all is well"],
        ["pay a bill", "bill now please", "all is well"],
    ).set_index("word")
    assert list(table.index) == ["the", "please"]
    assert table.loc["the"].tolist() == [2, 1, 1, 0, "a (1 x)"]
    assert table.loc["please"].tolist() == [0, 0, 0, 1, ""]


def test_words_from_right_to_left_leave_their_numbers_in_place():
    table = scoring.word_errors(["שלום לכם", "a"], ["שלומ לכם", "b"]).set_index("word")
    assert table.loc["שלום", "taken_for"] == "\u2068שלומ\u2069 (1 x)"
    assert table.loc["a", "taken_for"] == "b (1 x)"


def test_no_errors_are_an_empty_table():
    table = scoring.word_errors(["all is well"], ["all is well"])
    assert table.empty and "taken_for" in table


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng, covered = np.random.default_rng(3), 0
    for trial in range(120):
        wrong = rng.binomial(5, 0.2, size=60)  # true rate 20 %
        heard = [" ".join(["x"] * k + ["a"] * (5 - k)) for k in wrong]
        low, high = scoring.confidence_interval(
            ["a a a a a"] * 60, heard, resamples=300, seed=trial
        )
        covered += low <= 0.2 <= high
    assert 0.88 <= covered / 120 <= 1.0


def test_the_interval_of_a_difference_is_narrower_than_that_of_its_sides():
    rng = np.random.default_rng(4)
    hard = rng.random(80) < 0.4  # both models fail on the same utterances
    first = ["x b c d" if miss else "a b c d" for miss in hard]
    second = ["x x c d" if miss else "a b c d" for miss in hard]
    said = ["a b c d"] * 80
    low, high = scoring.confidence_interval(said, first, versus=second)
    assert low < -0.05 and high < 0  # the first is better: 10 % against 20 % of the words
    alone = scoring.confidence_interval(said, second)
    assert high - low < alone[1] - alone[0]


def test_drawing_speakers_widens_the_interval():
    said, speakers = ["a b c d"] * 200, [number // 20 for number in range(200)]
    heard = ["x x c d" if speaker % 2 else "a b c d" for speaker in speakers]
    alone = scoring.confidence_interval(said, heard)
    grouped = scoring.confidence_interval(said, heard, groups=speakers)
    assert grouped[1] - grouped[0] > 1.5 * (alone[1] - alone[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "ter"}, "ter.*wer, cer"),
        ({"level": 95}, "between 0 and 1"),
        ({"groups": ["one"]}, "1 groups for 2"),
        ({"versus": ["a"]}, "1 predictions for 2"),
    ],
)
def test_wrong_options_of_the_interval_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        scoring.confidence_interval(["a", "b"], ["a", "b"], **options)
