"""The network behind pocket-fastspeech learns what it is shown."""

import json
from collections import Counter

import numpy as np
import pytest
import torch
from transformers import FastSpeech2ConformerModel

from course_utils import audio
from course_utils.pipelines import SpeakerEmbedder
from foundry.speech.pronunciation import TOKENS
from foundry.text_to_speech import train_tts
from foundry.voices import train_speaker


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """A cache of four rendered utterances of two speakers."""
    folder = tmp_path_factory.mktemp("tts")
    rng = np.random.default_rng(0)
    for number in range(4):
        path = folder / "speech" / ("train", "voices")[number % 2] / f"{number}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        units = [4, *rng.integers(2, 6, 5 + number).tolist(), 4]
        samples = 0.1 * rng.standard_normal(sum(units) * 400).astype(np.float32)
        audio.save(path, samples, 16_000)
        row = {"split": path.parent.name, "speaker": f"s{number % 2}", "shipped": False}
        row |= {"phonemes": "hɛlOwənd"[: 5 + number], "durations": units}
        path.with_suffix(".json").write_text(json.dumps(row), encoding="utf-8")
    train_tts.compute_features(folder, folder)
    vectors = np.eye(4, train_tts.EMBEDDING, dtype=np.float32)
    return train_tts.Examples(folder / "features.npz", vectors), folder


def test_a_bank_holds_every_utterance_with_its_speaker(examples):
    made, folder = examples
    assert json.loads((folder / "speakers.json").read_text(encoding="utf-8")) == [
        "s0",
        "s0",
        "s1",
        "s1",
    ]
    batch = made.batch([0, 3])
    assert batch["input_ids"].shape == batch["duration_labels"].shape
    assert batch["input_ids"][:, 0].tolist() == [TOKENS.index("<s>")] * 2
    frames = made.lengths()[[0, 3]]
    assert batch["duration_labels"].sum(1).tolist() == frames.tolist()
    assert batch["spectrogram_labels"].shape == (2, frames.max(), 80)
    shorter = int(frames.argmin())
    assert (batch["spectrogram_labels"][shorter, frames.min() :] == -100).all()
    lengths = batch["attention_mask"].sum(1)
    assert (batch["input_ids"][shorter, lengths[shorter] :] == TOKENS.index("<pad>")).all()


def test_the_network_is_as_small_as_promised_and_learns_a_batch(examples):
    made, _ = examples
    model = train_tts.new_model()
    assert 3e6 < model.num_parameters() < 8e6
    batch = made.batch([0, 1, 2, 3])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(25):
        loss = model.train()(**batch).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    with torch.no_grad():
        spoken = model.eval()(
            batch["input_ids"][:1], speaker_embedding=batch["speaker_embedding"][:1]
        )
    assert spoken.spectrogram.shape[2] == 80 and torch.isfinite(spoken.spectrogram).all()


def test_it_learns_the_training_voices_and_their_utterances_and_no_others(
    rendered, rendered_training, tmp_path, monkeypatch, run_step, spy
):
    monkeypatch.setitem(train_tts.TRAIN, "steps", 1)
    monkeypatch.setattr(train_tts, "EMBEDDING_NOISE", 0.0)
    encoder = tmp_path / "pocket-speaker"
    train_speaker.new_model(6).save_pretrained(encoder)
    train_speaker.extractor().save_pretrained(encoder)
    folders = {"work": tmp_path / "work", "cache": rendered, "out": tmp_path / "pocket-fastspeech"}
    run_step(train_tts, "features", **folders)
    batches = spy(FastSpeech2ConformerModel, "forward")
    run_step(train_tts, "train", **folders)
    (batch,) = batches
    # A length belongs to one clip only; there is a frame of 16 ms more than whole hops.
    lengths = {clip.samples // 256 + 1: clip for clip in rendered_training}
    found = batch.named["duration_labels"].sum(1).tolist()
    assert Counter(found) == Counter(lengths.keys())
    embed, voices = SpeakerEmbedder(encoder), {}
    for clip in rendered_training:
        samples = audio.load(clip.path, 16_000)[0]
        voices.setdefault(clip.speaker, []).append(embed(samples))
    for length, vector in zip(found, batch.named["speaker_embedding"], strict=True):
        mean = np.mean(voices[lengths[length].speaker], 0)
        assert vector.numpy() == pytest.approx(mean, abs=1e-4)
