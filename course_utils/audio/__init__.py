"""Decode, resample, mix down, trim and write audio: numpy in, numpy out.

Only this module, with its private half ``_codecs``, touches a codec. Samples are float32, nominally
in [-1, 1], with shape ``(n,)`` for one channel and ``(channels, n)`` for several, as in librosa.
libsndfile decodes (WAV, FLAC, Ogg Vorbis and Opus, MP3, AIFF, ...), the ffmpeg program stands in
for what libsndfile does not know (M4A, video), soxr resamples.

Whatever is wrong with the input, every function raises :class:`AudioError`, a ``ValueError`` whose
one sentence names the file or argument and the way out. Refused are sampling rates outside
`SAMPLING_RATES`, more than `MAX_CHANNELS` channels, more than `MAX_HOURS` hours, results of more
than `MAX_SAMPLES` samples, samples that are not finite, and files that end before their own header
says they should.
"""

import io
import os
import re
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from numbers import Real
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from course_utils import errors
from course_utils.audio._codecs import (
    BLOCK,
    MAX_CHANNELS,
    MAX_HOURS,
    MAX_SAMPLES,
    SAMPLING_RATES,
    AudioError,
    check_rate,
    check_samples,
    decode,
    opus_padding,
    too_long,
)
from course_utils.errors import one_line, shown

__all__ = ["FORMATS", "MAX_CHANNELS", "MAX_HOURS", "MAX_SAMPLES", "SAMPLING_RATES", "AudioError"]
__all__ += ["encode", "load", "resample", "save", "to_mono", "trim_silence"]

FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
"""What `encode` writes: name and file suffix -> libsndfile's format and subtype."""

_CODEC_RATES = {
    "opus": (8_000, 12_000, 16_000, 24_000, 48_000),
    "mp3": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
}
_VORBIS_HIGHEST = 200_000  # hertz: above it libsndfile crashes the process
_OVERSHOOT = 1.1  # lossy decoders pass ±1 by less than this; beyond it a writer warns


# ---------------------------------------------------------------------------------------- reading


def load(source, sampling_rate=None, mono=True):
    """Decode audio from anywhere.

    Parameters
    ----------
    source : str, Path, bytes, binary file object, Mapping or AudioDecoder
        A file, its content, or a value of a ``datasets.Audio`` column: ``{"bytes", "path"}``,
        ``{"array", "sampling_rate"}`` or a decoder with ``get_all_samples()``.
    sampling_rate : int, optional
        Resample to this rate, in hertz. By default the source keeps its own.
    mono : bool
        Average the channels (before resampling). With False, several channels are returned.

    Returns
    -------
    samples : numpy.ndarray, float32
        Shape ``(n,)``, or ``(channels, n)`` if `mono` is False and there are several channels.
    sampling_rate : int
        In hertz.

    Raises
    ------
    AudioError
        If the source is missing, empty, damaged, truncated, not audio, or beyond the limits of
        this module. A truncated MP3 or raw stream that never said how long it is goes unnoticed.

    Examples
    --------
    >>> clip = encode(np.zeros(48_000, np.float32), 48_000, "flac")
    >>> samples, rate = load(clip, sampling_rate=16_000)
    >>> samples.shape, rate
    ((16000,), 16000)
    """
    target = None if sampling_rate is None else check_rate(sampling_rate, "sampling_rate")
    if hasattr(source, "get_all_samples"):
        return _finish(*_from_decoder(source), target, mono)
    if isinstance(source, Mapping) and source.get("array") is not None:
        rate = check_rate(source.get("sampling_rate"), 'the "sampling_rate" beside the "array"')
        return _finish(check_samples(source["array"], 'the "array"'), rate, target, mono)
    with _opened(source) as (name, file):
        return decode(file, name, target, mono)


def _finish(samples, rate, target, mono):
    if mono:
        samples = to_mono(samples)
    if target is None or target == rate:
        return samples, rate
    return resample(samples, rate, target), target


def _from_decoder(decoder):
    try:
        decoded = decoder.get_all_samples()
        samples, rate = np.asarray(decoded.data), decoded.sample_rate
    except Exception as error:  # torchcodec raises RuntimeError and others for bad files
        raise AudioError(
            f"the AudioDecoder cannot decode its audio ({one_line(error)}); cast the column with "
            "datasets.Audio(decode=False) and load its bytes instead"
        ) from error
    samples = check_samples(samples, "the AudioDecoder's audio")
    return (samples[0] if len(samples) == 1 else samples), check_rate(
        rate, "the AudioDecoder's rate"
    )


