"""Scores and cards of the music models: how often genre, tempo and mode are as prompted."""

import time
from pathlib import Path

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
from foundry.common.files import fill_card
from foundry.common.train_loop import save_half
from foundry.music import genre_data, music_prompts

PROMPTS_PER_GENRE = 10
"""Number of test prompts of each genre."""

TOLERANCE = 0.08
"""Maximum relative error of a tempo. Half, double, 2/3 and 3/2 of the tempo count as right too."""

PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
"""Key profiles: how well each semitone above the tonic fits (Krumhansl and Kessler 1982)."""


def genre_classifier(folder):
    """Return a function from clips at 16 kHz to the genres that a classifier predicts."""
    classify = pipeline("audio-classification", model=str(folder), device="cpu")

    def genres_of(clips):
        inputs = [{"array": clip, "sampling_rate": RATE} for clip in clips]
        return [answer[0]["label"] for answer in classify(inputs, top_k=1, batch_size=8)]

    return genres_of


def train_classifier(folder):
    """Fine-tune ``pocket-sounds`` on the genres as lesson 03 does; save it into a folder."""
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
    features = extractor(
        clips, sampling_rate=RATE, padding="max_length", truncation=True, max_length=5 * RATE
    )[extractor.model_input_names[0]]
    rows = [
        {extractor.model_input_names[0]: torch.as_tensor(spectrogram), "labels": label}
        for spectrogram, label in zip(features, table["label"], strict=True)
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


def score_classifier(folder):
    """Return the accuracy of a genre classifier on the test split, with its interval."""
    table = shipped("test")
    references = [genre_data.GENRES[label] for label in table["label"]]
    predictions = genre_classifier(folder)([audio.load(row["audio"], RATE)[0] for row in table])
    return share([a == b for a, b in zip(predictions, references, strict=True)])


class _AugmentingTrainer(Trainer):
    """Trainer that rotates each clip in time and masks half a second, as lesson 03 does."""

    def training_step(self, model, inputs, *rest):
        name = model.main_input_name
        inputs = {**inputs, name: finetuning.shift_and_mask(inputs[name])}
        return super().training_step(model, inputs, *rest)


def shipped(split):
    """Return a shipped split of ``genres``."""
    return datasets.Dataset.from_parquet(str(POCKET / "genres" / f"{split}.parquet"))


def prompts_for(names, each=PROMPTS_PER_GENRE):
    """Return the parameters of test clips of some genres, and prompts made from them."""
    rng = np.random.default_rng(0)
    rows = [genre_data.example(name, "test", number)[1] for name in names for number in range(each)]
    return rows, [music_prompts.prompt_of(row, rng) for row in rows]


def generate(play, prompts, seed=0, **options):
    """Return the clips that a pipeline generates from prompts, in batches of thirty."""
    set_seed(seed)
    clips = []
    for first in range(0, len(prompts), 30):
        batch = prompts[first : first + 30]
        made = play(batch, batch_size=len(batch), generate_kwargs=options)
        clips += [np.asarray(one["audio"], np.float32).ravel() for one in made]
    return clips


def tempo_fits(samples, tempo):
    """Return whether librosa's estimate of the tempo is right, or a simple ratio of it."""
    found = float(librosa.feature.tempo(y=samples, sr=RATE)[0])
    steps = np.array([1, 1 / 2, 2, 2 / 3, 3 / 2])
    return bool(np.min(np.abs(found / tempo / steps - 1)) <= TOLERANCE)


def mode_of(samples):
    """Return "major" or "minor", the mode of the key profile that fits best among 24 keys."""
    chroma = librosa.feature.chroma_cqt(y=samples, sr=RATE).mean(1)
    fits = {
        mode: max(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1] for tonic in range(12))
        for mode, profile in PROFILES.items()
    }
    return max(fits, key=fits.get)


def share(hits):
    """Return the share of true values, its 95 % interval (Wilson) and their number."""
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return {"share": sum(hits) / len(hits), "low": low, "high": high, "n": len(hits)}


def score_clips(clips, rows, genres_of):
    """Return the shares of clips with the genre, tempo and mode of their parameters."""
    genres = genres_of(clips)
    return {
        "genre": share([genre == row["genre"] for genre, row in zip(genres, rows, strict=True)]),
        "tempo": share([tempo_fits(c, row["tempo"]) for c, row in zip(clips, rows, strict=True)]),
        "mode": share([mode_of(c) == row["mode"] for c, row in zip(clips, rows, strict=True)]),
    }


def score(folder, genres_of, names):
    """Return the scores of recordings, of recordings through the codec, and of generated music."""
    pipelines.register()
    play = pipeline("text-to-audio", model=str(folder), device="cpu")
    test = [row for row in shipped("test") if genre_data.GENRES[row["label"]] in names]
    rows = [row | {"genre": genre_data.GENRES[row["label"]]} for row in test]
    clips = [audio.load(row["audio"], RATE)[0] for row in rows]
    results = {"recordings": score_clips(clips, rows, genres_of)}
    whole = torch.from_numpy(np.stack([clip[: 5 * RATE] for clip in clips]))
    with torch.inference_mode():
        codec = play.model.audio_encoder
        codes = codec.encode(whole[:, None])
        again = codec.decode(codes.audio_codes, codes.audio_scales).audio_values[:, 0]
    results["codec"] = score_clips(list(again.numpy()), rows, genres_of)
    rows, prompts = prompts_for(names)
    began = time.perf_counter()
    clips = generate(play, prompts)
    seconds = time.perf_counter() - began
    results["generated"] = score_clips(clips, rows, genres_of)
    results["real_time_factor"] = seconds * RATE / sum(map(len, clips))
    unguided = generate(play, prompts, guidance_scale=1.0)
    results["without guidance"] = score_clips(unguided, rows, genres_of)
    return results


def tables(results):
    """Return the table of scores and the real-time factor for the card."""
    kinds = ("recordings", "codec", "generated", "without guidance")
    lines = []
    for kind in kinds:
        cells = [
            f"{100 * one['share']:.0f} ({100 * one['low']:.0f}-{100 * one['high']:.0f})"
            for one in (results[kind][name] for name in ("genre", "tempo", "mode"))
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} | {results[kind]['genre']['n']} |")
    return {"scores": "\n".join(lines), "factor": f"{results['real_time_factor']:.2f}"}


def write_card(out, results):
    """Write the card of the music model from its results."""
    template = Path(__file__).with_name("music_card.md")
    fill_card(template, out, results["training"], **tables(results))


def write_classifier_card(out, results):
    """Write the card of the genre classifier from its results."""
    accuracy = results["accuracy"]
    percent = {name: f"{100 * accuracy[name]:.0f}" for name in ("share", "low", "high")}
    template = Path(__file__).with_name("genres_card.md")
    fill_card(template, out, **percent, number=accuracy["n"])
