"""Build the data set ``sounds``: synthetic sound events, whose splits share no parameter value.

Run ``python -m foundry.sounds.sound_data --out DIR``.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from course_utils import audio
from course_utils.simulation.augmentation import (
    RATE,
    add_noise,
    band,
    log_uniform,
    reverberate,
)
from foundry.common.ogg import opus
from foundry.common.sound_synthesis import equalise, normalise
from foundry.sounds import animals_and_people as voices
from foundry.sounds import things
from foundry.sounds.sound_cards import data_card

SOUNDS = {
    "baby_cry": voices.baby_cry,
    "bell": things.bell,
    "bird": voices.bird,
    "cat": voices.cat,
    "chainsaw": things.chainsaw,
    "clock_tick": things.clock_tick,
    "dog": voices.dog,
    "engine": things.engine,
    "fire": things.fire,
    "helicopter": things.helicopter,
    "phone": things.phone,
    "rain": things.rain,
    "rooster": voices.rooster,
    "sea_waves": things.sea_waves,
    "siren": things.siren,
    "sneeze": voices.sneeze,
}
"""Label to its synthesis function."""

LABELS = list(SOUNDS)

ESC10 = {
    "baby_cry": "baby_cry",
    "chainsaw": "chainsaw",
    "clock_tick": "clock_tick",
    "dog_bark": "dog",
    "fire_crackling": "fire",
    "helicopter": "helicopter",
    "person_sneeze": "sneeze",
    "rain": "rain",
    "rooster": "rooster",
    "sea_waves": "sea_waves",
}
"""Folder of ESC-10 recordings to its label here."""

SLOW = {"baby_cry", "clock_tick", "fire", "helicopter", "rooster", "sea_waves"}
"""Labels of sounds that are recognisable only if longer than 1.8 s."""

SPLITS = {"train": 18, "validation": 5, "test": 8}
"""Number of clips of each class in the shipped splits."""

BITRATE = 21_000
"""Bit rate of the shipped clips, in bit/s."""

FIRST_SEED = {"train": 0, "validation": 1_000_000_000, "test": 2_000_000_000}
"""First seed of each split, so far apart that the splits share no seed."""


def recordings(folder):
    """Return the ESC-10 recordings of a folder: samples at `RATE`, labels, and the fold of each."""
    clips, labels, folds = [], [], []
    for name, label in ESC10.items():
        for path in sorted((folder / name).glob("*.ogg")):
            clips.append(audio.load(path, RATE)[0])
            labels.append(label)
            folds.append(int(path.name.split("-")[0]))
    if not clips:
        raise SystemExit(f"No ESC-10 recordings in {folder}; name their folder with --real.")
    return clips, labels, np.array(folds)


def render(label, split, number, seconds=None, close=False):
    """Synthesise one clip: event, room, background noise, microphone.

    Parameters
    ----------
    label : str
        One of :data:`LABELS`.
    split : {"train", "validation", "test"}
        Split of the seeds and of the parameter cells.
    number : int
        Number of the clip within its split and label; fixes every sample.
    seconds : float, optional
        Length in seconds; by default random between 1 and 3, between 2 and 3 if ``close``.
    close : bool
        Simulate a close recording in a quiet room, as in the shipped clips. Otherwise simulate
        harder conditions: reverberation, noise, muffled and overdriven microphones.

    Returns
    -------
    samples : numpy.ndarray
        Shape ``(n,)``, float32, peak at most 0.99.
    parameters : dict
        ``seed``, ``seconds`` and parameters of the event, such as ``pitch`` in hertz.

    Raises
    ------
    ValueError
        If the label is unknown.

    Examples
    --------
    >>> samples, parameters = render("dog", "train", 0)
    >>> samples.dtype, parameters["events"] >= 1
    (dtype('float32'), True)
    """
    if label not in SOUNDS:
        raise ValueError(f"label is {label!r}; the sounds are {', '.join(LABELS)}.")
    seed = FIRST_SEED[split] + number * len(LABELS) + LABELS.index(label)
    rng = np.random.default_rng(seed)
    if seconds is None:
        shortest = 2.0 if close else 1.8 if label in SLOW else 1.0
        seconds = round(rng.uniform(shortest, 3.0), 2)
    samples, parameters = SOUNDS[label](rng, split, seconds)
    samples = (record_close if close else record)(rng, np.asarray(samples, dtype=float))
    return samples, {"seed": seed, "seconds": len(samples) / RATE, **parameters}


def record(rng, samples):
    """Add reverberation, equalisation, background noise and microphone distortion to an event."""
    samples = normalise(samples, 1.0)
    if rng.uniform() < 0.5:
        samples = reverberate(rng, samples, rng.uniform(0.1, 0.9), log_uniform(rng, 0.02, 0.6))
    samples = normalise(equalise(rng, samples, 7.0), 1.0)
    samples = add_noise(rng, samples, rng.uniform(18, 60), rng.uniform(-8, 0), fast=False)
    if rng.uniform() < 0.25:
        samples = band(samples, None, log_uniform(rng, 3800, 7500), 4)
    peak = 0.95 * 10 ** (-abs(rng.normal(0, 7)) / 20)
    samples = normalise(samples, max(peak, 0.05))
    if rng.uniform() < 0.08:
        samples = np.clip(samples * rng.uniform(1.2, 2.5), -peak, peak)
    return np.clip(samples, -0.99, 0.99).astype(np.float32)


def record_close(rng, samples):
    """Simulate a close recording of an event in a quiet room."""
    samples = normalise(equalise(rng, normalise(samples, 1.0), 3.0), 1.0)
    samples = add_noise(rng, samples, rng.uniform(40, 65), -3.0, fast=False)
    return normalise(samples, rng.uniform(0.3, 0.95)).astype(np.float32)


def table(split, count):
    """Render and encode ``count`` clips of each class.

    Parameters
    ----------
    split : {"train", "validation", "test"}
        Split to render.
    count : int
        Number of clips of each class.

    Returns
    -------
    datasets.Dataset
        Columns ``audio`` (``{"bytes", "path"}``, Ogg/Opus), ``label`` (ClassLabel), ``seconds``,
        ``seed`` and ``parameters`` (JSON text).
    """
    from datasets import ClassLabel, Dataset, Features, Value

    rows = []
    for number in range(count):
        for index, label in enumerate(LABELS):
            samples, parameters = render(label, split, number, close=True)
            seed, seconds = parameters.pop("seed"), parameters.pop("seconds")
            rows.append(
                {
                    "audio": {
                        "bytes": opus(samples, RATE, BITRATE),
                        "path": f"{label}/{split}-{number:04d}.ogg",
                    },
                    "label": index,
                    "seconds": seconds,
                    "seed": seed,
                    "parameters": json.dumps(parameters),
                }
            )
    features = Features(
        {
            "audio": {"bytes": Value("binary"), "path": Value("string")},
            "label": ClassLabel(names=LABELS),
            "seconds": Value("float32"),
            "seed": Value("int64"),
            "parameters": Value("string"),
        }
    )
    return Dataset.from_list(rows, features=features)


def main():
    """Write the three Parquet files and the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the Parquet files")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for split, count in SPLITS.items():
        path = arguments.out / f"{split}.parquet"
        table(split, count).to_parquet(path)
        print(f"{path}: {count * len(LABELS)} clips, {path.stat().st_size / 1e6:.2f} MB")
    (arguments.out / "README.md").write_text(
        data_card(SPLITS, FIRST_SEED, LABELS, BITRATE), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
