"""Conversations mixed from single utterances: who speaks when is known, because it was decided.

Speakers take turns with pauses, interrupt each other, sit in a room; nothing is stored, a seed
gives the same conversation again. Turns are what `rttm` reads and writes:
``{"speaker", "start", "end"}`` in seconds.
"""

from collections import Counter
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from course_utils import audio
from course_utils.formats.speaker_turns import joined
from course_utils.simulation.augmentation import (
    RATE,
    add_at,
    add_noise,
    log_uniform,
    over_telephone,
    reverberate,
    samples_of,
)

__all__ = ["SCENES", "cast", "overlap_of", "simulate", "speech_in"]

PAUSE = 0.3
"""Seconds of silence within a turn that do not end it."""

TRIES = 200
"""Arrangements drawn in search of the wanted overlap, before other utterances are."""

DRAWS = 20
"""Sets of utterances drawn in search of it."""

BENEATH = (-25, -15)
"""Least and greatest level of music against that of the voices above it, in decibels."""

PACES = (0.9, 1.0, 1.1)
"""Speeds at which `cast` plays a voice, unless told."""


@dataclass(frozen=True)
class Scene:
    """Where people talk, and how they are recorded.

    Attributes
    ----------
    echo : (float, float)
        Shortest and longest reverberation time of the room, in seconds.
    wet : (float, float) or None
        Least and most energy of the room against that of the direct sound: the closer the
        microphone, the less. None for no room.
    ratio : (float, float) or None
        Least and greatest signal-to-noise ratio in decibels; None for no noise.
    telephone : bool
        Whether a telephone line carries it.
    """

    echo: tuple = (0.15, 0.5)
    wet: tuple | None = (0.02, 0.3)
    ratio: tuple | None = (15, 40)
    telephone: bool = False


SCENES = {
    "studio": Scene(wet=None, ratio=None),
    "room": Scene(),
    "telephone": Scene(telephone=True),
    "conference call": Scene((0.4, 0.9), (0.3, 1.5), (8, 18), telephone=True),
}
"""Scenes by name: no room at all; a quiet room; a telephone in a quiet room; far from a
speakerphone in a noisy, echoing one."""


def cast(rows, fewest=5, paces=PACES):
    """List who can take part in conversations to train on: rows for `simulate`.

    Who has a single sentence to say would say it again and again, and a model would learn the
    sentence instead of the voice. Played faster or slower, pitch and timbre shift as well, and a
    voice becomes somebody else's: there are as many times more people as there are paces.

    Parameters
    ----------
    rows : datasets.Dataset or list of dict
        Utterances with ``audio``, ``speaker`` and ``text``; other columns are kept.
    fewest : int, default 5
        Utterances that a speaker needs to be in it.
    paces : sequence of float
        Speeds, 1 for that of the recording.

    Returns
    -------
    list of dict
        Each utterance at every pace, decoded; the speakers are named after it, ``bf_emma@0.9``.

    Raises
    ------
    ValueError
        If nobody has that many, or `rows` lacks a column.
    """
    counts = Counter(_column(rows, "speaker"))
    enough = {name for name, count in counts.items() if count >= fewest}
    if not enough:
        raise ValueError(
            f"rows has no speaker of {fewest} utterances or more; lower fewest (the most are "
            f"{max(counts.values(), default=0)})"
        )
    people = []
    for row in rows:
        if str(row["speaker"]) in enough:
            samples, _ = audio.load(row["audio"], RATE)
            for pace in paces:
                heard = {"array": samples, "sampling_rate": round(RATE * pace)}
                people.append(row | {"audio": heard, "speaker": f"{row['speaker']}@{pace}"})
    return people


