"""Waveform, spectrum, spectrogram, mel spectrogram, features."""

import math
from numbers import Real

import numpy as np

from course_utils import audio
from course_utils.plotting import _transforms as transforms
from course_utils.plotting._common import COLOURS, label, strip_or_new

_COLOUR_MAP = "magma"


def waveform(samples, sampling_rate, ax=None, title=None):
    """Draw amplitude against time.

    A long clip is drawn as the minimum and the maximum of every pixel column, so that no peak is
    lost and an hour draws as fast as a minute.

    Parameters
    ----------
    samples : array of float, shape (n,)
        One channel; full scale is -1 to 1.
    sampling_rate : int
        Samples per second, in Hz.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Title of the picture.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the samples are not one channel of finite numbers, or the sampling rate is not positive.

    Examples
    --------
    >>> t = np.arange(16_000) / 16_000
    >>> ax = waveform(np.sin(2 * np.pi * 440 * t), 16_000, title="A4")
    """
    samples = checked(samples, sampling_rate)
    ax = strip_or_new(ax, 2.2)
    positions, values = transforms.envelope(samples, _columns(ax))
    ax.plot(positions / sampling_rate, values, color=COLOURS[0], linewidth=0.8)
    limit = 1.05 * float(np.abs(samples).max()) or 1.0
    ax.set(xlim=(0, len(samples) / sampling_rate), ylim=(-limit, limit))
    return label(ax, title, "Time (s)", "Amplitude")


