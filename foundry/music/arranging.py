"""Compose and synthesise music by the rules of a `Style`: chords, rhythms, parts and mix."""

import numpy as np

from course_utils.simulation.augmentation import RATE, add_at, band, noise, reverberate
from foundry.common.sound_synthesis import equalise, fade, normalise, saturate
from foundry.music.drums import hit
from foundry.music.instruments import PATCHES, note
from foundry.music.styles import PROGRESSIONS, share

_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii")
_STROKES = {"K": 0.5, "S": 0.34, "H": 0.11, "O": 0.13, "R": 0.13, "M": 0.2, "T": 0.32, "P": 0.1}


def chord(symbol, mode):
    """Return the tones of a chord.

    Parameters
    ----------
    symbol : str
        Roman numeral, upper case for major and lower case for minor, then nothing, "7" or "maj7".
    mode : {"major", "minor"}
        Scale of the numeral; minor is natural minor.

    Returns
    -------
    tuple of int
        Semitones above the tonic of root, third, fifth and, if there is one, seventh.

    Examples
    --------
    >>> chord("V7", "minor")
    (7, 11, 14, 17)
    """
    numeral = symbol.rstrip("maj7")
    root = _SCALES[mode][_ROMAN.index(numeral.lower())]
    tones = [0, 4 if numeral.isupper() else 3, 7]
    if symbol.endswith("7"):
        tones.append(11 if symbol.endswith("maj7") else 10)
    return tuple(root + tone for tone in tones)


def compose(style, rng, split, seconds):
    """Choose tempo, key, chords, rhythms and instruments.

    Parameters
    ----------
    style : Style
        The rules of the genre.
    rng : numpy.random.Generator
        Source of randomness.
    split : {"train", "validation", "test"}
        Split of the progressions, rhythms and patches.
    seconds : float
        Length of the clip in seconds.

    Returns
    -------
    dict
        Score for `perform`: among others, ``tempo`` in beats per minute, ``step`` in seconds,
        ``tonic`` in semitones above C, and ``kit``, ``bass``, ``comp`` and ``lead`` as (name,
        patch).
    """

    def one_of(weights):
        names = list(weights)
        odds = np.array([weights[name] for name in names], float)
        return names[rng.choice(len(names), p=odds / odds.sum())]

    def player(weights):
        return one_of(weights), int(rng.choice(share(range(PATCHES), split)))

    mode = "minor" if rng.uniform() < style.minor else "major"
    tempo = round(float(rng.uniform(*style.tempo)), 1)
    progression = str(rng.choice(share(PROGRESSIONS[one_of(style.harmony)][mode], split)))
    score = {
        "tempo": tempo,
        "step": 60 / tempo / style.steps,
        "tonic": int(rng.integers(12)),
        "mode": mode,
        "progression": progression,
        "chord_steps": int(rng.choice(style.chord_beats)) * style.steps,
        "kit": player(style.kits),
        "bass": player(style.basses),
        "comp": player(style.comps),
        "lead": player(style.leads),
        "has_drums": bool(rng.uniform() >= style.drumless),
        "has_lead": bool(rng.uniform() >= style.leadless),
    }
    for part, rhythms in ("drum", style.drums), ("bass", style.bass), ("comp", style.comp):
        score[f"{part}_pattern"] = int(rng.choice(share(range(len(rhythms)), split)))
    machine = score["kit"][0] in ("electronic_kit", "chip_kit")
    score["jitter"] = 0.0 if machine else rng.uniform(0.001, 0.006)
    score["chords"] = [chord(symbol, mode) for symbol in progression.split()]
    score["steps"] = int(np.ceil(seconds / score["step"]))
    return score


