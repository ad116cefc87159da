"""Waveform, spectrum, spectrogram, mel spectrogram, features.

The values are librosa's, but nothing here imports it: where it is new, its compiler takes 15 s.
"""

import math
from numbers import Integral, Real

import numpy as np
from matplotlib.ticker import MaxNLocator

from course_utils import audio
from course_utils.plotting.style import COLOURS, axes_or_new, label

LEVEL = "Level (dB, 0 = loudest)"


def waveform(samples, sampling_rate, ax=None, title=None):
    """Draw amplitude against time.

    Of a long clip, the minimum and the maximum of each pixel column are drawn: no peak is lost, and
    an offset stays visible, which the symmetric envelope of ``librosa.display.waveshow`` hides.

    Parameters
    ----------
    samples : array of float, shape (n,)
        One channel; full scale is -1 to 1.
    sampling_rate : int
        Samples per second, in Hz.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; those of a new figure by default.
    title : str, optional
        Title of the figure; none by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    samples = checked(samples, sampling_rate)
    ax = axes_or_new(ax, height=2.2)
    drawn = _extremes(samples, ax)
    ax.plot(drawn / sampling_rate, samples[drawn], color=COLOURS[0], linewidth=0.8)
    limit = 1.05 * float(np.abs(samples).max()) or 1.0
    ax.set(xlim=(0, len(samples) / sampling_rate), ylim=(-limit, limit))
    return label(ax, title, "Time (s)", "Amplitude")


def spectrum(samples, sampling_rate, dynamic_range=80, ax=None, title=None):
    """Draw the magnitude spectrum of the whole clip, in dB, under one Hann window.

    Of more frequencies than pixels, the minimum and the maximum of each pixel column are drawn.

    Parameters
    ----------
    samples, sampling_rate
        As for `waveform`.
    dynamic_range : float, default 80
        The level axis ends this many dB below the maximum.
    ax, title
        As for `waveform`; the axes are returned.
    """
    import scipy.signal

    samples = checked(samples, sampling_rate, dynamic_range)
    ax = axes_or_new(ax, height=2.6)
    window = scipy.signal.get_window("hann", len(samples))
    power = np.abs(np.fft.rfft(samples * (window / window.sum()))) ** 2
    level = _decibels(power)
    drawn = _extremes(level, ax)
    frequencies = drawn * (sampling_rate / len(samples))
    ax.plot(frequencies, level[drawn], color=COLOURS[0], linewidth=0.8)
    ax.set(xlim=(0, sampling_rate / 2), ylim=(-dynamic_range, 3))
    ax.grid(alpha=0.3)
    return label(ax, title, "Frequency (Hz)", LEVEL)


def spectrogram(
    samples,
    sampling_rate,
    window_length=1024,
    hop_length=256,
    dynamic_range=80,
    reference=None,
    ax=None,
    title=None,
    colorbar=True,
):
    """Draw level against time and frequency: the squared short-time Fourier transform, in dB.

    The transform is ``librosa.stft(samples, n_fft=window_length, hop_length=hop_length)``. Of more
    frames than pixels, the maximum of each pixel column is drawn, so that no click is lost.

    Parameters
    ----------
    samples, sampling_rate
        As for `waveform`.
    window_length : int, default 1024
        Length of the Hann window in samples: a longer one resolves frequency better, a shorter one
        time.
    hop_length : int, default 256
        Samples between the centres of neighbouring frames.
    dynamic_range : float, default 80
        Levels this many dB below 0 dB, and lower ones, are drawn black.
    reference : float, optional
        Squared magnitude that is drawn as 0 dB; the maximum by default.
    ax, title
        As for `waveform`; the axes are returned.
    colorbar : bool, default True
        Whether to add the scale of levels.
    """
    lengths = {"window_length": window_length, "hop_length": hop_length}
    samples = checked(samples, sampling_rate, dynamic_range, reference, **lengths)
    ax = axes_or_new(ax, height=2.8)
    bin_width = sampling_rate / window_length
    rows = (-bin_width / 2, (window_length // 2 + 0.5) * bin_width)
    scale = (dynamic_range, reference, colorbar)
    _draw_levels(ax, samples, sampling_rate, window_length, hop_length, rows, scale)
    ax.set_ylim(0, sampling_rate / 2)
    return label(ax, title, "Time (s)", "Frequency (Hz)")


def mel_spectrogram(
    samples,
    sampling_rate,
    n_mels=64,
    window_length=1024,
    hop_length=256,
    fmin=0,
    fmax=None,
    dynamic_range=80,
    reference=None,
    ax=None,
    title=None,
    colorbar=True,
):
    """Draw a spectrogram in mel bands, whose spacing follows the hearing of pitch.

    The values are those of ``librosa.feature.melspectrogram``: Slaney's mel scale and triangular
    filters of equal area. The vertical coordinate of the axes is in mel, its ticks are in Hz.

    Parameters
    ----------
    samples, sampling_rate
        As for `waveform`.
    n_mels : int, default 64
        Number of bands; too many would leave bands without a frequency of the transform.
    window_length, hop_length, dynamic_range, reference
        As for `spectrogram`.
    fmin, fmax : float
        Lower edge of the lowest and upper edge of the highest band, in Hz; by default 0 and half
        of the sampling rate, which is the maximum.
    ax, title, colorbar
        As for `spectrogram`.
    """
    lengths = {"window_length": window_length, "hop_length": hop_length, "n_mels": n_mels}
    samples = checked(samples, sampling_rate, dynamic_range, reference, **lengths)
    fmax = sampling_rate / 2 if fmax is None else fmax
    if not 0 <= fmin < fmax <= sampling_rate / 2:
        raise ValueError(
            f"The mel bands must lie within 0 <= fmin < fmax <= {sampling_rate / 2:g} Hz (half of "
            f"the sampling rate), not between fmin={fmin:g} and fmax={fmax:g}."
        )
    low, high = _mel([fmin, fmax])
    filters = _triangles(np.linspace(low, high, n_mels + 2), sampling_rate, window_length)
    if not filters.any(axis=1).all():
        raise ValueError(
            f"n_mels={n_mels} is too many for window_length={window_length}: some bands hold no "
            "frequency of the transform. Use fewer bands or a longer window."
        )
    ax = axes_or_new(ax, height=2.8)
    half = (high - low) / (n_mels + 1) / 2
    # The outermost triangles reach half a band further than their rows: draw these rows twice.
    filters = np.pad(filters, ((1, 1), (0, 0)), mode="edge")
    rows = (low - half, high + half)
    scale = (dynamic_range, reference, colorbar)
    _draw_levels(ax, samples, sampling_rate, window_length, hop_length, rows, scale, filters)
    ticks = [0, 500, 1000, 2000, 4000, 8000, 16_000]
    if fmax < 4 * max(fmin, 500):
        ticks = MaxNLocator(5).tick_values(fmin, fmax)
    ticks = [tick for tick in ticks if fmin <= tick <= fmax]
    ax.set_yticks(_mel(ticks), [f"{tick:g}" for tick in ticks])
    ax.set_ylim(low, high)
    return label(ax, title, "Time (s)", "Frequency (Hz, mel scale)")


def features(matrix, seconds_per_frame=None, ax=None, title=None, colorbar="Feature value"):
    """Draw a matrix over time and bands, such as a model's ``input_values``, value by value.

    Parameters
    ----------
    matrix : array or CPU tensor of float, shape (frames, bands)
        One clip, time first: ``features["input_values"][0]`` of an Audio Spectrogram Transformer,
        ``features["input_features"][0].T`` of Whisper.
    seconds_per_frame : float, optional
        Hop of the feature extractor in seconds, for an axis in seconds instead of frames.
    ax, title
        As for `waveform`; the axes are returned.
    colorbar : str or None, default "Feature value"
        Label of the colour bar, which says what the colours stand for; None for no colour bar.
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(f"matrix has shape {matrix.shape}, not (frames, bands): pick one by [0].")
    if not np.isfinite(matrix).all():
        raise ValueError("matrix holds NaN or infinite values: look at the clip it came from.")
    if seconds_per_frame is not None and not seconds_per_frame > 0:
        raise ValueError(f"seconds_per_frame must be above 0, not {seconds_per_frame!r}.")
    ax = axes_or_new(ax, height=2.8)
    step = seconds_per_frame or 1
    extent = (-0.5 * step, (len(matrix) - 0.5) * step, -0.5, matrix.shape[1] - 0.5)
    # No blending: neighbouring rows may be different things, such as two speakers.
    _draw(ax, matrix.T.astype(np.float32), extent, colorbar, interpolation="nearest")
    return label(ax, title, "Time (s)" if seconds_per_frame else "Frame", "Band")


