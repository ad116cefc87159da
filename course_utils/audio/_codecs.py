"""The codecs behind :mod:`course_utils.audio`: libsndfile, and the ffmpeg program as its stand-in.

Decoding goes block by block, mixing down and resampling on the way, so that memory holds the
result and little else whatever a header claims. What is refused, and why, is said in `audio`.
"""

import codecs
import io
import math
import os
import re
import shutil
import subprocess
import tempfile
from numbers import Real
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from course_utils.errors import CourseError, one_line

SAMPLING_RATES = (1_000, 768_000)
"""Lowest and highest sampling rate accepted, in hertz."""
MAX_CHANNELS = 8
"""Most channels accepted (7.1 surround)."""
MAX_HOURS = 6
"""Longest recording accepted, in hours."""
MAX_SAMPLES = MAX_HOURS * 3600 * 16_000
"""Most samples that `load` returns: six hours of mono at 16 kHz, 1.4 GB of float32."""

BLOCK = 65_536
"""Frames decoded or encoded at a time: few enough for the processor's cache."""

_FFMPEG_SECONDS = 120
_FFMPEG_BYTES = 4_000_000_000
# Demuxers of audio and video files. Playlists (hls, concat, dash, ...) are not among them: one
# can name other files and URLs, and opening a file must never read anything else.
_FFMPEG_FORMATS = "aac,ac3,aiff,amr,ape,asf,avi,eac3,flv,matroska,mov,mp3,mpeg,mpegts,tta,wv"


class AudioError(CourseError, ValueError):
    """Audio that cannot be read, processed or written; the message says what to do about it."""


def check_samples(samples, name):
    """Return a float32 array of shape (n,) or (channels, n), or raise AudioError."""
    try:
        samples = np.asarray(samples)
    except Exception as error:  # ragged lists, tensors on a GPU or with a gradient
        raise AudioError(
            f"{name} cannot become a NumPy array ({one_line(error)}); pass a float32 array"
        ) from error
    if np.issubdtype(samples.dtype, np.integer):
        peak = np.iinfo(samples.dtype).max + 1
        raise AudioError(
            f"{name} holds {samples.dtype} integers, but audio here is float in [-1, 1]; "
            f"divide by {peak} if they use the whole range"
        )
    if not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(f"{name} holds {samples.dtype}, not floats; pass a float32 array")
    if samples.ndim not in (1, 2):
        raise AudioError(
            f"{name} has {samples.ndim} dimensions; pass (n,) or (channels, n), one clip at a time"
        )
    if not samples.size:
        raise AudioError(f"{name} holds no samples; leave empty clips out")
    if samples.ndim == 2 and len(samples) > MAX_CHANNELS >= samples.shape[1]:
        raise AudioError(f"{name} has shape {samples.shape}: that is (n, channels); pass samples.T")
    if samples.ndim == 2:
        check_channels(len(samples), name)
    with np.errstate(over="ignore"):
        samples = samples.astype(np.float32, copy=False)
    if not np.isfinite(samples).all():
        raise AudioError(f"{name} holds NaN or infinity; replace them with numpy.nan_to_num")
    return samples


def check_rate(rate, name):
    """Return a sampling rate as an int, or raise AudioError."""
    low, high = SAMPLING_RATES
    if isinstance(rate, (bool, np.bool_)) or not isinstance(rate, Real):
        raise AudioError(f"{name} must be a number of hertz, not {rate!r}; 16000 suits speech")
    if not math.isfinite(rate) or rate != int(rate) or not low <= rate <= high:
        raise AudioError(
            f"{name} is {rate:g} Hz; it must be a whole number from {low} to {high} Hz"
        )
    return int(rate)


def check_channels(channels, name):
    """Raise AudioError for more channels than are accepted."""
    if channels > MAX_CHANNELS:
        raise AudioError(
            f"{name}: has {channels} channels, at most {MAX_CHANNELS} are accepted; keep those "
            "you need, for instance ffmpeg -i FILE -ac 1 mono.wav"
        )


