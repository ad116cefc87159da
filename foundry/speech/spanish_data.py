"""Build the data set ``spanish``: short utterances in a language that no shipped model has heard.

The utterances are those of `spanish_plan`::

    python -m foundry.speech.kokoro --cache DIR
    python -m foundry.speech.speech_data render --plan spanish --cache DIR
    python -m foundry.speech.spanish_data --cache DIR --out course_utils/pocket/spanish
"""

from collections import Counter
from pathlib import Path
from string import Template

from course_utils import audio
from foundry.common.ogg import opus
from foundry.speech import espeak, spanish_plan, speech_data
from foundry.speech.espeak import RATE
from foundry.speech.spanish_plan import DOMAINS, HELD_OUT, PHRASES, ROMANCE, SIZES, UNSEEN
from foundry.speech.speech_plan import SPEEDS, with_names

ESPEAK_BITRATE = 12_000
"""Bit rate of the clips of eSpeak NG, in bit/s; those of Kokoro have that of ``speech``."""

NAMES = {voice: name for voices in HELD_OUT.values() for voice, name in voices.items()}
"""Held-out voice to the name of the speaker in the shipped data."""


def table(cache, split):
    """Return a split as a ``datasets.Dataset``; see the data card for its columns."""
    from datasets import Dataset, Features, Value

    rows = [*_rendered(cache, split), *(_spoken() if split == "train" else ())]
    text = Value("string")
    features = Features(
        {
            "audio": {"bytes": Value("binary"), "path": text},
            "text": text,
            "domain": text,
            "speaker": text,
            "seconds": Value("float32"),
        }
    )
    return Dataset.from_list(rows, features=features)


def _row(name, samples, bitrate, text, domain, speaker):
    """Return a row of `table`."""
    clip = {"bytes": opus(samples, RATE, bitrate), "path": f"{name}.ogg"}
    seconds = len(samples) / RATE
    return {"audio": clip, "text": text, "domain": domain, "speaker": speaker, "seconds": seconds}


def _rendered(cache, split):
    """Return the rows of Kokoro's utterances."""
    found = [r for r in speech_data.rendered(cache) if r["split"] == spanish_plan.folder(split)]
    if missing := SIZES[split] - len(found):
        raise SystemExit(
            f"{missing} utterances of {split} are not rendered yet; "
            "run python -m foundry.speech.speech_data render --plan spanish first."
        )
    rows = []
    for row in found:
        speaker = with_names(row["speaker"], NAMES)
        samples, _ = audio.load(row["path"])
        told = row["spoken"], row["domain"], speaker
        rows.append(_row(row["id"], samples, speech_data.BITRATE, *told))
    return rows


def _spoken():
    """Return the rows of eSpeak NG's utterances."""
    rows = []
    for number, row in enumerate(spanish_plan.extra()):
        samples = espeak.speak(row.spoken, "es", row.variant, row.pitch, row.speed)
        speaker = f"espeak:{row.variant or 'es'}"
        name = f"espeak-{number:04d}"
        rows.append(_row(name, samples, ESPEAK_BITRATE, row.spoken, row.domain, speaker))
    return rows


def card(splits):
    """Return the text of the data card for the packed splits."""
    rows = []
    for split, data in splits.items():
        counts, words = Counter(data["domain"][:]), {w for t in data["text"][:] for w in t.split()}
        figures = [split, len(data), *(counts[domain] for domain in (*DOMAINS, PHRASES, UNSEEN))]
        figures += [f"{sum(data['seconds'][:]) / 60:.1f}", len(set(data["speaker"][:])), len(words)]
        rows.append("| " + " | ".join(map(str, figures)) + " |")
    return Template(Path(__file__).with_name("spanish_card.md").read_text("utf-8")).substitute(
        rows="\n".join(rows),
        train=", ".join(f"`{voice}`" for voice in ROMANCE),
        extra=spanish_plan.EXTRA,
        variants=len(espeak.VARIANTS),
        slow=SPEEDS[0],
        fast=SPEEDS[1],
        **{
            split: ", ".join(f"{name} (`{voice}`)" for voice, name in voices.items())
            for split, voices in HELD_OUT.items()
        },
    )


def main():
    """Write the three Parquet files and their card."""
    speech_data.run_packing(__doc__, table, card)


if __name__ == "__main__":
    main()
