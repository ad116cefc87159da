"""Fingerprints of what the foundry renders and writes, for `test_rebuilt_data`.

A sound's fingerprint is its length, its level (RMS), and its dot products with three fixed noises:
whatever changes a sound by a thousandth changes one of them. That of texts is a hash. The seeds are
many and the sounds short, so that each branch of a generator is taken both ways.

If a generator changes on purpose, the shipped data must be made anew by `make pocket`. Then write
the fingerprints anew, too::

    python -m tests.foundry.fingerprints --write
"""

import argparse
import hashlib
import json
from functools import cache
from itertools import groupby, product
from pathlib import Path

import numpy as np

from course_utils.simulation import augmentation, conversations
from foundry.music import arranging, drums, genre_data, instruments, music_prompts
from foundry.music.styles import SPLITS, STYLES
from foundry.sounds import sound_data
from foundry.speech import call_data, speech_plan, voice_plan

FILE = Path(__file__).with_suffix(".json")


def of(value):
    """Return the fingerprint of samples (a list of numbers) or of lines of text (a string)."""
    if not isinstance(value, np.ndarray):
        return hashlib.sha256("\n".join(map(str, value)).encode()).hexdigest()[:12]
    noises = np.random.default_rng(23).standard_normal((3, len(value)))
    products = noises @ value.astype(float) / np.sqrt(len(value))
    return [len(value), *(float(f"{v:.6g}") for v in (np.sqrt(np.mean(value**2)), *products))]


def sound(label):
    """Yield events of a class, of several lengths, without and with what records them."""
    for seed in range(9):
        split, seconds = SPLITS[seed % 3], (0.6, 1.1, 2.3)[seed // 3]
        yield seed, sound_data.SOUNDS[label](np.random.default_rng(seed), split, seconds)[0]
    yield "far", sound_data.render(label, "train", 1)[0]
    yield "close", sound_data.render(label, "test", 1, close=True)[0]


def microphones():
    """Yield one event as heard through many rooms and microphones: some overdrive in 8 % only."""
    for number in range(40):
        yield number, sound_data.render("bell", "train", number, seconds=0.3)[0]


def instrument(name):
    """Yield low and high, short and long notes of some patches."""
    for number, midi, seconds in ((0, 36, 0.3), (7, 60, 0.6), (18, 77, 0.04), (29, 98, 0.15)):
        yield f"{number} {midi}", instruments.note(name, number, midi, seconds)


def kit(name):
    """Yield two patches of every drum."""
    for role, number in product("KSHORMTP", (0, 9)):
        yield f"{role}{number}", drums.hit(name, number, role)


def music(genre):
    """Yield what is composed for many seeds, as text, and what is played for a few."""
    style, scores = STYLES[genre], []
    for seed in range(600):
        split = SPLITS[seed % 3]
        score = arranging.compose(style, np.random.default_rng(seed), split, 4.0)
        step, jitter = score.pop("step"), score.pop("jitter")
        scores.append(f"{sorted(score.items())} {step:.6f} {jitter:.6f}")
    yield "scores", scores
    for seed in range(10):
        split = SPLITS[seed % 3]
        yield seed, genre_data.render(genre, np.random.default_rng(seed), split, 2.0)[0]


def prompts():
    """Yield prompts for clips of any tempo, key and instrument."""
    clips = []
    for tempo, number in zip(np.arange(50, 200, 0.5), range(1000), strict=False):
        genre, key = (names[number % len(names)] for names in (genre_data.GENRES, genre_data.KEYS))
        clip = {"genre": genre, "tempo": tempo, "key": key, "mode": ("minor", "major")[number % 2]}
        clips.append(clip | {"instrument": "music_box", "drums": ("", "chip_kit")[number % 3 > 0]})
    rng = np.random.default_rng(0)
    yield "prompts", [music_prompts.prompt_of(clip, rng) for clip in clips]


@cache
def planned():
    """Return the plan of the data set ``speech``, which takes seconds."""
    return speech_plan.plan()


def plans():
    """Yield the utterances of each split and domain, and those of the invented speakers."""

    def part(utterance):
        return f"{utterance.split} {utterance.domain}"

    for name, utterances in groupby(sorted(planned(), key=part), part):
        yield name, list(utterances)
    yield "voices", voice_plan.plan()


def noise():
    """Return a second of noise for rooms, lines and conversations to change."""
    return 0.1 * np.random.default_rng(0).standard_normal(augmentation.RATE)


def effects():
    """Yield noise through every effect of `augmentation` and through the line of ``calls``."""
    rng, samples = np.random.default_rng(1), noise()
    for slope in (-6, 0, 3):
        yield f"noise {slope}", augmentation.noise(rng, 3000, slope)
    for fast in (False, True):
        yield f"added {fast}", augmentation.add_noise(rng, samples[:9973], 12, -3, fast)
    for low, high, order in ((300, None, 2), (None, 900, 1), (300, 3400, 4), (9000, 7900, 2)):
        yield f"band {low} {high}", augmentation.band(samples, low, high, order)
    for seconds, wet in ((0.1, 0.05), (0.8, 2.0)):
        yield f"room {seconds}", augmentation.reverberate(rng, samples, seconds, wet)
    yield "line", augmentation.telephone_line(samples)
    yield "telephone", augmentation.over_telephone(samples)
    for seed in range(3):
        yield f"call {seed}", call_data.telephone(np.random.default_rng(seed), samples)


def conversation(scene):
    """Yield conversations of four people who hum; texts and times as text."""
    rows, rng = [], np.random.default_rng(0)
    for number in range(24):
        size = augmentation.samples_of(rng.uniform(0.4, 1.4))
        hum = np.sin(2 * np.pi * (120 + 40 * number) * np.arange(size) / augmentation.RATE)
        hum[size // 3 : size // 2] *= number % 2  # with a pause, or without
        clip = {"array": 0.3 * hum.astype(np.float32), "sampling_rate": augmentation.RATE}
        name, sex = "ABCD"[number % 4], ("female", "male")[number % 2]
        rows.append({"audio": clip, "speaker": name, "sex": sex, "text": f"{name} {number}"})
    for seed, (alike, music) in enumerate(product((False, True), (None, rows))):
        people = (2, 2) if alike else (2, 4)
        made = conversations.simulate(rows, seed, people, 4.0, (0, 0.3), scene, alike, music)
        yield seed, made["audio"]
        times = [turn[side] for turn in made["turns"] + made["texts"] for side in ("start", "end")]
        yield f"{seed} times", np.array(times)
        said = [(turn["speaker"], turn.get("text")) for turn in made["turns"] + made["texts"]]
        yield f"{seed} texts", said


GROUPS = (
    {f"sound {label}": lambda label=label: sound(label) for label in sound_data.LABELS}
    | {"microphones": microphones}
    | {name: lambda name=name: instrument(name) for name in instruments.INSTRUMENTS}
    | {name: lambda name=name: kit(name) for name in drums.KITS}
    | {genre: lambda genre=genre: music(genre) for genre in genre_data.GENRES}
    | {"prompts": prompts, "plans": plans, "effects": effects}
    | {scene: lambda scene=scene: conversation(scene) for scene in conversations.SCENES}
)
"""Name of a group to a function that yields (name, samples or lines)."""


def group(name):
    """Return the fingerprints of a group by the names of its sounds and texts."""
    return {str(case): of(value) for case, value in GROUPS[name]()}


def main():
    """Write all fingerprints, one group a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", required=True, help=f"write {FILE.name}")
    parser.parse_args()
    lines = [f"{json.dumps(name)}: {json.dumps(group(name))}" for name in GROUPS]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
