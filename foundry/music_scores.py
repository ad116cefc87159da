"""How well generated music follows its prompt, heard by models that had no part in making it."""

import time

import datasets
import librosa
import numpy as np
import torch
from scipy.stats import binomtest
from transformers import (
    AutoFeatureExtractor,
    AutoModelForAudioClassification,
    Trainer,
    TrainingArguments,
    pipeline,
    set_seed,
)

from course_utils import audio, finetuning, pipelines
from course_utils.catalog import POCKET
from course_utils.finetuning.recipes.classification import Classification
from course_utils.simulation.augmentation import RATE
from foundry import genres, music_prompts
from foundry.train_loop import save_half

EACH = 10
"""Prompts a genre."""

TOLERANCE = 0.08
"""Share by which a tempo may be off; half, double, two thirds and three halves count as well."""

PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
"""How well each semitone above the tonic fits a key (Krumhansl and Kessler 1982)."""


def judge(folder):
    """Open a genre classifier; give a function from clips at 16 kHz to genres."""
    hear = pipeline("audio-classification", model=str(folder), device="cpu")

    def genres_of(clips):
        inputs = [{"array": clip, "sampling_rate": RATE} for clip in clips]
        return [answer[0]["label"] for answer in hear(inputs, top_k=1, batch_size=8)]

    return genres_of


def train_judge(folder):
    """Fine-tune pocket-sounds to the genres by the recipe of lesson 03; write it into a folder."""
    checkpoint = POCKET / "pocket-sounds"
    extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
    table = shipped("train")
    names = table.features["label"].names
    set_seed(0)
    model = AutoModelForAudioClassification.from_pretrained(
        checkpoint,
        id2label=dict(enumerate(names)),
        label2id={name: label for label, name in enumerate(names)},
        ignore_mismatched_sizes=True,
        dtype="float32",
    )
    clips = [audio.load(row["audio"], RATE)[0] for row in table]
    heard = extractor(
        clips, sampling_rate=RATE, padding="max_length", truncation=True, max_length=5 * RATE
    )[extractor.model_input_names[0]]
    rows = [
        {extractor.model_input_names[0]: torch.as_tensor(picture), "labels": label}
        for picture, label in zip(heard, table["label"], strict=True)
    ]
    arguments = TrainingArguments(
        str(folder),
        save_strategy="no",
        report_to="none",
        seed=0,
        use_cpu=True,
        disable_tqdm=True,
        **Classification.pocket,
    )
    _AugmentingTrainer(model, arguments, train_dataset=rows).train()
    save_half(model, folder)
    extractor.save_pretrained(folder)


def score_judge(folder):
    """Score a genre classifier on the test split."""
    table = shipped("test")
    names = [genres.GENRES[label] for label in table["label"]]
    guesses = judge(folder)([audio.load(row["audio"], RATE)[0] for row in table])
    return share([guess == name for guess, name in zip(guesses, names, strict=True)])


class _AugmentingTrainer(Trainer):
    """Augments training batches as lesson 03 does."""

    def training_step(self, model, inputs, *rest):
        name = model.main_input_name
        inputs = {**inputs, name: finetuning.shift_and_mask(inputs[name])}
        return super().training_step(model, inputs, *rest)


def shipped(split):
    """Open a split of the data set."""
    return datasets.Dataset.from_parquet(str(POCKET / "genres" / f"{split}.parquet"))


def asked(names, each=EACH):
    """Draw prompts from the parameters of test clips; give parameters and texts."""
    rng = np.random.default_rng(0)
    rows = [genres.example(name, "test", number)[1] for name in names for number in range(each)]
    return rows, [music_prompts.prompt_of(row, rng) for row in rows]


def generate(play, prompts, seed=0, **options):
    """Play prompts, thirty at a time; give the clips."""
    set_seed(seed)
    clips = []
    for first in range(0, len(prompts), 30):
        batch = prompts[first : first + 30]
        made = play(batch, batch_size=len(batch), generate_kwargs=options)
        clips += [np.asarray(one["audio"], np.float32).ravel() for one in made]
    return clips


def tempo_fits(samples, tempo):
    """Say whether the tempo that librosa estimates is the one asked for, or in step with it."""
    found = float(librosa.feature.tempo(y=samples, sr=RATE)[0])
    steps = np.array([1, 1 / 2, 2, 2 / 3, 3 / 2])
    return bool(np.min(np.abs(found / tempo / steps - 1)) <= TOLERANCE)


def mode_of(samples):
    """Estimate whether music is in major or minor, by the best of 24 keys."""
    chroma = librosa.feature.chroma_cqt(y=samples, sr=RATE).mean(1)
    fits = {
        mode: max(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1] for tonic in range(12))
        for mode, profile in PROFILES.items()
    }
    return max(fits, key=fits.get)


def share(hits):
    """Give the share of truth values with its 95 % interval (Wilson)."""
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return {"share": sum(hits) / len(hits), "low": low, "high": high, "n": len(hits)}


def heard(clips, rows, genres_of):
    """Score clips against the parameters they were to have."""
    guesses = genres_of(clips)
    return {
        "genre": share([guess == row["genre"] for guess, row in zip(guesses, rows, strict=True)]),
        "tempo": share([tempo_fits(c, row["tempo"]) for c, row in zip(clips, rows, strict=True)]),
        "mode": share([mode_of(c) == row["mode"] for c, row in zip(clips, rows, strict=True)]),
    }


def score(folder, genres_of, names):
    """Score an exported model: real clips, their reconstructions, and music from prompts."""
    pipelines.register()
    play = pipeline("text-to-audio", model=str(folder), device="cpu")
    test = [row for row in shipped("test") if genres.GENRES[row["label"]] in names]
    rows = [row | {"genre": genres.GENRES[row["label"]]} for row in test]
    clips = [audio.load(row["audio"], RATE)[0] for row in rows]
    results = {"recordings": heard(clips, rows, genres_of)}
    whole = torch.from_numpy(np.stack([clip[: 5 * RATE] for clip in clips]))
    with torch.inference_mode():
        codec = play.model.audio_encoder
        codes = codec.encode(whole[:, None])
        again = codec.decode(codes.audio_codes, codes.audio_scales).audio_values[:, 0]
    results["codec"] = heard(list(again.numpy()), rows, genres_of)
    rows, prompts = asked(names)
    began = time.perf_counter()
    clips = generate(play, prompts)
    seconds = time.perf_counter() - began
    results["generated"] = heard(clips, rows, genres_of)
    results["real_time_factor"] = seconds * RATE / sum(map(len, clips))
    unprompted = generate(play, prompts, guidance_scale=1.0)
    results["without guidance"] = heard(unprompted, rows, genres_of)
    return results


def tables(results):
    """Format the scores for the card."""
    kinds = ("recordings", "codec", "generated", "without guidance")
    lines = []
    for kind in kinds:
        cells = [
            f"{100 * one['share']:.0f} ({100 * one['low']:.0f}-{100 * one['high']:.0f})"
            for one in (results[kind][name] for name in ("genre", "tempo", "mode"))
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} | {results[kind]['genre']['n']} |")
    return {"scores": "\n".join(lines), "factor": f"{results['real_time_factor']:.2f}"}
