"""Write Ogg/Opus so that the same samples give the same bytes, and no byte is wasted.

libsndfile numbers each Ogg stream at random and pads its comment header with about 700 zeros, a
tenth of a short clip. Both are undone here (RFC 3533, RFC 7845).
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
        What to aim at, 6,000 to 256,000 bit/s; the rate of the clip varies with its content.

    Returns
    -------
    bytes
        A file that depends on the arguments and the codec's version alone. It decodes to the
        samples and at most one packet (20 ms) of silence.
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
    """Yield the pages of an Ogg stream with a fixed serial number and bare comments."""
    place = 0
    while place < len(stream):
        mark, version, kind, granule, _, number, _, count = _HEADER.unpack_from(stream, place)
        lacing = stream[place + _HEADER.size :][:count]
        start = place + _HEADER.size + count
        place = start + sum(lacing)
        body = stream[start:place]
        if body.startswith(b"OpusTags"):
            vendor = 8 + 4 + struct.unpack_from("<I", body, 8)[0]
            body = body[:vendor] + bytes(4)  # no comments
            count, lacing = 1, bytes([len(body)])
        fields = mark, version, kind, granule, _SERIAL, number
        check = _crc(_HEADER.pack(*fields, 0, count) + lacing + body)
        yield _HEADER.pack(*fields, check, count) + lacing + body


def _entry(byte):
    """Work out one entry of the table of Ogg's checksum."""
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
