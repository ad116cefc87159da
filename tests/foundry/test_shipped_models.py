"""Every shipped model, run on held-out data, scores as it did when it was shipped.

A function for each model runs the weights of a folder and returns a score. The shipped weights must
score within a band, and copies of them with shuffled values outside it.
"""

import functools
import json
import operator
import re
import shutil
from collections.abc import Callable
from typing import NamedTuple

import jiwer
import librosa
import numpy as np
import pytest
import torch
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate
from safetensors.torch import load_file, save_file
from sklearn.metrics import roc_curve
from transformers import AutoModel, pipeline

from course_utils import audio, data, pipelines, scoring
from course_utils.catalog import POCKET
from foundry.clap import captions, clap_data
from foundry.music import music_scores, train_music
from foundry.recognition import recognition_scores
from foundry.recognition.phone_head import TRAINED_DOMAINS
from foundry.speech.speech_data import PACKED
from foundry.text_to_speech import tts_scores
from foundry.text_to_speech.tts_features import HOP, mel_of
from foundry.voices import voice_scores

pipelines.register()

RATE = 16_000
FOLDERS = sorted(path.parent.name for path in POCKET.rglob("*.safetensors"))
EXCERPT = 5.0
"""Length in seconds of what the diarizer gets at once: within a window, so none are joined."""


def clips_of(rows):
    return [audio.load(row["audio"], RATE)[0] for row in rows]


def evenly(rows, count):
    return [rows[n] for n in np.linspace(0, len(rows) - 1, count).round().astype(int)]


@functools.cache
def unseen_voices():
    """Return the mean embeddings of the test voices; the synthesiser was not trained on them."""
    embed = voice_scores.embedder(POCKET / "pocket-speaker")
    rows = recognition_scores.shipped("test", tts_scores.DOMAINS)
    own = {name: [row for row in rows if row["speaker"] == name] for name in tts_scores.TEST_VOICES}
    return [embed(clips_of(evenly(rows, 5))).mean(0) for rows in own.values()]


@functools.cache
def excerpts():
    """Return excerpts of simulated conversations of test voices, and who speaks in each."""
    found = []
    for talk in voice_scores.held_out("test", "room", count=3):
        turns = annotation(talk["turns"])
        for start in np.arange(0, len(talk["audio"]) / RATE - EXCERPT, EXCERPT):
            samples = talk["audio"][round(start * RATE) : round((start + EXCERPT) * RATE)]
            found.append((samples, turns.crop(Segment(start, start + EXCERPT)), start))
    return found


def annotation(turns, offset=0.0):
    made = Annotation()
    for number, turn in enumerate(turns):
        made[Segment(offset + turn["start"], offset + turn["end"]), number] = turn["speaker"]
    return made


# One figure for a folder of weights


def accuracy(folder, name, clips):
    """Return the share of the first test clips of a data set (the classes take turns)."""
    rows = data.load(name, split="test").select(range(clips))
    classify = pipeline("audio-classification", model=str(folder), device="cpu")
    answers = classify([{"array": c, "sampling_rate": RATE} for c in clips_of(rows)], top_k=1)
    wanted = [rows.features["label"].int2str(label) for label in rows["label"]]
    return float(np.mean([a[0]["label"] == b for a, b in zip(answers, wanted, strict=True)]))


def accuracy_of_sounds(folder):
    return accuracy(folder, "sounds", 32)


def accuracy_of_genres(folder):
    return accuracy(folder, "genres", 42)


def accuracy_by_names(folder):
    """Return the accuracy of the names alone on test clips of the sounds seen in training."""
    rows = data.load("sounds", split="test")
    names = rows.features["label"].names
    chosen = [n for n, label in enumerate(rows["label"]) if names[label] not in captions.UNSEEN]
    rows = rows.select(chosen[:56])
    labels = [captions.names_of(name)[0] for name in clap_data.SEEN_SOUNDS]
    classify = pipeline("zero-shot-audio-classification", model=str(folder), device="cpu")
    options = {"candidate_labels": labels, "hypothesis_template": "{}"}
    answers = [classify(clip, **options)[0]["label"] for clip in clips_of(rows)]
    wanted = [captions.names_of(names[label])[0] for label in rows["label"]]
    return float(np.mean([a == b for a, b in zip(answers, wanted, strict=True)]))


def word_error_rate(folder):
    """Return the WER of test clips: voices and sentences that are not in the training."""
    rows = evenly(recognition_scores.shipped("test", TRAINED_DOMAINS), 60)
    heard = recognition_scores.recogniser(folder)(clips_of(rows))
    return jiwer.wer([row["text"] for row in rows], heard)


def equal_error_rate(folder):
    """Return the EER of pairs of clips of test voices, in rooms and noise."""
    rows = recognition_scores.shipped("test", PACKED)[::8]
    clips = [
        voice_scores.simulate_channel(np.random.default_rng(n), clip)
        for n, clip in enumerate(clips_of(rows))
    ]
    vectors = voice_scores.embedder(folder)(clips)
    first, second = np.triu_indices(len(rows), 1)
    alike = (vectors @ vectors.T)[first, second]
    speakers = np.array([row["speaker"] for row in rows])
    same = speakers[first] == speakers[second]
    false_alarm, hit, _ = roc_curve(same, alike)
    crossing = np.argmin(np.abs(false_alarm - (1 - hit)))
    return (false_alarm[crossing] + 1 - hit[crossing]) / 2


def diarization_error_rate(folder):
    """Return the DER, without collar, of excerpts of conversations of test voices."""
    diarize = pipeline(pipelines.TASK, model=str(folder), device="cpu")
    rate = DiarizationErrorRate()
    for samples, spoken, start in excerpts():
        whole = Segment(start, start + EXCERPT)
        rate(spoken, annotation(diarize(samples), start), uem=whole)
    return abs(rate)