def simulate(
    rows,
    seed,
    speakers=(2, 3),
    seconds=30.0,
    overlap=(0.1, 0.2),
    scene="room",
    alike=False,
    music=None,
):
    """Mix a conversation.

    Parameters
    ----------
    rows : datasets.Dataset or list of dict
        Utterances with ``audio``, ``speaker`` and ``text``, as `data.load("speech")` gives them.
    seed : int or list of int
        Fixes everything.
    speakers : (int, int)
        Fewest and most speakers, both included.
    seconds : float
        Speech is added until the conversation is at least this long.
    overlap : (float, float)
        Least and greatest share of the time with speech in which two speak at once.
    scene : str
        Where they are, one of :data:`SCENES`.
    alike : bool, default False
        Whether all speakers are of one sex, which the column ``sex`` of `rows` tells: voices that
        are harder to tell apart.
    music : datasets.Dataset or list of dict, optional
        Clips with ``audio`` that play beneath the voices, one after the other, from beginning to
        end, as in a programme on the radio; 15 to 25 dB below them.

    Returns
    -------
    dict
        ``audio`` (float32 at 16 kHz, shape ``(n,)``), ``turns`` and ``texts``, which are the
        utterances as ``{"speaker", "start", "end", "text"}``, both by start.

    Raises
    ------
    ValueError
        If `rows` has too few speakers or lacks a column, `music` has no clips, no arrangement has
        the wanted overlap, or there is no such scene.
    """
    if scene not in SCENES:
        raise ValueError(f"there is no scene {scene!r}: choose one of {', '.join(SCENES)}")
    rng = np.random.default_rng(seed)
    names = np.array(_column(rows, "speaker"))
    there = np.unique(names)
    if alike:
        sexes = np.array(_column(rows, "sex"))
        there = np.unique(names[sexes == rng.choice(np.unique(sexes))])
    count = int(rng.integers(speakers[0], speakers[1] + 1))
    if len(there) < count:
        raise ValueError(f"rows has {len(there)} speakers; speakers={speakers} asks for {count}")
    chosen = rng.permutation(there)[:count].tolist()
    for _ in range(DRAWS):
        utterances = _take_turns(rng, rows, names, chosen, seconds)
        if _arrange(rng, utterances, overlap):
            made = _mix(rng, utterances, SCENES[scene])
            return made if music is None else made | {"audio": beneath(rng, made["audio"], music)}
    raise ValueError(f"no arrangement has an overlap of {overlap}; widen it or add speakers")


def beneath(rng, track, music):
    """Play music beneath a recording, clip after clip, 15 to 25 dB below it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Chooses clips and level.
    track : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``.
    music : datasets.Dataset or list of dict
        Clips with ``audio``.

    Returns
    -------
    numpy.ndarray
        Float32, shape ``(n,)``, peaks at 0.9 at most.

    Raises
    ------
    ValueError
        If `music` has no clips.
    """
    if not len(music):
        raise ValueError("music has no clips; leave it out, or give some")
    parts, length = [], 0
    while length < len(track):
        samples, _ = audio.load(music[int(rng.integers(len(music)))]["audio"], RATE)
        parts.append(samples)
        length += len(samples)
    bed = np.concatenate(parts)[: len(track)]
    level = np.sqrt(np.mean(track**2) / (np.mean(bed**2) + 1e-12)) * 10 ** (
        rng.uniform(*BENEATH) / 20
    )
    return _limited(track + level * bed)


def overlap_of(turns):
    """Give the share of the time with speech in which two or more speak.

    Parameters
    ----------
    turns : list of dict
        ``{"speaker", "start", "end"}``.

    Returns
    -------
    float
        0 to 1; 0 without speech.
    """
    edges = sorted([(turn["start"], 1) for turn in turns] + [(turn["end"], -1) for turn in turns])
    speaking, before, once, twice = 0, 0.0, 0.0, 0.0
    for time, change in edges:
        once += (time - before) * (speaking >= 1)
        twice += (time - before) * (speaking >= 2)
        speaking, before = speaking + change, time
    return float(twice / once) if once else 0.0


def speech_in(samples, sampling_rate, top_db=40.0):
    """Find the stretches of a clean clip in which there is sound.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono, shape ``(n,)``.
    sampling_rate : int
        In hertz.
    top_db : float
        How far below the loudest frame of 10 ms silence begins, in decibels.

    Returns
    -------
    list of (float, float)
        Start and end in seconds; pauses of up to 0.3 s do not end a stretch.
    """
    loud = audio.loud_frames(samples, sampling_rate, top_db) / 100
    return joined(((place, place + 0.01) for place in loud), PAUSE)


