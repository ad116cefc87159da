"""The arithmetic behind the pictures of sound, in numpy only: no figure is touched here."""

import operator
import warnings
from functools import lru_cache

import numpy as np

_SILENCE = 1e-30  # power that stands for none; 20 orders below anything a recording holds


def positive_int(value, name, unit=""):
    """Return `value` as an int, or say that `name` must be a positive whole number."""
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1 or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number{unit}, 1 or more, not {value!r}.")
    return number


def decibels(power, reference=None):
    """Return `power` in dB relative to `reference`, by default to its own maximum."""
    if reference is None:
        # Digital silence has no loudest point: leave it at the bottom of every scale.
        reference = float(power.max()) or 1.0
    return 10 * np.log10(np.maximum(power, _SILENCE) / reference)


def envelope(samples, columns):
    """Return positions and values of a line through each column's minimum and maximum.

    Short clips come back whole: one position, in samples, per sample.
    """
    step = len(samples) // columns
    if step < 3:
        return np.arange(len(samples)), samples
    starts = np.arange(0, len(samples), step)
    pairs = [extreme.reduceat(samples, starts) for extreme in (np.minimum, np.maximum)]
    return np.repeat(starts, 2), np.stack(pairs, axis=1).ravel()


def line_spectrum(samples, sampling_rate, columns):
    """Return frequencies in Hz and the power at each, under one Hann window over all samples.

    Of more frequencies than `columns`, the strongest of each group of neighbours is kept.
    """
    import scipy.fft
    import scipy.signal

    window = scipy.signal.get_window("hann", len(samples))
    # A window of one or two samples is zero where they are: nothing to see, nothing to divide by.
    transform = scipy.fft.rfft(samples * (window / max(window.sum(), 1.0)))
    power = transform.real**2 + transform.imag**2
    frequencies = np.arange(len(power)) * (sampling_rate / len(samples))
    group = -(-len(power) // columns)
    if group > 1:
        padded = np.pad(power, (0, -len(power) % group), constant_values=-1).reshape(-1, group)
        strongest = np.arange(len(padded)) * group + padded.argmax(axis=1)
        frequencies, power = frequencies[strongest], power[strongest]
    return frequencies, power


def power_frames(samples, window_length, hop_length, columns, filters=None):
    """Return the squared short-time Fourier transform and how many frames a column holds.

    Frames are centred on multiples of the hop, with zeros beyond the ends, under a periodic Hann
    window: the convention of ``librosa.stft``.

    Parameters
    ----------
    samples : array of float32, shape (n,)
    window_length, hop_length : int
        In samples.
    columns : int
        From twice as many frames on, neighbouring frames are merged by their maximum.
    filters : array of float32, shape (bands, window_length // 2 + 1), optional
        Weights of a filter bank, applied to every frame.

    Returns
    -------
    power : array of float32, shape (frequencies or bands, columns)
    frames_per_column : int
    """
    import scipy.fft
    import scipy.signal

    padded = np.pad(samples, window_length // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, window_length)[::hop_length]
    taper = scipy.signal.get_window("hann", window_length).astype(np.float32)
    merge = max(1, len(windows) // columns)
    rows = window_length // 2 + 1 if filters is None else len(filters)
    power = np.empty((-(-len(windows) // merge), rows), dtype=np.float32)
    # Blocks keep the memory flat: an hour in overlapping windows would fill gigabytes.
    block = max(1, 2**21 // (window_length * merge))
    for start in range(0, len(power), block):
        part = windows[start * merge : (start + block) * merge]
        transform = scipy.fft.rfft(part * taper, axis=1)
        squared = transform.real**2 + transform.imag**2
        if filters is not None:
            squared = squared @ filters.T
        starts = np.arange(0, len(squared), merge)
        power[start : start + block] = np.maximum.reduceat(squared, starts, axis=0)
    return power.T, merge


@lru_cache(maxsize=32)
def mel_filters(sampling_rate, window_length, n_mels, fmin, fmax):
    """Return Slaney's mel filter bank, shape (n_mels, window_length // 2 + 1)."""
    import librosa

    if not 0 <= fmin < fmax <= sampling_rate / 2:
        raise ValueError(
            f"The mel bands must lie within 0 <= fmin < fmax <= {sampling_rate / 2:g} Hz (half of "
            f"the sampling rate), not between fmin={fmin:g} and fmax={fmax:g}."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # empty bands raise below, with the way out
        bank = librosa.filters.mel(
            sr=sampling_rate, n_fft=window_length, n_mels=n_mels, fmin=fmin, fmax=fmax
        )
    empty = int((bank.max(axis=1) == 0).sum())
    if empty:
        raise ValueError(
            f"n_mels={n_mels} is too many for window_length={window_length}: {empty} bands would "
            "contain no frequency of the transform; use fewer bands or a longer window."
        )
    return bank


def mel_position(hertz, n_mels, fmin, fmax):
    """Return where frequencies lie among the bands: 0 is the centre of the lowest band."""
    import librosa

    low, high = librosa.hz_to_mel(fmin), librosa.hz_to_mel(fmax)
    # n_mels triangles stand on n_mels + 2 equally spaced points; the first centre is point 1.
    return (librosa.hz_to_mel(np.asarray(hertz, float)) - low) / (high - low) * (n_mels + 1) - 1


def mel_ticks(n_mels, fmin, fmax):
    """Return round frequencies in Hz that are well spread over the mel scale."""
    from matplotlib.ticker import MaxNLocator

    octaves = 125.0 * 2.0 ** np.arange(12)
    candidates = octaves[(octaves >= fmin) & (octaves <= fmax)]
    if len(candidates) < 3:
        candidates = MaxNLocator(5).tick_values(fmin, fmax)
        candidates = candidates[(candidates >= fmin) & (candidates <= fmax)]
    positions = mel_position(candidates, n_mels, fmin, fmax)
    kept, last = [], np.inf
    for hertz, position in zip(candidates[::-1], positions[::-1], strict=True):
        if last - position >= 0.075 * (n_mels + 1):  # closer labels would touch
            kept.append(float(hertz))
            last = position
    return kept[::-1]