@torch.inference_mode()
def log_mel_distance(folder):
    """Return how far, in dB, the loud parts of resynthesised test clips are from the clips."""
    vocoder = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    distances = []
    for clip in clips_of(tts_scores.held_out(5)):
        made = vocoder(torch.from_numpy(mel_of(clip))).numpy()
        powers = librosa.feature.melspectrogram(
            y=np.stack(
                [librosa.util.fix_length(samples, size=len(clip)) for samples in (clip, made)]
            ),
            sr=RATE,
            n_fft=1024,
            hop_length=HOP,
            n_mels=80,
        )
        original, copy = librosa.power_to_db(powers, amin=1e-7, top_db=None)
        loud = original > original.max() - 50
        distances.append(np.abs(original - copy)[loud].mean())
    return float(np.mean(distances))


def word_error_rate_of_synthesis(folder):
    """Return the WER of five test sentences, spoken by test voices, to a shipped recogniser.

    The recogniser has also learned from speech of this model, so it is a lenient judge.
    """
    vocoder = AutoModel.from_pretrained(POCKET / "pocket-vocoder", dtype=torch.float32).eval()
    speak = pipeline("text-to-speech", model=str(folder), vocoder=vocoder, device="cpu")
    texts, voices = [row["text"] for row in tts_scores.held_out(5)], unseen_voices()
    made = [
        speak(text, forward_params={"speaker_embedding": torch.as_tensor(voices[n % 4])[None]})
        for n, text in enumerate(texts)
    ]
    clips = [np.asarray(one["audio"], np.float32).ravel() for one in made]
    heard = recognition_scores.recogniser(POCKET / "pocket-whisper")(clips)
    return jiwer.wer(*[[scoring.normalise_text(line) for line in side] for side in (texts, heard)])


def share_of_prompted_genres(folder):
    """Return the share of generated pieces, five a genre, in which a classifier hears the prompt.

    The classifier had no part in the training of the generator. One in seven is chance.
    """
    play = pipeline("text-to-audio", model=str(folder), device="cpu")
    rows, prompts = music_scores.prompts_for(train_music.TRAINED_GENRES, each=5)
    pieces = music_scores.generate(play, prompts, seed=0)
    heard = music_scores.genre_classifier(POCKET / "pocket-genres")(pieces)
    return float(np.mean([a == row["genre"] for a, row in zip(heard, rows, strict=True)]))


class Band(NamedTuple):
    """Score of a model's weights, where it was, and the keys of the score in its results."""

    score: Callable
    measured: float
    tolerance: float
    on_card: tuple = ()

    def holds(self, score):
        """Return whether a score is within the band; NaN is not."""
        return abs(score - self.measured) <= self.tolerance


KNOWN = ("test", "known", "wer")
NOISY = ("verification", "test, rooms and noise", "eer")
BANDS = {
    "pocket-sounds": Band(accuracy_of_sounds, 0.906, 0.07, ("synthetic test", "accuracy")),
    "pocket-genres": Band(accuracy_of_genres, 0.805, 0.1, ("accuracy", "share")),
    "pocket-clap": Band(accuracy_by_names, 0.875, 0.07),
    "pocket-ctc": Band(word_error_rate, 0.149, 0.04, KNOWN),
    "pocket-whisper": Band(word_error_rate, 0.083, 0.03, KNOWN),
    "pocket-speaker": Band(equal_error_rate, 0.0147, 0.015, NOISY),
    "pocket-diarizer": Band(
        diarization_error_rate, 0.154, 0.05, ("diarization", "conversations, room", "der0")
    ),
    # The card has the mel-cepstral distortion, which test_pocket_speech.py measures.
    "pocket-vocoder": Band(log_mel_distance, 2.286, 0.06),
    "pocket-fastspeech": Band(word_error_rate_of_synthesis, 0.023, 0.08, ("unheard", "all", "wer")),
    "pocket-music": Band(share_of_prompted_genres, 0.43, 0.18, ("generated", "genre", "share")),
}
"""Bands by folder. Tolerances allow for other versions of the libraries: two or three clips."""


def test_each_shipped_model_has_a_band():
    assert sorted(BANDS) == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_shipped_weights_score_as_when_they_were_shipped(name):
    score = BANDS[name].score(POCKET / name)
    assert BANDS[name].holds(score), score


@pytest.mark.parametrize("name", [name for name, band in BANDS.items() if band.on_card])
def test_the_score_on_the_card_is_within_the_band(name):
    results = json.loads((POCKET / name / "results.json").read_text(encoding="utf-8"))
    assert BANDS[name].holds(functools.reduce(operator.getitem, BANDS[name].on_card, results))


def shuffled(folder, out, pattern):
    """Copy a model; shuffle the values of each tensor whose name contains a pattern."""
    shutil.copytree(folder, out)
    tensors, random = load_file(folder / "model.safetensors"), torch.Generator().manual_seed(0)
    chosen = [name for name in tensors if re.search(pattern, name)]
    assert chosen
    for name in chosen:
        order = torch.randperm(tensors[name].numel(), generator=random)
        tensors[name] = tensors[name].flatten()[order].reshape(tensors[name].shape)
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    return out


@pytest.mark.parametrize(
    "pattern", [r"", r"layers?\.0\."], ids=["all weights", "the first layer of each stack"]
)
@pytest.mark.parametrize("name", FOLDERS)
def test_shuffled_weights_score_outside_the_band(name, pattern, tmp_path):
    score = BANDS[name].score(shuffled(POCKET / name, tmp_path / name, pattern))
    assert not BANDS[name].holds(score), score
