"""Exercises of lesson 13: batches and rows of many processes, Amdahl's law, the all-reduce."""

from course_utils.course.exercises import solution


def recipe(rng):
    """Draw a global batch that processes can share, their number, and what fits."""
    processes = int(rng.integers(1, 9))
    return processes * int(rng.integers(1, 65)), processes, int(rng.integers(1, 20))


def reader(rng):
    """Draw a process, the number of processes, a batch size and a number of steps."""
    processes = int(rng.integers(1, 5))
    return int(rng.integers(processes)), processes, *rng.integers(1, 5, 2).tolist()


@solution("13.1", [(16, 2, 8), (256, 8, 8), (64, 1, 100), (48, 2, 10)], draw=recipe)
def split_batch(global_batch, processes, fits):
    """Return batch and accumulation; times processes, they are the global batch exactly."""
    share = global_batch // processes
    accumulation = next(n for n in range(1, share + 1) if share % n == 0 and share // n <= fits)
    return [share // accumulation, accumulation]


@solution("13.2", [(0, 2, 4, 2), (1, 2, 2, 2), (2, 3, 1, 3)], draw=reader)
def places_of(process, processes, batch, steps):
    """Return what a process reads; the processes take turns, a batch each."""
    firsts = [(step * processes + process) * batch for step in range(steps)]
    return [first + offset for first in firsts for offset in range(batch)]


@solution(
    "13.3",
    [(1, 0.3), (2, 0.0), (4, 0.2)],
    draw=lambda rng: (int(rng.integers(1, 1_000)), round(rng.uniform(0, 1), 2)),
)
def amdahl(processes, serial):
    """Return the speed-up: of a time of 1, serial stays and the rest is divided."""
    return 1 / (serial + (1 - serial) / processes)


@solution(
    "13.4",
    [(1_000_000, 2, 1.0), (100_000_000, 8, 10.0)],
    draw=lambda rng: (int(rng.integers(1e6, 1e9)), int(rng.integers(1, 64)), 2.5),
)
def exchange_seconds(parameters, processes, gigabits):
    """Return seconds; a parameter has 4 bytes, a byte 8 bits, a gigabit 1e9 bits."""
    return 2 * (processes - 1) / processes * 4 * parameters / (gigabits * 1e9 / 8)
