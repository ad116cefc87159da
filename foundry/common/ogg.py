"""Encode Ogg/Opus reproducibly: the same samples give the same bytes.

libsndfile gives each Ogg stream a random serial number and pads its comment header with about 700
zeros, a tenth of a short clip. This module undoes both (RFC 3533, RFC 7845).
"""

import io
import struct

import numpy as np
import soundfile

from course_utils.audio import opus_padding

_SERIAL = 1
_HEADER = struct.Struct("<4sBBqIIIB")


def opus(samples, sampling_rate, bitrate):
    """Encode mono samples.

    Parameters
    ----------
    samples : numpy.ndarray, shape (n,)
        Between -1 and 1.
    sampling_rate : int
        8,000, 12,000, 16,000, 24,000 or 48,000 Hz.
    bitrate : int
        Target bit rate, 6,000 to 256,000 bit/s; the actual one varies with the content.

    Returns
    -------
    bytes
        File content; it depends only on the arguments and on the version of the codec. It decodes
        to the samples, followed by at most one packet (20 ms) of silence.
    """
    samples = np.pad(samples, (0, opus_padding(len(samples), sampling_rate)))
    # libsndfile maps a compression level of 0 to 256 kbit/s and of 1 to 6 kbit/s, linearly.
    level = 1 - (bitrate - 6_000) / 250_000
    file = io.BytesIO()
    soundfile.write(
        file, samples, sampling_rate, format="OGG", subtype="OPUS", compression_level=level
    )
    return b"".join(_repack(file.getvalue()))


def _repack(stream):
    """Yield the pages of an Ogg stream with a fixed serial number and without comments."""
    position = 0
    while position < len(stream):
        mark, version, kind, granule, _, number, _, count = _HEADER.unpack_from(stream, position)
        lacing = stream[position + _HEADER.size :][:count]
        start = position + _HEADER.size + count
        position = start + sum(lacing)
        body = stream[start:position]
        if body.startswith(b"OpusTags"):
            vendor = 8 + 4 + struct.unpack_from("<I", body, 8)[0]
            body = body[:vendor] + bytes(4)  # no comments
            count, lacing = 1, bytes([len(body)])
        fields = mark, version, kind, granule, _SERIAL, number
        check = _crc(_HEADER.pack(*fields, 0, count) + lacing + body)
        yield _HEADER.pack(*fields, check, count) + lacing + body


def _entry(byte):
    """Compute one entry of the CRC table of Ogg."""
    register = byte << 24
    for _ in range(8):
        register = (register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)
    return register & 0xFFFFFFFF


_TABLE = [_entry(byte) for byte in range(256)]


def _crc(page):
    """Compute the checksum of a page whose own checksum field is 0."""
    register = 0
    for byte in page:
        register = (register << 8 & 0xFFFFFFFF) ^ _TABLE[register >> 24 ^ byte]
    return register
