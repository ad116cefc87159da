"""The plan of the invented speakers: people whom nobody has heard, for models that know voices.

A few voices and their mixtures lie close together; a model trained on them alone finds two unseen
voices alike that are not. An invented speaker is made of three voices of one sex, of any language,
with weights that add up to one and some of which are below zero: that leaves the space between
the voices, as new people would. Everybody speaks English.
"""

import random

from course_utils.scoring import normalise_text
from foundry import kokoro
from foundry.sentences import NO_INTENT, draw
from foundry.speech_plan import HELD_OUT, SPEEDS, Utterance

SPLIT = "voices"
"""Name of the folder that they are rendered into; no recogniser is trained on it."""

SPEAKERS = 800
UTTERANCES = 5
"""Of each speaker, at paces near one another."""

VOICES = [
    voice for voice in kokoro.VOICES + kokoro.FOREIGN if voice not in sum(HELD_OUT.values(), ())
]
"""What they are made of: nothing of the held-out voices."""

MAIN = (0.5, 1.0)
SECOND = (-0.35, 0.65)
"""Weights of the first and the second voice; the third one's makes it one together."""


def _speaker(rng, sex):
    """Draw the weights of a speaker's voices."""
    chosen = rng.sample([voice for voice in VOICES if kokoro.sex_of(voice) == sex], 3)
    weights = [round(rng.uniform(*MAIN), 2), round(rng.uniform(*SECOND), 2)]
    return dict(zip(chosen, [*weights, round(1 - sum(weights), 2)], strict=True))


def plan(seed=0):
    """Return every utterance to render, speaker by speaker.

    Parameters
    ----------
    seed : int, default 0
        Fixes the plan.

    Returns
    -------
    list of Utterance
        Of the training sentences of ``everyday`` and ``phrasebook``; their split is `SPLIT`.
    """
    rng = random.Random(f"voices {seed}")
    utterances = []
    for number in range(SPEAKERS):
        sex = ("female", "male")[number % 2]
        voices, accent = _speaker(rng, sex), ("us", "uk")[rng.random() < 0.4]
        pace = rng.uniform(SPEEDS[0] + 0.08, SPEEDS[1] - 0.08)
        for which in range(UTTERANCES):
            domain = ("everyday", "phrasebook")[which % 2]
            spoken = draw(domain, "train", rng)
            utterances.append(
                Utterance(
                    id=f"{SPLIT}-{number:04d}-{which}",
                    split=SPLIT,
                    shipped=False,
                    domain=domain,
                    intent=NO_INTENT,
                    text=normalise_text(spoken),
                    spoken=spoken,
                    voices=voices,
                    speaker=f"invented-{number:04d}",
                    sex=sex,
                    accent=accent,
                    speed=round(pace + rng.uniform(-0.08, 0.08), 2),
                )
            )
    return utterances
