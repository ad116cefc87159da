"""Check an answer to an exercise, in the notebook, and say what is wrong with it.

:mod:`course_utils.course.checks` has one module for each lesson. A check compares the answer with
a reference solution on a few readable inputs and on random ones; an untouched stub is "not
attempted" and never stops "Run all".
"""

import copy
import json
from importlib import import_module, resources
from inspect import signature

import numpy as np

RANDOM_CASES = 20
"""Random inputs that an answer is tried on, in number; the same ones each time."""

_CHECKS = resources.files("course_utils.course.checks")
_REGISTERED = {}


class NotAttempted(Exception):
    """The answer is still the stub."""


def exercise(exercise_id):
    """Return a decorator for a check: a function that raises AssertionError at a wrong answer."""

    def register(verify):
        _REGISTERED[exercise_id] = verify
        return verify

    return register


def solution(exercise_id, cases=(), **options):
    """Return a decorator for a reference solution; the options are those of :func:`compare`."""

    def register(reference):
        exercise(exercise_id)(lambda answer: compare(answer, reference, cases, **options))
        return reference

    return register


def check(exercise_id, answer):
    """Check an answer, print the verdict, and return it: True, False, or None (not attempted).

    Parameters
    ----------
    exercise_id : str
        As written above the exercise, for example ``"01.3"``.
    answer : object
        The function or value that the learner wrote.
    """
    known = catalogue(str(exercise_id).split(".")[0])
    if exercise_id not in known:
        listing = ", ".join(known) or "none; the number starts with the lesson's two digits"
        raise ValueError(f"There is no exercise {exercise_id!r} here. Known: {listing}.")
    try:
        known[exercise_id](attempted(answer))
    except NotAttempted:
        print(f"{exercise_id} not attempted yet")
        return None
    except Exception as error:
        stops = f"your code stops with {type(error).__name__}: {error}"
        print(f"✗ {exercise_id}: {error if isinstance(error, AssertionError) else stops}")
        return False
    print(f"✓ {exercise_id}")
    return True


def catalogue(lesson=""):
    """Return the checks of a lesson (two digits), or of all lessons, a dict with ids as keys."""
    for file in _CHECKS.iterdir():
        if file.name.startswith(f"lesson_{lesson}"):
            import_module(f"course_utils.course.checks.{file.name.removesuffix('.py')}")
    names = sorted(name for name in _REGISTERED if lesson in ("", name.split(".")[0]))
    return {name: _REGISTERED[name] for name in names}


def attempted(value):
    """Return ``value``, or raise NotAttempted for None and ``...``, as an untouched stub has it."""
    if value is None or value is ...:
        raise NotAttempted
    return value


def returned(answer, *arguments):
    """Return what an answer returns; None is that of a stub, or of code without ``return``."""
    got = answer(*arguments)
    assert got is not None or _is_stub(answer), (
        "your function returns nothing: is `return` missing?"
    )
    return attempted(got)


def _is_stub(function):
    """Tell whether a function has no code but a docstring, comments, ``...`` or ``pass``."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_code == _stub.__code__.co_code


def _stub(): ...


def compare(answer, reference, cases=(), draw=None, tolerance=1e-6):
    """Raise AssertionError at the first case where an answer and the reference solution differ.

    Parameters
    ----------
    answer : callable
        The learner's function. Its parameters may have any names.
    reference : callable
        The right one. A message has its parameters' names, and its docstring as a hint.
    cases : sequence of tuple
        Arguments that make a readable message; they are tried first.
    draw : callable, optional
        Makes the arguments of a random case from a ``numpy.random.Generator``.
    tolerance : float
        Allowed relative difference of numbers.
    """
    assert callable(answer), f"expected a function, got {describe(answer)}."
    names = list(signature(reference).parameters)
    try:
        signature(answer).bind(*names)
    except TypeError:
        raise AssertionError(f"the function must take {len(names)} arguments.") from None
    except ValueError:  # a built-in function without a signature
        pass
    rng = np.random.default_rng(0)
    drawn = (draw(rng) for _ in range(RANDOM_CASES if draw else 0))
    for number, arguments in enumerate((*cases, *drawn)):
        given = copy.deepcopy(arguments)
        got = returned(answer, *given) if number == 0 else answer(*given)
        expected = reference(*arguments)
        where = ", ".join(f"{n}={describe(v)}" for n, v in zip(names, arguments, strict=True))
        assert same(got, expected, tolerance), (
            f"for {where} you return {describe(got)}, expected {describe(expected)}. "
            f"{reference.__doc__ or ''}"
        ).rstrip()
        assert same(given, arguments, 0), "your function changes its arguments; copy them first."


def expect(answer, expected, hint):
    """Check a number or a text; the AssertionError gives the hint, not the expected value."""
    assert same(answer, expected), f"{describe(answer)} is not it. {hint}"


def same(got, expected, tolerance=1e-6):
    """Tell whether two answers agree: numbers and arrays within a tolerance, the rest exactly."""
    if isinstance(expected, dict):
        if not isinstance(got, dict) or set(got) != set(expected):
            return False
        got, expected = [got[key] for key in expected], list(expected.values())
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        pairs = zip(got, expected, strict=False)
        return len(got) == len(expected) and all(same(*pair, tolerance) for pair in pairs)
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
    """Return a value as at most 120 characters of text, numbers with six digits."""
    text = repr(_plain(value))
    if len(text) > 120 and hasattr(value, "shape"):
        return f"an array of shape {tuple(value.shape)}"
    return text if len(text) <= 120 else text[:117] + "..."


def _plain(value):
    """Return arrays and tensors as lists, NumPy's numbers as Python's, rounded to six digits."""
    if hasattr(value, "tolist"):  # NumPy's numbers and arrays, tensors
        value = value.tolist()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return (tuple if isinstance(value, tuple) else list)(map(_plain, value[:100]))
    return float(f"{value:.6g}") if isinstance(value, float) else value


def quiz(lesson):
    """Return the :class:`course_utils.course.quiz.Quiz` of a lesson (two digits)."""
    from course_utils.course.quiz import quiz

    file = _CHECKS / f"quiz_{lesson}.json"
    if not file.is_file():
        raise ValueError(f"There is no quiz for lesson {lesson!r}.")
    return quiz(json.loads(file.read_text(encoding="utf-8")))
