"""What one clip is like: decoded once, measured, and forgotten.

This module imports nothing heavy, so that processes that share the clips start at once.
"""

import hashlib
import warnings
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils import audio
from course_utils.data.folder import part_of, refuse_name, without_folder

SEGMENTS, BANDS = 16, 12
"""Shape of a fingerprint: equal parts of the clip, and frequency bands."""
_EDGES = np.geomspace(200, 3_500, BANDS + 1)  # hertz; below half of any usual sampling rate
_FRAME = 0.064  # seconds; maximum length of a frame of the spectrum
_PRINTED = 0.25  # seconds; shorter clips have no fingerprint
_FLOOR = 1e-4  # energy of a band as a share of the clip's mean, below which nothing is compared
_STEADY = 0.1  # length of a fingerprint before it is scaled; below it nothing changes in the clip
_FLAT = 1e-4  # share of the peak within which samples count as equal to it
_LONG = 600  # seconds; in longer recordings nobody counts the frames with sound


class Facts(NamedTuple):
    """What is known of a clip; of one that cannot be read, only ``error``."""

    error: str = ""
    """Why it cannot be read."""
    doubts: tuple = ()
    """What `audio.load` and `audio.to_mono` warned of."""
    rate: int = 0
    """Sampling rate in hertz."""
    channels: int = 0
    seconds: float = 0.0
    peak: float = 0.0
    """Greatest amplitude; 1 is full scale."""
    level: float = 0.0
    """Root mean square, of all channels."""
    offset: float = 0.0
    """Mean amplitude of the channel that is farthest from 0."""
    flat: float = 0.0
    """Share of the samples in the middle of three or more equal ones at a peak."""
    sounding: float = 0.0
    """Seconds in frames less than 40 dB below the loudest one."""
    dead: bool = False
    """Whether one channel is silent and another is not."""
    digest: bytes = b""
    """Hash of the decoded samples; empty for digital silence."""
    fingerprint: np.ndarray | None = None
    """Unit-length float32 vector of a coarse spectrogram; None for a short or steady clip."""


def measure(folder, name, spans):
    """Return the `Facts` of the rows that are one file, or parts of it.

    Parameters
    ----------
    folder, name : str
        The file is ``folder/name``.
    spans : list of (float, float) or None
        Start and end of each row in seconds; None is the whole file.
    """
    try:
        refuse_name(name)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            samples, rate = _loaded(Path(folder, name))
    except audio.AudioError as error:
        return [Facts(without_folder(error, folder))] * len(spans)
    doubts = tuple(_cut(warning.message, folder) for warning in caught)
    return [_facts(name, samples, rate, span, doubts) for span in spans]


def _cut(error, folder):
    return without_folder(error, folder).rpartition(": ")[2]


def _loaded(path):
    """Return samples with all channels at the file's rate, or as a model gets them if too many."""
    try:
        return audio.load(path, mono=False)
    except audio.AudioError:
        return audio.load(path, sampling_rate=16_000)


def _facts(name, samples, rate, span, doubts):
    if span is not None:
        try:
            samples = part_of(name, samples, rate, *span)
        except audio.AudioError as error:
            return Facts(str(error))
        if not samples.size:
            return Facts(f"{name}: a row of the table is shorter than a sample; correct the table")
    channels = np.atleast_2d(samples)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mono = audio.to_mono(samples)
    doubts += tuple(str(warning.message).rpartition(": ")[2] for warning in caught)
    seconds, tops = len(mono) / rate, channels.max(axis=1)
    peaks = np.maximum(tops, -channels.min(axis=1))
    power = np.einsum("ij,ij->i", channels, channels, dtype=np.float64) / len(mono)
    sounding = seconds
    if seconds <= _LONG:
        sounding = min(seconds, len(audio.loud_frames(mono, rate)) / 100)
    return Facts(
        doubts=doubts,
        rate=rate,
        channels=len(channels),
        seconds=seconds,
        peak=float(peaks.max()),
        level=float(np.sqrt(power.mean())),
        offset=float(max(channels.mean(axis=1, dtype=np.float64), key=abs)),
        flat=float(max(map(_flat_share, channels))),
        sounding=sounding,
        dead=bool(peaks.min() < 1e-3 * peaks.max()),
        digest=_digest(samples) if peaks.any() else b"",
        fingerprint=fingerprint(mono, rate),
    )


def _digest(samples):
    return hashlib.blake2b(np.ascontiguousarray(samples), digest_size=16).digest()


def _flat_share(channel):
    """Return the share of samples in the middle of three equal ones at the top or the bottom."""
    count = 0
    for side in (channel, -channel):
        top = side.max()
        at = side >= top * (1 - _FLAT)
        count += np.count_nonzero(at[2:] & at[1:-1] & at[:-2]) if top > 0 else 0
    return count / len(channel)


def fingerprint(samples, rate):
    """Return a coarse spectrogram that level, sampling rate and coding hardly change, or None.

    It has the log energies of `BANDS` bands in `SEGMENTS` parts, without the mean of each band,
    which microphones change, and unit length: the product of two is their correlation. Two
    different clips may have a high one as well: compare their samples before you call them copies.
    """
    seconds = len(samples) / rate
    if seconds < _PRINTED or rate < 8_000:
        return None
    size = int(rate * min(_FRAME, seconds / SEGMENTS))
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    parts = np.linspace(0, len(frames), SEGMENTS + 1).astype(int)
    bins = np.round(_EDGES * size / rate).astype(int)
    window = np.hanning(size).astype(np.float32)
    energies = np.empty((SEGMENTS, BANDS), np.float32)
    for part, (first, last) in enumerate(pairwise(parts)):
        mean = np.zeros(size // 2 + 1)
        for start in range(first, last, 1_000):  # about a minute at a time, to save memory
            spectra = np.fft.rfft(frames[start : min(start + 1_000, last)] * window)
            mean += np.square(np.abs(spectra)).sum(axis=0) / (last - first)
        energies[part] = np.add.reduceat(mean[: bins[-1]], bins[:-1])
    total = energies.mean()
    if not total > 0:
        return None
    vector = np.log10(energies / total + _FLOOR)
    vector = (vector - vector.mean(axis=0)).ravel()
    length = np.linalg.norm(vector)
    return vector / length if length > _STEADY else None
