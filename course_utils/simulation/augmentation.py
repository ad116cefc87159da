"""Augmentation: rooms, telephone lines and noise for clean recordings.

Everything is mono ``numpy``, shape ``(n,)``, at :data:`RATE`, in units of full scale (1.0).
Whatever is random takes a ``numpy.random.Generator`` first, so that a seed fixes every sample.
"""

import functools

import numpy as np
from scipy import fft, signal

from course_utils import audio

RATE = 16_000  # sampling rate of all recordings here, in hertz
LINE = 8_000  # sampling rate of a telephone line, in hertz


def log_uniform(rng, low, high):
    """Draw a float that is uniform on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def samples_of(seconds):
    """Return the number of samples in ``seconds``, at least one."""
    return max(round(seconds * RATE), 1)


def noise(rng, n, slope=0.0):
    """Return `n` samples of Gaussian noise with unit standard deviation, float64.

    `slope` is the change of level in decibels per octave: 0 is white, -3 pink, -6 brown, +3 blue.
    """
    if n < 2:
        return rng.standard_normal(n)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequencies = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20.0)
    samples = np.fft.irfft(spectrum * frequencies ** (slope / 6.0206), n)
    return samples / (samples.std() + 1e-12)


def add_noise(rng, samples, snr_db, slope, fast=True):
    """Return `samples` with `noise` of that `slope`, at a signal-to-noise ratio in decibels.

    Some lengths take the Fourier transform twenty times as long as others nearby. `fast` draws
    noise of the next fast length and cuts it, which is other noise; the shipped data sets were made
    without.
    """
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-snr_db / 20)
    length = fft.next_fast_len(len(samples), real=True) if fast else len(samples)
    return samples + level * noise(rng, length, slope)[: len(samples)]


def band(samples, low=None, high=None, order=2):
    """Filter with a Butterworth high-pass, low-pass or band-pass; edges in hertz."""
    top = 0.49 * RATE
    if high is not None and high >= top:
        high = None
    if low is None and high is None:
        return np.asarray(samples)
    if low is None:
        return signal.sosfilt(_butterworth(order, high, "lowpass"), samples)
    low = min(low, 0.95 * (high or top))
    kind, edge = ("highpass", low) if high is None else ("bandpass", (low, high))
    return signal.sosfilt(_butterworth(order, edge, kind), samples)


@functools.lru_cache(maxsize=64)
def _butterworth(order, edge, kind):
    """Return the second-order sections of a filter, designed once."""
    return signal.butter(order, edge, kind, fs=RATE, output="sos")


def telephone_line(samples):
    """Return a recording as a telephone line transmits it, float32 at :data:`LINE`.

    The line passes 300 to 3,400 Hz and quantises to eight bits by mu-law companding (ITU-T G.711,
    in its continuous form). `samples` must not be silent; the result has a peak of 0.7.
    """
    samples = audio.resample(band(samples, 300, 3400, 4), RATE, LINE)
    samples = 0.7 * samples / np.abs(samples).max()
    compressed = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    steps = np.round(compressed * 127) / 127
    return (np.sign(steps) * (256 ** np.abs(steps) - 1) / 255).astype(np.float32)


def over_telephone(samples):
    """Send a recording through `telephone_line` and back to :data:`RATE`; float32."""
    return audio.resample(telephone_line(samples), LINE, RATE)


def reverberate(rng, samples, seconds=0.4, wet=0.3):
    """Convolve with a random room impulse response: decaying noise whose treble decays first.

    `seconds` is the reverberation time of the treble, in which it falls by 60 dB; below 1.5 kHz, by
    30 dB. `wet` is the energy of the reverberation divided by that of the direct sound. The tail
    beyond the clip's end is cut.
    """
    n = samples_of(seconds)
    decay = np.exp(-6.9 * np.arange(n) / n)
    treble = rng.standard_normal(n) * decay
    bass = band(rng.standard_normal(n), None, 1500.0) * np.sqrt(decay)
    response = treble + 2 * bass
    response[: samples_of(rng.uniform(0.002, 0.012))] = 0
    response *= np.sqrt(wet / (np.sum(response**2) + 1e-12))
    response[0] = 1.0
    return signal.fftconvolve(samples, response)[: len(samples)]


def add_at(track, samples, start):
    """Mix `samples` into `track` from index `start` on, in place; what sticks out is cut."""
    start = int(start)
    begin, end = max(start, 0), min(start + len(samples), len(track))
    if begin < end:
        track[begin:end] += samples[begin - start : end - start]
    return track