def checked(samples, sampling_rate, dynamic_range=80, reference=None, **counts):
    """Return one channel of float32 samples, or say what is wrong with the arguments."""
    if np.ndim(samples) != 1:
        raise audio.AudioError(
            f"samples has shape {np.shape(samples)}, but a figure shows one channel, of shape "
            "(n,): mix down with audio.to_mono(samples) or pick a channel with samples[0]."
        )
    if not isinstance(sampling_rate, Real) or not 0 < sampling_rate < math.inf:
        raise audio.AudioError(f"sampling_rate must be a number above 0 Hz, not {sampling_rate!r}.")
    if not 0 < dynamic_range < math.inf:
        raise ValueError(f"dynamic_range must be above 0 dB, not {dynamic_range!r}.")
    if reference is not None and not 0 < reference < math.inf:
        raise ValueError(f"reference must be a power above 0, not {reference!r}.")
    for name, count in counts.items():
        positive_int(count, name)
    return audio.to_mono(samples)


def positive_int(value, name):
    """Return `value`, or say that `name` must be a positive whole number."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number, 1 or more, not {value!r}.")
    return value


def _extremes(values, ax):
    """Return the indices of each pixel column's minimum and maximum, or all if they are few."""
    step = len(values) // max(200, round(ax.bbox.width))
    if step < 3:
        return np.arange(len(values))
    groups = np.pad(values, (0, -len(values) % step), mode="edge").reshape(-1, step)
    within = np.sort(np.stack([groups.argmin(axis=1), groups.argmax(axis=1)], axis=1))
    positions = np.arange(len(groups))[:, None] * step + within
    return np.minimum(positions.ravel(), len(values) - 1)