def perform(style, score, rng, seconds):
    """Return the sound of a score.

    Parameters
    ----------
    style : Style
        The rules of the genre, as for `compose`.
    score : dict
        Result of `compose`.
    rng : numpy.random.Generator
        Source of melody, dynamics and mix.
    seconds : float
        Length of the clip in seconds.

    Returns
    -------
    numpy.ndarray, shape (n,), float32
        Music at 16 kHz, peak at most 0.95.
    """
    count = round(seconds * RATE)
    parts = {
        "drums": _drums(style, score, rng, count),
        "bass": _bass(style, score, rng, count),
        "comp": _comp(style, score, rng, count),
        "lead": _lead(style, score, rng, count),
    }
    return _mix(parts, style, rng)


def _chord_at(score, step):
    """Return the chord at a step."""
    return score["chords"][step // score["chord_steps"] % len(score["chords"])]


def _events(rhythm, score):
    """Yield (step, symbol, number of steps) for every note of a rhythm string.

    A held note is repeated where the chord changes.
    """
    symbols = [rhythm[step % len(rhythm)] for step in range(score["steps"])]
    for step in range(1, len(symbols)):
        if symbols[step] == "-" and step % score["chord_steps"] == 0:
            back = step
            while symbols[back] == "-" and back:
                back -= 1
            symbols[step] = symbols[back]
    for step, symbol in enumerate(symbols):
        if symbol in ".-":
            continue
        length = 1
        while step + length < len(symbols) and symbols[step + length] == "-":
            length += 1
        yield step, symbol, length


def _put(track, samples, step, score, rng, gain):
    """Add a note to a track at its step, with random timing jitter."""
    late = rng.normal(0, score["jitter"]) if score["jitter"] else 0.0
    add_at(track, gain * samples, max(0, round((step * score["step"] + late) * RATE)))


def _drums(style, score, rng, count):
    """Return the drums, louder on the beats."""
    track = np.zeros(count)
    if not score["has_drums"]:
        return track
    for role, rhythm in style.drums[score["drum_pattern"]].items():
        for step in range(score["steps"]):
            symbol = rhythm[step % len(rhythm)]
            if symbol == ".":
                continue
            gain = _STROKES[role] * (1.0 if symbol == "x" else 0.5)
            gain *= rng.uniform(0.85, 1.0) * (1.0 if step % style.steps == 0 else 0.9)
            _put(track, hit(*score["kit"], role), step, score, rng, gain)
    return track


def _nearest(pitch, centre):
    """Transpose a pitch by octaves to within six semitones of `centre`."""
    return int(centre + (pitch - centre + 6) % 12 - 6)


def _bass(style, score, rng, count):
    """Return the bass, with roots around D2 (MIDI note 38)."""
    track = np.zeros(count)
    rhythm = style.bass[score["bass_pattern"]]
    tonic = score["tonic"]
    for step, symbol, length in _events(rhythm, score):
        tones = _chord_at(score, step)
        root = _nearest(tonic + tones[0], 38)
        if symbol == "a":
            following = _chord_at(score, (step // score["chord_steps"] + 1) * score["chord_steps"])
            pitch = _nearest(tonic + following[0], root) + rng.choice([-1, 1])
        else:
            pitch = root + _tone(tones, symbol) - tones[0]
        held = round(0.92 * length * score["step"], 3)
        _put(track, note(*score["bass"], int(pitch), held), step, score, rng, rng.uniform(0.85, 1))
    return track


def _tone(tones, symbol):
    """Return the chord tone of a digit of a rhythm, in semitones above the tonic."""
    if symbol == "8" or (symbol == "7" and len(tones) < 4):
        return tones[0] + 12
    return tones["1357".index(symbol)]


def _comp(style, score, rng, count):
    """Return the chords, with tones close to a centre pitch."""
    track = np.zeros(count)
    name, number = score["comp"]
    heavy = name == "distorted_guitar"
    centre = 45 if heavy else int(rng.integers(57, 65))
    rhythm = style.comp[score["comp_pattern"]]
    for step, symbol, length in _events(rhythm, score):
        tones = _chord_at(score, step)
        if symbol != "x":
            low = _nearest(score["tonic"] + tones[0], centre + 2)
            pitches = [low + _tone(tones, symbol) - tones[0]]
        elif heavy:
            low = _nearest(score["tonic"] + tones[0], centre)
            pitches = [low, low + 7, low + 12]
        else:
            pitches = [_nearest(score["tonic"] + tone, centre) for tone in tones]
        held = round(0.9 * length * score["step"], 3)
        gain = rng.uniform(0.85, 1) / np.sqrt(len(pitches))
        for pitch in pitches:
            _put(track, note(name, number, pitch, held), step, score, rng, gain)
    return _amplify(track, name, rng)


def _amplify(track, name, rng):
    """Apply distortion and a cabinet filter to a distorted guitar."""
    if name != "distorted_guitar":
        return track
    loud = saturate(band(track, 90) * rng.uniform(20, 60))
    return 0.12 * band(loud, None, rng.uniform(2800, 4500))


def _lead(style, score, rng, count):
    """Return the melody: one rhythm for all bars, scale steps, chord tones on the beats."""
    track = np.zeros(count)
    if not score["has_lead"]:
        return track
    bar = style.beats * style.steps
    grid = np.array([1.0 if step % style.steps == 0 else 0.6 for step in range(bar)])
    if style.steps == 3:  # in swing, few notes start on the middle triplet
        grid[1::3] = 0.1
    if style.steps == 4:
        grid[1::2] *= 0.4
    number = max(1, round(bar * rng.uniform(*style.density)))
    rhythm = set(rng.choice(bar, number, replace=False, p=grid / grid.sum()).tolist())
    starts = [step for step in range(score["steps"]) if step % bar in rhythm]
    scale = _SCALES[score["mode"]]
    ladder = [12 * octave + score["tonic"] + degree for octave in range(4, 8) for degree in scale]
    lowest, highest = np.searchsorted(ladder, (64, 86))
    position = int(np.searchsorted(ladder, rng.integers(69, 79)))
    for step, following in zip(starts, [*starts, score["steps"]][1:], strict=True):
        position = int(np.clip(position + rng.choice([-2, -1, -1, 0, 1, 1, 2]), lowest, highest))
        pitch = ladder[position]
        tones = {(score["tonic"] + tone) % 12 for tone in _chord_at(score, step)}
        if step % style.steps == 0:
            near = [pitch + move for move in (0, -1, 1, -2, 2, -3, 3, -4, 4)]
            pitch = next(other for other in near if other % 12 in tones)
        elif (pitch + 1) % 12 in tones - {rung % 12 for rung in ladder}:
            pitch += 1  # the leading tone of V in a minor key
        held = round(0.9 * min(following - step, bar) * score["step"], 3)
        _put(track, note(*score["lead"], pitch, held), step, score, rng, rng.uniform(0.8, 1))
    return _amplify(track, score["lead"][0], rng)


def _mix(parts, style, rng):
    """Mix the parts, add reverberation, and scale the clip to a random level."""
    levels = {"drums": 0.0, "bass": -1.0, "comp": -3.0, "lead": -5.0}
    gains = {
        part: 10 ** ((level + style.levels.get(part, 0.0) + rng.uniform(-1.5, 1.5)) / 20)
        for part, level in levels.items()
    }
    mixed = sum(gain * parts[part] for part, gain in gains.items())
    wet = rng.uniform(*style.room)
    mixed = reverberate(rng, mixed, rng.uniform(0.3, 1.2), wet)
    mixed = equalise(rng, mixed, rng.uniform(1, 3))
    mixed = mixed / np.sqrt(np.mean(mixed**2))
    mixed = mixed + 10 ** (rng.uniform(-60, -42) / 20) * noise(rng, len(mixed), -3.0)
    mixed = np.tanh(mixed / 4) * 4 * 10 ** (rng.uniform(-24, -17) / 20)
    if np.max(np.abs(mixed)) > 0.95:
        mixed = normalise(mixed, 0.95)
    return fade(mixed, 0.01).astype(np.float32)