def _column(rows, name):
    """List a column as text; the rows of a data set take a while to go through."""
    try:
        column = rows[name] if hasattr(rows, "column_names") else (row[name] for row in rows)
        return [str(value) for value in column]
    except (KeyError, ValueError):  # a data set raises the second
        raise ValueError(f"rows has no column {name!r}, which is needed here; add it") from None


def _take_turns(rng, rows, names, chosen, seconds):
    """Draw utterances, one to three a turn, never the same speaker twice in a row."""
    decks = {name: _deck(rng, np.flatnonzero(names == name)) for name in chosen}
    levels = {name: rng.uniform(-4, 4) for name in chosen}
    utterances, length, last = [], 0.0, None
    # Everybody speaks: the first turns go round.
    order = list(chosen)
    while length < seconds or order:
        others = [name for name in chosen if name != last] or chosen
        last = order.pop(0) if order else others[int(rng.integers(len(others)))]
        for _ in range(int(rng.integers(1, 4))):
            row = rows[int(next(decks[last]))]
            samples = audio.trim_silence(audio.load(row["audio"], RATE)[0], RATE)
            gain = 10 ** (levels[last] / 20) * 0.05 / np.sqrt(np.mean(samples**2))
            utterances.append({"speaker": last, "text": row["text"], "samples": gain * samples})
            length += len(samples) / RATE + 0.3
    return utterances


def _deck(rng, items):
    while True:
        yield from rng.permutation(items)


def _arrange(rng, utterances, overlap):
    """Set ``start`` and ``end`` in seconds; tell if two speak at once as much as wanted."""
    for _ in range(TRIES):
        eager = rng.uniform(0, 1)  # how often somebody cuts in
        last, silent_since = None, {}
        for row in utterances:
            length, name = len(row["samples"]) / RATE, row["speaker"]
            if last is None:
                start = rng.uniform(0, 1)
            elif name == last["speaker"]:
                start = last["end"] + rng.uniform(0.05, 0.3)
            elif rng.uniform() < eager:
                early = rng.uniform(0.2, 0.8) * min(last["end"] - last["start"], length)
                # Nobody speaks over what they said themselves.
                start = max(last["end"] - early, silent_since.get(name, 0))
            else:
                start = last["end"] + rng.exponential(0.4)
            row["start"], row["end"] = float(start), float(start + length)
            last, silent_since[name] = row, row["end"]
        if overlap[0] <= overlap_of(utterances) <= overlap[1]:
            return True
    return False


def _limited(track):
    """Turn a recording down where its peaks are above 0.9."""
    return np.float32(0.9 / max(np.abs(track).max(), 0.9) * track)


def _mix(rng, utterances, scene):
    """Play the utterances at their times; write down who speaks when."""
    length = max(row["end"] for row in utterances) + rng.uniform(0.3, 1.0)
    track = np.zeros(int(length * RATE))
    # One room for all: everybody hears the same echo, stronger from further away.
    echo = log_uniform(rng, *scene.echo)
    room = scene.wet is not None
    wet = {row["speaker"]: log_uniform(rng, *scene.wet) for row in utterances if room}
    spoken = {}
    for row in utterances:
        samples, name = row.pop("samples"), row["speaker"]
        stretches = speech_in(samples, RATE)
        spoken.setdefault(name, []).extend([row["start"] + time for time in s] for s in stretches)
        if room:  # which goes on sounding after the last word
            samples = np.pad(samples, (0, samples_of(echo)))
            samples = reverberate(rng, samples, echo, wet[name])
        add_at(track, samples, round(row["start"] * RATE))
    if scene.ratio is not None:
        track = add_noise(rng, track, rng.uniform(*scene.ratio), rng.uniform(-6, 0))
    if scene.telephone:
        track = over_telephone(track)
    turns = [
        {"speaker": name, "start": start, "end": end}
        for name, stretches in spoken.items()
        for start, end in joined(sorted(stretches), PAUSE)
    ]
    by_start = itemgetter("start")
    return {
        "audio": _limited(track),
        "turns": sorted(turns, key=by_start),
        "texts": sorted(utterances, key=by_start),
    }