@contextmanager
def _opened(source):
    """Yield what messages call the source and a seekable binary file with its content."""
    if isinstance(source, Mapping):
        content, path = source.get("bytes"), source.get("path")
        if content is None and path is None:
            raise AudioError('the audio value has neither "bytes" nor "path"; pass one of them')
        with _opened(path if content is None else content) as (name, file):
            # A data set's path is only the name that its bytes had when they were embedded.
            yield (shown(path) if path else name), file
    elif isinstance(source, (bytes, bytearray, memoryview)):
        yield "the audio bytes", io.BytesIO(source)
    elif isinstance(source, (str, os.PathLike)):
        with _opened_path(source) as (name, file):
            yield name, file
    elif hasattr(source, "read"):
        name = shown(getattr(source, "name", "the audio file object"))
        try:
            content = source.read()
        except Exception as error:
            raise AudioError(
                f"{name}: cannot be read ({one_line(error)}); open it again in binary mode"
            ) from error
        if not isinstance(content, (bytes, bytearray)):
            raise AudioError(f'{name}: opened as text; open it in binary mode, open(path, "rb")')
        yield name, io.BytesIO(content)
    elif isinstance(source, np.ndarray):
        raise AudioError("a NumPy array is decoded already; call resample or to_mono on it")
    else:
        raise AudioError(
            f"cannot load audio from {type(source).__name__}; pass a path, bytes, a binary file "
            "or a value of a datasets audio column"
        )


@contextmanager
def _opened_path(path):
    name = shown(path)
    if re.match(r"(?i)(https?|ftp|s3|hf)://", os.fsdecode(path)):
        raise AudioError(f"{name}: is an address, not a file; download it and pass the file")
    path = Path(os.fsdecode(path))
    if path.is_dir():
        raise AudioError(f"{name}: is a folder; pass one file, or data.load_folder for all of it")
    if not path.exists():
        raise AudioError(f"{name}: no such file; check the name and the folder you are in")
    if not path.is_file():
        raise AudioError(f"{name}: is not a regular file; copy the audio into one and pass that")
    try:
        file = open(path, "rb", buffering=4 * BLOCK)  # noqa: SIM115 - closed below
    except OSError as error:
        raise AudioError(f"{name}: {error.strerror}; check the permissions of the file") from error
    with file:
        yield name, file


# ------------------------------------------------------------------------------------- processing


def resample(samples, from_rate, to_rate):
    """Change the sampling rate (soxr, high quality), keeping pitch and duration.

    Parameters
    ----------
    samples : numpy.ndarray, floating
        Shape ``(n,)`` or ``(channels, n)``.
    from_rate, to_rate : int
        Present and wanted sampling rate, in hertz.

    Returns
    -------
    numpy.ndarray, float32
        Shape ``(m,)`` or ``(channels, m)`` with m ≈ n · to_rate / from_rate. Frequencies above
        to_rate / 2 are filtered out, not folded back.

    Raises
    ------
    AudioError
        If an argument is unusable, or the result would have more than `MAX_SAMPLES` samples.

    Examples
    --------
    >>> resample(np.zeros(44_100, np.float32), 44_100, 16_000).shape
    (16000,)
    """
    samples = check_samples(samples, "samples")
    from_rate, to_rate = check_rate(from_rate, "from_rate"), check_rate(to_rate, "to_rate")
    if from_rate == to_rate:
        return samples
    if samples.size * to_rate / from_rate > MAX_SAMPLES:
        raise AudioError(too_long("samples"))
    return np.ascontiguousarray(soxr.resample(samples.T, from_rate, to_rate).T)


def to_mono(samples):
    """Average the channels.

    Parameters
    ----------
    samples : numpy.ndarray, floating
        Shape ``(n,)`` or ``(channels, n)``.

    Returns
    -------
    numpy.ndarray, float32
        Shape ``(n,)``.

    Raises
    ------
    AudioError
        If `samples` is not such an array, for instance ``(n, channels)``.
    """
    samples = check_samples(samples, "samples")
    return samples if samples.ndim == 1 else samples.mean(axis=0)


def trim_silence(samples, sampling_rate, top_db=40.0):
    """Cut the silence before the first and after the last sound (RMS of 10 ms frames).

    Parameters
    ----------
    samples : numpy.ndarray, floating
        Shape ``(n,)`` or ``(channels, n)``.
    sampling_rate : int
        In hertz.
    top_db : float
        How far below the loudest frame silence begins, in decibels.

    Returns
    -------
    numpy.ndarray, float32
        A view of the kept part; all of a clip that is silent throughout.

    Raises
    ------
    AudioError
        If an argument is unusable.
    """
    samples = check_samples(samples, "samples")
    loud = loud_frames(samples, sampling_rate, top_db)
    frame = sampling_rate // 100
    return samples[..., loud[0] * frame : (loud[-1] + 1) * frame] if loud.size else samples


