"""Building blocks of procedural sound: seeded parameters, envelopes, voices and modal synthesis.

Sounds are mono ``numpy`` arrays at :data:`RATE` with full scale 1.0. Random functions take a
``numpy.random.Generator`` as first argument, so that a seed fixes every sample.
"""

import numpy as np

from course_utils.simulation.augmentation import RATE, noise, samples_of

CELLS = 12
"""Number of cells that the range of a parameter is divided into."""

_CELLS_OF = {
    "train": [cell for cell in range(CELLS) if cell % 6 not in (1, 4)],
    "validation": [cell for cell in range(CELLS) if cell % 6 == 4],
    "test": [cell for cell in range(CELLS) if cell % 6 == 1],
}


def split_uniform(rng, split, low, high, log=False):
    """Draw a parameter from the part of its range that belongs to a split.

    The range is divided into twelve equal cells, numbered from 0: 1 and 7 belong to the test
    split, 4 and 10 to the validation split, the other eight to training. Test values are thus
    inside the range of the training values, but never among them.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    split : {"train", "validation", "test"}
        Split of the cells to draw from.
    low, high : float
        The whole range; both positive where ``log`` is true.
    log : bool
        Divide and draw on a logarithmic scale, for frequencies.

    Returns
    -------
    float
        A value in ``[low, high)``.

    Raises
    ------
    ValueError
        If ``split`` is not one of the three.
    """
    if split not in _CELLS_OF:
        raise ValueError(f"split is {split!r}; it must be one of {', '.join(_CELLS_OF)}.")
    share = (rng.choice(_CELLS_OF[split]) + rng.uniform()) / CELLS
    return float(low * (high / low) ** share if log else low + (high - low) * share)


def split_of(value, low, high, log=False):
    """Return the split whose cells contain ``value``: the inverse of :func:`split_uniform`."""
    share = np.log(value / low) / np.log(high / low) if log else (value - low) / (high - low)
    cell = min(int(share * CELLS), CELLS - 1)
    return next(split for split, cells in _CELLS_OF.items() if cell in cells)


def curve(points, n):
    """Interpolate linearly between breakpoints.

    Parameters
    ----------
    points : sequence of (float, float)
        Position, 0 (first sample) to 1 (last sample), and value.
    n : int
        Number of samples.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``.
    """
    positions, values = np.array(points, dtype=float).T
    return np.interp(np.linspace(0, 1, n), positions, values)


def wander(rng, n, rate, depth=1.0):
    """Draw a smooth random curve with a mean near 0.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    n : int
        Number of samples.
    rate : float
        Number of independent values per second.
    depth : float
        Standard deviation of those values.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``.
    """
    position = np.arange(n) * rate / RATE
    knots = rng.normal(0, depth, int(np.ceil(n * rate / RATE)) + 2)
    index = position.astype(int)
    fraction = position - index
    fraction = fraction * fraction * (3 - 2 * fraction)
    return knots[index] * (1 - fraction) + knots[index + 1] * fraction


def adsr(n, attack, decay, sustain, release):
    """Return an attack-decay-sustain-release envelope; times in seconds, shortened to fit."""
    times = np.array([attack, decay, release], dtype=float)
    times *= min(1.0, n / RATE / max(times.sum(), 1e-9))
    edges = np.array([0, times[0], times[0] + times[1], n / RATE - times[2], n / RATE])
    return np.interp(np.arange(n) / RATE, edges, [0, 1, sustain, sustain, 0])


