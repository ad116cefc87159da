"""The codec of spectra: what it looks up, what it plays back, and that MusicGen takes it."""

import librosa
import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from transformers import (
    AutoModel,
    GenerationConfig,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForConditionalGeneration,
    T5Config,
    pipeline,
)

from course_utils import pipelines
from course_utils.pipelines import SpectralCodec, SpectralCodecConfig
from foundry.music.music_prompts import new_tokenizer

pipelines.register()


RATE = 16_000


def tone(*pitches, seconds=1.0):
    time = np.arange(round(seconds * RATE)) / RATE
    return torch.tensor(sum(0.2 * np.sin(2 * np.pi * p * time) for p in pitches)).float()[None]


@pytest.fixture(scope="module")
def codec():
    codec = SpectralCodec(SpectralCodecConfig(num_quantizers=3, codebook_size=64))
    left = torch.cat([codec.frames(tone(p))[0] for p in np.geomspace(200, 2_000, 64)])
    for book in codec.codebooks:
        # The first entry stays 0: nothing to correct.
        means = KMeans(len(book) - 1, n_init=1, random_state=0).fit(left.numpy())
        book[1:] = torch.from_numpy(means.cluster_centers_)
        left = left - book[torch.cdist(left, book).argmin(1)]
    return codec


def test_frames_are_the_log_mel_spectra_that_librosa_computes(codec):
    samples = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    mel = librosa.feature.melspectrogram(
        y=samples, sr=RATE, n_fft=1024, hop_length=320, n_mels=128, power=1, norm=None,
        pad_mode="reflect",
    )[:, :50]  # fmt: skip
    frames = codec.frames(torch.from_numpy(samples)[None])
    assert frames.shape == (1, 25, 256)
    assert np.allclose(frames.reshape(50, 128), np.log(np.maximum(mel.T, 0.02)), atol=1e-3)


@pytest.mark.parametrize("pitches", [(440.0,), (262.0, 330.0, 1568.0)])
def test_the_sound_has_the_pitches_of_the_frames(codec, pitches):
    made = codec.sound(codec.frames(tone(*pitches)))[0].numpy()
    assert len(made) == RATE
    spectrum = np.abs(np.fft.rfft(made))
    for pitch in pitches:
        near = slice(round(0.8 * pitch), round(1.2 * pitch))  # bins of a hertz
        assert near.start + np.argmax(spectrum[near]) == pytest.approx(pitch, abs=16)
    assert made.std() == pytest.approx(tone(*pitches).std().item(), rel=0.3)


def test_silence_stays_silent_and_the_same_tokens_give_the_same_sound(codec):
    assert codec.sound(codec.frames(torch.zeros(1, RATE))).abs().max() < 1e-3
    codes = codec.encode(tone(500)[:, None]).audio_codes
    first, again = (codec.decode(codes, [None]).audio_values for _ in range(2))
    assert torch.equal(first, again)


def test_every_codebook_brings_the_frames_nearer(codec):
    samples = tone(317)
    codes = codec.encode(samples[:, None]).audio_codes
    assert codes.shape == (1, 1, 3, 25) and codes.max() < 64
    frames = codec.frames(samples)
    far = [
        (sum(codec.codebooks[k][codes[0, :, k]] for k in range(count)) - frames).norm()
        for count in (1, 2, 3)
    ]
    assert far[0] >= far[1] >= far[2] and far[0] > far[2]
    assert codec.decode(codes[:, :, :1], [None]).audio_values.shape == (1, 1, RATE)


def test_it_is_saved_and_opened_by_auto_model(codec, tmp_path):
    codec.save_pretrained(tmp_path)
    opened = AutoModel.from_pretrained(tmp_path)
    assert isinstance(opened, SpectralCodec)
    assert torch.equal(opened.codebooks, codec.codebooks)
    assert opened.config.frame_rate == 25


def test_musicgen_plays_through_it(codec, tmp_path):
    start = {"pad_token_id": 64, "bos_token_id": 64, "decoder_start_token_id": 64}
    size = {"hidden_size": 16, "ffn_dim": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    tokenizer = new_tokenizer()
    config = MusicgenConfig(
        text_encoder=T5Config(
            vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
        ),
        audio_encoder=codec.config,
        decoder=MusicgenDecoderConfig(vocab_size=64, num_codebooks=3, **size, **start),
    )
    model = MusicgenForConditionalGeneration(config)
    model.audio_encoder.load_state_dict(codec.state_dict())
    model.generation_config = GenerationConfig(
        do_sample=True, guidance_scale=3.0, max_new_tokens=25 + 2, **start
    )
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    play = pipeline("text-to-audio", model=str(tmp_path), device="cpu")
    made = play(["slow waltz", "rock, blorp"], batch_size=2)
    assert [one["sampling_rate"] for one in made] == [RATE, RATE]
    for one in made:
        assert np.ravel(one["audio"]).shape == (RATE,) and np.isfinite(one["audio"]).all()
    assert torch.equal(play.model.audio_encoder.codebooks, codec.codebooks)
