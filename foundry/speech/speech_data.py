"""Build the data set ``speech``: short utterances in five domains, rendered with Kokoro-82M.

There are three steps. The second takes hours; if stopped, it resumes where it was. See
:mod:`foundry.speech.kokoro` for what to install::

    python -m foundry.speech.kokoro --cache DIR
    python -m foundry.speech.speech_data render --cache DIR
    python -m foundry.speech.speech_data pack --cache DIR --out course_utils/pocket/speech

``pack`` needs only the first 1,200 utterances of the plan. The others train the shipped models.
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict
from functools import partial
from pathlib import Path
from string import Template

import numpy as np

from course_utils import audio, errors
from foundry.common.ogg import opus
from foundry.speech import kokoro, spanish_plan, speech_plan, voice_plan
from foundry.speech.sentences import INTENTS, NO_INTENT
from foundry.speech.speech_plan import HELD_OUT, SPEEDS, TRAINING

RATE = 16_000
"""Sampling rate of the shipped clips, in hertz."""

BITRATE = 17_000
"""Bit rate of the shipped clips, in bit/s."""

PACKED = list(speech_plan.SHIPPED["train"])
"""Domains of the shipped files."""

PLANS = {"speech": speech_plan.plan, "voices": voice_plan.plan, "spanish": spanish_plan.plan}
"""Name of a plan to the function that returns it."""

LABELS = [*INTENTS["banking"], NO_INTENT]
"""Classes of the column ``intent``: 0 to 13 are intents of ``banking``, 14 is no such request."""


def _folder(cache):
    return Path(cache) / "speech"


def render(cache, plan="speech", limit=None, backwards=False):
    """Render a plan into ``cache/speech/<split>/<id>.flac`` and ``<id>.json``.

    Utterances that have a JSON file are skipped, so calling it again resumes. A second process
    can start at the end of the plan with ``backwards``.

    Parameters
    ----------
    cache : Path
        Folder with Kokoro, outside the repository.
    plan : {"speech", "voices"}
        The plan of :mod:`foundry.speech.speech_plan` or of :mod:`foundry.speech.voice_plan`.
    limit : int, optional
        Number of utterances to render, from the start of the plan; default all.
    backwards : bool, default False
        Start at the end of the plan.
    """
    voice_of = kokoro.Kokoro(cache)
    todo = PLANS[plan]()[:limit]
    started, seconds, done = time.monotonic(), 0.0, 0
    for number, utterance in enumerate(reversed(todo) if backwards else todo, 1):
        path = _folder(cache) / utterance.split / f"{utterance.id}.flac"
        if path.with_suffix(".json").exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        phonemes = kokoro.phonemize(utterance.spoken, utterance.accent)
        samples, durations = voice_of.render(phonemes, utterance.voices, utterance.speed)
        if not (np.isfinite(samples).all() and np.abs(samples).max() > 0.01):
            raise RuntimeError(f"the samples of {utterance.id} are silent or not finite")
        samples = audio.resample(samples, kokoro.RATE, RATE)
        # Scale the clip only if it would exceed full scale.
        samples = samples * min(1.0, 0.99 / np.abs(samples).max())
        row = asdict(utterance) | {
            "phonemes": phonemes,
            "durations": durations.tolist(),
            "seconds": len(samples) / RATE,
            "peak": round(float(np.abs(samples).max()), 4),
        }
        errors.write(path, audio.encode(samples, RATE, "flac"))
        errors.write(path.with_suffix(".json"), json.dumps(row, ensure_ascii=False))
        seconds, done = seconds + row["seconds"], done + 1
        if done % 50 == 0:
            took = time.monotonic() - started
            print(
                f"{number} of {len(todo)}: {done} rendered in this run, {seconds / 3600:.2f} h of "
                f"speech in {took / 3600:.2f} h, {seconds / took:.2f} x real time, "
                f"{(len(todo) - number) * took / done / 3600:.1f} h left",
                flush=True,
            )


def rendered(cache):
    """Return the utterances that have been rendered, in the order of the plan within each split.

    Parameters
    ----------
    cache : Path
        Folder of `render`.

    Returns
    -------
    list of dict
        The fields of `Utterance`, ``phonemes``, ``durations`` (silence, each phoneme, silence, in
        units of 25 ms), ``seconds``, ``peak``, and the ``path`` of the 16 kHz FLAC file. Speakers
        have the names of the shipped data, see `speech_plan.with_names`.
    """
    rows = []
    for path in sorted(_folder(cache).glob("*/*.json")):
        row = json.loads(path.read_text("utf-8"))
        row["speaker"] = speech_plan.with_names(row["speaker"])
        rows.append(row | {"path": str(path.with_suffix(".flac"))})
    return rows


def index(cache):
    """Write `rendered` to the table ``cache/speech/index.parquet`` and return its path."""
    import pyarrow
    import pyarrow.parquet

    rows = [row | {"voices": json.dumps(row["voices"])} for row in rendered(cache)]
    path = _folder(cache) / "index.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def table(cache, split):
    """Return a shipped split as a ``datasets.Dataset``; see the data card for its columns."""
    from datasets import ClassLabel, Dataset, Features, Value

    rows = []
    for row in rendered(cache):
        if row["split"] == split and row["shipped"]:
            samples, _ = audio.load(row["path"])
            clip = {"bytes": opus(samples, RATE, BITRATE), "path": f"{row['id']}.ogg"}
            rows.append(row | {"audio": clip, "intent": LABELS.index(row["intent"])})
    missing = sum(speech_plan.SHIPPED[split].values()) - len(rows)
    if missing:
        raise RuntimeError(
            f"{missing} utterances of {split} are not rendered yet; run render first"
        )
    text = Value("string")
    features = Features(
        {
            "audio": {"bytes": Value("binary"), "path": text},
            "text": text,
            "domain": text,
            "intent": ClassLabel(names=LABELS),
            "speaker": text,
            "sex": text,
            "accent": text,
            "seconds": Value("float32"),
        }
    )
    return Dataset.from_list([{k: row[k] for k in features} for row in rows], features=features)


def _names(voices):
    """Return a list of names with Kokoro's voices in brackets, in alphabetical order."""
    return ", ".join(sorted(f"{speech_plan.NAMES[voice]} (`{voice}`)" for voice in voices))