def fade(samples, seconds=0.005):
    """Fade both ends of a clip to zero, so that it starts and ends without a click."""
    n = min(samples_of(seconds), len(samples) // 2)
    out = np.array(samples, dtype=float)
    if n:
        ramp = np.linspace(0, 1, n, endpoint=False)
        out[:n] *= ramp
        out[-n:] *= ramp[::-1]
    return out


def phase_of(frequency):
    """Integrate a frequency curve in hertz into a phase in radians."""
    return 2 * np.pi * np.cumsum(frequency) / RATE


def formant_gain(frequency, formants):
    """Return the gain of a set of resonances at ``frequency``.

    Parameters
    ----------
    frequency : numpy.ndarray
        Frequency in hertz.
    formants : sequence of (centre, bandwidth, gain)
        Centre frequency in hertz, bandwidth in hertz between the points at -6 dB, linear gain;
        each a number or an array that broadcasts with ``frequency``.

    Returns
    -------
    numpy.ndarray
        Linear gain.
    """
    return sum(
        gain / (1 + ((frequency - centre) / (bandwidth / 2)) ** 2)
        for centre, bandwidth, gain in formants
    )


def voice(rng, frequency, formants, tilt=-9.0, rough=0.0, breath=0.0, max_harmonics=40):
    """Synthesise a voice: harmonics of a varying fundamental, shaped by formants, no aliasing.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    frequency : numpy.ndarray
        Fundamental frequency in hertz, shape ``(n,)``.
    formants : sequence of (centre, bandwidth, gain)
        Resonances; a centre or gain may be a curve of shape ``(n,)``.
    tilt : float
        Spectral tilt of the source in decibels per octave.
    rough : float
        Depth of the subharmonic modulation (0 to 1) that makes a voice hoarse.
    breath : float
        Standard deviation of the breath noise relative to that of the harmonics.
    max_harmonics : int
        Maximum number of harmonics.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``, peak 1.
    """
    n = len(frequency)
    step = 80
    grid = np.arange(0, n + step, step)
    at = np.minimum(grid, n - 1)
    coarse = [
        tuple(np.asarray(part)[at] if np.ndim(part) else part for part in formant)
        for formant in formants
    ]
    slow = np.asarray(frequency)[at]
    phase = phase_of(frequency)
    count = int(np.clip(0.47 * RATE / max(slow.min(), 1.0), 1, max_harmonics))
    time = np.arange(n)
    out = np.zeros(n)
    for harmonic in range(1, count + 1):
        partial = harmonic * slow
        level = formant_gain(partial, coarse) * (partial / 500.0) ** (tilt / 6.0206)
        level = np.where(partial < 0.47 * RATE, level, 0.0)
        out += np.interp(time, grid, level) * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))
    if rough:
        beat = np.cos(phase / 2 + wander(rng, n, 30, 1.5)) * (1 + 0.5 * wander(rng, n, 60))
        out *= 1 + rough * beat
    if breath:
        still = [tuple(float(np.mean(part)) for part in formant) for formant in formants]
        hiss = shape(noise(rng, n), lambda f: formant_gain(f, still) + 0.05)
        out = out / (out.std() + 1e-12) + breath * hiss / (hiss.std() + 1e-12)
    return normalise(out, 1.0)


def modes(n, frequencies, decays, gains, rng=None):
    """Return the sound of a struck resonant body: a sum of decaying sines.

    Parameters
    ----------
    n : int
        Number of samples.
    frequencies : sequence of float
        Frequencies in hertz; those above the Nyquist frequency are left out.
    decays : sequence of float
        Time constants in seconds.
    gains : sequence of float
        Linear gains.
    rng : numpy.random.Generator, optional
        Source of random phases; without it, all sines start at phase 0.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``.
    """
    time = np.arange(n) / RATE
    out = np.zeros(n)
    for frequency, decay, gain in zip(frequencies, decays, gains, strict=True):
        if frequency < RATE / 2:
            start = rng.uniform(0, 2 * np.pi) if rng is not None else 0.0
            out += gain * np.exp(-time / decay) * np.sin(2 * np.pi * frequency * time + start)
    return out


def saturate(samples, drive=1.0):
    """Clip softly, like an overdriven microphone."""
    return np.tanh(drive * np.asarray(samples)) / np.tanh(drive)


def normalise(samples, peak=0.9):
    """Scale samples to a peak; silence stays silence."""
    largest = np.max(np.abs(samples), initial=0.0)
    return samples * (peak / largest) if largest > 0 else np.array(samples)


def shape(samples, gain):
    """Filter with zero phase: multiply the spectrum by ``gain(frequencies in hertz)``."""
    n = len(samples)
    return np.fft.irfft(np.fft.rfft(samples) * gain(np.fft.rfftfreq(n, 1 / RATE)), n)


def equalise(rng, samples, depth=6.0):
    """Apply a smooth random frequency response, as microphones have; `depth` is in decibels."""
    centres = np.log2([60, 125, 250, 500, 1000, 2000, 4000, 8000])
    decibels = rng.normal(0, depth / 2, len(centres))

    def gain(frequencies):
        octaves = np.log2(np.maximum(frequencies, 30.0))
        return 10 ** (np.interp(octaves, centres, decibels) / 20)

    return shape(samples, gain)
