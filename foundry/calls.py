"""The data set ``calls``: what callers tell a bank teller, as a noisy telephone delivers it.

The utterances of the domain ``teller`` in the plan of ``speech``::

    python -m foundry.speech render --cache DIR
    python -m foundry.calls --cache DIR --out course_utils/pocket/calls
"""

import argparse
from functools import partial
from pathlib import Path
from string import Template

import numpy as np

from course_utils import audio
from course_utils.simulation.augmentation import (
    LINE,
    RATE,
    add_noise,
    log_uniform,
    reverberate,
    telephone_line,
)
from foundry import kokoro, speech
from foundry.ogg import opus
from foundry.sentences import INTENTS
from foundry.speech_plan import TELLER

BITRATE = 12_000
RATIO = (18, 30)
"""Decibels between the speech and the noise around it."""


def telephone(rng, samples, ratio=RATIO):
    """Speak through a telephone line from a noisy place: a small room and steady noise.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides everything.
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``.
    ratio : (float, float)
        Lowest and highest signal-to-noise ratio, in decibels.

    Returns
    -------
    numpy.ndarray
        Float32 at 8 kHz, half as many.
    """
    samples = reverberate(rng, samples, log_uniform(rng, 0.1, 0.4), log_uniform(rng, 0.02, 0.2))
    samples = add_noise(rng, samples, rng.uniform(*ratio), rng.uniform(-4, 0))
    return telephone_line(samples)


def requests(split, cache):
    """List the rendered utterances of a split, in the order of the plan."""
    rows = [
        row for row in speech.rendered(cache) if row["split"] == split and row["domain"] == "teller"
    ]
    missing = TELLER[split] - len(rows)
    if missing:
        raise SystemExit(f"{missing} calls of {split} are not rendered yet; run render.")
    return rows


def table(cache, split):
    """Return a split as a ``datasets.Dataset``; see the data card for its columns."""
    from datasets import ClassLabel, Dataset, Features, Value

    places = {"train": 0, "validation": 1, "test": 2}
    rows = []
    for number, row in enumerate(requests(split, cache)):
        rng = np.random.default_rng([places[split], number])
        heard = telephone(rng, audio.load(row["path"], RATE)[0])
        clip = {"bytes": opus(heard, LINE, BITRATE), "path": f"{split}-{number:04d}.ogg"}
        label = INTENTS["teller"].index(row["intent"])
        rows.append(row | {"audio": clip, "label": label, "seconds": len(heard) / LINE})
    text = Value("string")
    features = Features(
        {
            "audio": {"bytes": Value("binary"), "path": text},
            "text": text,
            "label": ClassLabel(names=INTENTS["teller"]),
            "speaker": text,
            "seconds": Value("float32"),
        }
    )
    return Dataset.from_list([{k: row[k] for k in features} for row in rows], features=features)


def card(splits):
    """Return the data card of the packed splits: its text with the figures filled in."""
    rows = []
    for split, data in splits.items():
        words = {word for text in data["text"][:] for word in text.split()}
        minutes = sum(data["seconds"][:]) / 60
        speakers = len(set(data["speaker"][:]))
        rows.append(f"| {split} | {len(data)} | {minutes:.1f} | {speakers} | {len(words)} |")
    return Template(Path(__file__).with_name("calls_card.md").read_text("utf-8")).substitute(
        rows="\n".join(rows),
        low=RATIO[0],
        high=RATIO[1],
        intents=", ".join(INTENTS["teller"]),
    )


def main():
    """Write the three Parquet files and their card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=kokoro.default_cache())
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    speech.write_splits(arguments.out, partial(table, arguments.cache), card)


if __name__ == "__main__":
    main()
