"""Build the data set ``calls``: requests to a bank teller over a noisy telephone line.

The utterances are those of the domain ``teller`` in `speech_plan`::

    python -m foundry.speech.speech_data render --cache DIR
    python -m foundry.speech.call_data --cache DIR --out course_utils/pocket/calls
"""

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
from foundry.common.ogg import opus
from foundry.speech import speech_data
from foundry.speech.sentences import INTENTS
from foundry.speech.speech_plan import TELLER

BITRATE = 12_000
"""Bit rate of the shipped clips in bit/s."""

SNR_DB = (18, 30)
"""Lowest and highest signal-to-noise ratio, in dB."""


def telephone(rng, samples, snr_db=SNR_DB):
    """Add the reverberation of a small room, stationary noise and a telephone line.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``.
    snr_db : (float, float)
        Lowest and highest signal-to-noise ratio, in dB.

    Returns
    -------
    numpy.ndarray
        Float32, mono at 8 kHz, half as many samples.
    """
    samples = reverberate(rng, samples, log_uniform(rng, 0.1, 0.4), log_uniform(rng, 0.02, 0.2))
    samples = add_noise(rng, samples, rng.uniform(*snr_db), rng.uniform(-4, 0), fast=False)
    return telephone_line(samples)


def requests(split, cache):
    """Return the rendered utterances of a split, in the order of the plan."""
    rows = [
        row
        for row in speech_data.rendered(cache)
        if row["split"] == split and row["domain"] == "teller"
    ]
    missing = TELLER[split] - len(rows)
    if missing:
        raise SystemExit(
            f"{missing} calls of {split} are not rendered yet; "
            "run python -m foundry.speech.speech_data render first."
        )
    return rows


def table(cache, split):
    """Return a split as a ``datasets.Dataset``; see the data card for its columns."""
    from datasets import ClassLabel, Dataset, Features, Value

    seeds = {"train": 0, "validation": 1, "test": 2}
    rows = []
    for number, row in enumerate(requests(split, cache)):
        rng = np.random.default_rng([seeds[split], number])
        samples = telephone(rng, audio.load(row["path"], RATE)[0])
        clip = {"bytes": opus(samples, LINE, BITRATE), "path": f"{split}-{number:04d}.ogg"}
        label = INTENTS["teller"].index(row["intent"])
        rows.append(row | {"audio": clip, "label": label, "seconds": len(samples) / LINE})
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
    """Return the text of the data card for the packed splits."""
    rows = []
    for split, data in splits.items():
        words = {word for text in data["text"][:] for word in text.split()}
        minutes = sum(data["seconds"][:]) / 60
        speakers = len(set(data["speaker"][:]))
        rows.append(f"| {split} | {len(data)} | {minutes:.1f} | {speakers} | {len(words)} |")
    return Template(Path(__file__).with_name("calls_card.md").read_text("utf-8")).substitute(
        rows="\n".join(rows),
        low=SNR_DB[0],
        high=SNR_DB[1],
        intents=", ".join(INTENTS["teller"]),
    )


def main():
    """Write the three Parquet files and their card."""
    speech_data.run_packing(__doc__, table, card)


if __name__ == "__main__":
    main()
