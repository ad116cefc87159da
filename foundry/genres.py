"""The data set ``genres``: short procedural music whose tempo, key and instruments are known.

Build it with ``python -m foundry.genres --out DIR``. :func:`render` makes as many
other clips as a training run wants.
"""

import argparse
from pathlib import Path

import numpy as np

from course_utils.simulation.augmentation import RATE
from foundry.arranging import compose, perform
from foundry.ogg import opus
from foundry.styles import STYLES

GENRES = tuple(STYLES)
SECONDS = 5.0
BITRATE = 13_000
CLIPS = {"train": 56, "validation": 10, "test": 20}
FIRST_SEED = {"train": 0, "validation": 100_000, "test": 300_000}
KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def render(genre, rng, split="train", seconds=SECONDS):
    """Compose and play one clip.

    Parameters
    ----------
    genre : str
        One of `GENRES`.
    rng : numpy.random.Generator
        Decides everything; the same state gives the same clip.
    split : {"train", "validation", "test"}
        Whose progressions, rhythms and patches to use.
    seconds : float
        Length of the clip.

    Returns
    -------
    samples : numpy.ndarray, shape (n,), float32
        Music at 16 kHz that starts on the first beat of a bar; peak at most 0.95.
    parameters : dict
        What was played: ``genre``, ``tempo`` (beats a minute), ``key`` and ``mode``,
        ``progression``, the names of ``instrument`` (the melody's, or the accompaniment's where
        there is no melody), ``accompaniment``, ``bass`` and ``drums`` ("" for none), and the
        numbers of the rhythms and patches.

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
    samples = perform(style, score, rng, seconds)
    melody = score["lead"] if score["has_lead"] else score["comp"]
    return samples, {
        "genre": genre,
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
        Which split; each has seeds of its own.
    number : int
        0 <= number < 10,000; the shipped files hold the first few.

    Returns
    -------
    samples, parameters
        As :func:`render` gives them, with the ``seed`` among the parameters.
    """
    seed = FIRST_SEED[split] + 10_000 * GENRES.index(genre) + number
    samples, parameters = render(genre, np.random.default_rng(seed), split)
    return samples, parameters | {"seed": seed}


def table(split, count):
    """Render and encode one split.

    Parameters
    ----------
    split : {"train", "validation", "test"}
        Which split.
    count : int
        Clips a genre.

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
