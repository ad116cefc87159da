"""How long the course takes on this machine, from a small fixed piece of work.

``python -m course_utils.course.speed`` prints the seconds of that work.
"""

import os
import time

MACHINE = "2 cores of an AMD EPYC"
"""The machine (Zen 4, 2.6 GHz) of the lessons' minutes in the pocket profile and of the seconds
below."""

COURSE_SECONDS = 1200
"""Duration of ``course-utils run --jobs 2`` on `MACHINE`, in seconds: 775 measured for the lessons
00 to 13, 382 for lesson 15 alone, and half of the 99 of lesson 14 alone."""

PROBE_SECONDS = 0.381
"""Duration of `work` on `MACHINE`, in seconds, as ``python -m course_utils.course.speed`` prints it
while nothing else runs."""

KERNELS = 2
"""Number of lessons that run beside each other in ``course-utils run --jobs 2``."""


def work():
    """Train a small transformer for a few steps, and compute the features of 20 s of noise.

    Without librosa, whose compiler takes 15 s where it is new.
    """
    import numpy as np
    import scipy.fft
    import torch
    from torch import nn

    from course_utils import audio

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(128, 4, 512, batch_first=True)
        model = nn.Sequential(nn.TransformerEncoder(layer, 3), nn.Linear(128, 32))
        frames = torch.randn(4, 200, 128)
        optimizer = torch.optim.AdamW(model.parameters())
        for _ in range(4):
            optimizer.zero_grad()
            model(frames).square().mean().backward()
            optimizer.step()
    noise = np.random.default_rng(0).standard_normal(20 * 22_050).astype(np.float32)
    samples = audio.resample(noise, 22_050, 16_000)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 2048)[::512] * np.hanning(2048)
    scipy.fft.dct(np.log(np.abs(np.fft.rfft(frames))))


def measure(rounds=6, limit=4.0):
    """Return the seconds of the quickest round of `work`, on the threads that a kernel has.

    After `limit` seconds it begins no other round, but the first, which loads libraries, is never
    the only one.
    """
    import torch

    threads, begun, taken = torch.get_num_threads(), time.perf_counter(), []
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // KERNELS))
    try:
        while len(taken) < 2 or (len(taken) < rounds and time.perf_counter() - begun < limit):
            started = time.perf_counter()
            work()
            taken.append(time.perf_counter() - started)
    finally:
        torch.set_num_threads(threads)
    return min(taken)


def course_minutes(probe_seconds, cores=None):
    """Return the minutes that ``course-utils run --jobs 2`` takes where `work` takes such seconds.

    Parameters
    ----------
    probe_seconds : float
        What `measure` returned.
    cores : int, optional
        Number of processor cores, which the kernels share (default: this machine's).
    """
    share = KERNELS / min(KERNELS, cores or os.cpu_count() or 1)
    return COURSE_SECONDS / 60 * share * probe_seconds / PROBE_SECONDS


if __name__ == "__main__":
    print(f"{measure(rounds=40, limit=float('inf')):.3f}")
