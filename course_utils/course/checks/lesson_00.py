"""Exercise of lesson 00: how exercises work."""

from course_utils.course.exercises import Exercise, returns

EXERCISES = (
    Exercise(
        "00.1",
        difficulty=1,
        minutes=1,
        verify=returns(({"a": 2, "b": 3}, 5), ({"a": -1, "b": 1}, 0)),
        wrong=(lambda a, b: a * b, lambda a, b: a, lambda a: a),
    ),
)
