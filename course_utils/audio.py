"""Decode, resample, mix down, trim and write audio: numpy in, numpy out.

Samples are float32, nominally in [-1, 1], with shape ``(n,)`` for one channel and ``(channels, n)``
for several, as in librosa. libsndfile decodes WAV, FLAC, Ogg, MP3 and more; the ffmpeg program
decodes what libsndfile does not know or reads in part (M4A, video, joined MP3 files); soxr
resamples. Bad input raises `AudioError`, one sentence that names the file or argument and the way
out.
"""

import io
import math
import mmap
import os
import re
import shutil
import struct
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from numbers import Real
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from course_utils import errors
from course_utils.errors import CourseError, one_line, shown

SAMPLING_RATES = (1_000, 768_000)
"""Lowest and highest sampling rate accepted, in hertz."""
MAX_CHANNELS = 8
"""Maximum number of channels (7.1 surround)."""
MAX_HOURS = 6
"""Maximum duration of a recording, in hours."""
MAX_SAMPLES = MAX_HOURS * 3600 * 16_000
"""Maximum number of samples in a result: six hours of mono at 16 kHz, 1.4 GB of float32."""
FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
"""Formats that `encode` writes: name and file suffix -> libsndfile's format and subtype."""

_CODEC_RATES = {
    "opus": (8_000, 12_000, 16_000, 24_000, 48_000),
    "mp3": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
}
_MAX_VORBIS_RATE = 200_000  # hertz; above it libsndfile crashes the process
_OVERSHOOT = 1.1  # peak of what lossy decoders return for samples within ±1
_INTEGER_PEAK = 16  # amplitude; floats beyond it (+24 dB) are integers that nobody divided
# Power of the average of channels, as a share of theirs: 1 for equal channels, 1/8 for eight
# independent ones. Below this share, channels are each other's negative.
_CANCELLED = 0.05
_PADDING = 65_536  # bytes behind the samples of a WAV file that may be a recorder's empty sector
_MP3_PADDING = 3 * 1152  # frames that an encoder adds and a decoder cuts off
_MP3_FRAME = 1_441  # the longest frame, in bytes: MPEG-1 at 320 kbit/s and 32 kHz
_BLOCK = 65_536  # frames decoded or encoded at a time; they fit the processor's cache
_TRUNCATED = "is cut short, its end is missing; copy or download it again"
_UNRECOGNISED, _UNSUPPORTED = 1, 4  # libsndfile: unknown format; unknown encoding in a known one
_FFMPEG_SECONDS = 120  # time limit of a conversion
_FFMPEG_BYTES = 4_000_000_000  # size limit of its result
_FFMPEG_TRUNCATED = rb"partial file|ended prematurely|moov atom not found|Input/output error"
# Demuxers of audio and video files. Playlists (hls, concat, dash, ...) are left out: one can name
# other files and URLs, and opening a file must never read anything else.
_FFMPEG_FORMATS = "aac,ac3,aiff,amr,ape,asf,avi,caf,"  # codespell:ignore caf
_FFMPEG_FORMATS += "eac3,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,tta,w64,wav,wv"


class AudioError(CourseError, ValueError):
    """Audio that cannot be read, processed or written; the message says what to do about it."""


def load(source, sampling_rate=None, mono=True):
    """Return the samples and the sampling rate of a file, of bytes or of a data set's value.

    Parameters
    ----------
    source : str, Path, bytes, binary file object, Mapping or AudioDecoder
        A file, its content, or a value of a ``datasets.Audio`` column: ``{"bytes", "path"}``,
        ``{"array", "sampling_rate"}`` or a decoder with ``get_all_samples()``.
    sampling_rate : int, optional
        Resample to this rate, in hertz. By default the source keeps its own.
    mono : bool, default True
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
        If the source is missing, empty, damaged, truncated, not audio, or beyond this module's
        limits. Truncation goes unnoticed in an MP3 or raw stream without a length header, and in
        an Ogg file that ends with a whole page.

    Warns
    -----
    UserWarning
        If the channels cancel out, so that one is returned in place of their average; if the peak
        is above 16, so that the samples seem to be integers; or if a WAV file holds more than its
        header says, and all of it is returned.

    Examples
    --------
    >>> clip = encode(np.zeros(48_000, np.float32), 48_000, "flac")
    >>> samples, rate = load(clip, sampling_rate=16_000)
    >>> samples.shape, rate
    ((16000,), 16000)
    """
    target = None if sampling_rate is None else _checked_rate(sampling_rate, "sampling_rate")
    if hasattr(source, "get_all_samples"):
        source = _decoded_by_torchcodec(source)
    if isinstance(source, Mapping) and source.get("array") is not None:
        rate = _checked_rate(source.get("sampling_rate"), 'the "sampling_rate" beside the "array"')
        samples = _checked(source["array"], 'the "array"')
        samples = to_mono(samples) if mono else samples
        if target is not None:
            samples, rate = resample(samples, rate, target), target
        name = "the array"
    else:
        name, file = _opened(source)
        with file:
            samples, rate = _decoded(file, name, target, mono)
    peak = max(samples.max(), -samples.min())
    if peak > _INTEGER_PEAK:
        problem = f"the peak is {peak:.5g}, far beyond ±1, as of integers that became floats"
        text = f"{name}: {problem}; divide by 32768 if they had 16 bits"
        warnings.warn(text, stacklevel=2)
    return samples, rate


