"""Conversations mixed from single utterances, so that the true turns are known.

Speakers take turns with pauses, interrupt each other and sit in a room. Nothing is stored: a seed
gives the same conversation again. Turns are as `rttm` reads and writes them:
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

__all__ = ["SCENES", "add_music", "cast", "overlap_of", "simulate", "speech_in"]

MAX_PAUSE = 0.3  # seconds; silence up to this long within an utterance does not end a turn
ARRANGEMENTS = 200  # arrangements of the same utterances that are tried for the wanted overlap
DRAWS = 20  # sets of utterances that are tried
MUSIC_DB = (-25, -15)  # range of the level of music relative to the voices, in decibels
SPEEDS = (0.9, 1.0, 1.1)  # speed perturbation in `cast`, as by Ko et al. (2015)


@dataclass(frozen=True)
class Scene:
    """Where people talk, and how they are recorded; each range is (minimum, maximum)."""

    reverberation: tuple = (0.15, 0.5)  # reverberation time in seconds
    wet: tuple | None = (0.02, 0.3)  # energy of the reverberation by that of the direct sound
    snr_db: tuple | None = (15, 40)  # signal-to-noise ratio in decibels; None for no noise
    telephone: bool = False  # whether a telephone line transmits it


SCENES = {
    "studio": Scene(wet=None, snr_db=None),  # no room, no noise
    "room": Scene(),  # a quiet room
    "telephone": Scene(telephone=True),  # a telephone in a quiet room
    # A speakerphone, far away in a noisy and reverberant room.
    "conference call": Scene((0.4, 0.9), (0.3, 1.5), (8, 18), telephone=True),
}


def cast(rows, min_utterances=5, speeds=SPEEDS):
    """Return the speakers for training conversations: rows for `simulate`, speed-perturbed.

    A speaker with a single sentence would repeat it, and a model would learn the sentence instead
    of the voice. Played faster or slower, pitch and timbre change too, so each speed makes another
    speaker.

    Parameters
    ----------
    rows : datasets.Dataset or list of dict
        Utterances with ``audio``, ``speaker`` and ``text``; other columns are kept.
    min_utterances : int, default 5
        Minimum number of utterances of a speaker; others are left out.
    speeds : sequence of float
        Speed factors, 1 for that of the recording.

    Returns
    -------
    list of dict
        Each utterance at every speed, decoded; speakers are named after it, ``Nina@0.9``.

    Raises
    ------
    ValueError
        If nobody has that many utterances, or `rows` lacks a column.
    """
    counts = Counter(_column(rows, "speaker"))
    enough = {name for name, count in counts.items() if count >= min_utterances}
    if not enough:
        raise ValueError(
            f"rows has no speaker of {min_utterances} utterances or more; lower min_utterances "
            f"(the most are {max(counts.values(), default=0)})"
        )
    speakers = []
    for row in rows:
        if str(row["speaker"]) in enough:
            samples, _ = audio.load(row["audio"], RATE)
            for speed in speeds:
                clip = {"array": samples, "sampling_rate": round(RATE * speed)}
                speakers.append(row | {"audio": clip, "speaker": f"{row['speaker']}@{speed}"})
    return speakers


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
        Minimum and maximum number of speakers.
    seconds : float
        Minimum length; utterances are added until it is reached.
    overlap : (float, float)
        Minimum and maximum of `overlap_of` the utterances.
    scene : str
        Where they are, one of :data:`SCENES`.
    alike : bool, default False
        Whether all speakers are of one sex, by the column ``sex`` of `rows`, so that their voices
        are more similar.
    music : datasets.Dataset or list of dict, optional
        Clips with ``audio`` for `add_music`, as in a programme on the radio.

    Returns
    -------
    dict
        ``audio`` (float32 at 16 kHz, shape ``(n,)``), ``turns``, and ``texts``, the utterances as
        ``{"speaker", "start", "end", "text"}``; both by start.

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
    candidates = np.unique(names)
    if alike:
        sexes = np.array(_column(rows, "sex"))
        candidates = np.unique(names[sexes == rng.choice(np.unique(sexes))])
    count = int(rng.integers(speakers[0], speakers[1] + 1))
    if len(candidates) < count:
        raise ValueError(
            f"rows has {len(candidates)} speakers; speakers={speakers} asks for {count}"
        )
    chosen = rng.permutation(candidates)[:count].tolist()
    for _ in range(DRAWS):
        utterances = _take_turns(rng, rows, names, chosen, seconds)
        if _arrange(rng, utterances, overlap):
            made = _mix(rng, utterances, SCENES[scene])
            return made if music is None else made | {"audio": add_music(rng, made["audio"], music)}
    raise ValueError(f"no arrangement has an overlap of {overlap}; widen it or add speakers")


def add_music(rng, track, music):
    """Mix music under a recording, clip after clip to its end, 15 to 25 dB below it.

    `music` are rows with ``audio``, one at least, or `ValueError` is raised. Returns float32,
    shape ``(n,)`` as `track`, with a peak of 0.9 at most.
    """
    if not len(music):
        raise ValueError("music has no clips; leave it out, or give some")
    bed = np.zeros(0, np.float32)
    while len(bed) < len(track):
        clip, _ = audio.load(music[int(rng.integers(len(music)))]["audio"], RATE)
        bed = np.append(bed, clip)
    bed = bed[: len(track)]
    gain = 10 ** (rng.uniform(*MUSIC_DB) / 20)
    level = np.sqrt(np.mean(track**2) / (np.mean(bed**2) + 1e-12)) * gain
    return _limited(track + level * bed)


def overlap_of(turns):
    """Return the share of the time with speech in which two or more speak, 0 to 1.

    `turns` are ``{"speaker", "start", "end"}`` in seconds; without any, the share is 0.
    """
    edges = sorted([(turn["start"], 1) for turn in turns] + [(turn["end"], -1) for turn in turns])
    speaking, before, once, twice = 0, 0.0, 0.0, 0.0
    for time, change in edges:
        once += (time - before) * (speaking >= 1)
        twice += (time - before) * (speaking >= 2)
        speaking, before = speaking + change, time
    return float(twice / once) if once else 0.0


def speech_in(samples, sampling_rate, top_db=40.0):
    """Return start and end, in seconds, of each stretch of sound in a clean clip.

    Frames of 10 ms that are more than `top_db` below the loudest are silent; pauses up to
    :data:`MAX_PAUSE` do not end a stretch.
    """
    loud = audio.loud_frames(samples, sampling_rate, top_db) / 100
    return joined(((start, start + 0.01) for start in loud), MAX_PAUSE)


def _column(rows, name):
    """Return a column as strings; a data set is not read row by row, which would be slow."""
    try:
        column = rows[name] if hasattr(rows, "column_names") else (row[name] for row in rows)
        return [str(value) for value in column]
    except (KeyError, ValueError):  # a data set raises ValueError
        raise ValueError(f"rows has no column {name!r}, which is needed here; add it") from None


def _take_turns(rng, rows, names, chosen, seconds):
    """Draw utterances, one to three a turn, never two turns of one speaker in a row."""
    decks = {name: _deck(rng, np.flatnonzero(names == name)) for name in chosen}
    levels = {name: rng.uniform(-4, 4) for name in chosen}
    utterances, length, last = [], 0.0, None
    # The first turns are one of each, so that everybody speaks.
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
    """Yield the items in random order, again and again."""
    while True:
        yield from rng.permutation(items)


def _arrange(rng, utterances, overlap):
    """Set ``start`` and ``end`` in seconds; return whether the wanted overlap was found."""
    for _ in range(ARRANGEMENTS):
        eager = rng.uniform(0, 1)  # probability of an interruption
        last, silent_since = None, {}
        for row in utterances:
            length, name = len(row["samples"]) / RATE, row["speaker"]
            if last is None:
                start = rng.uniform(0, 1)
            elif name == last["speaker"]:
                start = last["end"] + rng.uniform(0.05, 0.3)
            elif rng.uniform() < eager:
                early = rng.uniform(0.2, 0.8) * min(last["end"] - last["start"], length)
                # Nobody overlaps with themselves.
                start = max(last["end"] - early, silent_since.get(name, 0))
            else:
                start = last["end"] + rng.exponential(0.4)
            row["start"], row["end"] = float(start), float(start + length)
            last, silent_since[name] = row, row["end"]
        if overlap[0] <= overlap_of(utterances) <= overlap[1]:
            return True
    return False


def _limited(track):
    """Scale a recording so that its peak is 0.9 at most; float32."""
    return np.float32(0.9 / max(np.abs(track).max(), 0.9) * track)


def _mix(rng, utterances, scene):
    """Mix the utterances at their times in a scene; return audio, turns and texts."""
    length = max(row["end"] for row in utterances) + rng.uniform(0.3, 1.0)
    track = np.zeros(int(length * RATE))
    # One room for all: the same reverberation time, and more reverberation from further away.
    reverberation = log_uniform(rng, *scene.reverberation)
    room = scene.wet is not None
    wet = {row["speaker"]: log_uniform(rng, *scene.wet) for row in utterances if room}
    spoken = {}
    for row in utterances:
        samples, name = row.pop("samples"), row["speaker"]
        stretches = speech_in(samples, RATE)
        spoken.setdefault(name, []).extend([row["start"] + time for time in s] for s in stretches)
        if room:
            samples = np.pad(samples, (0, samples_of(reverberation)))  # for the tail
            samples = reverberate(rng, samples, reverberation, wet[name])
        add_at(track, samples, round(row["start"] * RATE))
    if scene.snr_db is not None:
        track = add_noise(rng, track, rng.uniform(*scene.snr_db), rng.uniform(-6, 0))
    if scene.telephone:
        track = over_telephone(track)
    turns = [
        {"speaker": name, "start": start, "end": end}
        for name, stretches in spoken.items()
        for start, end in joined(sorted(stretches), MAX_PAUSE)
    ]
    by_start = itemgetter("start")
    return {
        "audio": _limited(track),
        "turns": sorted(turns, key=by_start),
        "texts": sorted(utterances, key=by_start),
    }