def spectrum(samples, sampling_rate, dynamic_range=80, reference=None, ax=None, title=None):
    """Draw the magnitude of the whole clip's Fourier transform, in dB, against frequency.

    The clip is taken under one Hann window. Where there are more frequencies than pixels, each
    pixel column shows the strongest of its frequencies.

    Parameters
    ----------
    samples : array of float, shape (n,)
        One channel.
    sampling_rate : int
        Samples per second, in Hz.
    dynamic_range : float, default 80
        The picture ends this many dB below the loudest point.
    reference : float, optional
        Squared magnitude that is drawn as 0 dB; by default that of the loudest point.
    ax, title
        As for `waveform`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        As for `waveform`.

    Examples
    --------
    >>> t = np.arange(16_000) / 16_000
    >>> ax = spectrum(np.sin(2 * np.pi * 440 * t), 16_000)
    """
    samples = checked(samples, sampling_rate, dynamic_range, reference)
    ax = strip_or_new(ax, 2.6)
    frequencies, power = transforms.line_spectrum(samples, sampling_rate, _columns(ax))
    level = transforms.decibels(power, reference)
    ax.plot(frequencies, level, color=COLOURS[0], linewidth=0.8)
    ax.set(xlim=(0, sampling_rate / 2), ylim=(-dynamic_range, 3))
    ax.grid(alpha=0.3)
    return label(ax, title, "Frequency (Hz)", level_name(reference))


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
    """Draw level against time and frequency: the squared short-time Fourier transform in dB.

    The transform is ``librosa.stft(samples, n_fft=window_length, hop_length=hop_length)``: Hann
    window, centred frames, zeros beyond the ends. Where a long clip has more frames than the
    figure has pixels, each column shows the maximum over its frames, so that no click is lost.

    Parameters
    ----------
    samples : array of float, shape (n,)
        One channel.
    sampling_rate : int
        Samples per second, in Hz.
    window_length : int, default 1024
        Samples in a window: longer tells close frequencies apart, shorter tells close moments.
    hop_length : int, default 256
        Samples between the centres of neighbouring frames.
    dynamic_range : float, default 80
        Levels this many dB below 0 dB, and all further below, are drawn black.
    reference : float, optional
        Squared magnitude that is drawn as 0 dB; by default that of the loudest point.
    ax, title
        As for `waveform`.
    colorbar : bool, default True
        Whether to add the scale of levels.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        As for `waveform`, or if the window or the hop is not a positive whole number, or the hop
        is longer than the clip.

    Examples
    --------
    >>> t = np.arange(16_000) / 16_000
    >>> ax = spectrogram(np.sin(2 * np.pi * 440 * t), 16_000, window_length=512, hop_length=128)
    """
    samples, window_length, hop_length = _framing(
        samples, sampling_rate, window_length, hop_length, dynamic_range, reference
    )
    ax = strip_or_new(ax, 2.8, colorbar)
    power, merge = transforms.power_frames(samples, window_length, hop_length, _columns(ax))
    bin_width = sampling_rate / window_length
    _paint(
        ax,
        transforms.decibels(power, reference),
        column_seconds=hop_length / sampling_rate,
        merge=merge,
        rows=(-bin_width / 2, (len(power) - 0.5) * bin_width),
        levels=(-dynamic_range, 0),
        colorbar=level_name(reference) if colorbar else None,
    )
    ax.set(xlim=(0, len(samples) / sampling_rate), ylim=(0, sampling_rate / 2))
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
    """Draw a spectrogram whose frequency axis is spaced as pitch is heard: in mel bands.

    The values are those of ``librosa.feature.melspectrogram``: Slaney's mel scale and triangular
    bands of equal area. Ticks stand at round frequencies, where the mel scale puts them.

    Parameters
    ----------
    samples : array of float, shape (n,)
        One channel.
    sampling_rate : int
        Samples per second, in Hz.
    n_mels : int, default 64
        Number of bands.
    window_length, hop_length, dynamic_range, reference
        As for `spectrogram`.
    fmin, fmax : float
        Lower edge of the lowest and upper edge of the highest band, in Hz; by default 0 and half
        of the sampling rate.
    ax, title, colorbar
        As for `spectrogram`.

    Returns
    -------
    matplotlib.axes.Axes
        Its vertical coordinate is the number of the band, counted from 0.

    Raises
    ------
    ValueError
        As for `spectrogram`, or if the edges are not ``0 <= fmin < fmax <= sampling_rate / 2``, or
        there are so many bands that some contain no frequency of the transform.

    Examples
    --------
    >>> t = np.arange(16_000) / 16_000
    >>> ax = mel_spectrogram(np.sin(2 * np.pi * 440 * t), 16_000, n_mels=40)
    """
    samples, window_length, hop_length = _framing(
        samples, sampling_rate, window_length, hop_length, dynamic_range, reference
    )
    n_mels = transforms.positive_int(n_mels, "n_mels")
    fmax = sampling_rate / 2 if fmax is None else fmax
    filters = transforms.mel_filters(sampling_rate, window_length, n_mels, fmin, fmax)
    ax = strip_or_new(ax, 2.8, colorbar)
    power, merge = transforms.power_frames(
        samples, window_length, hop_length, _columns(ax), filters
    )
    level = transforms.decibels(power, reference)
    _paint(
        ax,
        level,
        column_seconds=hop_length / sampling_rate,
        merge=merge,
        rows=(-0.5, n_mels - 0.5),
        levels=(-dynamic_range, 0),
        colorbar=level_name(reference) if colorbar else None,
    )
    # The outermost triangles reach half a band further than the image, down to fmin, up to fmax.
    image = ax.images[-1]
    left, right, low, high = image.get_extent()
    for edge, span in ((level[:1], (-1, low)), (level[-1:], (high, n_mels))):
        ax.imshow(
            edge, aspect="auto", cmap=image.cmap, norm=image.norm, extent=(left, right, *span)
        )
    ticks = transforms.mel_ticks(n_mels, fmin, fmax)
    positions = transforms.mel_position(ticks, n_mels, fmin, fmax)
    ax.set_yticks(positions, [f"{tick:g}" for tick in ticks])
    ax.set(xlim=(0, len(samples) / sampling_rate), ylim=(-1, n_mels))
    return label(ax, title, "Time (s)", "Frequency (Hz, mel scale)")


