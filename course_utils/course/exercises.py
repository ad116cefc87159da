"""Check an answer to an exercise, in the notebook, and say what is wrong with it.

The exercises are in :mod:`course_utils.course.checks`, one module for each lesson: the cases that
an answer must pass, its difficulty and minutes, and wrong answers that the tests hold the check
to. An untouched stub is "not attempted" and never stops "Run all".
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, resources
from inspect import Parameter, signature

import numpy as np


class NotAttempted(Exception):
    """The answer is still the stub."""


@dataclass(frozen=True)
class Exercise:
    """One exercise and how it is checked.

    Attributes
    ----------
    id : str
        Lesson and number, for example ``"01.3"``.
    difficulty : int
        1 (a line), 2 (a few lines) or 3 (think first).
    minutes : int
        What a learner should expect to spend.
    verify : callable
        Takes the answer; raises AssertionError with one clear sentence when it is wrong.
    wrong : tuple
        Answers that ``verify`` must refuse; the usual mistakes first.
    """

    id: str
    difficulty: int
    minutes: int
    verify: Callable
    wrong: tuple


def check(exercise_id, answer):
    """Check an answer and print the verdict.

    Parameters
    ----------
    exercise_id : str
        As written above the exercise, for example ``"01.3"``.
    answer : object
        The function or value that the learner wrote.

    Returns
    -------
    bool or None
        True when right, False when wrong, None when the stub is untouched.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    verify = find(exercise_id).verify
    try:
        verify(attempted(answer))
    except NotAttempted:
        print(f"{exercise_id} not attempted yet")
        return None
    except AssertionError as mistake:
        print(f"✗ {exercise_id}: {mistake}")
        return False
    except Exception as error:
        print(f"✗ {exercise_id}: your code stops with {type(error).__name__}: {error}")
        return False
    print(f"✓ {exercise_id}")
    return True


def find(exercise_id):
    """Return the :class:`Exercise` of that id.

    Raises
    ------
    ValueError
        If there is none; the message lists the lesson's exercises.
    """
    known = {exercise.id: exercise for exercise in catalogue(str(exercise_id).split(".")[0])}
    if exercise_id not in known:
        listing = ", ".join(known) or "none; the number starts with the lesson's two digits"
        raise ValueError(f"There is no exercise {exercise_id!r} here. Known: {listing}.")
    return known[exercise_id]


def catalogue(lesson=None):
    """Return the exercises of a lesson, or of all lessons.

    Parameters
    ----------
    lesson : str, optional
        Two digits.

    Returns
    -------
    list of Exercise
        In the order of their ids.
    """
    names = (file.name for file in resources.files("course_utils.course.checks").iterdir())
    modules = sorted(name[:-3] for name in names if name.startswith("lesson_"))
    return [
        exercise
        for module in modules
        if lesson is None or module == f"lesson_{lesson}"
        for exercise in import_module(f"course_utils.course.checks.{module}").EXERCISES
    ]


def attempted(value):
    """Return ``value``, unless it is what an untouched stub leaves.

    Raises
    ------
    NotAttempted
        For None and ``...``.
    """
    if value is None or value is ...:
        raise NotAttempted
    return value


def returns(*cases, tolerance=1e-6):
    """Build a check for a function: each case is its arguments and what it must return.

    Parameters
    ----------
    *cases : tuple of (dict, object)
        Keyword arguments by name in the stub's order, and the expected number, text, list or
        array. Arguments are handed over by position, so that learners may rename them.
    tolerance : float
        Allowed relative difference of numbers.

    Returns
    -------
    callable
        For ``Exercise.verify``.
    """

    def verify(answer):
        assert callable(answer), f"expected a function, got {describe(answer)}."
        wanted = len(cases[0][0])
        assert _takes(answer, wanted), f"the function must take {wanted} arguments."
        for arguments, expected in cases:
            got = attempted(answer(*arguments.values()))
            where = ", ".join(f"{name}={describe(value)}" for name, value in arguments.items())
            assert same(got, expected, tolerance), (
                f"for {where} you return {describe(got)}, expected {describe(expected)}."
            )

    return verify


def equals(expected, hint, tolerance=1e-6):
    """Build a check for a value.

    Parameters
    ----------
    expected : object
        The right number, text, list or array.
    hint : str
        One sentence that helps whoever got it wrong, without the answer in it.
    tolerance : float
        Allowed relative difference of numbers.

    Returns
    -------
    callable
        For ``Exercise.verify``.
    """

    def verify(answer):
        assert same(answer, expected, tolerance), f"{describe(answer)} is not it. {hint}"

    return verify


def same(got, expected, tolerance=1e-6):
    """Tell whether two answers agree: numbers and arrays within a tolerance, the rest exactly."""
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and set(got) == set(expected)
            and all(same(got[key], expected[key], tolerance) for key in expected)
        )
    try:
        got, expected = np.asarray(got), np.asarray(expected)
        if got.shape != expected.shape:
            return False
        if expected.dtype.kind in "fiu" and got.dtype.kind in "fiu":
            return bool(np.allclose(got, expected, rtol=tolerance, atol=tolerance))
        return bool(np.array_equal(got, expected))
    except (TypeError, ValueError):
        return False


def describe(value):
    """Show a value in at most a few words."""
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"an array of shape {value.shape}"
    if isinstance(value, np.generic):
        value = value.item()
    text = repr(value.tolist() if isinstance(value, np.ndarray) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def _takes(function, count):
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    parameters = signature(function).parameters.values()
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return True
    required = sum(p.kind in kinds and p.default is Parameter.empty for p in parameters)
    return required <= count <= sum(p.kind in kinds for p in parameters)


def quiz(lesson):
    """Return the quiz of a lesson; every option explains itself when it is clicked.

    Parameters
    ----------
    lesson : str
        Two digits.

    Returns
    -------
    course_utils.course.widgets.Quiz
        Shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If that lesson has no quiz.
    """
    from course_utils.course import widgets

    file = resources.files("course_utils.course.checks") / f"quiz_{lesson}.json"
    if not file.is_file():
        raise ValueError(f"There is no quiz for lesson {lesson!r}.")
    return widgets.quiz(json.loads(file.read_text(encoding="utf-8")))
