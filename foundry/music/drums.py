"""Drum kits of the `genres` data set."""

from functools import lru_cache

import numpy as np

from course_utils.simulation.augmentation import band
from foundry.common.sound_synthesis import normalise, phase_of
from foundry.music.instruments import draw, seed_of, time_of

# {role: (method, {setting: (lowest, highest)})}
_KICK = dict(pitch=(44, 62), sweep=(70, 200), bend=(0.015, 0.04), decay=(0.1, 0.2), click=(0, 0.3))
_SNARE = dict(pitch=(160, 230), tone=(0.3, 0.7), decay=(0.07, 0.16), low=(500, 1500))
_HAT = dict(decay=(0.015, 0.04), low=(4500, 6000))
_OPEN = dict(decay=(0.12, 0.3), low=(4000, 5500))
_RIDE = dict(decay=(0.25, 0.6), low=(3000, 4500), ring=(0.2, 0.6))
_RIM = dict(pitch=(1500, 2200), tone=(0.7, 0.95), decay=(0.012, 0.03), low=(1500, 2500))
_TOM = dict(pitch=(80, 120), sweep=(30, 70), bend=(0.04, 0.08), decay=(0.12, 0.22), click=(0, 0.2))
_SHAKER = dict(decay=(0.03, 0.06), low=(3500, 5500), attack=(0.01, 0.025))
_ACOUSTIC = {
    "K": ("kick", _KICK), "S": ("snare", _SNARE), "H": ("noise", _HAT), "O": ("noise", _OPEN),
    "R": ("noise", _RIDE), "M": ("snare", _RIM), "T": ("kick", _TOM), "P": ("noise", _SHAKER),
}  # fmt: skip
KITS = {
    "acoustic_kit": _ACOUSTIC,
    "brush_kit": _ACOUSTIC | {
        "K": ("kick", _KICK | dict(decay=(0.06, 0.12), click=(0, 0.1))),
        "S": ("noise", dict(decay=(0.06, 0.14), low=(1500, 3000), attack=(0.01, 0.03))),
    },
    "electronic_kit": _ACOUSTIC | {
        "K": ("kick", _KICK | dict(sweep=(120, 260), decay=(0.12, 0.26), click=(0, 0.5))),
        "S": ("snare", dict(pitch=(180, 300), tone=(0.0, 0.4), decay=(0.06, 0.18),
                            low=(900, 2200))),
    },
    "chip_kit": _ACOUSTIC | {
        "K": ("kick", _KICK | dict(square=(0.5, 1.0), decay=(0.06, 0.12))),
        "S": ("noise", dict(decay=(0.05, 0.12), low=(200, 600), hold=(2, 5))),
        "H": ("noise", dict(decay=(0.01, 0.03), low=(1500, 4000), hold=(1, 3))),
        "O": ("noise", dict(decay=(0.08, 0.16), low=(1000, 3000), hold=(1, 3))),
        "T": ("kick", _TOM | dict(square=(0.5, 1.0))),
    },
}  # fmt: skip


@lru_cache(maxsize=1024)
def hit(kit, number, role):
    """Return the sound of one drum stroke.

    Parameters
    ----------
    kit : str
        A key of `KITS`.
    number : int
        Number of the patch.
    role : str
        K kick, S snare, H closed hat, O open hat, R ride, M rim, T tom, P shaker.

    Returns
    -------
    numpy.ndarray, shape (n,), float32
        Sound at 16 kHz with peak 1; cached and read-only.
    """
    method, ranges = KITS[kit][role]
    method = {"kick": _kick, "snare": _snare, "noise": _noise}[method]
    noise = np.random.default_rng(seed_of(kit, role, "noise", number))
    samples = method(draw(f"{kit} {role}", number, ranges), noise)
    samples = normalise(samples, 1.0).astype(np.float32)
    samples.setflags(write=False)
    return samples


def _kick(settings, noise):
    time = time_of(5 * settings["decay"])
    pitch = settings["pitch"] + settings["sweep"] * np.exp(-time / settings["bend"])
    samples = np.sin(phase_of(pitch))
    square = settings.get("square", 0)
    samples = (1 - square) * samples + square * np.tanh(6 * samples)
    click = settings["click"] * noise.standard_normal(len(time)) * np.exp(-time / 0.003)
    return samples * np.exp(-time / settings["decay"]) + click


def _snare(settings, noise):
    decay = settings["decay"]
    time = time_of(5 * decay)
    tone = np.sin(2 * np.pi * settings["pitch"] * time) * np.exp(-time / (0.5 * decay))
    hiss = band(noise.standard_normal(len(time)), settings["low"]) * np.exp(-time / decay)
    return settings["tone"] * tone + (1 - settings["tone"]) * hiss


def _noise(settings, noise):
    decay = settings["decay"]
    time = time_of(5 * decay + settings.get("attack", 0))
    hold = round(settings.get("hold", 1))
    hiss = np.repeat(noise.standard_normal(len(time) // hold + 1), hold)[: len(time)]
    hiss = band(hiss, settings["low"])
    if "ring" in settings:
        pitches = noise.uniform(2500, 7000, 6)
        metal = np.sin(2 * np.pi * pitches[:, None] * time).sum(axis=0)
        hiss = (1 - settings["ring"]) * hiss + 0.4 * settings["ring"] * metal
    rise = np.clip(time / settings.get("attack", 0.001), 0, 1)
    return hiss * rise * np.exp(-time / decay)