def card(splits):
    """Return the text of the data card for the packed splits."""
    rows = []
    for split, data in splits.items():
        counts, words = Counter(data["domain"][:]), {w for t in data["text"][:] for w in t.split()}
        figures = [split, len(data), *(counts[domain] for domain in PACKED)]
        figures += [f"{sum(data['seconds'][:]) / 60:.1f}", len(set(data["speaker"][:])), len(words)]
        rows.append("| " + " | ".join(map(str, figures)) + " |")
    seconds = sum(sum(data["seconds"][:]) for data in splits.values())
    return Template(Path(__file__).with_name("speech_card.md").read_text("utf-8")).substitute(
        utterances=sum(map(len, splits.values())),
        minutes=round(seconds / 60),
        rows="\n".join(rows),
        train=_names(TRAINING),
        slow=SPEEDS[0],
        fast=SPEEDS[1],
        **{split: _names(voices) for split, voices in HELD_OUT.items()},
    )


def write_splits(out, table, card):
    """Write the Parquet files of three splits and their card.

    Parameters
    ----------
    out : Path
        Folder to write into.
    table : callable
        Function from the name of a split to its ``datasets.Dataset``.
    card : callable
        Function from a dict of split to ``datasets.Dataset`` to the text of the card.
    """
    out.mkdir(parents=True, exist_ok=True)
    splits = {split: table(split) for split in ("train", "validation", "test")}
    for split, rows in splits.items():
        path = out / f"{split}.parquet"
        rows.to_parquet(path)
        print(f"{path}: {len(rows)} utterances, {path.stat().st_size / 1e6:.2f} MB")
    (out / "README.md").write_text(card(splits), "utf-8")


def run_packing(doc, table, card):
    """Write the files of a data set from the command line, with the options --cache and --out.

    Parameters
    ----------
    doc : str
        Docstring of the script; its first line is the help.
    table : callable
        Function from the cache and the name of a split to its ``datasets.Dataset``.
    card : callable
        See `write_splits`.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    kokoro.add_cache_option(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the Parquet files")
    arguments = parser.parse_args()
    write_splits(arguments.out, partial(table, arguments.cache), card)


def pack(cache, out):
    """Write the three shipped Parquet files and their card."""
    write_splits(out, partial(table, cache), card)


def main():
    """Render, index or pack from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("render", "index", "pack"):
        command = commands.add_parser(name)
        kokoro.add_cache_option(command)
        if name == "render":
            command.add_argument(
                "--plan", choices=PLANS, default="speech", help="utterances (default: speech)"
            )
            command.add_argument("--limit", type=int, help="number of utterances (default: all)")
            command.add_argument(
                "--backwards", action="store_true", help="start at the end, in a second process"
            )
        if name == "pack":
            command.add_argument("--out", type=Path, required=True, help="folder of the data set")
    arguments = vars(parser.parse_args())
    command = arguments.pop("command")
    if command == "render":
        render(**arguments)
    if command != "pack":
        print(index(arguments["cache"]))
    else:
        pack(**arguments)


if __name__ == "__main__":
    main()
