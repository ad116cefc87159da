"""Synthesise the pitched instruments of the data set ``genres``.

An instrument is a synthesis method with a range for each setting. A *patch* is a numbered draw from
these ranges: ``patch("flute", 7)`` is the same on every machine. The splits of the data set can
share an instrument, but not a patch.
"""

from functools import cache, lru_cache
from zlib import crc32

import numpy as np
from scipy import signal

from course_utils.simulation.augmentation import RATE
from foundry.common.sound_synthesis import phase_of

PATCHES = 60
"""Number of patches of each instrument."""

_TABLE = 2048
_HIGHEST = 7_600.0  # maximum frequency in hertz, below the Nyquist frequency for resampling

# method, {setting: (lowest, highest)}. Times are seconds, detuning and vibrato are cents.
INSTRUMENTS = {
    # sustained: a wave table whose bright half fades; comb 1 is a pulse wave of this duty
    "organ": (
        "sustained",
        dict(
            tilt=(0.7, 1.2),
            comb=(0.0, 0.5),
            duty=(0.3, 0.5),
            partials=(6, 10),
            attack=(0.004, 0.015),
            release=(0.03, 0.08),
            detune=(2, 9),
        ),
    ),
    "accordion": (
        "sustained",
        dict(
            tilt=(0.8, 1.2),
            comb=(0.2, 0.6),
            duty=(0.3, 0.5),
            attack=(0.02, 0.06),
            release=(0.04, 0.09),
            detune=(8, 18),
        ),
    ),
    "flute": (
        "sustained",
        dict(
            tilt=(2.0, 2.8),
            attack=(0.03, 0.08),
            release=(0.05, 0.1),
            vibrato=(5, 20),
            breath=(0.02, 0.07),
        ),
    ),
    "clarinet": (
        "sustained",
        dict(
            tilt=(1.1, 1.6),
            comb=(0.6, 1.0),
            duty=(0.48, 0.5),
            attack=(0.02, 0.05),
            release=(0.04, 0.08),
            vibrato=(0, 8),
            breath=(0.0, 0.02),
        ),
    ),
    "trumpet": (
        "sustained",
        dict(
            tilt=(0.7, 1.1),
            partials=(10, 18),
            attack=(0.02, 0.05),
            release=(0.03, 0.07),
            vibrato=(4, 18),
            fade=(0.2, 0.7),
            dark=(0.5, 1.0),
        ),
    ),
    "violin": (
        "sustained",
        dict(
            tilt=(0.9, 1.3),
            attack=(0.04, 0.12),
            release=(0.06, 0.15),
            vibrato=(10, 28),
            breath=(0.0, 0.02),
        ),
    ),
    "strings": (
        "sustained",
        dict(
            tilt=(1.0, 1.5),
            attack=(0.08, 0.3),
            release=(0.15, 0.4),
            detune=(8, 18),
            vibrato=(4, 14),
        ),
    ),
    "warm_pad": (
        "sustained",
        dict(
            tilt=(1.4, 2.2),
            comb=(0.0, 0.6),
            duty=(0.2, 0.5),
            attack=(0.2, 0.6),
            release=(0.3, 0.8),
            detune=(6, 16),
        ),
    ),
    "square_lead": (
        "sustained",
        dict(
            tilt=(0.95, 1.1),
            comb=(1, 1),
            duty=(0.12, 0.5),
            attack=(0.002, 0.004),
            release=(0.01, 0.03),
            vibrato=(0, 15),
            fade=(0.1, 0.6),
            dark=(0.0, 0.6),
        ),
    ),
    "triangle_lead": (
        "sustained",
        dict(
            tilt=(1.8, 2.1),
            comb=(1, 1),
            duty=(0.5, 0.5),
            attack=(0.002, 0.006),
            release=(0.01, 0.04),
            vibrato=(0, 15),
        ),
    ),
    "saw_lead": (
        "sustained",
        dict(
            tilt=(0.9, 1.2),
            attack=(0.003, 0.01),
            release=(0.03, 0.09),
            detune=(4, 16),
            fade=(0.06, 0.4),
            dark=(0.4, 1.6),
        ),
    ),
    "synth_bass": (
        "sustained",
        dict(
            tilt=(1.0, 1.5),
            comb=(0.0, 1.0),
            duty=(0.25, 0.5),
            attack=(0.003, 0.008),
            release=(0.02, 0.05),
            fade=(0.05, 0.25),
            dark=(0.5, 1.5),
        ),
    ),
    "sub_bass": ("sustained", dict(tilt=(2.4, 3.2), attack=(0.004, 0.012), release=(0.03, 0.08))),
    # plucked: Karplus and Strong's string
    "nylon_guitar": (
        "plucked",
        dict(ring=(0.6, 1.6), damping=(0.12, 0.24), position=(0.15, 0.4), brightness=(0.25, 0.5)),
    ),
    "electric_guitar": (
        "plucked",
        dict(ring=(1.0, 2.5), damping=(0.04, 0.12), position=(0.08, 0.25), brightness=(0.5, 0.9)),
    ),
    "distorted_guitar": (
        "plucked",
        dict(ring=(2.5, 5.0), damping=(0.03, 0.1), position=(0.08, 0.2), brightness=(0.6, 0.95)),
    ),
    "electric_bass": (
        "plucked",
        dict(ring=(0.8, 2.0), damping=(0.08, 0.2), position=(0.1, 0.3), brightness=(0.2, 0.5)),
    ),
    "upright_bass": (
        "plucked",
        dict(ring=(0.4, 0.9), damping=(0.2, 0.33), position=(0.2, 0.4), brightness=(0.1, 0.25)),
    ),
    # struck: partials that decay by themselves; `stretch` is the string's inharmonicity
    "piano": ("struck", dict(tilt=(1.1, 1.7), ring=(0.8, 2.0), stretch=(2e-4, 8e-4))),
    "vibraphone": ("struck", dict(tilt=(1.0, 1.8), ring=(1.2, 2.5), bar=(3.9, 4.05))),
    "marimba": ("struck", dict(tilt=(0.8, 1.4), ring=(0.15, 0.4), bar=(3.85, 4.0))),
    "music_box": ("struck", dict(tilt=(0.5, 1.0), ring=(0.5, 1.2), bar=(2.7, 3.05))),
    # fm: one oscillator bends another (Chowning 1973)
    "electric_piano": (
        "fm",
        dict(ratio=(1, 1), index=(0.8, 2.2), bite=(0.1, 0.5), ring=(0.8, 1.8)),
    ),
    "bell_synth": ("fm", dict(ratio=(2, 2), index=(1.0, 3.0), bite=(0.3, 1.0), ring=(1.0, 2.5))),
}  # fmt: skip


