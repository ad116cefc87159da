"""Synthesise sounds of animals and people: dog, cat, rooster, baby cry, sneeze, bird.

Each function takes a generator, the split and a length in seconds, and returns ``(samples,
parameters)``: the sound without room or background, and its parameters. The first parameter
of each is drawn from the cells of its split, see `sound_synthesis.split_uniform`.
"""

import numpy as np

from course_utils.simulation.augmentation import (
    RATE,
    add_at,
    band,
    log_uniform,
    noise,
    samples_of,
)
from foundry.common.sound_synthesis import (
    adsr,
    curve,
    fade,
    formant_gain,
    normalise,
    shape,
    split_uniform,
    voice,
    wander,
)


def _bark(rng, pitch, size, seconds, rough, breath):
    """Synthesise one bark: a fast rise and fall in pitch, formants of an opening mouth."""
    n = samples_of(seconds)
    top = rng.uniform(0.15, 0.45)
    frequency = pitch * curve(
        [(0, rng.uniform(0.6, 0.9)), (top, 1), (1, rng.uniform(0.45, 0.8))], n
    )
    frequency = frequency * (1 + wander(rng, n, 60, 0.012))
    mouth = curve([(0, 0.75), (top, 1.0), (1, 0.7)], n)
    formants = [
        (750 / size * mouth, 500, 1.0),
        (1500 / size * mouth, 700, rng.uniform(0.4, 1.2)),
        (2700 / size, 1000, rng.uniform(0.2, 0.8)),
        (4200 / size, 1800, rng.uniform(0.1, 0.4)),
    ]
    tone = voice(rng, frequency, formants, rng.uniform(-8, -2), rough, breath, max_harmonics=26)
    return tone * adsr(n, rng.uniform(0.008, 0.03), 0.4 * seconds, 0.5, 0.45 * seconds)


def dog(rng, split, seconds):
    """Synthesise a large or small dog that barks once or several times, singly or in pairs."""
    pitch = split_uniform(rng, split, 170, 1000, log=True)
    size = np.clip((400 / pitch) ** 0.4 * rng.uniform(0.8, 1.2), 0.6, 1.6)
    rough, breath = rng.uniform(0, 0.9), log_uniform(rng, 0.04, 0.5)
    length = log_uniform(rng, 0.09, 0.32)
    if rng.uniform() < 0.1:
        length = rng.uniform(0.4, 0.8)
    track = np.zeros(samples_of(seconds))
    gap = rng.uniform(0.12, 0.8)
    pairs = rng.uniform() < 0.3
    count = rng.choice([1, 2, 3, 4, 30], p=[0.25, 0.2, 0.1, 0.1, 0.35])
    at, barks = rng.uniform(0.02, min(0.4, 0.3 * seconds)), 0
    while barks < count and (at + length < seconds or not barks):
        own = length * rng.uniform(0.8, 1.2)
        sound = _bark(rng, pitch * rng.uniform(0.9, 1.1), size, own, rough, breath)
        add_at(track, sound * rng.uniform(0.5, 1.0), at * RATE)
        barks += 1
        at += own + (0.05 if pairs and barks % 2 else gap * rng.uniform(0.8, 1.3))
    return track, {"pitch": pitch, "events": barks}


def _meow(rng, pitch, seconds, size):
    """Synthesise one meow: the formants of an opening and closing mouth, rising-falling pitch."""
    n = samples_of(seconds)
    top = rng.uniform(0.2, 0.55)
    frequency = pitch * curve(
        [(0, rng.uniform(0.5, 0.75)), (top, 1), (0.75, 0.9), (1, rng.uniform(0.45, 0.75))], n
    )
    frequency *= 1 + wander(rng, n, 12, 0.012) + wander(rng, n, 80, 0.004)
    opening = curve([(0, 0.0), (top, 1), (0.7, rng.uniform(0.5, 0.9)), (1, 0.1)], n)
    formants = [
        ((500 + 900 * opening) / size, 450, 0.25 + 0.75 * opening),
        (curve([(0, 1300), (top * 0.8, 2900), (0.7, 2000), (1, 1100)], n) / size, 600, opening),
        (4300 / size, 1000, 0.6 * opening),
        (6200 / size, 1400, 0.3 * opening),
        (280, 400, 0.3),
    ]
    tone = voice(rng, frequency, formants, rng.uniform(-7, -3), 0.0, log_uniform(rng, 0.02, 0.2))
    if rng.uniform() < 0.35:
        trill = curve([(0, 1), (rng.uniform(0.15, 0.5), 1), (rng.uniform(0.5, 0.6), 0), (1, 0)], n)
        rate = rng.uniform(22, 32) * np.arange(n) / RATE
        tone *= 1 - 0.8 * trill * (0.5 + 0.5 * np.sin(2 * np.pi * rate))
    return tone * adsr(n, 0.18 * seconds, 0.3 * seconds, 0.8, 0.35 * seconds)


