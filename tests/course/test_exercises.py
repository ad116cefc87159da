"""Exercises: stubs are not attempted, solutions pass, wrong answers are refused with a reason."""

import json
import runpy
from importlib import resources
from pathlib import Path

import nbformat
import numpy as np
import pytest
import scipy.signal
import torch

from course_utils import audio
from course_utils.course import exercises, syllabus
from course_utils.course.checks import lesson_04, lesson_05
from course_utils.course.exercises import compare, expect

IMPORTS = """
import html
import unicodedata
from itertools import permutations
import numpy as np
import torch
from course_utils import audio, exercises
"""
ALL = exercises.catalogue()
WRONG = {
    exercise_id: answers
    for file in sorted((Path(__file__).parent / "wrong_answers").glob("lesson_*.py"))
    for exercise_id, answers in runpy.run_path(str(file))["WRONG"].items()
}
QUIZZES = {
    file.name: json.loads(file.read_text(encoding="utf-8"))
    for file in resources.files("course_utils.course.checks").iterdir()
    if file.name.startswith("quiz_")
}


def untouched(a, b):
    # your turn
    ...


def forgets_return(a, b):
    a + b


@pytest.fixture
def sum_exercise(monkeypatch):
    def verify(answer):
        compare(answer, lambda a, b: a + b, [(1, 2), (0.1, 0.2)])

    monkeypatch.setitem(exercises._REGISTERED, "99.1", verify)


@pytest.mark.parametrize(
    ("answer", "verdict", "said"),
    [
        (lambda a, b: a + b, True, "✓ 99.1"),
        (lambda x, y: y + x, True, "✓ 99.1"),
        (lambda *numbers: sum(numbers), True, "✓ 99.1"),
        (forgets_return, False, "✗ 99.1: your function returns nothing: is `return` missing?"),
        (untouched, None, "99.1 not attempted yet"),
        (lambda a, b: ..., None, "99.1 not attempted yet"),
        (..., None, "99.1 not attempted yet"),
        (None, None, "99.1 not attempted yet"),
        (lambda a, b: a - b, False, "✗ 99.1: for a=1, b=2 you return -1, expected 3."),
        (lambda a: a, False, "✗ 99.1: the function must take 2 arguments."),
        (lambda a, b, c: a, False, "✗ 99.1: the function must take 2 arguments."),
        (3, False, "✗ 99.1: expected a function, got 3."),
        (lambda a, b: a / 0, False, "✗ 99.1: your code stops with ZeroDivisionError"),
        (lambda a, b: [a, b], False, "✗ 99.1: for a=1, b=2 you return [1, 2], expected 3."),
    ],
)
def test_check_says_what_is_wrong(sum_exercise, capsys, answer, verdict, said):
    assert exercises.check("99.1", answer) is verdict
    assert capsys.readouterr().out.startswith(said)


def test_an_unknown_exercise_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"01\.1, 01\.2"):
        exercises.check("01.99", 1)
    with pytest.raises(ValueError, match="starts with the lesson's two digits"):
        exercises.check("nonsense", 1)


def test_expect_gives_the_hint_and_not_the_answer():
    expect(3000, 3000, "Think of folding.")
    expect(np.float32(3000), 3000, "Think of folding.")
    with pytest.raises(AssertionError) as refused:
        expect(5000, 3000, "Think of folding.")
    assert "Think of folding" in str(refused.value) and "3000" not in str(refused.value)


def test_random_cases_find_what_a_few_cases_do_not_and_the_docstring_is_the_hint():
    def square(n):
        """Return n times n."""
        return n * n

    options = {"draw": lambda rng: (int(rng.integers(1, 9)),)}
    compare(lambda n: n**2, square, [(2,)], **options)
    messages = set()
    for _ in range(2):  # the same random cases each time, so the same message
        with pytest.raises(
            AssertionError, match=r"for n=\d you return 4.* Return n times n\."
        ) as wrong:
            compare(lambda n: 4, square, [(2,)], **options)
        messages.add(str(wrong.value))
    assert len(messages) == 1