def _decoded_by_torchcodec(decoder):
    """Return the samples of an AudioDecoder as ``{"array", "sampling_rate"}``."""
    try:
        decoded = decoder.get_all_samples()
        samples = np.asarray(decoded.data)
        samples = samples[0] if len(samples) == 1 else samples
        return {"array": samples, "sampling_rate": decoded.sample_rate}
    except Exception as error:  # torchcodec raises RuntimeError and others for bad files
        problem = f"the AudioDecoder cannot decode its audio ({one_line(error)})"
        raise AudioError(f"{problem}; load the column with datasets.Audio(decode=False)") from error


def _opened(source):
    """Return the source's name for messages, and a seekable binary file with its content."""
    if isinstance(source, Mapping):
        content, path = source.get("bytes"), source.get("path")
        if content is None and path is None:
            raise AudioError('the audio value has neither "bytes" nor "path"; pass one of them')
        name, file = _opened(path if content is None else content)
        # A data set's path may be only the name that its bytes had when they were embedded.
        return (shown(path) if path else name), file
    if isinstance(source, (bytes, bytearray, memoryview)):
        return "the audio bytes", io.BytesIO(source)
    if isinstance(source, (str, os.PathLike)):
        return shown(source), _opened_path(os.fsdecode(source))
    if hasattr(source, "read"):
        name = shown(getattr(source, "name", "the audio file object"))
        try:
            return name, io.BytesIO(source.read())
        except Exception as error:  # closed, or opened as text
            problem = f"cannot be read ({one_line(error)}); open it in binary mode"
            raise AudioError(f"{name}: {problem}") from error
    if isinstance(source, np.ndarray):
        raise AudioError("a NumPy array is decoded already; call resample or to_mono on it")
    kind = type(source).__name__
    raise AudioError(f"cannot load audio from {kind}; pass a path, bytes or a binary file")


def _opened_path(path):
    if re.match(r"(?i)(https?|ftp|s3|hf)://", path):
        problem = "is an address, not a file; download it and pass the file"
    elif os.path.isdir(path):
        problem = "is a folder; pass one file, or data.load_folder for all of it"
    elif os.path.isfile(path):
        try:
            return open(path, "rb", buffering=4 * _BLOCK)
        except OSError as error:
            problem = f"{error.strerror}; check the permissions of the file"
    elif os.path.exists(path):
        problem = "is not a regular file; copy the audio into one and pass that"
    else:
        problem = "no such file; check the name and the folder you are in"
    raise AudioError(f"{shown(path)}: {problem}")


