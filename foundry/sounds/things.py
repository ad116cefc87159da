"""Synthesise sounds of weather, machines and objects.

The functions have the arguments and results of those in :mod:`foundry.sounds.animals_and_people`.
"""

import numpy as np
from scipy import signal

from course_utils.simulation.augmentation import (
    RATE,
    add_at,
    band,
    log_uniform,
    noise,
    samples_of,
)
from foundry.common.sound_synthesis import (
    curve,
    fade,
    formant_gain,
    modes,
    normalise,
    phase_of,
    saturate,
    shape,
    split_uniform,
    wander,
)


def _impacts(rng, n, rate, kernels, spread):
    """Place grains at random times (a Poisson process) with log-normal levels."""
    track = np.zeros(n)
    count = rng.poisson(rate * n / RATE)
    owners = rng.integers(len(kernels), size=count)
    for number, kernel in enumerate(kernels):
        times = rng.integers(n, size=int(np.sum(owners == number)))
        hits = np.zeros(n)
        np.add.at(
            hits, times, np.exp(rng.normal(0, spread, len(times))) * rng.choice([-1, 1], len(times))
        )
        track += signal.fftconvolve(hits, kernel)[:n]
    return track


def rain(rng, split, seconds):
    """Synthesise rain: steady bright noise, with the impacts of single drops."""
    density = split_uniform(rng, split, 40, 2500, log=True)
    n = samples_of(seconds)
    hiss = noise(rng, n, rng.uniform(-2.8, 1.0))
    hiss = band(hiss, log_uniform(rng, 60, 700), None, 1)
    centre, width = log_uniform(rng, 900, 7000), log_uniform(rng, 1000, 6000)
    hiss = shape(hiss, lambda f: 0.4 + formant_gain(f, [(centre, width, 1.0)]))
    kernels = []
    for _ in range(8):
        size = samples_of(0.03)
        pitch = log_uniform(rng, 700, 7000)
        grain = modes(size, [pitch], [log_uniform(rng, 0.001, 0.008)], [1.0], rng)
        grain += rng.uniform(0, 1) * noise(rng, size) * np.exp(-np.arange(size) / RATE / 0.0015)
        kernels.append(grain)
    drops = _impacts(rng, n, density, kernels, rng.uniform(0.4, 1.1))
    drops /= drops.std() + 1e-9
    near = log_uniform(rng, 0.05, 1.2)
    track = hiss / hiss.std() + near * drops
    track *= 1 + wander(rng, n, 0.8, 0.05)
    return track, {"density": density, "near": near}


def sea_waves(rng, split, seconds):
    """Synthesise waves: low noise that swells and becomes brighter as a wave breaks."""
    period = split_uniform(rng, split, 1.6, 5.5, log=True)
    n = samples_of(seconds)
    time = np.arange(n) / RATE
    phase = (time / period + rng.uniform() + 0.1 * wander(rng, n, 0.7)) % 1
    rise = rng.uniform(0.25, 0.6)
    swell = np.where(phase < rise, phase / rise, (1 - phase) / (1 - rise)) ** rng.uniform(0.8, 2.0)
    depth = rng.uniform(0.6, 0.97)
    swell = swell * (1 + wander(rng, n, 3, 0.1))
    base = noise(rng, n, rng.uniform(-6, -2))
    base = band(base, 30, log_uniform(rng, 2500, 9000), 1)
    surf = band(
        noise(rng, n, rng.uniform(-3.5, 0)),
        log_uniform(rng, 250, 900),
        log_uniform(rng, 3500, 9000),
        1,
    )
    track = (1 - depth + depth * swell) * base / base.std()
    track += rng.uniform(0.2, 1.1) * np.maximum(swell, 0) ** 1.5 * surf / surf.std()
    return track * (1 + wander(rng, n, 40, 0.05)), {"period": period, "depth": depth}