def opus_padding(count, rate):
    """Count the zeros that fill the last packet of an Opus stream.

    libsndfile starves a packet that is only part filled, which clicks. The encoder delays the
    samples by 312 at 48 kHz, at every rate; a packet holds 20 ms.
    """
    return -(count + round(312 / 48_000 * rate)) % (rate // 50)


def too_long(name):
    """Return the message for audio beyond the limits."""
    return (
        f"{name}: is too long, at most {MAX_HOURS} hours and {MAX_SAMPLES} samples are accepted; "
        "load it as mono at 16000 Hz, or cut it: ffmpeg -i FILE -t 3600 first-hour.wav"
    )


def decode(file, name, target, mono):
    """Decode a seekable binary file into samples and their rate.

    Parameters
    ----------
    file : binary file object
        At its start.
    name : str
        What messages call it.
    target : int or None
        Sampling rate wanted, in hertz.
    mono : bool
        Mix down (before resampling).
    """
    try:
        return _libsndfile(file, name, target, mono)
    except AudioError:
        raise
    except sf.LibsndfileError as error:
        file.seek(0)
        head = file.read(4096)
        if not head:
            raise AudioError(f"{name}: is empty; copy or download it again") from error
        if _is_text(head):
            raise AudioError(
                f"{name}: holds text, not audio (a web page or a Git LFS pointer saved under this "
                "name?); download the audio itself"
            ) from error
        if error.code == 1:  # SF_ERR_UNRECOGNISED_FORMAT
            return _ffmpeg(file, name, target, mono)
        # libsndfile calls an MP3 without a whole frame "not a regular file" (7): that misleads.
        said = "no whole frame" if error.code == 7 else error.error_string.rstrip(".")
        raise AudioError(
            f"{name}: is damaged, cut short or in a rare encoding (libsndfile: {said}); copy or "
            "download it again, or convert it: ffmpeg -i FILE clip.wav"
        ) from error
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        raise AudioError(
            f"{name}: cannot be decoded ({one_line(error)}); convert it: ffmpeg -i FILE clip.wav"
        ) from error


def _libsndfile(file, name, target, mono):
    """Decode block by block what libsndfile knows; let its own exceptions pass."""
    # A descriptor spares libsndfile a call into Python for every read.
    direct = os.name == "posix" and not isinstance(file, io.BytesIO)
    with sf.SoundFile(file.fileno() if direct else file, closefd=False) as sound:
        # soundfile seeks after each block of a seekable file: slow, and it fails at the end of a
        # FLAC stream of unknown length.
        sound.seekable = lambda: False
        rate = check_rate(sound.samplerate, f"{name}: the sampling rate in its header")
        check_channels(sound.channels, name)
        known = sound.frames if sound.frames < 2**62 else None  # streams may not say
        if (known or 0) > MAX_HOURS * 3600 * rate:
            raise AudioError(too_long(name))
        flat = mono or sound.channels == 1
        weights = np.full(sound.channels, 1 / sound.channels, np.float32)
        width, convert = 1 if flat else sound.channels, None
        if target not in (None, rate):
            convert = soxr.ResampleStream(rate, target, width, "float32").resample_chunk
        expected = math.ceil((known or 0) * (target or rate) / rate)
        result = _Growing(name, expected, () if flat else (width,))
        buffer, frames = np.empty((BLOCK, sound.channels), np.float32), 0
        while len(block := sound.read(out=buffer)):
            frames += len(block)
            if frames > MAX_HOURS * 3600 * rate:
                raise AudioError(too_long(name))
            if flat:
                block = block[:, 0] if sound.channels == 1 else block @ weights
            result.append(convert(block) if convert else block)
        if frames and convert:
            result.append(convert(block[:0, 0] if flat else block[:0], last=True))
        log, container = sound.extra_info, sound.format
    position = os.lseek(file.fileno(), 0, os.SEEK_CUR) if direct else file.tell()
    if container == "MP3" and _has_more(file, position):
        # Without a length header libsndfile guesses the length from the first frames and stops
        # there: at a variable bit rate that loses most of the file without a word.
        return _ffmpeg(file, name, target, mono)
    _check_complete(file, name, log, container, known, frames)
    samples = result.taken()
    if not samples.size:
        raise AudioError(f"{name}: holds no samples; record or download it again")
    if not np.isfinite(samples).all():
        raise AudioError(
            f"{name}: holds samples that are not finite numbers; replace them "
            "(numpy.nan_to_num) where the file is made"
        )
    return np.ascontiguousarray(samples.T), target or rate


class _Growing:
    """An array that blocks are appended to, made at once in the size that a header announces.

    Memory that is never written costs nothing, so a header may lie.
    """

    def __init__(self, name, expected, shape):
        self.name, self.shape, self.filled = name, shape, 0
        self.array = self._make(expected)

    def _make(self, count):
        if count * math.prod(self.shape) > MAX_SAMPLES:
            raise AudioError(too_long(self.name))
        return np.empty((count, *self.shape), np.float32)

    def append(self, block):
        end = self.filled + len(block)
        if end > len(self.array):
            grown = self._make(max(end, min(2 * end, MAX_SAMPLES // math.prod(self.shape))))
            grown[: self.filled] = self.array[: self.filled]
            self.array = grown
        self.array[self.filled : end] = block
        self.filled = end

    def taken(self):
        taken = self.array[: self.filled]
        return taken if len(taken) > 0.9 * len(self.array) else taken.copy()


def _check_complete(file, name, log, container, known, frames):
    """Raise AudioError if the file holds less audio than its own header or format promises."""
    missing = known is not None and frames < known
    if container == "MP3":  # the length is an estimate unless the encoder wrote a length header
        missing = missing and known - frames > 3 * 1152 and _has_length_header(file)
    elif container == "OGG":
        missing = missing or not _ends_ogg_stream(file)
    else:
        for promised, present in re.findall(
            r"^ *(?:data|SSND|Data Size|riff) *: (\d+) \(should be (\d+)\)", log, re.MULTILINE
        ):
            # Programs that write to a pipe put a huge number where the size belongs.
            missing |= int(promised) - int(present) > 64 and int(promised) < 0x7FFF_0000
    if missing:
        raise AudioError(
            f"{name}: is cut short, its end is missing; copy or download it again, or keep what "
            "is there with ffmpeg -i FILE clip.wav"
        )


def _has_length_header(file):
    """Tell whether an MP3 file starts with a Xing/Info frame."""
    file.seek(0)
    head = file.read(10)
    skip = 0
    if head[:3] == b"ID3" and len(head) == 10:
        size = zip(head[6:], (21, 14, 7, 0), strict=True)  # four times seven bits (ID3v2.4, 6.2)
        skip = 10 + sum((byte & 127) << shift for byte, shift in size)
    file.seek(skip)
    head = file.read(2048)
    return b"Xing" in head or b"Info" in head


def _has_more(file, position):
    """Tell whether libsndfile stopped before the last tenth of an MP3 file."""
    size = file.seek(0, io.SEEK_END)
    return position < 0.9 * size - 8192 and not _has_length_header(file)


def _ends_ogg_stream(file):
    """Tell whether the last page of an Ogg file is whole and marked as the last."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 65_307))  # the greatest size of a page (RFC 3533, 6)
    tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27:
        return False
    lacing = page[27 : 27 + page[26]]
    return bool(page[5] & 4) and len(page) >= 27 + page[26] + sum(lacing)


def _is_text(head):
    """Tell whether the first bytes of a file are UTF-8 text without control codes."""
    if head.startswith((b"RIFF", b"OggS", b"fLaC", b"FORM", b"ID3")):
        return False  # audio cut off within its first bytes
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # may end within a character
    except UnicodeDecodeError:
        return False
    return not any(ord(c) < 32 and c not in "\t\n\r\f\v" for c in text)


def _ffmpeg(file, name, target, mono):
    """Let ffmpeg write what libsndfile cannot read into a WAV file, and read that."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioError(
            f"{name}: is not in a format that libsndfile reads whole; install ffmpeg, which reads "
            "M4A, video and more, or convert it to WAV or FLAC elsewhere"
        )
    with tempfile.TemporaryDirectory(prefix="course_utils-") as folder:
        wav, log = Path(folder, "decoded.wav"), Path(folder, "log.txt")
        if isinstance(file, io.BytesIO):
            source = Path(folder, "source")
            source.write_bytes(file.getbuffer())
        else:
            source = Path(file.name).absolute()
        command = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe"]
        command += ["-format_whitelist", _FFMPEG_FORMATS, "-max_alloc", str(2**28)]
        command += ["-i", f"file:{source}", "-map", "0:a:0", "-c:a", "pcm_f32le"]
        command += ["-fs", str(_FFMPEG_BYTES), "-f", "wav", f"file:{wav}"]
        try:
            with open(log, "wb") as errors:
                done = subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                    timeout=_FFMPEG_SECONDS, check=False,
                )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise AudioError(
                f"{name}: ffmpeg did not decode it within {_FFMPEG_SECONDS} s; cut it into pieces "
                "or convert it to WAV"
            ) from error
        except OSError as error:
            raise AudioError(
                f"{name}: ffmpeg does not start ({one_line(error)}); repair its installation or "
                "convert the file to WAV elsewhere"
            ) from error
        with open(log, "rb") as errors:
            said = errors.read(65_536).decode("utf-8", "replace")
        if re.search(
            r"partial file|ended prematurely|moov atom not found|Input/output error", said
        ):
            raise AudioError(f"{name}: is cut short, its end is missing; copy or download it again")
        if done.returncode or not wav.exists() or not wav.stat().st_size:
            raise AudioError(
                f"{name}: holds no audio that libsndfile or ffmpeg can read; check that it plays, "
                "and convert it to WAV or FLAC"
            )
        if wav.stat().st_size > 0.99 * _FFMPEG_BYTES:
            raise AudioError(too_long(name))
        try:
            with open(wav, "rb", buffering=4 * BLOCK) as decoded:
                return _libsndfile(decoded, name, target, mono)
        except sf.LibsndfileError as error:
            raise AudioError(
                f"{name}: ffmpeg decodes no audio from it; check that it plays"
            ) from error