def features(matrix, seconds_per_frame=None, ax=None, title=None, colorbar=True):
    """Draw a ready feature matrix, such as one clip's ``input_values``, as a model receives it.

    Parameters
    ----------
    matrix : array or CPU tensor of float, shape (frames, bands)
        One clip, time first: ``features["input_values"][0]`` of an Audio Spectrogram Transformer,
        ``features["input_features"][0].T`` of Whisper.
    seconds_per_frame : float, optional
        Hop of the feature extractor in seconds, for an axis in seconds instead of frames.
    ax, title, colorbar
        As for `spectrogram`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the matrix is not two-dimensional, is empty, or holds NaN or infinity.

    Examples
    --------
    >>> ax = features(np.random.default_rng(0).standard_normal((98, 64)), seconds_per_frame=0.01)
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(
            "features draws one clip of shape (frames, bands), not an array of shape "
            f"{matrix.shape}: pick a clip of a batch with [0]."
        )
    if not np.isfinite(matrix).all():
        raise ValueError("matrix holds NaN or infinite values: look at the clip it came from.")
    if seconds_per_frame is not None and not seconds_per_frame > 0:
        raise ValueError(f"seconds_per_frame must be above 0, not {seconds_per_frame!r}.")
    ax = strip_or_new(ax, 2.8, colorbar)
    image = matrix.T.astype(np.float32)
    _paint(
        ax,
        image,
        column_seconds=seconds_per_frame or 1,
        merge=1,
        rows=(-0.5, len(image) - 0.5),
        levels=(image.min(), image.max()),
        colorbar="Feature value" if colorbar else None,
    )
    return label(ax, title, "Time (s)" if seconds_per_frame else "Frame", "Band")


def _paint(ax, values, column_seconds, merge, rows, levels, colorbar):
    """Draw an image whose column ``k`` is centred on frame ``k * merge`` and its neighbours."""
    # Frame k covers the time from half a hop before its centre to half a hop after.
    right = (values.shape[1] * merge - 0.5) * column_seconds
    image = ax.imshow(
        values,
        origin="lower",
        aspect="auto",
        cmap=_COLOUR_MAP,
        vmin=levels[0],
        vmax=levels[1],
        extent=(-0.5 * column_seconds, right, *rows),
    )
    # The last frame can end, and the outer bands do end, up to half a cell inside the axes.
    ax.set_facecolor(image.cmap(0))
    if colorbar:
        ax.figure.colorbar(image, ax=ax, label=colorbar, fraction=0.025, pad=0.01)


def _columns(ax):
    """Return how many columns of pixels the axes have; clips of up to twice as many stay whole."""
    return max(200, round(ax.bbox.width))


def level_name(reference):
    """Return the label of a scale of levels."""
    return "Level (dB)" if reference else "Level (dB, 0 = loudest)"


def checked(samples, sampling_rate, dynamic_range=80, reference=None):
    """Return one channel of float32 samples, or say what is wrong with the arguments."""
    if np.ndim(samples) != 1:
        raise audio.AudioError(
            f"samples has shape {np.shape(samples)}, but a picture shows one channel, of shape "
            "(n,): mix down with audio.to_mono(samples) or pick a channel with samples[0]."
        )
    if isinstance(sampling_rate, bool) or not isinstance(sampling_rate, Real):
        raise audio.AudioError(f"sampling_rate must be a number of hertz, not {sampling_rate!r}.")
    if not 0 < sampling_rate < math.inf:
        raise audio.AudioError(f"sampling_rate must be above 0 Hz, not {sampling_rate!r}.")
    if not 0 < dynamic_range < math.inf:
        raise ValueError(f"dynamic_range must be above 0 dB, not {dynamic_range!r}.")
    if reference is not None and not 0 < reference < math.inf:
        raise ValueError(f"reference must be a power above 0, not {reference!r}.")
    return audio.to_mono(samples)


def _framing(samples, sampling_rate, window_length, hop_length, *scale):
    """Check what a short-time transform needs and return it in the types that it needs."""
    samples = checked(samples, sampling_rate, *scale)
    window_length = transforms.positive_int(window_length, "window_length", " of samples")
    hop_length = transforms.positive_int(hop_length, "hop_length", " of samples")
    if hop_length > len(samples):
        raise ValueError(
            f"hop_length={hop_length} is longer than the clip of {len(samples)} samples: use a "
            "shorter hop."
        )
    return samples, window_length, hop_length