def _decoded(file, name, target, mono):
    """Return the samples and the rate of an open file: by libsndfile, or else by ffmpeg."""
    try:
        return _decoded_by_libsndfile(file, name, target, mono)
    except AudioError:
        raise
    except _PartlyReadError as error:
        return _decoded_by_ffmpeg(file, name, target, mono, str(error))
    except sf.LibsndfileError as error:
        file.seek(0)
        head = file.read(4096)
        signed = head.startswith((b"RIFF", b"OggS", b"fLaC", b"FORM", b"ID3"))
        if not head:
            problem = "is empty; copy or download it again"
        elif not signed and not re.search(rb"[\0-\x08\x0e-\x1f]", head):
            problem = (
                "holds text, not audio (a web page or a Git LFS pointer saved under this name?); "
                "download the audio itself"
            )
        elif error.code in (_UNRECOGNISED, _UNSUPPORTED):
            problem = "holds no audio that libsndfile can read"
            strict = error.code == _UNSUPPORTED
            return _decoded_by_ffmpeg(file, name, target, mono, problem, strict)
        else:  # libsndfile calls an MP3 without a whole frame "not a regular file" (7)
            reason = "no whole frame" if error.code == 7 else error.error_string.rstrip(".")
            problem = (
                f"is damaged, cut short or in a rare encoding (libsndfile: {reason}); copy or "
                "download it again, or convert it: ffmpeg -i FILE clip.wav"
            )
        raise AudioError(f"{name}: {problem}") from error
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        problem = f"cannot be decoded ({one_line(error)})"
        raise AudioError(f"{name}: {problem}; convert it: ffmpeg -i FILE clip.wav") from error


class _PartlyReadError(Exception):
    """The file holds more than libsndfile reads; the message says what it reads."""


def _decoded_by_libsndfile(file, name, target, mono):
    """Decode, mix down and resample block by block: memory holds little more than the result."""
    content = _mended(file, name)
    # A descriptor spares libsndfile a call into Python for every read.
    direct = os.name == "posix" and isinstance(content, io.BufferedReader)
    with sf.SoundFile(content.fileno() if direct else content, closefd=False) as sound:
        rate = _checked_rate(sound.samplerate, f"{name}: the sampling rate in its header")
        _check_channels(sound.channels, name)
        shape = () if mono or sound.channels == 1 else (sound.channels,)
        limit = MAX_SAMPLES // math.prod(shape)
        known = sound.frames if sound.frames < 2**62 else 0  # streams may not say
        expected = math.ceil(known * (target or rate) / rate)
        if known > MAX_HOURS * 3600 * rate or expected > limit:
            raise AudioError(_too_long(name))
        mix = _Mix(sound.channels)
        # Memory that is never written costs nothing, so a header may lie.
        samples, count = np.empty((expected, *shape), np.float32), 0
        for block in _blocks(sound, content, name, target or rate, shape, mix):
            start, count = count, count + len(block)
            if count > limit:
                raise AudioError(_too_long(name))
            if count > len(samples):
                samples.resize((min(2 * count, limit), *shape), refcheck=False)
            samples[start:count] = block
    if not count and file.seek(0, io.SEEK_END) > 1024:  # more than a header
        raise _PartlyReadError("holds no samples according to its header, which may be unfinished")
    if not count:
        raise AudioError(f"{name}: holds no samples; record or download it again")
    if mix.cancels():
        warnings.warn(_cancelled(name), stacklevel=4)
        samples, rate = _decoded_by_libsndfile(file, name, target, mono=False)
        return _loudest(samples), rate
    samples = samples[:count] if count > 0.9 * len(samples) else samples[:count].copy()
    if not np.isfinite(samples).all():
        raise AudioError(f"{name}: holds samples that are not finite; repair them at their source")
    return np.ascontiguousarray(samples.T), target or rate


class _Mix:
    """The average of channels, and whether they cancel out in it."""

    def __init__(self, channels):
        self.weights = np.full(channels, 1 / channels, np.float32)
        self.power = self.total = 0.0  # of the average, of all channels

    def __call__(self, block):
        """Return the average, shape (n,), of a block of shape (n, channels)."""
        if len(self.weights) == 1:
            return block[:, 0]
        mixed = block @ self.weights
        self.power += float(mixed @ mixed)
        self.total += float(np.vdot(block, block))
        return mixed

    def cancels(self):
        return self.power < _CANCELLED * self.total / len(self.weights)


def _loudest(samples):
    """Return the channel with the greatest power."""
    return samples[np.einsum("ij,ij->i", samples, samples).argmax()]


def _cancelled(name):
    problem = "its channels cancel out, as when one is wired upside down"
    return f"{name}: {problem}; the loudest is used in place of their average"


def _mended(file, name):
    """Return an open file, or a copy in memory whose header or end libsndfile understands."""
    file.seek(0)
    head = file.read(12)
    changes = {}  # place -> bytes
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        changes = _right_sizes(file, name)
    elif head[:4] == b"OggS":
        changes = _end_mark(file)
    file.seek(0, io.SEEK_END)  # empties the buffer, so that the descriptor is at 0 as well
    file.seek(0)
    if not changes:
        return file
    if isinstance(file, io.BytesIO):
        content = file.getbuffer()
    else:
        content = file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    for place, change in changes.items():
        content[place : place + len(change)] = change
    return file


