"""Exercises: stubs are not attempted, solutions pass, listed wrong answers are told why."""

import json
from importlib import resources

import numpy as np
import pytest

from course_utils.course import exercises
from course_utils.course.exercises import Exercise, equals, returns

ALL = exercises.catalogue()


@pytest.fixture
def sum_exercise(monkeypatch):
    exercise = Exercise(
        "99.1", 1, 1, returns(({"a": 1, "b": 2}, 3), ({"a": 0.1, "b": 0.2}, 0.3)), ()
    )
    monkeypatch.setattr(exercises, "find", lambda exercise_id: exercise)


@pytest.mark.parametrize(
    ("answer", "verdict", "said"),
    [
        (lambda a, b: a + b, True, "✓ 99.1"),
        (lambda x, y: y + x, True, "✓ 99.1"),
        (lambda *numbers: sum(numbers), True, "✓ 99.1"),
        (lambda a, b: None, None, "99.1 not attempted yet"),
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


def test_equals_gives_the_hint_and_not_the_answer(capsys):
    verify = equals(3000, "Think of folding.")
    verify(3000)
    verify(np.float32(3000))
    with pytest.raises(AssertionError) as refused:
        verify(5000)
    assert "Think of folding" in str(refused.value) and "3000" not in str(refused.value)


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


def test_ids_are_unique_and_every_fine_lesson_has_three():
    ids = [exercise.id for exercise in ALL]
    assert len(ids) == len(set(ids))
    for lesson in {i.split(".")[0] for i in ids} - {"00"}:
        assert len(exercises.catalogue(lesson)) >= 3, lesson


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.id)
def test_every_listed_wrong_answer_is_refused_with_a_reason(exercise, capsys):
    assert exercise.wrong
    for answer in exercise.wrong:
        assert exercises.check(exercise.id, answer) is False
        verdict = capsys.readouterr().out
        assert verdict.startswith(f"✗ {exercise.id}: ") and len(verdict) > 30


@pytest.mark.parametrize(
    "file",
    [
        f
        for f in resources.files("course_utils.course.checks").iterdir()
        if f.name.startswith("quiz_")
    ],
    ids=lambda file: file.name,
)
def test_every_quiz_option_explains_itself(file):
    questions = json.loads(file.read_text(encoding="utf-8"))
    assert len(questions) >= 2
    for question in questions:
        assert sum(answer["correct"] for answer in question["answers"]) == 1
        for answer in question["answers"]:
            assert len(answer["feedback"]) > 20, answer


def test_a_missing_quiz_is_an_error():
    with pytest.raises(ValueError, match="no quiz"):
        exercises.quiz("98")