def seed_of(*words):
    """Return a seed for some words that is the same in every process, unlike `hash`."""
    return crc32(" ".join(map(str, words)).encode())


def draw(name, number, ranges):
    """Draw the settings of a numbered patch.

    Parameters
    ----------
    name : str
        Name of the instrument; part of the seed.
    number : int
        0 <= number < `PATCHES`.
    ranges : dict
        ``{setting: (lowest, highest)}``.

    Returns
    -------
    dict
        ``{setting: value}``, the same for every call.
    """
    rng = np.random.default_rng(seed_of(name, number))
    return {setting: rng.uniform(*ranges[setting]) for setting in sorted(ranges)}


@cache
def patch(name, number):
    """Return the settings of a numbered patch of one of `INSTRUMENTS`.

    Examples
    --------
    >>> patch("organ", 3) == patch("organ", 3), patch("organ", 3) == patch("organ", 4)
    (True, False)
    """
    return draw(name, number, INSTRUMENTS[name][1])


def frequency(midi):
    """Convert a MIDI note number to hertz (equal temperament, A4 = note 69 = 440 Hz)."""
    return 440.0 * 2.0 ** ((midi - 69) / 12)


@lru_cache(maxsize=512)
def note(name, number, midi, seconds):
    """Return the sound of one note.

    Parameters
    ----------
    name : str
        A key of `INSTRUMENTS`.
    number : int
        Number of the patch.
    midi : int
        Pitch as a MIDI note number.
    seconds : float
        Time for which the key is held; the release follows.

    Returns
    -------
    numpy.ndarray, shape (n,), float32
        Sound at 16 kHz with an RMS of 0.1 in its loudest 50 ms; cached and read-only.
    """
    method = {"sustained": _sustained, "plucked": _plucked, "struck": _struck, "fm": _fm}
    settings = patch(name, number)
    samples = method[INSTRUMENTS[name][0]](frequency(midi), seconds, settings)
    power = np.convolve(samples**2, np.full(RATE // 20, 20 / RATE))
    samples = (samples * 0.1 / np.sqrt(power.max() + 1e-12)).astype(np.float32)
    samples.setflags(write=False)
    return samples


def time_of(seconds):
    """Return the times of the samples of a sound, in seconds."""
    return np.arange(round(seconds * RATE)) / RATE


def _gate(time, held, attack, release):
    """Return an envelope: rise for `attack`, fall to 0 for `release` from `held` on, in seconds."""
    rise = np.clip(time / attack, 0, 1)
    fall = np.clip(1 - (time - held) / release, 0, 1)
    return rise * fall**2


def _wave(pitch, tilt, comb, duty, partials):
    """Return one period of a band-limited wave: spectral slope and the comb of a pulse wave."""
    count = max(1, min(int(partials), int(_HIGHEST / pitch)))
    k = np.arange(1, count + 1)
    level = k**-tilt * np.abs(np.sin(np.pi * k * duty)) ** comb
    bins = np.zeros(_TABLE // 2 + 1, complex)
    bins[1 : count + 1] = -1j * level / np.sqrt(np.sum(level**2))
    table = np.fft.irfft(bins) * _TABLE / 2
    return np.append(table, table[0])


def _sustained(pitch, seconds, settings):
    get = settings.get
    release = get("release")
    time = time_of(seconds + release)
    shape = (get("comb", 0), get("duty", 0.5), get("partials", 120))
    bright = _wave(pitch, get("tilt"), *shape)
    tables = [bright]
    if "fade" in settings:
        tables.append(_wave(pitch, get("tilt") + get("dark"), *shape))
    vibrato = get("vibrato", 0) * np.sin(2 * np.pi * 5.3 * time) * np.clip(time / 0.4, 0, 1)
    detune = get("detune", 0)
    outs = [0.0 for _ in tables]
    for cents in (-detune, 0.3 * detune, detune) if detune else (0.0,):
        ratio = 2 ** ((cents + vibrato) / 1200)
        phase = (phase_of(pitch * ratio) / (2 * np.pi) + 0.37 * cents) % 1.0 * _TABLE
        index = phase.astype(np.int32)
        part = phase - index
        for i, table in enumerate(tables):
            outs[i] = outs[i] + table[index] * (1 - part) + table[index + 1] * part
    samples = outs[0]
    if "fade" in settings:
        sweep = np.exp(-time / get("fade"))
        samples = outs[1] + sweep * (outs[0] - outs[1])
    if get("breath"):
        air = np.random.default_rng(round(pitch)).standard_normal(len(time))
        air = signal.lfilter([1, -0.9], [1, -0.6], air)
        samples = samples + get("breath") * air
    return samples * _gate(time, seconds, get("attack"), release)


def _plucked(pitch, seconds, settings):
    """Synthesise a string by the Karplus-Strong algorithm: noise in a damped delay loop."""
    time = time_of(seconds + 0.06)
    period = RATE / pitch
    whole = int(period - 1)
    part = period - 1 - whole
    damping = settings["damping"]
    loop = np.convolve([damping, 1 - 2 * damping, damping], [1 - part, part])
    loop *= 0.001 ** (1 / (pitch * 3 * settings["ring"]))
    burst = np.random.default_rng(round(pitch)).uniform(-1, 1, int(np.ceil(period)))
    b = settings["brightness"]
    burst = signal.lfilter([b], [1, b - 1], burst - burst.mean())
    pick = max(1, round(settings["position"] * period))
    samples = np.zeros(len(time))
    head = min(len(burst), len(samples))
    samples[:head] = burst[:head]
    samples[pick : head + pick] -= 0.9 * burst[: max(0, min(head, len(samples) - pick))]
    feedback = np.concatenate([[1.0], np.zeros(whole - 1), -loop])
    return signal.lfilter([1.0], feedback, samples) * _gate(time, seconds, 0.001, 0.06)


def _struck(pitch, seconds, settings):
    if "bar" in settings:
        ratios = np.array([1.0, settings["bar"], 2.6 * settings["bar"]])
    else:
        k = np.arange(1, 17)
        ratios = k * np.sqrt(1 + settings["stretch"] * k**2)
    ratios = ratios[ratios * pitch < _HIGHEST]
    time = time_of(seconds + 0.15)
    samples = np.zeros(len(time))
    ring = settings["ring"] * (261.6 / pitch) ** 0.4
    for k, ratio in enumerate(ratios):
        fall = np.exp(-1 / (RATE * ring / (1 + 0.7 * (ratio - 1))))
        angle = 2 * np.pi * ratio * pitch / RATE
        level = (k + 1) ** -settings["tilt"] * (0.6 if k % 7 == 6 else 1.0)
        impulse = np.zeros(len(time))
        impulse[0] = level
        samples += signal.lfilter([1], [1, -2 * fall * np.cos(angle), fall**2], impulse)
    return samples * _gate(time, seconds, 0.003, 0.15)


def _fm(pitch, seconds, settings):
    time = time_of(seconds + 0.12)
    ratio = round(settings["ratio"])
    depth = settings["index"] * np.exp(-time / settings["bite"])
    # Carson's rule: the bandwidth is about 2 (depth + 1) modulator frequencies; stay below 8 kHz.
    depth *= min(1.0, 2000.0 / (pitch * ratio))
    samples = np.sin(2 * np.pi * pitch * time + depth * np.sin(2 * np.pi * ratio * pitch * time))
    return samples * np.exp(-time / settings["ring"]) * _gate(time, seconds, 0.003, 0.12)