def fire(rng, split, seconds):
    """Synthesise fire: snaps of random size at random times, over low noise."""
    rate = split_uniform(rng, split, 8, 110, log=True)
    n = samples_of(seconds)
    kernels = []
    for _ in range(8):
        size = samples_of(log_uniform(rng, 0.003, 0.03))
        grain = noise(rng, size, rng.uniform(-3, 2)) * np.exp(-7 * np.arange(size) / size)
        kernels.append(normalise(band(grain, log_uniform(rng, 300, 2500), None, 1)))
    bursts = np.clip(1 + wander(rng, n, 2, 0.8), 0, None)
    snaps = _impacts(rng, n, rate, kernels, rng.uniform(0.7, 1.5)) * bursts
    snaps += 0.15 * _impacts(rng, n, 12 * rate, kernels, 0.6)
    rumble = noise(rng, n, rng.uniform(-9, -5)) * (1 + wander(rng, n, 5, 0.3))
    rumble = band(rumble, 25, None, 1)
    air = noise(rng, n, rng.uniform(-3, 0))
    track = normalise(snaps, 1.0)
    track += log_uniform(rng, 0.02, 0.2) * rumble / rumble.std()
    track += log_uniform(rng, 0.002, 0.03) * air
    return track, {"rate": rate}


def _tick(rng):
    """Synthesise one tick: one to three short knocks within 30 ms."""
    n = samples_of(0.12)
    count = rng.integers(3, 9)
    frequencies = np.exp(rng.uniform(np.log(500), np.log(7800), count))
    decays = np.exp(rng.uniform(np.log(0.001), np.log(0.012), count))
    if rng.uniform() < 0.3:
        decays[rng.integers(count)] = rng.uniform(0.02, 0.06)
    knock = modes(n, frequencies, decays, rng.uniform(0.2, 1, count), rng)
    click = noise(rng, n) * np.exp(-np.arange(n) / RATE / log_uniform(rng, 0.0005, 0.004))
    knock = knock + rng.uniform(0.2, 1.5) * click
    if rng.uniform() < 0.35:
        knock += rng.uniform(0.3, 1.5) * modes(n, [log_uniform(rng, 80, 350)], [0.015], [1.0], rng)
    out = np.zeros(n)
    for _ in range(rng.integers(1, 4)):
        add_at(out, knock * rng.uniform(0.2, 1), rng.uniform(0, 0.03) * RATE)
    return normalise(out, 1.0)


def clock_tick(rng, split, seconds):
    """Synthesise a clock: ticks at a constant rate, tick and tock the same or different."""
    period = split_uniform(rng, split, 0.17, 1.1, log=True)
    tick = _tick(rng)
    tock = _tick(rng) if rng.uniform() < 0.5 else tick * rng.uniform(0.5, 1)
    lean = 0.5 + rng.uniform(-0.06, 0.06) * (rng.uniform() < 0.4)
    track = np.zeros(samples_of(seconds))
    at, ticks = rng.uniform(0, min(period, 0.7 * seconds)), 0
    while at < seconds - 0.02 or not ticks:
        add_at(track, (tock if ticks % 2 else tick) * rng.uniform(0.85, 1), at * RATE)
        at += 2 * period * (1 - lean if ticks % 2 else lean)
        ticks += 1
    return track, {"period": period, "events": ticks}


def _motor(rng, frequency, tilt, wobble, max_harmonics=40):
    """Sum the harmonics of an engine, each with its own slow amplitude modulation."""
    n, time = len(frequency), np.arange(len(frequency))
    phase = phase_of(frequency)
    grid = np.arange(0, n + 80, 80)
    slow = frequency[np.minimum(grid, n - 1)]
    track = np.zeros(n)
    for harmonic in range(1, max_harmonics + 1):
        if harmonic * slow.min() > 0.47 * RATE:
            break
        level = harmonic ** (tilt / 6.0206) * np.exp(rng.normal(0, 0.5))
        level = level * (1 + wander(rng, len(grid), 80 * 8, wobble))
        level = level * (harmonic * slow < 0.47 * RATE)
        track += np.interp(time, grid, level) * np.sin(harmonic * phase + rng.uniform(0, 6.28))
    return track / (track.std() + 1e-9)