def test_an_answer_must_not_change_its_arguments():
    def emptied(values):
        total = sum(values)
        values.clear()
        return total

    with pytest.raises(AssertionError, match="changes its arguments"):
        compare(emptied, lambda values: sum(values), [([1, 2],)])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(1 / 3), "0.333333"),
        (np.arange(3), "[0, 1, 2]"),
        ([np.ones(2), (np.int64(1),)], "[[1.0, 1.0], (1,)]"),
        (np.zeros(16_000), "an array of shape (16000,)"),
        ("x" * 200, "'" + "x" * 116 + "..."),
    ],
)
def test_describe_is_short(value, text):
    assert exercises.describe(value) == text


@pytest.mark.parametrize(
    ("got", "expected", "agree"),
    [
        (1.0000001, 1.0, True),
        (1.1, 1.0, False),
        ([1, 2], np.array([1.0, 2.0]), True),
        ([1, 2, 3], [1, 2], False),
        ("dog", "dog", True),
        ("1", 1, False),
        ({"a": 1.0}, {"a": 1}, True),
        ({"a": 1.0, "b": 2}, {"a": 1}, False),
        ([], [], True),
        (None, 1.0, False),
        ([[1], [2, 3]], [1], False),
    ],
)
def test_same(got, expected, agree):
    assert exercises.same(got, expected) is agree


def test_every_lesson_but_the_first_has_three():
    for lesson in {exercise_id.split(".")[0] for exercise_id in ALL} - {"00"}:
        assert len(exercises.catalogue(lesson)) >= 3, lesson


@pytest.mark.parametrize("exercise_id", ALL)
def test_every_listed_wrong_answer_is_refused_with_a_reason(exercise_id, capsys):
    assert WRONG[exercise_id]
    for answer in WRONG[exercise_id]:
        assert exercises.check(exercise_id, answer) is False, answer
        verdict = capsys.readouterr().out
        assert verdict.startswith(f"✗ {exercise_id}: ") and len(verdict) > 30


def test_a_check_for_tokens_prints_none(capsys):
    for answer in (*WRONG["12.3"], lambda texts: texts["no such file"], lambda texts: 1 / 0):
        exercises.check("12.3", answer)
    exercises.check("12.3", lambda texts: Path("".join(texts.values())).read_text("utf-8"))
    said = capsys.readouterr().out
    assert "hf_…" in said and "a1B2" not in said


def test_a_wrong_answer_about_consent_shows_the_whole_recording(capsys):
    forgets_the_last_day = WRONG["12.2"][2]
    exercises.check("12.2", forgets_the_last_day)
    said = capsys.readouterr().out
    assert "'until': datetime.date(2027, 3, 31)}], today=datetime.date(2027, 3, 31)" in said
    assert "today or later" in said


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [
        ("04.3", "please stop it now"),
        ("04.4", lambda loud, pause: np.array(lesson_04.pieces_of(loud, pause))),
        ("04.4", lambda loud, pause: [list(piece) for piece in lesson_04.pieces_of(loud, pause)]),
        ("05.2", lambda train, test: 1 - np.mean(np.isin(*words(test, train)))),
        ("05.3", lambda rows, start: np.array(lesson_05.pad_labels(rows, start))),
        ("05.3", lambda rows, start: torch.tensor(lesson_05.pad_labels(rows, start))),
    ],
)
def test_another_right_answer_passes(exercise_id, answer):
    assert exercises.check(exercise_id, answer) is True


def words(*parts):
    return [" ".join(texts).split() for texts in parts]


def test_a_capital_or_a_comma_is_named_as_the_cause(capsys):
    for answer in ("Stop it right now", "stop, it right now"):
        exercises.check("04.3", answer)
        assert "capitals and punctuation count" in capsys.readouterr().out
    exercises.check("04.3", "Stop")
    assert "insertions have no limit" in capsys.readouterr().out


