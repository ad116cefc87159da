"""Exercises of lesson 13: batches and rows of many processes, Amdahl's law, the all-reduce."""

from course_utils.course.exercises import Exercise, returns


def _rows(process, processes, batch, steps):
    firsts = [(step * processes + process) * batch for step in range(steps)]
    return [first + place for first in firsts for place in range(batch)]


EXERCISES = (
    Exercise(
        "13.1",
        difficulty=2,
        minutes=5,
        verify=returns(
            ({"global_batch": 16, "processes": 2, "fits": 8}, [8, 1]),
            ({"global_batch": 256, "processes": 8, "fits": 8}, [8, 4]),
            ({"global_batch": 64, "processes": 1, "fits": 100}, [64, 1]),
            ({"global_batch": 48, "processes": 2, "fits": 10}, [8, 3]),
        ),
        wrong=(
            lambda global_batch, processes, fits: [fits, global_batch // (processes * fits)],
            lambda global_batch, processes, fits: [global_batch // processes, 1],
            lambda global_batch, processes, fits: [min(fits, global_batch), processes],
            lambda global_batch, processes, fits: [1, global_batch // processes],
        ),
    ),
    Exercise(
        "13.2",
        difficulty=2,
        minutes=5,
        verify=returns(
            (
                {"process": 0, "processes": 2, "batch": 4, "steps": 2},
                [0, 1, 2, 3, 8, 9, 10, 11],
            ),
            ({"process": 1, "processes": 2, "batch": 2, "steps": 2}, [2, 3, 6, 7]),
            ({"process": 2, "processes": 3, "batch": 1, "steps": 3}, [2, 5, 8]),
            ({"process": 0, "processes": 1, "batch": 2, "steps": 2}, [0, 1, 2, 3]),
        ),
        wrong=(
            # One half each, alternate rows, everything, and counting processes from 1.
            lambda process, processes, batch, steps: list(
                range(process * batch * steps, (process + 1) * batch * steps)
            ),
            lambda process, processes, batch, steps: list(
                range(process, processes * batch * steps, processes)
            ),
            lambda process, processes, batch, steps: list(range(processes * batch * steps)),
            lambda process, processes, batch, steps: _rows(process - 1, processes, batch, steps),
        ),
    ),
    Exercise(
        "13.3",
        difficulty=1,
        minutes=3,
        verify=returns(
            ({"processes": 1, "serial": 0.3}, 1.0),
            ({"processes": 2, "serial": 0.0}, 2.0),
            ({"processes": 4, "serial": 0.2}, 2.5),
            ({"processes": 1000, "serial": 0.1}, 1000 / 100.9),
        ),
        wrong=(
            lambda processes, serial: processes,
            lambda processes, serial: processes * (1 - serial),
            lambda processes, serial: serial + (1 - serial) / processes,
            lambda processes, serial: 1 / (1 - serial + serial / processes),
        ),
    ),
    Exercise(
        "13.4",
        difficulty=2,
        minutes=6,
        verify=returns(
            ({"parameters": 1_000_000, "processes": 2, "gigabits": 1.0}, 0.032),
            ({"parameters": 100_000_000, "processes": 8, "gigabits": 10.0}, 0.56),
            ({"parameters": 100_000_000, "processes": 1, "gigabits": 10.0}, 0.0),
        ),
        wrong=(
            lambda parameters, processes, gigabits: 4 * parameters / (gigabits * 1e9 / 8),
            lambda parameters, processes, gigabits: (
                2 * (processes - 1) / processes * 4 * parameters / (gigabits * 1e9)
            ),
            lambda parameters, processes, gigabits: (
                2 * (processes - 1) / processes * parameters / (gigabits * 1e9 / 8)
            ),
            lambda parameters, processes, gigabits: (
                2 * (processes - 1) * 4 * parameters / (gigabits * 1e9 / 8)
            ),
        ),
    ),
)