def chainsaw(rng, split, seconds):
    """Synthesise a chainsaw: a two-stroke engine that alternates between idling and cutting."""
    speed = split_uniform(rng, split, 75, 230, log=True)
    n = samples_of(seconds)
    idle = speed * rng.uniform(0.3, 0.6)
    points, at, high = [(0.0, rng.choice([idle, speed]))], 0.0, rng.uniform() < 0.5
    while at < 1:
        stay = rng.uniform(0.3, 2.5) / seconds
        level = speed * rng.uniform(0.8, 1.05) if high else idle
        ramp = rng.uniform(0.1, 0.5) / seconds
        points += [(min(at + ramp, 1.01), level), (min(at + ramp + stay, 1.02), level)]
        at, high = at + ramp + stay, not high or rng.uniform() < 0.6
    revs = curve(points, n) * (1 + wander(rng, n, 6, 0.015) + wander(rng, n, 40, 0.006))
    power = (revs / speed) ** rng.uniform(0.8, 2.0)
    body = _motor(rng, revs, rng.uniform(-4, -0.5), 0.25)
    pulses = (0.5 + 0.5 * np.cos(phase_of(revs))) ** rng.uniform(1, 6)
    grit = band(noise(rng, n, rng.uniform(-3, 0)), log_uniform(rng, 400, 1800), None, 1) * pulses
    track = body + log_uniform(rng, 0.2, 0.8) * grit / grit.std()
    ring = [(log_uniform(rng, 700, 4500), log_uniform(rng, 300, 1500), 1.0) for _ in range(4)]
    track = shape(track, lambda f: 0.25 + formant_gain(f, ring))
    track = saturate(power * track / track.std(), rng.uniform(0.3, 1.5))
    return track, {"revolutions": speed}


def helicopter(rng, split, seconds):
    """Synthesise a helicopter: pulses of the blades, modulated noise, the whine of a turbine."""
    blades = split_uniform(rng, split, 9, 28, log=True)
    n = samples_of(seconds)
    pace = np.full(n, blades) * (1 + wander(rng, n, 0.5, 0.01))
    phase = phase_of(pace)
    chop = (0.5 + 0.5 * np.cos(phase)) ** rng.uniform(2, 8)
    depth = rng.uniform(0.7, 0.98)
    wash = noise(rng, n, rng.uniform(-6.5, -2.5))
    wash = band(wash, log_uniform(rng, 20, 90), log_uniform(rng, 900, 9000), 1)
    track = (1 - depth + depth * chop) * wash / wash.std()
    thump = _motor(rng, pace, rng.uniform(-7, -2), 0.15, max_harmonics=25)
    track += log_uniform(rng, 0.3, 2.0) * thump
    gears = _motor(rng, np.full(n, log_uniform(rng, 60, 180)), -5, 0.3, max_harmonics=12)
    track += log_uniform(rng, 0.02, 0.25) * gears
    for _ in range(rng.integers(0, 5)):
        whine = log_uniform(rng, 500, 7000) * (1 + wander(rng, n, 0.5, 0.004))
        track += (
            log_uniform(rng, 0.003, 0.12) * np.sin(phase_of(whine)) * (1 + wander(rng, n, 6, 0.3))
        )
    distance = curve([(0, rng.uniform(0.5, 1)), (0.5, 1), (1, rng.uniform(0.5, 1))], n)
    return track * distance, {"blades": blades}


def engine(rng, split, seconds):
    """Synthesise an idling car engine that is revved up once in some clips."""
    firing = split_uniform(rng, split, 24, 62, log=True)
    n = samples_of(seconds)
    revs = np.full(n, firing)
    if rng.uniform() < 0.4:
        at, width = rng.uniform(0.2, 0.8), rng.uniform(0.3, 0.8) * RATE
        revs += firing * rng.uniform(0.4, 1.2) * np.exp(-(((np.arange(n) - at * n) / width) ** 2))
    revs *= 1 + wander(rng, n, 10, 0.008)
    body = _motor(rng, revs, rng.uniform(-8, -5), 0.15, max_harmonics=30)
    body += 0.5 * _motor(rng, revs / 2, -8, 0.2, max_harmonics=20)
    hiss = band(noise(rng, n, -4), 100, 5000, 1) * (1 + 0.5 * np.cos(phase_of(revs)))
    track = body + log_uniform(rng, 0.03, 0.3) * hiss / hiss.std()
    return band(track, 25, log_uniform(rng, 1200, 6000), 1), {"firing": firing}


