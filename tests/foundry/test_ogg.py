import io

import numpy as np
import pytest
import soundfile

from foundry.common.ogg import opus


def decode(stream):
    return soundfile.read(io.BytesIO(stream))


def test_opus_is_bare_reproducible_and_valid():
    samples = 0.1 * np.random.default_rng(0).standard_normal(320 * 100 - 104)
    stream = opus(samples, 16_000, 16_000)
    assert stream == opus(samples, 16_000, 16_000)
    plain = io.BytesIO()
    soundfile.write(plain, samples, 16_000, format="OGG", subtype="OPUS", compression_level=0.96)
    assert len(stream) < len(plain.getvalue()) - 500
    # libsndfile skips pages whose checksum is wrong, so equal samples mean right checksums.
    assert np.array_equal(decode(stream)[0], decode(plain.getvalue())[0])
    tags = stream[stream.index(b"OpusTags") :]  # RFC 7845: vendor, then the number of comments
    vendor = int.from_bytes(tags[8:12], "little")
    assert tags[12 + vendor :].startswith(bytes(4) + b"OggS")


@pytest.mark.parametrize("rate", [16_000, 24_000])
@pytest.mark.parametrize("count", [16_400, 16_216, 16_217, 3_000])
def test_opus_keeps_the_samples_up_to_the_last_one(rate, count):
    samples = 0.5 * np.sin(2 * np.pi * 440 * np.arange(count) / rate)
    decoded, read = decode(opus(samples, rate, 17_000))
    assert read == rate and 0 <= len(decoded) - count < rate // 50
    assert np.corrcoef(decoded[400:count], samples[400:])[0, 1] > 0.98
    assert np.abs(decoded[count - 400 :]).max() < 0.6


@pytest.mark.parametrize("bitrate", [12_000, 21_000, 64_000])
def test_opus_takes_the_bits_that_it_may(bitrate):
    stream = opus(0.1 * np.random.default_rng(0).standard_normal(64_000), 16_000, bitrate)
    assert 0.85 * bitrate < 8 * len(stream) / 4 < 1.05 * bitrate
