"""Wrong answers to the exercises of lesson 13, the usual mistakes first."""

from course_utils.course.checks.lesson_13 import places_of

WRONG = {
    "13.1": (
        lambda global_batch, processes, fits: [fits, global_batch // (processes * fits)],
        lambda global_batch, processes, fits: [global_batch // processes, 1],
        lambda global_batch, processes, fits: [min(fits, global_batch), processes],
        lambda global_batch, processes, fits: [1, global_batch // processes],
    ),
    "13.2": (
        # One half each, alternate rows, everything, and counting processes from 1.
        lambda process, processes, batch, steps: list(
            range(process * batch * steps, (process + 1) * batch * steps)
        ),
        lambda process, processes, batch, steps: list(
            range(process, processes * batch * steps, processes)
        ),
        lambda process, processes, batch, steps: list(range(processes * batch * steps)),
        lambda process, processes, batch, steps: places_of(process - 1, processes, batch, steps),
    ),
    "13.3": (
        lambda processes, serial: processes,
        lambda processes, serial: processes * (1 - serial),
        lambda processes, serial: serial + (1 - serial) / processes,
        lambda processes, serial: 1 / (1 - serial + serial / processes),
    ),
    "13.4": (
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
}