@pytest.mark.parametrize("exercise_id", ALL)
def test_every_solution_in_the_notebooks_passes(exercise_id, capsys):
    (notebook,) = syllabus.folder().glob(f"{exercise_id[:2]}_*.ipynb")
    (code,) = (
        cell.source
        for cell in nbformat.read(notebook, as_version=4).cells
        if cell.source.startswith(f"# @title Solution {exercise_id}\n")
    )
    exec(IMPORTS + code, {})
    assert capsys.readouterr().out == f"✓ {exercise_id}\n"


def in_dict(key):
    return lambda samples, rate: {key: audio.resample(samples, rate, 16_000), "sampling_rate": 16e3}


def through_scipy(samples, rate):
    samples = samples / 32_768 if samples.dtype == np.int16 else samples
    return scipy.signal.resample_poly(samples, 16_000, rate)


@pytest.mark.parametrize(
    ("exercise_id", "answer"),
    [("01.5", in_dict("array")), ("01.5", in_dict("raw")), ("01.8", through_scipy)],
)
def test_resampling_by_other_means_is_accepted(exercise_id, answer):
    assert exercises.check(exercise_id, answer) is True


def nearest(samples, rate):
    return samples[np.linspace(0, len(samples) - 1, len(samples) * 16_000 // rate).astype(int)]


@pytest.mark.parametrize(
    ("exercise_id", "answer", "said"),
    [
        ("01.5", lambda s, rate: {"array": s, "sampling_rate": rate}, "torchaudio"),
        (
            "01.5",
            lambda s, rate: {"array": nearest(s, rate), "sampling_rate": 16_000},
            "15,000 Hz at 44100 Hz came back as one of",
        ),
        ("01.8", nearest, "15,000 Hz at 44100 Hz came back as one of"),
        ("01.8", lambda s, rate: np.zeros(16_000), "amplitude"),
        ("01.8", lambda s, rate: (s, 16_000), "the array of samples only"),
        ("01.8", lambda s, rate: through_scipy(s.astype(float), rate), "divide"),
    ],
)
def test_a_wrong_resampling_is_told_its_reason(exercise_id, answer, said, capsys):
    assert exercises.check(exercise_id, answer) is False
    assert said in capsys.readouterr().out


def test_other_right_answers_pass():
    from course_utils import finetuning

    def by_mask(turns, frames, seconds):
        table = []
        for frame in range(frames):
            middle = frame * seconds + seconds / 2
            active = {t["speaker"] for t in turns if t["start"] <= middle < t["end"]}
            table.append([int(n in active) for n in sorted({t["speaker"] for t in turns})])
        return table

    assert exercises.check("06.1", 0.4) and exercises.check("07.1", by_mask)
    assert exercises.check("07.2", finetuning.permutation_invariant_loss)


@pytest.mark.parametrize("quiz", QUIZZES)
def test_every_quiz_option_explains_itself(quiz):
    assert len(QUIZZES[quiz]) >= 2
    for question in QUIZZES[quiz]:
        assert sum(answer["correct"] for answer in question["answers"]) == 1
        for answer in question["answers"]:
            assert answer["answer"].strip()
            assert len(answer["feedback"].strip()) > 20, answer


def right_is_longest(question):
    lengths = {True: [], False: []}
    for answer in question["answers"]:
        lengths[answer["correct"]].append(len(answer["answer"]))
    return max(lengths[True]) > max(lengths[False])


def test_the_length_of_a_quiz_option_does_not_give_the_answer_away():
    longest = [right_is_longest(question) for quiz in QUIZZES.values() for question in quiz]
    assert len(longest) > 50
    assert np.mean(longest) <= 0.4


@pytest.mark.parametrize("quiz", [name for name, quiz in QUIZZES.items() if len(quiz) >= 4])
def test_the_longest_option_of_a_quiz_is_mostly_wrong(quiz):
    assert np.mean([right_is_longest(question) for question in QUIZZES[quiz]]) <= 0.5


def test_a_missing_quiz_is_an_error():
    with pytest.raises(ValueError, match="no quiz"):
        exercises.quiz("98")
