"""Build the data set ``genres``: short synthetic music with known tempo, key and instruments.

Run ``python -m foundry.music.genre_data --out DIR``. :func:`render` makes other clips.
"""

import argparse
from pathlib import Path

import numpy as np

from course_utils.simulation.augmentation import RATE
from foundry.common.ogg import opus
from foundry.music.arranging import compose, perform
from foundry.music.styles import STYLES

GENRES = tuple(STYLES)
"""Names of the genres, in the order of the labels."""

SECONDS = 5.0
"""Length of a clip in seconds."""

BITRATE = 13_000
"""Bit rate of the shipped clips, in bit/s."""

CLIPS = {"train": 56, "validation": 10, "test": 20}
"""Number of clips of each genre, by split."""

FIRST_SEED = {"train": 0, "validation": 100_000, "test": 300_000}
"""First seed of each split."""

KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
"""Names of the keys, by semitones above C."""


def render(genre, rng, split="train", seconds=SECONDS):
    """Compose and synthesise one clip.

    Parameters
    ----------
    genre : str
        One of `GENRES`.
    rng : numpy.random.Generator
        Source of randomness; the same state gives the same clip.
    split : {"train", "validation", "test"}
        Split of the progressions, rhythms and patches.
    seconds : float
        Length of the clip in seconds.

    Returns
    -------
    samples : numpy.ndarray, shape (n,), float32
        Music at 16 kHz that starts on the first beat of a bar; peak at most 0.95.
    parameters : dict
        ``genre``, ``tempo`` (beats per minute), ``key``, ``mode``, ``progression``, ``instrument``
        (of the melody; of the accompaniment if there is no melody), ``accompaniment``, ``bass``,
        ``drums`` ("" for none), and the numbers of the rhythms and patches.

    Raises
    ------
    ValueError
        If the genre or the split does not exist.

    Examples
    --------
    >>> samples, parameters = render("waltz", np.random.default_rng(3))
    >>> len(samples), parameters["genre"]
    (80000, 'waltz')
    """
    if genre not in STYLES:
        raise ValueError(f"genre is {genre!r}; use one of {', '.join(GENRES)}.")
    style = STYLES[genre]
    score = compose(style, rng, split, seconds)
    return perform(style, score, rng, seconds), {"genre": genre} | parameters_of(score)


def parameters_of(score):
    """Return the parameters of a score of `compose`, as in :func:`render` but for the genre."""
    melody = score["lead"] if score["has_lead"] else score["comp"]
    return {
        "tempo": score["tempo"],
        "key": KEYS[score["tonic"]],
        "mode": score["mode"],
        "progression": score["progression"],
        "instrument": melody[0],
        "accompaniment": score["comp"][0],
        "bass": score["bass"][0],
        "drums": score["kit"][0] if score["has_drums"] else "",
        "drum_pattern": score["drum_pattern"],
        "bass_pattern": score["bass_pattern"],
        "comp_pattern": score["comp_pattern"],
        "instrument_patch": melody[1],
        "accompaniment_patch": score["comp"][1],
        "bass_patch": score["bass"][1],
        "drum_patch": score["kit"][1],
    }


def example(genre, split, number):
    """Render clip `number` of a split of the shipped data set.

    Parameters
    ----------
    genre : str
        One of `GENRES`.
    split : {"train", "validation", "test"}
        Split of the clip; each has its own seeds.
    number : int
        0 <= number < 10,000; the shipped files contain the first ones.

    Returns
    -------
    samples, parameters
        Results of :func:`render`, with the ``seed`` added to the parameters.
    """
    seed = FIRST_SEED[split] + len(GENRES) * number + GENRES.index(genre)
    samples, parameters = render(genre, np.random.default_rng(seed), split)
    return samples, parameters | {"seed": seed}


def table(split, count):
    """Render and encode one split.

    Parameters
    ----------
    split : {"train", "validation", "test"}
        Split to render.
    count : int
        Number of clips of each genre.

    Returns
    -------
    datasets.Dataset
        Columns ``audio`` (``{"bytes", "path"}``, Ogg/Opus), ``label`` (ClassLabel) and the
        parameters of :func:`render`.
    """
    from datasets import ClassLabel, Dataset, Features, Value

    rows = []
    for number in range(count):
        for label, genre in enumerate(GENRES):
            samples, parameters = example(genre, split, number)
            parameters.pop("genre")
            audio = {
                "bytes": opus(samples, RATE, BITRATE),
                "path": f"{genre}/{split}-{number:04d}.ogg",
            }
            rows.append({"audio": audio, "label": label} | parameters)
    kinds = {str: "string", int: "int64", float: "float64"}
    features = Features(
        {
            "audio": {"bytes": Value("binary"), "path": Value("string")},
            "label": ClassLabel(names=list(GENRES)),
        }
        | {name: Value(kinds[type(value)]) for name, value in parameters.items()}
    )
    return Dataset.from_list(rows, features=features)


def main():
    """Write the three Parquet files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the Parquet files")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for split, count in CLIPS.items():
        path = arguments.out / f"{split}.parquet"
        table(split, count).to_parquet(path)
        print(f"{path}: {count * len(GENRES)} clips, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
