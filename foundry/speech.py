"""The data set ``speech``: short utterances in five domains, rendered with Kokoro-82M.

Build it in three steps, the second of which takes hours, can be stopped at any time and goes on
where it was; install what it needs as :mod:`foundry.kokoro` says::

    python -m foundry.kokoro --cache DIR
    python -m foundry.speech render --cache DIR
    python -m foundry.speech pack --cache DIR --out course_utils/pocket/speech

``pack`` needs only the first 1,200 utterances: the plan begins with what is shipped. The rest is
for training the shipped models; `rendered` lists what is there.
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
from foundry import kokoro, speech_plan, voice_plan
from foundry.ogg import opus
from foundry.sentences import INTENTS, NO_INTENT
from foundry.speech_plan import HELD_OUT, SPEEDS, TRAINING

RATE = 16_000
BITRATE = 17_000

PACKED = list(speech_plan.SHIPPED["train"])
"""Domains of the shipped files."""

PLANS = {"speech": speech_plan.plan, "voices": voice_plan.plan}

LABELS = [*INTENTS["banking"], NO_INTENT]
"""Classes of the column ``intent``: the intents are 0 to 13, what is no banking request is 14."""


def _folder(cache):
    return Path(cache) / "speech"


def render(cache, plan="speech", limit=None, backwards=False):
    """Render a plan into ``cache/speech/<split>/<id>.flac`` with ``<id>.json`` beside it.

    What has its JSON file is there already and skipped, so the same call resumes. A second
    process may work with ``backwards`` from the end of the plan until the two meet.

    Parameters
    ----------
    cache : Path
        Folder outside the repository that holds Kokoro.
    plan : {"speech", "voices"}
        Which one: :mod:`.speech_plan` or :mod:`.voice_plan`.
    limit : int, optional
        Stop after the first so many utterances of the plan.
    backwards : bool, default False
        Begin at the end.
    """
    voice_of = kokoro.Kokoro(cache)
    todo = PLANS[plan]()[:limit]
    started, seconds, done = time.monotonic(), 0.0, 0
    for place, utterance in enumerate(reversed(todo) if backwards else todo, 1):
        path = _folder(cache) / utterance.split / f"{utterance.id}.flac"
        if path.with_suffix(".json").exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        phonemes = kokoro.phonemize(utterance.spoken, utterance.accent)
        samples, durations = voice_of.render(phonemes, utterance.voices, utterance.speed)
        if not (np.isfinite(samples).all() and np.abs(samples).max() > 0.01):
            raise RuntimeError(f"{utterance.id} came out silent or not finite")
        samples = audio.resample(samples, kokoro.RATE, RATE)
        # One gain for the whole clip, and only where 16 bits would clip.
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
                f"{place} of {len(todo)}: {done} rendered by this run, {seconds / 3600:.2f} h of "
                f"speech in {took / 3600:.2f} h, {seconds / took:.2f} x real time, "
                f"{(len(todo) - place) * took / done / 3600:.1f} h to go",
                flush=True,
            )


def rendered(cache):
    """List what has been rendered, in the order of the plan within each split.

    Parameters
    ----------
    cache : Path
        As for `render`.

    Returns
    -------
    list of dict
        The fields of `Utterance`, and ``phonemes``, ``durations`` (units of 25 ms: silence, each
        phoneme, silence), ``seconds``, ``peak``, ``path`` of the 16 kHz FLAC file.
    """
    return [
        json.loads(path.read_text("utf-8")) | {"path": str(path.with_suffix(".flac"))}
        for path in sorted(_folder(cache).glob("*/*.json"))
    ]


def index(cache):
    """Write `rendered` as one table, ``cache/speech/index.parquet``, and return its path."""
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
        raise RuntimeError(f"{missing} utterances of {split} are not rendered yet; run render")
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


def card(splits):
    """Return the data card of the packed splits: its text with the figures filled in."""
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
        train=", ".join(TRAINING),
        slow=SPEEDS[0],
        fast=SPEEDS[1],
        **{split: ", ".join(voices) for split, voices in HELD_OUT.items()},
    )


def write_splits(out, table, card):
    """Write three Parquet files and their card.

    Parameters
    ----------
    out : Path
        Folder to write into.
    table : callable
        From the name of a split to its ``datasets.Dataset``.
    card : callable
        From a dict of all three to the text of the card.
    """
    out.mkdir(parents=True, exist_ok=True)
    splits = {split: table(split) for split in ("train", "validation", "test")}
    for split, rows in splits.items():
        path = out / f"{split}.parquet"
        rows.to_parquet(path)
        print(f"{path}: {len(rows)} utterances, {path.stat().st_size / 1e6:.2f} MB")
    (out / "README.md").write_text(card(splits), "utf-8")


def pack(cache, out):
    """Write the three shipped Parquet files and their card."""
    write_splits(out, partial(table, cache), card)


def main():
    """Render, index or pack from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("render", "index", "pack"):
        command = commands.add_parser(name)
        command.add_argument("--cache", type=Path, default=kokoro.default_cache())
        if name == "render":
            command.add_argument("--plan", choices=PLANS, default="speech")
            command.add_argument("--limit", type=int, help="only the first so many utterances")
            command.add_argument("--backwards", action="store_true", help="for a second process")
        if name == "pack":
            command.add_argument("--out", type=Path, required=True)
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