def _right_sizes(file, name):
    """Return the changes that make libsndfile read a WAV file to the end, if its header does not.

    The header says how many bytes of samples there are: 0 if a recorder was killed or wrote to a
    pipe, and too few by a multiple of 2**32 beyond 4 GiB.
    """
    places = {kind: place for kind, *place in reversed(_chunks(file, 12))}
    data, declared = places.get(b"data", (0, 0))
    size = file.seek(0, io.SEEK_END)
    if not data or size - data - declared <= (_PADDING if declared else 0):
        return {}
    behind = data + declared + declared % 2
    ends = [start + length + length % 2 - size for _, start, length in _chunks(file, behind)]
    if ends[-1:] in ([0], [1]):  # other chunks; the last may lack its padding
        return {}
    if declared:
        problem = f"its header says that it holds {declared} bytes of samples, but {size - data}"
        warnings.warn(f"{name}: {problem} are there; all of them are read", stacklevel=6)
    # libsndfile knows these sizes, of files that it did not finish itself, and mends them.
    return {4: struct.pack("<I", 8), data - 4: struct.pack("<I", 0)}


def _end_mark(file):
    """Return the changes that mark the last page of an Ogg file as the last, if it is whole.

    Some programs, such as Telegram, do not set the mark, without which libsndfile refuses Opus.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 70_000, 0))  # a page has up to 65307 bytes
    pages = file.read()
    page = bytearray(pages[max(pages.rfind(b"OggS"), 0) :])
    # RFC 3533: the mark is in byte 5, the checksum in 22 to 25, the number of segments in 26;
    # their lengths follow, and then they.
    if len(page) < 27 or page[5] & 4 or len(page) != 27 + page[26] + sum(page[27 : 27 + page[26]]):
        return {}
    page[5] |= 4
    page[22:26] = bytes(4)
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1) ^ (0x1_04C1_1DB7 if checksum >> 31 else 0)
    page[22:26] = struct.pack("<I", checksum)
    return {size - len(page): page}


def _chunks(file, start):
    """Return name, start and length of the chunks that follow each other in a RIFF file."""
    found = []
    for _ in range(1_000):
        file.seek(start)
        head = file.read(8)
        if len(head) < 8 or not re.fullmatch(rb"[ -~]{4}", head[:4]):
            break
        name, length = struct.unpack("<4sI", head)
        found.append((name, start + 8, length))
        start += 8 + length + length % 2
    return found


def _blocks(sound, file, name, target, shape, mix):
    """Yield blocks of frames of a shape at the rate `target`; raise `AudioError` if truncated."""
    # soundfile seeks after each block of a seekable file: slow, and it fails at the end of a
    # FLAC stream of unknown length.
    sound.seekable = lambda: False
    rate, frames = sound.samplerate, 0
    known = sound.frames if sound.frames < 2**62 else 0
    buffer = np.empty((_BLOCK, sound.channels), np.float32)
    convert = None
    if target != rate:
        convert = soxr.ResampleStream(rate, target, math.prod(shape), "float32").resample_chunk
    # Behind the last frame of a FLAC file, a tag would be taken for a damaged frame.
    while len(block := sound.read(out=buffer[: known - frames if known else None])):
        frames += len(block)
        if frames > MAX_HOURS * 3600 * rate:
            raise AudioError(_too_long(name))
        block = block if shape else mix(block)
        yield convert(block) if convert else block
    if frames and convert:
        yield convert(np.empty((0, *shape), np.float32), last=True)
    missing, position = known - frames, file.tell()
    padding = _MP3_PADDING if sound.subtype.startswith("MPEG") else 0  # in a WAV file, too
    truncated = missing > padding or _log_says_truncated(sound.extra_info)
    if sound.format == "MP3":
        # libsndfile stops after the frames that the header counts, or that it guesses from the
        # first ones: what was joined to the file, or most of a variable bit rate, is lost.
        # A single frame more is the encoder's padding.
        file.seek(position)
        rest = file.read(_MP3_FRAME + 1)
        frame = re.match(rb"\xff[\xe0-\xff]", rest)
        single = len(rest) <= _MP3_FRAME and rest.count(rest[:2]) == 1
        if rest.startswith(b"ID3") or (frame and not single):
            seconds = f"{frames / rate:.1f} s"
            raise _PartlyReadError(f"holds more than the {seconds} that libsndfile reads of it")
        truncated = missing > padding and _has_length_header(file, sound.extra_info)
    if truncated:
        raise AudioError(f"{name}: {_TRUNCATED}, or keep the rest: ffmpeg -i FILE clip.wav")


def _has_length_header(file, log):
    """Tell whether an MP3 file starts with a Xing/Info frame."""
    tag = re.search(r"ID3v2\S* header length\s*:\s*(\d+)", log)
    file.seek(int(tag[1]) if tag else 0)
    head = file.read(2048)
    return b"Xing" in head or b"Info" in head


def _log_says_truncated(log):
    """Tell whether libsndfile's log says that a chunk or an Ogg stream has no end."""
    if re.search("end-of-stream bit|Junk after the last page", log):  # the latter is half a page
        return True
    sizes = re.findall(r"(?m)^ *(?:data|SSND|Data Size|riff) *: (\d+) \(should be (\d+)\)", log)
    # Programs that write to a pipe put a huge number where the size belongs.
    return any(int(a) - int(b) > 64 and int(a) < 0x7FFF_0000 for a, b in sizes)


