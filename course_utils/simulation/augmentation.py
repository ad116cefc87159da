"""Rooms, microphones and noise: what lies between a studio and the world.

Everything is mono ``numpy`` at :data:`RATE`, in units of full scale (1.0). Whatever is random
takes a ``numpy.random.Generator`` first, so that a seed fixes every sample.
"""

import numpy as np
from scipy import fft, signal

from course_utils import audio

RATE = 16000
"""Sampling rate of whatever is made here, in hertz."""

LINE = 8_000
"""Sampling rate of a telephone line, in hertz."""


def log_uniform(rng, low, high):
    """Draw a float that is uniform on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def samples_of(seconds):
    """Count the samples in ``seconds``, at least one."""
    return max(round(seconds * RATE), 1)


def noise(rng, n, slope=0.0):
    """Make Gaussian noise of a given colour with unit standard deviation.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    n : int
        Number of samples.
    slope : float
        Change of level in decibels per octave: 0 is white, -3 pink, -6 brown, +3 blue.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``, float64.
    """
    if n < 2:
        return rng.standard_normal(n)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequencies = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20.0)
    samples = np.fft.irfft(spectrum * frequencies ** (slope / 6.0206), n)
    return samples / (samples.std() + 1e-12)


def add_noise(rng, samples, ratio, slope):
    """Mix steady noise into a recording.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    samples : numpy.ndarray
        Shape ``(n,)``.
    ratio : float
        Decibels by which the noise lies below the samples' root mean square.
    slope : float
        Colour of the `noise`.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``, float64.
    """
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-ratio / 20)
    # Some lengths take the Fourier transform twenty times as long as others nearby.
    length = fft.next_fast_len(len(samples), real=True)
    return samples + level * noise(rng, length, slope)[: len(samples)]


def band(samples, low=None, high=None, order=2):
    """Filter with a Butterworth high-pass, low-pass or band-pass; edges in hertz."""
    top = 0.49 * RATE
    if high is not None and high >= top:
        high = None
    if low is None and high is None:
        return np.asarray(samples)
    if low is None:
        return signal.sosfilt(signal.butter(order, high, "lowpass", fs=RATE, output="sos"), samples)
    low = min(low, 0.95 * (high or top))
    kind, edge = ("highpass", low) if high is None else ("bandpass", [low, high])
    return signal.sosfilt(signal.butter(order, edge, kind, fs=RATE, output="sos"), samples)


def telephone_line(samples):
    """Send a recording through a telephone line.

    The band of 300 to 3,400 Hz, and the eight bits of the mu-law (ITU-T G.711, its continuous
    form); the loudest sample comes out at 0.7.

    Parameters
    ----------
    samples : numpy.ndarray
        Shape ``(n,)``, at :data:`RATE`, not silent.

    Returns
    -------
    numpy.ndarray
        Float32 at :data:`LINE`, half as many.
    """
    samples = audio.resample(band(samples, 300, 3400, 4), RATE, LINE)
    samples = 0.7 * samples / np.abs(samples).max()
    squeezed = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    steps = np.round(squeezed * 127) / 127
    return (np.sign(steps) * (256 ** np.abs(steps) - 1) / 255).astype(np.float32)


def over_telephone(samples):
    """Send a recording through `telephone_line` and back to :data:`RATE`; float32."""
    return audio.resample(telephone_line(samples), LINE, RATE)


def shape(samples, gain):
    """Multiply the spectrum by ``gain(frequencies in hertz)``, without moving anything in time."""
    n = len(samples)
    return np.fft.irfft(np.fft.rfft(samples) * gain(np.fft.rfftfreq(n, 1 / RATE)), n)


def equalise(rng, samples, depth=6.0):
    """Colour a clip by a smooth random curve, as microphones and distance do (dB, octaves)."""
    centres = np.log2([60, 125, 250, 500, 1000, 2000, 4000, 8000])
    decibels = rng.normal(0, depth / 2, len(centres))

    def gain(frequencies):
        octaves = np.log2(np.maximum(frequencies, 30.0))
        return 10 ** (np.interp(octaves, centres, decibels) / 20)

    return shape(samples, gain)


def reverberate(rng, samples, seconds=0.4, wet=0.3):
    """Put a sound into a room: convolve with decaying noise whose treble dies first.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    samples : numpy.ndarray
        Dry sound, shape ``(n,)``.
    seconds : float
        Reverberation time of the treble: how long until its echo has dropped by 60 dB. What is
        below 1.5 kHz falls by 30 dB in that time.
    wet : float
        Energy of the room against that of the direct sound.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``: the tail beyond the clip's end is cut.
    """
    n = samples_of(seconds)
    decay = np.exp(-6.9 * np.arange(n) / n)
    tail = rng.standard_normal(n) * decay
    dull = band(rng.standard_normal(n), None, 1500.0) * np.sqrt(decay)
    room = tail + 2 * dull
    room[: samples_of(rng.uniform(0.002, 0.012))] = 0
    room *= np.sqrt(wet / (np.sum(room**2) + 1e-12))
    room[0] = 1.0
    return signal.fftconvolve(samples, room)[: len(samples)]


def add_at(track, samples, start):
    """Mix ``samples`` into ``track`` from index ``start`` on, cutting what sticks out; in place."""
    start = int(start)
    begin, end = max(start, 0), min(start + len(samples), len(track))
    if begin < end:
        track[begin:end] += samples[begin - start : end - start]
    return track