def _mel(hertz):
    """Return frequencies on Slaney's mel scale: linear up to 1000 Hz, then logarithmic."""
    hertz = np.asarray(hertz, float)
    above = 15 + 27 * np.log(np.maximum(hertz, 1000) / 1000) / math.log(6.4)
    return np.where(hertz < 1000, hertz * 3 / 200, above)


def _triangles(edges, sampling_rate, window_length):
    """Return a filter bank, shape (bands, bins): triangles of equal area between `edges` in mel."""
    edges = np.where(edges < 15, edges * 200 / 3, 1000 * 6.4 ** ((edges - 15) / 27))
    bins = np.fft.rfftfreq(window_length, 1 / sampling_rate)
    corners = zip(edges, edges[1:], edges[2:], strict=False)
    return np.stack([np.interp(bins, c, (0, 2 / (c[2] - c[0]), 0)) for c in corners])


def _decibels(power, reference=None):
    """Return `power` in dB relative to `reference`, by default to its own maximum."""
    # Digital silence has no maximum; its level is -300 dB, far below any recording's.
    reference = reference or float(power.max()) or 1.0
    return 10 * np.log10(np.maximum(power, 1e-30) / reference)


def _draw_levels(ax, samples, sampling_rate, window_length, hop_length, rows, scale, filters=None):
    """Draw the short-time Fourier transform in dB, through a filter bank if there is one.

    From twice as many frames as pixel columns on, neighbouring frames are merged by their maximum.
    """
    import scipy.signal

    dynamic_range, reference, colorbar = scale
    window = scipy.signal.get_window("hann", window_length).astype(np.float32)
    padded = np.pad(samples, window_length // 2)  # so that frames are centred
    frames = 1 + (len(padded) - window_length) // hop_length
    merge = max(1, frames // max(200, round(ax.bbox.width)))
    # In blocks of 2 million samples: an hour at once would need gigabytes.
    block = merge * max(1, 2**21 // (window_length * merge))
    parts = []
    for first in range(0, frames, block):
        last = min(first + block, frames) - 1
        part = padded[first * hop_length : last * hop_length + window_length]
        windows = np.lib.stride_tricks.sliding_window_view(part, window_length)[::hop_length]
        power = np.abs(np.fft.rfft(windows * window)).T ** 2
        if filters is not None:
            power = filters @ power
        parts.append(np.maximum.reduceat(power, np.arange(0, power.shape[1], merge), axis=1))
    level = _decibels(np.concatenate(parts, axis=1), reference)
    # Frame k covers the time from half a hop before its centre to half a hop after.
    step = hop_length / sampling_rate
    extent = (-0.5 * step, (level.shape[1] * merge - 0.5) * step, *rows)
    colorbar = colorbar and ("Level (dB)" if reference else LEVEL)
    _draw(ax, level, extent, colorbar, vmin=-dynamic_range, vmax=0)
    ax.set_xlim(0, len(samples) / sampling_rate)


def _draw(ax, values, extent, colorbar, **options):
    """Draw an image, and a colour bar if there is a label for it.

    Not with ``librosa.display.specshow``, whose cells overwrite each other where several share a
    pixel: of a steady tone, one row high, nothing may be left.
    """
    image = ax.imshow(values, origin="lower", aspect="auto", cmap="magma", extent=extent, **options)
    # The last frame can end up to half a cell before the end of the clip.
    ax.set_facecolor(image.cmap(0))
    if colorbar:
        ax.figure.colorbar(image, ax=ax, label=colorbar, fraction=0.025, pad=0.01)
