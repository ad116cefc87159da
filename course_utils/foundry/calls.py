"""The data set ``calls``: banking requests of ``speech`` as a noisy telephone delivers them.

The requests of the splits that ``speech`` ships, and more of its plan for training::

    python -m course_utils.foundry.speech render --cache DIR
    python -m course_utils.foundry.calls --cache DIR --out course_utils/pocket/calls
"""

import argparse
from functools import partial
from pathlib import Path
from string import Template

import numpy as np

from .. import audio
from ..acoustics import RATE, add_noise, band, log_uniform, reverberate
from . import kokoro, speech
from .ogg import opus
from .speech_scores import shipped

LINE = 8_000
"""Sampling rate of the telephone, in hertz."""

BITRATE = 9_000
RATIO = (8, 18)
"""Decibels between the speech and the noise around it."""

MORE = 260
"""Training requests beyond those that ``speech`` ships."""


def telephone(rng, samples, ratio=RATIO):
    """Speak through a telephone line from a noisy place.

    A small room, steady noise, the band of 300 to 3,400 Hz, and the eight bits of the mu-law
    (ITU-T G.711, its continuous form).

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
    samples = audio.resample(band(samples, 300, 3400, 4), RATE, LINE)
    samples = 0.7 * samples / np.abs(samples).max()
    squeezed = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    steps = np.round(squeezed * 127) / 127
    return (np.sign(steps) * (256 ** np.abs(steps) - 1) / 255).astype(np.float32)


def requests(split, cache):
    """List the banking requests of a split: rows of ``speech``, audio loadable by `audio.load`."""
    rows = shipped(split, ["banking"])
    if split == "train":
        names = speech.LABELS
        more = [
            row | {"audio": row["path"], "intent": names.index(row["intent"])}
            for row in speech.rendered(cache)
            if row["split"] == split and row["domain"] == "banking" and not row["shipped"]
        ]
        if len(more) < MORE:
            raise SystemExit(f"Only {len(more)} of {MORE} more requests are rendered; go on.")
        rows += more[:MORE]
    return rows


def table(cache, split):
    """Return a split as a ``datasets.Dataset``; see the data card for its columns."""
    from datasets import ClassLabel, Dataset, Features, Value

    places = {"train": 0, "validation": 1, "test": 2}
    rows = []
    for number, row in enumerate(requests(split, cache)):
        rng = np.random.default_rng([places[split], number])
        heard = telephone(rng, audio.load(row["audio"], RATE)[0])
        clip = {"bytes": opus(heard, LINE, BITRATE), "path": f"{split}-{number:04d}.ogg"}
        rows.append(row | {"audio": clip, "label": row["intent"], "seconds": len(heard) / LINE})
    text = Value("string")
    features = Features(
        {
            "audio": {"bytes": Value("binary"), "path": text},
            "text": text,
            "label": ClassLabel(names=speech.LABELS[:-1]),
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
        rows="\n".join(rows), low=RATIO[0], high=RATIO[1]
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
