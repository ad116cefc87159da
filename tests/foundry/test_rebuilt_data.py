"""`make pocket` makes the shipped data again: some of it here, and the rest by fingerprints.

An encoder may round a sample otherwise on another machine, so decoded sounds are compared, not
files. What is not shipped is compared with `fingerprints.json`, which `fingerprints` writes.
"""

import io
import json

import numpy as np
import pyarrow.parquet
import pytest
import soundfile
from transformers import AutoTokenizer

from course_utils import catalog
from course_utils.simulation import augmentation
from foundry.common.ogg import opus
from foundry.music import arranging, genre_data
from foundry.music.styles import SPLITS, STYLES
from foundry.sounds import sound_data
from foundry.speech import pronunciation, sentences, speech_plan
from tests.foundry import fingerprints

STORED = json.loads(fingerprints.FILE.read_text("utf-8"))
TOLERANCE = 5e-4
"""Of a fingerprint's numbers, relative to the level: a sample of `telephone_line`, rounded to the
next step on another machine, changes them by 1e-4."""


@pytest.fixture(scope="module")
def shipped():
    """Return a function that reads all splits of a data set: split to rows."""

    def read(name):
        files = (catalog.POCKET / name).glob("*.parquet")
        return {file.stem: pyarrow.parquet.read_table(file).to_pylist() for file in files}

    return read


def agreement(samples, bitrate, row):
    """Return the correlation of samples, encoded anew, with the audio of a row."""
    files = opus(samples, augmentation.RATE, bitrate), row["audio"]["bytes"]
    made, kept = (soundfile.read(io.BytesIO(file))[0] for file in files)
    return np.corrcoef(made, kept)[0, 1]


def test_shipped_sounds_are_what_the_code_renders(shipped):
    splits = shipped("sounds")
    for index, label in enumerate(sound_data.LABELS):
        split, number = list(sound_data.SPLITS)[index % 3], index % 5
        row = splits[split][number * len(sound_data.LABELS) + index]
        samples, made = sound_data.render(label, split, number, close=True)
        assert row["audio"]["path"] == f"{label}/{split}-{number:04d}.ogg"
        told = {"seed": row["seed"], "seconds": row["seconds"]} | json.loads(row["parameters"])
        assert made.keys() == told.keys()
        for name, value in told.items():
            assert made[name] == (value if isinstance(value, str) else pytest.approx(value))
        assert agreement(samples, sound_data.BITRATE, row) > 0.99, label


def test_shipped_scores_are_what_the_code_composes(shipped):
    for split, rows in shipped("genres").items():
        for row in rows:
            style = STYLES[genre_data.GENRES[row["label"]]]
            rng = np.random.default_rng(row["seed"])
            score = arranging.compose(style, rng, split, genre_data.SECONDS)
            told = genre_data.parameters_of(score)
            assert told == {name: row[name] for name in told}


def test_shipped_music_is_what_the_code_plays(shipped):
    splits = shipped("genres")
    for number, genre in enumerate(genre_data.GENRES):
        split = SPLITS[number % 3]
        row = splits[split][number * len(genre_data.GENRES) + number]
        samples, made = genre_data.example(genre, split, number)
        assert (row["label"], row["seed"]) == (number, made["seed"])
        assert row["audio"]["path"] == f"{genre}/{split}-{number:04d}.ogg"
        assert agreement(samples, genre_data.BITRATE, row) > 0.99, genre


def test_shipped_calls_are_what_the_plan_says(shipped):
    planned = [row for row in fingerprints.planned() if row.domain == "teller"]
    for split, rows in shipped("calls").items():
        names = sentences.INTENTS["teller"]
        assert [(row["text"], names[row["label"]], row["speaker"]) for row in rows] == [
            (row.text, row.intent, speech_plan.with_names(row.speaker))
            for row in planned
            if row.split == split
        ]


def test_the_shipped_tokenizer_has_the_rules_of_the_code():
    def steps(tokenizer):
        return json.loads(tokenizer.backend_tokenizer.to_str())["normalizer"]["normalizers"]

    kept = AutoTokenizer.from_pretrained(catalog.POCKET / "pocket-fastspeech")
    made = pronunciation.tokenizer({})
    assert kept.get_vocab() == made.get_vocab()
    words = len(steps(kept)) - len(steps(made))
    assert words > 1000 and steps(kept)[:3] + steps(kept)[3 + words :] == steps(made)


@pytest.mark.parametrize("name", fingerprints.GROUPS)
def test_a_seed_gives_the_same_as_when_the_data_were_made(name):
    made, kept = fingerprints.group(name), STORED[name]
    assert made.keys() == kept.keys()
    for case, value in kept.items():
        if isinstance(value, list):
            length, level, *products = value
            near = pytest.approx([level, *products], abs=TOLERANCE * level, rel=0)
            assert made[case][0] == length and made[case][1:] == near, case
        else:
            assert made[case] == value, case


def test_no_fingerprint_is_left_of_a_group_that_is_gone():
    assert list(STORED) == list(fingerprints.GROUPS)