def cat(rng, split, seconds):
    """Synthesise an adult cat or a kitten that meows one to three times."""
    pitch = split_uniform(rng, split, 420, 1150, log=True)
    size = np.clip((650 / pitch) ** 0.5 * rng.uniform(0.85, 1.15), 0.6, 1.4)
    length = rng.uniform(0.45, 1.1)
    track = np.zeros(samples_of(seconds))
    at, meows = rng.uniform(0.02, 0.4), 0
    count = rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])
    while meows < count and (at + 0.6 * length < seconds or not meows):
        own = min(length * rng.uniform(0.8, 1.2), max(seconds - at - 0.02, 0.3))
        add_at(track, _meow(rng, pitch * rng.uniform(0.92, 1.08), own, size), at * RATE)
        meows += 1
        at += own + rng.uniform(0.3, 1.2)
    return track, {"pitch": pitch, "events": meows}


def rooster(rng, split, seconds):
    """Synthesise a rooster: one to four short notes, then a long one that rises and falls."""
    pitch = split_uniform(rng, split, 480, 1250, log=True)
    total = min(rng.uniform(1.4, 2.6), 0.97 * seconds)
    formants = [
        (rng.uniform(1000, 2000), 900, 1.0),
        (rng.uniform(2200, 3300), 1200, rng.uniform(0.5, 1.5)),
        (rng.uniform(3600, 4600), 1800, rng.uniform(0.1, 0.6)),
        (rng.uniform(5600, 7000), 2000, rng.uniform(0.03, 0.25)),
    ]
    shorts = rng.choice([1, 2, 3, 4], p=[0.05, 0.3, 0.45, 0.2])
    tilt, rough = rng.uniform(-2, 2), rng.uniform(0, 0.35) if rng.uniform() < 0.5 else 0.0
    breath = log_uniform(rng, 0.03, 0.3)
    long = total * rng.uniform(0.48, 0.64)
    each = (total - long) / shorts
    track = np.zeros(samples_of(seconds))
    at = rng.uniform(0.0, max(min(0.4, seconds - total), 0.01))
    for number in range(shorts):
        n = samples_of(each * rng.uniform(0.55, 0.92))
        level = rng.uniform(0.75, 0.95) + 0.1 * number / shorts
        frequency = pitch * level * curve([(0, 0.8), (0.35, 1), (1, rng.uniform(0.75, 1))], n)
        frequency *= 1 + wander(rng, n, 40, 0.006)
        note = voice(rng, frequency, formants, tilt, rough, breath, max_harmonics=18)
        add_at(track, 0.8 * note * adsr(n, 0.02, 0.05, 0.9, 0.05), at * RATE)
        at += each
    n = samples_of(long)
    droop = rng.uniform(0.5, 0.95)
    frequency = pitch * curve(
        [(0, 0.85), (rng.uniform(0.08, 0.2), 1.0), (rng.uniform(0.5, 0.75), 0.97), (1, droop)], n
    )
    frequency *= 1 + wander(rng, n, 25, 0.006)
    note = voice(rng, frequency, formants, tilt, rough, breath, max_harmonics=18)
    add_at(track, note * adsr(n, 0.04, 0.2, 0.85, 0.3 * long), at * RATE)
    return track, {"pitch": pitch, "events": int(shorts) + 1}


def _wail(rng, pitch, seconds, formants, rough):
    """Synthesise one cry: the pitch rises, stays with a tremor, falls."""
    n = samples_of(seconds)
    frequency = pitch * curve(
        [
            (0, rng.uniform(0.7, 0.95)),
            (rng.uniform(0.1, 0.35), 1),
            (0.75, 0.97),
            (1, rng.uniform(0.6, 0.9)),
        ],
        n,
    )
    tremor = np.sin(2 * np.pi * rng.uniform(4, 9) * np.arange(n) / RATE)
    frequency *= 1 + wander(rng, n, 8, 0.02) + rng.uniform(0.008, 0.025) * tremor
    breath = log_uniform(rng, 0.03, 0.4)
    tone = voice(rng, frequency, formants, rng.uniform(-6, -1), rough, breath, max_harmonics=24)
    return tone * adsr(n, 0.06, 0.1, 0.9, 0.15) * (1 + wander(rng, n, 6, 0.12))


def baby_cry(rng, split, seconds):
    """Synthesise a crying baby: long or short cries, with gasps between some of them."""
    pitch = split_uniform(rng, split, 290, 620, log=True)
    formants = [
        (rng.uniform(900, 1500), 800, 1.0),
        (rng.uniform(1900, 3300), 1000, rng.uniform(0.3, 1.3)),
        (rng.uniform(3300, 4500), 1300, rng.uniform(0.3, 1.3)),
        (rng.uniform(5200, 7200), 1800, rng.uniform(0.05, 0.6)),
    ]
    rough = rng.uniform(0.2, 0.9) if rng.uniform() < 0.4 else 0.0
    length = log_uniform(rng, 0.4, 1.6)
    pause = rng.uniform(0.08, 0.5)
    track = np.zeros(samples_of(seconds))
    at, wails = -rng.uniform(0, 0.5) * length if rng.uniform() < 0.5 else rng.uniform(0, 0.4), 0
    while at < seconds - 0.15 or not wails:
        own = length * rng.uniform(0.6, 1.4)
        wail = _wail(rng, pitch * rng.uniform(0.88, 1.12), own, formants, rough)
        add_at(track, wail * rng.uniform(0.6, 1), at * RATE)
        at += own
        if rng.uniform() < 0.5:
            gasp = samples_of(rng.uniform(0.1, 0.3))
            air = shape(noise(rng, gasp), lambda f: formant_gain(f, formants))
            air = normalise(air, rng.uniform(0.02, 0.2)) * np.hanning(gasp)
            add_at(track, air, (at + 0.3 * pause) * RATE)
        at += pause * rng.uniform(0.6, 1.6)
        wails += 1
    return track, {"pitch": pitch, "events": wails}