def _decoded_by_ffmpeg(file, name, target, mono, problem, strict=False):
    """Let ffmpeg convert a file to WAV, and read that.

    `problem` says why libsndfile did not read it. If `strict`, a file of which ffmpeg complains is
    refused: it skips what it cannot decode.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        way_out = "install ffmpeg, which may read it, or convert it to WAV elsewhere"
        raise AudioError(f"{name}: {problem}; {way_out}")
    way_out = "ffmpeg, asked for usual formats only, does not read it either: copy or download it "
    way_out += "again, or convert it to WAV"
    with tempfile.TemporaryDirectory(prefix="course_utils-") as folder:
        wav, source = Path(folder, "decoded.wav"), Path(folder, "source")
        if isinstance(file, io.BytesIO):
            source.write_bytes(file.getbuffer())
        else:
            source = Path(file.name).absolute()
        command = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe"]
        command += ["-format_whitelist", _FFMPEG_FORMATS, "-max_alloc", str(2**28)]
        command += ["-i", f"file:{source}", "-map", "0:a:0", "-c:a", "pcm_f32le"]
        command += ["-fs", str(_FFMPEG_BYTES), "-f", "wav", f"file:{wav}"]
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "timeout": _FFMPEG_SECONDS}
        try:
            done = subprocess.run(command, **options)
        except subprocess.TimeoutExpired as error:
            limit = f"ffmpeg did not decode it within {_FFMPEG_SECONDS} s"
            raise AudioError(f"{name}: {limit}; cut it into pieces or convert it to WAV") from error
        except OSError as error:
            reason = f"ffmpeg does not start ({one_line(error)})"
            raise AudioError(f"{name}: {reason}; reinstall it or convert the file") from error
        if re.search(_FFMPEG_TRUNCATED, done.stderr):
            raise AudioError(f"{name}: {_TRUNCATED}")
        try:
            done.check_returncode()
            if strict and done.stderr:
                raise AudioError(f"{name}: {problem}; {way_out}")
            if wav.stat().st_size > 0.99 * _FFMPEG_BYTES:
                raise AudioError(_too_long(name))
            with open(wav, "rb", buffering=4 * _BLOCK) as decoded:
                return _decoded_by_libsndfile(decoded, name, target, mono)
        except (OSError, subprocess.CalledProcessError, sf.LibsndfileError) as error:
            raise AudioError(f"{name}: {problem}; {way_out}") from error


def resample(samples, from_rate, to_rate):
    """Return the samples at another sampling rate (soxr, high quality), same pitch and duration.

    Parameters
    ----------
    samples : array_like of float, shape (n,) or (channels, n)
    from_rate, to_rate : int
        Present and wanted sampling rate, in hertz.

    Returns
    -------
    numpy.ndarray, float32
        Shape ``(m,)`` or ``(channels, m)`` with m ≈ n · to_rate / from_rate and m at most
        `MAX_SAMPLES`. Frequencies above to_rate / 2 are filtered out, not folded back.

    Examples
    --------
    >>> resample(np.zeros(44_100, np.float32), 44_100, 16_000).shape
    (16000,)
    """
    samples = _checked(samples, "samples")
    from_rate, to_rate = _checked_rate(from_rate, "from_rate"), _checked_rate(to_rate, "to_rate")
    if from_rate == to_rate:
        return samples
    if samples.size * to_rate / from_rate > MAX_SAMPLES:
        raise AudioError(_too_long("samples"))
    return np.ascontiguousarray(soxr.resample(samples.T, from_rate, to_rate).T)


def to_mono(samples):
    """Return the average of the channels, shape ``(n,)``; samples are as for `resample`.

    If the channels cancel out, it warns and returns the loudest.
    """
    samples = _checked(samples, "samples")
    if samples.ndim == 1:
        return samples
    mix = _Mix(len(samples))
    mixed = mix(samples.T)
    if mix.cancels():
        warnings.warn(_cancelled("samples"), stacklevel=2)
        return _loudest(samples)
    return mixed


def trim_silence(samples, sampling_rate, top_db=40.0):
    """Return the samples without the silence before the first and after the last sound.

    Parameters
    ----------
    samples : array_like of float, shape (n,) or (channels, n)
    sampling_rate : int
        In hertz.
    top_db : float, default 40
        A frame of 10 ms is silent if its RMS is this far below the loudest frame's, in decibels.

    Returns
    -------
    numpy.ndarray, float32
        A view of the kept part; all of a clip that is silent throughout.
    """
    samples = _checked(samples, "samples")
    loud = loud_frames(samples, sampling_rate, top_db)
    frame = sampling_rate // 100
    return samples[..., loud[0] * frame : (loud[-1] + 1) * frame] if loud.size else samples


def loud_frames(samples, sampling_rate, top_db=40.0):
    """Return the indices of the 10 ms frames that are not silent, int64; see `trim_silence`.

    Frame ``n`` begins at sample ``n * (sampling_rate // 100)``.
    """
    samples = _checked(samples, "samples")
    frame = _checked_rate(sampling_rate, "sampling_rate") // 100
    if not isinstance(top_db, Real) or not top_db > 0:
        raise AudioError(f"top_db must be a positive number of decibels, not {top_db!r}")
    starts = np.arange(0, samples.shape[-1], frame)
    square = np.square(np.atleast_2d(samples), dtype=np.float64)
    power = np.add.reduceat(square, starts, axis=1)
    power = (power / np.diff(starts, append=samples.shape[-1])).max(axis=0)
    return np.flatnonzero(power > power.max() * 10 ** (-top_db / 10))


def encode(samples, sampling_rate, format="wav"):
    """Return the content of an audio file as bytes.

    WAV and FLAC hold 16-bit integers. MP3 and Opus know only some sampling rates: the samples are
    resampled to the next one up. Opus appends up to 20 ms of silence. Samples beyond ±1 would be
    clipped by every format, so a clip with a higher peak is scaled down to a peak of 1.

    Parameters
    ----------
    samples : array_like of float, shape (n,) or (channels, n)
        Amplitudes in [-1, 1].
    sampling_rate : int
        In hertz.
    format : {"wav", "flac", "ogg", "opus", "mp3"}, default "wav"
        "ogg" is Vorbis, "opus" is Opus in Ogg.

    Raises
    ------
    AudioError
        If the format cannot hold that many channels or that rate.

    Warns
    -----
    UserWarning
        If the peak is above 1.1; below that it is the overshoot of a lossy decoder.
    """
    samples, rate = _checked(samples, "samples"), _checked_rate(sampling_rate, "sampling_rate")
    name = str(format).lower()
    if name not in FORMATS:
        raise AudioError(f"cannot write format {format!r}; choose one of {', '.join(FORMATS)}")
    if name == "mp3" and samples.ndim == 2 and len(samples) > 2:
        raise AudioError(f"MP3 holds 2 channels, not {len(samples)}; mix down or write FLAC")
    if name == "ogg" and rate > _MAX_VORBIS_RATE:
        raise AudioError(f"Vorbis holds up to {_MAX_VORBIS_RATE} Hz, not {rate}; resample first")
    if name in _CODEC_RATES:
        rates = _CODEC_RATES[name]
        allowed = next((r for r in rates if r >= rate), rates[-1])
        samples, rate = resample(samples, rate, allowed), allowed
    frames = np.atleast_2d(samples).T
    if name == "opus":
        frames = np.pad(frames, ((0, opus_padding(len(frames), rate)), (0, 0)))
    peak = float(np.abs(samples).max())
    if peak > 1:
        frames = frames / np.float32(peak)
    if peak > _OVERSHOOT:
        text = f"the peak is {peak:.3g}, beyond ±1: the clip is scaled down to a peak of 1"
        warnings.warn(text, stacklevel=2)
    buffer, (container, subtype) = io.BytesIO(), FORMATS[name]
    try:
        with sf.SoundFile(buffer, "w", rate, frames.shape[1], subtype, format=container) as sound:
            # Block by block: libsndfile's Vorbis encoder overflows the stack on long arrays.
            for start in range(0, len(frames), _BLOCK):
                sound.write(frames[start : start + _BLOCK])
    except (sf.SoundFileError, RuntimeError, ValueError) as error:
        problem = f"cannot write {frames.shape[1]} channels at {rate} Hz as {name}"
        raise AudioError(f"{problem} ({one_line(error)}); resample, or write WAV") from error
    return buffer.getvalue()


def opus_padding(count, rate):
    """Return the number of zeros that fill the last packet of an Opus stream of `count` samples.

    libsndfile starves a packet that is only part filled, which clicks. The encoder delays the
    samples by 312 at 48 kHz, at every rate; a packet holds 20 ms.
    """
    return -(count + round(312 / 48_000 * rate)) % (rate // 50)


def save(path, samples, sampling_rate):
    """Write an audio file in the format of its suffix: .wav, .flac, .ogg, .opus or .mp3.

    The samples and their sampling rate are as for `encode`.
    """
    suffix = Path(path).suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise AudioError(f"{shown(path)}: the suffix names no format; end it in one of {known}")
    errors.write(path, encode(samples, sampling_rate, suffix), AudioError)


def _checked(samples, name):
    """Return a float32 array of shape (n,) or (channels, n), or raise AudioError."""
    try:
        samples = np.asarray(samples)
    except Exception as error:  # ragged lists, tensors on a GPU or with a gradient
        problem = f"cannot become a NumPy array ({one_line(error)})"
        raise AudioError(f"{name} {problem}; pass a float32 array") from error
    kind, shape = samples.dtype.kind, samples.shape
    if kind in "iu":
        peak = np.iinfo(samples.dtype).max + 1
        problem = f"holds {samples.dtype}, not float in [-1, 1]; divide by {peak} for full range"
    elif kind != "f":
        problem = f"holds {samples.dtype}, not floats; pass a float32 array"
    elif len(shape) not in (1, 2):
        problem = f"has {len(shape)} dimensions; pass one clip, of shape (n,) or (channels, n)"
    elif not samples.size:
        problem = "holds no samples; leave empty clips out"
    elif len(shape) == 2 and shape[0] > MAX_CHANNELS >= shape[1]:
        problem = f"has shape {shape}: that is (n, channels); pass samples.T"
    else:
        _check_channels(len(samples) if len(shape) == 2 else 1, name)
        with np.errstate(over="ignore"):
            samples = samples.astype(np.float32, copy=False)
        if np.isfinite(samples).all():
            return samples
        problem = "holds NaN or infinity; replace them with numpy.nan_to_num"
    raise AudioError(f"{name} {problem}")


def _checked_rate(rate, name):
    """Return a sampling rate as an int, or raise AudioError."""
    low, high = SAMPLING_RATES
    if isinstance(rate, (bool, np.bool_)) or not isinstance(rate, Real):
        raise AudioError(f"{name} must be a number of hertz, not {rate!r}; 16000 suits speech")
    if not math.isfinite(rate) or rate != int(rate) or not low <= rate <= high:
        raise AudioError(f"{name} is {rate:g} Hz; use a whole number from {low} to {high} Hz")
    return int(rate)


def _check_channels(channels, name):
    if channels > MAX_CHANNELS:
        problem = f"has {channels} channels, at most {MAX_CHANNELS} are accepted"
        raise AudioError(f"{name}: {problem}; mix them down: ffmpeg -i FILE -ac 1 mono.wav")


def _too_long(name):
    return (
        f"{name}: is too long, at most {MAX_HOURS} hours and {MAX_SAMPLES} samples are accepted; "
        "load it as mono at 16000 Hz, or cut it: ffmpeg -i FILE -t 3600 first-hour.wav"
    )
