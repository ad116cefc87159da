"""Durations by warping, pitch and energy of tokens, and batches for text to speech."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    AutoFeatureExtractor,
    SpeechT5Config,
    SpeechT5FeatureExtractor,
    SpeechT5ForTextToSpeech,
)

from course_utils import audio, catalog, data, finetuning

EXTRACTOR = AutoFeatureExtractor.from_pretrained(catalog.model("synthesiser"))
HOP = EXTRACTOR.sample_stride

TONES = np.random.default_rng(0).normal(0, 1, (12, 20)).astype(np.float32)
"""Spectra of twelve different tokens."""


@given(
    st.lists(st.tuples(st.integers(3, 6), st.integers(3, 6)), min_size=6, max_size=11),
    st.integers(0, 100),
)
def test_warping_finds_the_durations_that_the_recording_was_made_with(pairs, seed):
    said, wanted = np.array(pairs).T
    spectra = TONES[: len(pairs)]
    noise = np.random.default_rng(seed).normal(0, 0.02, (wanted.sum(), 20))
    # Another voice and another microphone: a constant colour.
    recorded = np.repeat(spectra, wanted, axis=0) + noise + TONES[-1]
    found = finetuning.aligned_durations(np.repeat(spectra, said, axis=0), said, recorded)
    assert found.sum() == len(recorded)
    # The means of the bands depend on the durations, so an edge may move a little.
    assert np.abs(np.cumsum(found) - np.cumsum(wanted)).max() <= 2


def test_a_silent_token_may_have_no_frames():
    said = np.repeat(TONES[:3], [2, 0, 3], axis=0)
    found = finetuning.aligned_durations(said, [2, 0, 3], said)
    assert found.tolist() == [2, 0, 3]


def test_durations_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="add up to 4, but said has 5 frames"):
        finetuning.aligned_durations(np.zeros((5, 20)), [2, 2], np.zeros((5, 20)))
    with pytest.raises(ValueError, match="the same bands"):
        finetuning.aligned_durations(np.zeros((4, 20)), [2, 2], np.zeros((5, 80)))


def buzz(pitch, seconds, level=0.3):
    time = np.arange(round(seconds * 16_000)) / 16_000
    waves = [np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 21)]
    return (level * np.sum(waves, 0)).astype(np.float32)


def test_pitch_and_energy_are_means_of_a_tokens_frames():
    samples = np.concatenate([buzz(110, 0.512), np.zeros(4_096, np.float32), buzz(220, 0.512)])
    frames = len(samples) // HOP + 1
    durations = [32, 16, frames - 48]
    mel = np.full((frames, 80), -4.0, np.float32)
    mel[:32], mel[48:] = -1.0, -2.0
    pitch, energy = finetuning.prosody(samples, mel, durations, EXTRACTOR)
    hertz = 160 * np.exp(0.4 * pitch)  # as the card of the model says
    assert hertz[0] == pytest.approx(110, rel=0.02) and hertz[2] == pytest.approx(220, rel=0.02)
    assert 0.8 * energy - 2.2 == pytest.approx([-1.0, -4.0, -2.0], abs=1e-5)


def test_the_settings_in_the_models_folder_are_those_it_was_trained_with():
    samples = audio.load(data.load("speech", split="test")[0]["audio"], 16_000)[0]
    made = EXTRACTOR(audio_target=samples, sampling_rate=16_000)["input_values"][0]
    plain = SpeechT5FeatureExtractor()(audio_target=samples, sampling_rate=16_000)
    expected = np.maximum(plain["input_values"][0], -4.0).astype(np.float32)
    assert made.dtype == np.float32 and np.array_equal(made, expected) and HOP == 256
    assert (EXTRACTOR.pitch_mean, EXTRACTOR.pitch_std) == (np.log(160), 0.4)
    assert (EXTRACTOR.energy_mean, EXTRACTOR.energy_std) == (-2.2, 0.8)


def row(tokens, durations, **more):
    parts = {name: np.arange(tokens, dtype=np.float32) for name in ("pitch", "energy")}
    mel = np.ones((sum(durations), 4), np.float32)
    return {"input_ids": [7] * tokens, "durations": durations, "mel": mel} | parts | more


def test_a_batch_is_padded_to_its_longest_part_by_part():
    rows = [row(3, [1, 0, 4]), row(2, [4, 5])]
    batch = finetuning.SpeechCollator(pad_token_id=9)(rows)
    assert batch["input_ids"].tolist() == [[7, 7, 7], [7, 7, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["duration_labels"].tolist() == [[1, 0, 4], [4, 5, 0]]
    assert batch["pitch_labels"].shape == (2, 3, 1)
    assert batch["spectrogram_labels"].shape == (2, 9, 4)
    assert (batch["spectrogram_labels"][0, 5:] == -100).all()
    assert "speaker_embedding" not in batch
    vectors = [row(3, [1, 0, 4], speaker_embedding=np.ones(5)) for _ in range(2)]
    assert torch.equal(finetuning.SpeechCollator(9)(vectors)["speaker_embedding"], torch.ones(2, 5))


def test_a_row_whose_durations_do_not_fit_is_named():
    wrong = row(2, [4, 5]) | {"durations": [4, 4]}
    with pytest.raises(ValueError, match="row 1 of the batch: its durations add up to 8"):
        finetuning.SpeechCollator(0)([row(3, [1, 0, 4]), wrong])


def speech_t5():
    torch.manual_seed(0)
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    sizes |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "hidden_size": 16}
    return SpeechT5ForTextToSpeech(
        SpeechT5Config(**sizes, num_mel_bins=4, speaker_embedding_dim=5)
    ).eval()


def attended(tokens, frames):
    mel = np.arange(4 * frames, dtype=np.float32).reshape(frames, 4)
    return {"input_ids": [7] * tokens, "mel": mel, "speaker_embedding": np.ones(5, np.float32)}


def test_a_model_with_attention_gets_spectrograms_of_whole_steps():
    model = speech_t5()
    assert not finetuning.takes_durations(model)
    collate = finetuning.SpeechCollator(1, model.config)
    batch = collate([attended(3, 7), attended(2, 4)])
    assert set(batch) == {"input_ids", "attention_mask", "labels", "speaker_embeddings"}
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["input_ids"].tolist() == [[7, 7, 7], [7, 7, 1]]
    assert batch["labels"].shape == (2, 6, 4)  # it makes two frames at a step
    assert torch.equal(batch["labels"][0], torch.arange(24.0).reshape(6, 4))
    assert (batch["labels"][1, 4:] == -100).all() and (batch["labels"][1, :4] >= 0).all()
    assert torch.isfinite(model(**batch).loss)


def test_what_reads_the_text_is_frozen_and_the_rest_learns():
    model = speech_t5()
    for part in finetuning.reading_parts(model):
        part.requires_grad_(False)
    collate = finetuning.SpeechCollator(1, model.config)
    model(**collate([attended(3, 8), attended(2, 4)])).loss.backward()
    learned = {name for name, weights in model.named_parameters() if weights.grad is not None}
    assert not [name for name in learned if name.startswith("speecht5.encoder.")]
    assert "speecht5.decoder.prenet.speaker_embeds_layer.weight" in learned