def sneeze(rng, split, seconds):
    """Synthesise a sneeze: an inhalation ("ah"), a burst of noise and a short vowel ("choo")."""
    burst = split_uniform(rng, split, 0.16, 0.5, log=True)
    pitch = log_uniform(rng, 130, 480)
    track = np.zeros(samples_of(seconds))
    before = rng.uniform(0.15, 0.5) if rng.uniform() < 0.85 else 0.0
    at = rng.uniform(0.01, max(min(0.8, seconds - burst - before - 0.4), 0.02))
    size = rng.uniform(0.85, 1.25)
    if before:
        n = samples_of(before)
        formants = [(800 * size, 400, 1.0), (1350 * size, 500, 0.7), (2700 * size, 900, 0.4)]
        frequency = pitch * curve([(0, 0.9), (1, rng.uniform(0.9, 1.3))], n)
        breath = log_uniform(rng, 0.15, 8.0)
        gasp = voice(rng, frequency, formants, -8, 0.0, breath, max_harmonics=20)
        rise = curve([(0, 0), (0.6, 0.6), (0.92, 1), (1, 0)], n)
        add_at(track, gasp * rise * rng.uniform(0.1, 0.6), at * RATE)
        at += before + rng.uniform(0.0, 0.12)
    n = samples_of(burst)
    low = log_uniform(rng, 600, 2600)
    mouth = [(rng.uniform(1100, 2300), 900, 1.0), (rng.uniform(2500, 4500), 1500, 1.0)]
    hiss = band(noise(rng, n, rng.uniform(-3, 1)), low, log_uniform(rng, 5500, 9000), 1)
    hiss = shape(hiss, lambda f: 0.2 + formant_gain(f, mouth))
    hiss = normalise(hiss + 0.3 * noise(rng, n, -4) * np.exp(-np.arange(n) / RATE / 0.03))
    add_at(
        track, hiss * adsr(n, rng.uniform(0.004, 0.02), 0.4 * burst, 0.6, 0.5 * burst), at * RATE
    )
    tail = rng.uniform(0.08, 0.5)
    n = samples_of(tail)
    frequency = (
        pitch * rng.uniform(0.9, 1.4) * curve([(0, 1.1), (0.2, 1), (1, rng.uniform(0.5, 0.9))], n)
    )
    vowel = [(rng.uniform(350, 700) * size, 400, 1.0), (rng.uniform(900, 1900) * size, 600, 0.8)]
    vowel += [(2600 * size, 900, 0.5), (3800 * size, 1500, 0.4)]
    ooh = voice(
        rng, frequency, vowel, rng.uniform(-7, -2), 0.0, log_uniform(rng, 0.15, 3), max_harmonics=30
    )
    ooh *= adsr(n, 0.02, 0.2 * tail, 0.6, 0.7 * tail) * rng.uniform(0.1, 0.9)
    add_at(track, ooh, (at + burst * rng.uniform(0.1, 0.7)) * RATE)
    return track, {"burst": burst, "pitch": pitch}


def bird(rng, split, seconds):
    """Synthesise a bird: short frequency sweeps, in trills or phrases."""
    pitch = split_uniform(rng, split, 2200, 5600, log=True)
    sweep = rng.uniform(-0.45, 0.45)
    length = log_uniform(rng, 0.05, 0.25)
    gap = log_uniform(rng, 0.02, 0.35)
    phrase = rng.integers(1, 9)
    bend = rng.uniform(-0.2, 0.2)
    track = np.zeros(samples_of(seconds))
    at, chirps = rng.uniform(0, 0.3), 0
    while at + length < seconds or not chirps:
        n = samples_of(length * rng.uniform(0.9, 1.1))
        shape_of = curve([(0, 1 - sweep / 2), (0.5, 1 + bend), (1, 1 + sweep / 2)], n)
        frequency = pitch * rng.uniform(0.96, 1.04) * shape_of
        phase = 2 * np.pi * np.cumsum(frequency) / RATE
        tone = np.sin(phase) + rng.uniform(0, 0.12) * np.sin(2 * phase) * (frequency < 3800)
        add_at(track, tone * np.hanning(n) * rng.uniform(0.5, 1), at * RATE)
        chirps += 1
        at += length + gap + (rng.uniform(0.2, 0.9) if chirps % phrase == 0 else 0)
    return fade(track), {"pitch": pitch, "events": chirps}