def siren(rng, split, seconds):
    """Synthesise a siren: a horn whose pitch sweeps (wail, yelp) or alternates (two-tone)."""
    pitch = split_uniform(rng, split, 420, 1100, log=True)
    n = samples_of(seconds)
    kind = str(rng.choice(["wail", "yelp", "two-tone"]))
    period = {"wail": (1.8, 5.0), "yelp": (0.22, 0.5), "two-tone": (0.7, 1.6)}[kind]
    turns = np.arange(n) / RATE / rng.uniform(*period) + rng.uniform()
    ratio = rng.uniform(1.25, 1.4) if kind == "two-tone" else rng.uniform(1.5, 2.3)
    if kind == "two-tone":
        swing = band((turns % 1 < 0.5).astype(float), None, 25, 1)
    else:
        swing = 0.5 - 0.5 * np.cos(2 * np.pi * turns)
    frequency = pitch * ratio**swing
    phase = phase_of(frequency)
    odd = rng.uniform(0.2, 1.0)
    track = sum(
        (1.0 if k % 2 else odd)
        / k ** rng.uniform(0.8, 1.6)
        * np.sin(k * phase)
        * (k * frequency < 7500)
        for k in range(1, 11)
    )
    horn = [(rng.uniform(900, 2200), 1200, 1.0)]
    track = shape(track, lambda f: 0.3 + formant_gain(f, horn))
    return fade(track * (1 + wander(rng, n, 1, 0.15))), {
        "pitch": pitch,
        "ratio": ratio,
        "kind": kind,
    }


def bell(rng, split, seconds):
    """Synthesise a cast bell: inharmonic partials, of which the high ones decay first."""
    pitch = split_uniform(rng, split, 250, 1700, log=True)
    ratios = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0, 5.3, 6.7])
    ratios = ratios * (1 + rng.normal(0, 0.01, len(ratios)))
    ratios[1] = 1.0
    length = log_uniform(rng, 0.35, 1.6)
    decays = length / np.maximum(ratios, 0.5) ** rng.uniform(0.5, 1.0)
    gains = rng.uniform(0.2, 1.0, len(ratios)) / ratios ** rng.uniform(0.2, 0.9)
    gains[1] = 1.0
    n = samples_of(seconds)
    track = np.zeros(n)
    stroke = modes(n, pitch * ratios, decays, gains, rng)
    clap = noise(rng, n) * np.exp(-np.arange(n) / RATE / 0.004)
    stroke = stroke / np.max(np.abs(stroke)) + rng.uniform(0.05, 0.3) * clap
    gap = log_uniform(rng, 0.45, 2.5)
    at, strokes = rng.uniform(0, 0.2), 0
    while at < seconds - 0.3 or not strokes:
        add_at(track, stroke * rng.uniform(0.6, 1), at * RATE)
        at += gap
        strokes += 1
    return fade(track), {"pitch": pitch, "events": strokes}


def phone(rng, split, seconds):
    """Synthesise a ringing phone: two tones that alternate at about 20 Hz, in bursts."""
    pitch = split_uniform(rng, split, 650, 2000, log=True)
    n = samples_of(seconds)
    rate = rng.uniform(14, 26)
    ratio = rng.choice([1.25, 1.2, 1.333, 1.125])
    shake = signal.sawtooth(2 * np.pi * rate * np.arange(n) / RATE, 0.5)
    swing = np.clip(shake * rng.uniform(2, 8), -1, 1) * 0.5 + 0.5
    first, second = (np.full(n, pitch), np.full(n, pitch * ratio))
    tones = [np.zeros(n), np.zeros(n)]
    for k, gain in enumerate(rng.uniform(0.05, 1, 4) / np.arange(1, 5), 1):
        for tone, frequency in zip(tones, (first, second), strict=True):
            tone += (
                (gain if k > 1 else 1.0) * np.sin(k * phase_of(frequency)) * (k * frequency < 7500)
            )
    track = tones[0] * swing + tones[1] * (1 - swing)
    on, off = rng.uniform(0.4, 1.6), rng.uniform(0.2, 1.2)
    gate = ((np.arange(n) / RATE + rng.uniform(0, 0.3)) % (on + off) < on).astype(float)
    gate = signal.filtfilt(*signal.butter(1, 30, fs=RATE), gate)
    return fade(track * np.clip(gate, 0, 1)), {"pitch": pitch, "shake": rate}