def loud_frames(samples, sampling_rate, top_db=40.0):
    """Find the frames of 10 ms in which there is sound; arguments as for `trim_silence`.

    Returns
    -------
    numpy.ndarray, int64
        Frame ``n`` begins at sample ``n * (sampling_rate // 100)``; none where all is silent.
    """
    samples = check_samples(samples, "samples")
    frame = check_rate(sampling_rate, "sampling_rate") // 100
    if not isinstance(top_db, Real) or not top_db > 0:
        raise AudioError(f"top_db must be a positive number of decibels, not {top_db!r}")
    starts = np.arange(0, samples.shape[-1], frame)
    square = np.square(np.atleast_2d(samples), dtype=np.float64)
    power = np.add.reduceat(square, starts, axis=1)
    power = (power / np.diff(starts, append=samples.shape[-1])).max(axis=0)
    return np.flatnonzero(power > power.max() * 10 ** (-top_db / 10))


# ---------------------------------------------------------------------------------------- writing


def encode(samples, sampling_rate, format="wav"):
    """Write audio into bytes.

    WAV and FLAC hold 16-bit integers. MP3 and Opus know only some sampling rates: the samples are
    resampled to the next one up. Opus adds up to 20 ms of silence at the end, because libsndfile
    starves a last packet that is only part filled, which clicks. Samples beyond ±1 would be clipped
    by every format, so a clip whose peak is higher is scaled down to a peak of 1, with a warning.

    Parameters
    ----------
    samples : numpy.ndarray, floating
        Shape ``(n,)`` or ``(channels, n)``, in [-1, 1].
    sampling_rate : int
        In hertz.
    format : {"wav", "flac", "ogg", "opus", "mp3"}
        "ogg" is Vorbis, "opus" is Opus in Ogg.

    Returns
    -------
    bytes
        The content of an audio file.

    Raises
    ------
    AudioError
        If an argument is unusable, or the format cannot hold that many channels or that rate.

    Warns
    -----
    UserWarning
        If the peak is above 1.1; below that it is the overshoot of a lossy decoder.
    """
    samples, rate = check_samples(samples, "samples"), check_rate(sampling_rate, "sampling_rate")
    name = str(format).lower()
    if name not in FORMATS:
        raise AudioError(f"cannot write format {format!r}; choose one of {', '.join(FORMATS)}")
    if name == "mp3" and samples.ndim == 2 and len(samples) > 2:
        raise AudioError(f"MP3 holds 2 channels, not {len(samples)}; mix down or write FLAC")
    if name in _CODEC_RATES and rate not in _CODEC_RATES[name]:
        allowed = [r for r in _CODEC_RATES[name] if r >= rate] or [_CODEC_RATES[name][-1]]
        samples, rate = resample(samples, rate, allowed[0]), allowed[0]
    if name == "ogg" and rate > _VORBIS_HIGHEST:
        raise AudioError(f"Ogg Vorbis holds up to {_VORBIS_HIGHEST} Hz, not {rate}; resample first")
    frames = np.atleast_2d(samples).T
    if name == "opus":
        frames = np.pad(frames, ((0, opus_padding(len(frames), rate)), (0, 0)))
    peak = float(np.abs(samples).max())
    if peak > 1:
        frames = frames / np.float32(peak)
    if peak > _OVERSHOOT:
        warnings.warn(
            f"the peak is {peak:.3g}, beyond ±1: written scaled down to a peak of 1; divide by "
            "the peak yourself to choose another level",
            stacklevel=2,
        )
    buffer, (container, subtype) = io.BytesIO(), FORMATS[name]
    try:
        with sf.SoundFile(
            buffer, "w", rate, frames.shape[1], format=container, subtype=subtype
        ) as sound:
            # Block by block: libsndfile's Vorbis encoder overflows the stack on long arrays.
            for start in range(0, len(frames), BLOCK):
                sound.write(frames[start : start + BLOCK])
    except (sf.SoundFileError, RuntimeError, ValueError) as error:
        raise AudioError(
            f"cannot write {frames.shape[1]} channels at {rate} Hz as {name} ({one_line(error)}); "
            "resample to 48000 Hz or less, or write WAV"
        ) from error
    return buffer.getvalue()


def save(path, samples, sampling_rate):
    """Write an audio file; its suffix names the format (see `encode`).

    Parameters
    ----------
    path : str or Path
        Ends in .wav, .flac, .ogg, .opus or .mp3.
    samples : numpy.ndarray, floating
        Shape ``(n,)`` or ``(channels, n)``, in [-1, 1].
    sampling_rate : int
        In hertz.

    Raises
    ------
    AudioError
        If the file cannot be written or the suffix names no known format.
    """
    path = Path(path)
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        raise AudioError(
            f"{shown(path)}: the suffix names no format to write; end it in one of "
            + ", ".join(f".{known}" for known in FORMATS)
        )
    errors.write(path, encode(samples, sampling_rate, suffix), AudioError)
