"""How long the course takes here: in proportion to the reference, by a fixed piece of work."""

from types import SimpleNamespace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from course_utils.course import doctor, speed


def test_the_minutes_are_in_proportion_to_the_reference():
    usual = speed.COURSE_SECONDS / 60
    for factor in (0.5, 1, 3):
        probe = factor * speed.PROBE_SECONDS
        assert speed.course_minutes(probe, cores=2) == pytest.approx(factor * usual)
        # More cores make `work` itself quicker; on one core, the two kernels take turns.
        assert speed.course_minutes(probe, cores=16) == pytest.approx(factor * usual)
        assert speed.course_minutes(probe, cores=1) == pytest.approx(2 * factor * usual)


def test_a_round_is_the_same_work_each_time_and_leaves_no_trace():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    operations = []
    for _ in range(2):
        with FlopCounterMode(display=False) as counter:
            speed.work()
        operations.append(counter.get_total_flops())
    assert operations[0] == operations[1] > 1e9
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == threads


@pytest.fixture
def clock(monkeypatch):
    """A clock that only `work` moves on, by the next of a list of seconds."""
    rounds, now = [], [0.0]
    monkeypatch.setattr(speed, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    monkeypatch.setattr(speed, "work", lambda: now.append(now.pop() + rounds.pop(0)))
    return rounds


@pytest.mark.parametrize(
    ("rounds", "quickest", "left"),
    [
        ([3, 0.5, 0.4, 0.6, 1], 0.4, 1),  # after 4 seconds, no other round
        ([0.5] * 5 + [0.25, 0.1], 0.25, 1),  # six rounds are enough
        ([9, 8, 1], 8, 1),  # a first round alone would tell of the loading of libraries
    ],
)
def test_the_quickest_of_a_few_rounds_counts(rounds, quickest, left, clock):
    clock += rounds
    assert speed.measure() == pytest.approx(quickest) and len(clock) == left


def test_doctor_tells_the_minutes_here_and_those_of_the_reference(monkeypatch):
    monkeypatch.setattr(speed, "measure", lambda: 3 * speed.PROBE_SECONDS)
    monkeypatch.setattr(speed.os, "cpu_count", lambda: 4)
    usual = speed.COURSE_SECONDS / 60
    said = doctor.speed()
    assert f"takes about {round(3 * usual)} minutes here" in said
    assert f"({usual:.0f} on {speed.MACHINE})" in said and "\n" not in said
