"""Conversations mixed from single utterances: who speaks when is known, because it was decided.

Speakers take turns with pauses, interrupt each other, sit in a room; nothing is stored, a seed
gives the same conversation again. Turns are what `rttm` reads and writes:
``{"speaker", "start", "end"}`` in seconds.
"""

from operator import itemgetter

import numpy as np

from course_utils import audio
from course_utils.acoustics import RATE, add_at, add_noise, log_uniform, reverberate

__all__ = ["overlap_of", "simulate", "speech_in"]

PAUSE = 0.3
"""Seconds of silence within a turn that do not end it."""

TRIES = 200
"""Arrangements drawn in search of the wanted overlap."""


def simulate(
    rows, seed, speakers=(2, 3), seconds=30.0, overlap=(0.1, 0.2), ratio=(15, 40), room=True
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
    ratio : (float, float) or None
        Least and greatest signal-to-noise ratio in decibels; None for no noise.
    room : bool
        Whether they sit in a room, each in another place.

    Returns
    -------
    dict
        ``audio`` (float32 at 16 kHz, shape ``(n,)``), ``turns`` and ``texts``, which are the
        utterances as ``{"speaker", "start", "end", "text"}``, both by start.

    Raises
    ------
    ValueError
        If `rows` has too few speakers, or no arrangement has the wanted overlap.
    """
    rng = np.random.default_rng(seed)
    names = np.array([row["speaker"] for row in rows])
    there = np.unique(names)
    count = int(rng.integers(speakers[0], speakers[1] + 1))
    if len(there) < count:
        raise ValueError(f"rows has {len(there)} speakers; speakers={speakers} asks for {count}")
    chosen = rng.permutation(there)[:count].tolist()
    utterances = _take_turns(rng, rows, names, chosen, seconds)
    _arrange(rng, utterances, overlap)
    return _mix(rng, utterances, ratio, room)


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
    return _joined((float(place), float(place) + 0.01) for place in loud)


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
    """Set ``start`` and ``end`` in seconds so that two speak at once as much as wanted."""
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
            return
    raise ValueError(f"no arrangement has an overlap of {overlap}; widen it or add speakers")


def _mix(rng, utterances, ratio, room):
    """Play the utterances at their times; write down who speaks when."""
    length = max(row["end"] for row in utterances) + rng.uniform(0.3, 1.0)
    track = np.zeros(int(length * RATE))
    # One room for all: everybody hears the same echo, stronger from further away.
    echo = log_uniform(rng, 0.15, 0.5)
    wet = {row["speaker"]: log_uniform(rng, 0.02, 0.3) for row in utterances}
    spoken = {}
    for row in utterances:
        samples, name = row.pop("samples"), row["speaker"]
        stretches = speech_in(samples, RATE)
        spoken.setdefault(name, []).extend([row["start"] + time for time in s] for s in stretches)
        heard = reverberate(rng, samples, echo, wet[name]) if room else samples
        add_at(track, heard, round(row["start"] * RATE))
    if ratio is not None:
        track = add_noise(rng, track, rng.uniform(*ratio), rng.uniform(-6, 0))
    track = np.float32(0.9 / max(np.abs(track).max(), 0.9) * track)
    turns = [
        {"speaker": name, "start": start, "end": end}
        for name, stretches in spoken.items()
        for start, end in _joined(sorted(stretches))
    ]
    by_start = itemgetter("start")
    return {
        "audio": track,
        "turns": sorted(turns, key=by_start),
        "texts": sorted(utterances, key=by_start),
    }


def _joined(stretches):
    """Join stretches, in order of their starts, that are no more than a pause apart."""
    joined = []
    for start, end in stretches:
        if joined and start - joined[-1][1] <= PAUSE:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
