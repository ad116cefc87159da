"""Plan the utterances of invented speakers, which train the speaker encoder and the diarizer.

Kokoro's voices and their mixtures are similar: a model trained on them alone cannot separate unseen
voices. An invented speaker combines three voices of the same sex and of any language. The weights
add up to 1 and can be negative, so that the speakers extrapolate beyond the voices. All speak
English.
"""

import random

from course_utils.scoring import normalise_text
from foundry.speech import kokoro
from foundry.speech.sentences import NO_INTENT, draw
from foundry.speech.speech_plan import HELD_OUT, SPEEDS, Utterance

SPLIT = "voices"
"""Name of their split and folder; no recogniser is trained on it."""

SPEAKERS = 800
"""Number of invented speakers."""

UTTERANCES = 5
"""Number of utterances of each speaker, at similar rates of speech."""

VOICES = [
    voice for voice in kokoro.VOICES + kokoro.FOREIGN if voice not in sum(HELD_OUT.values(), ())
]
"""Voices to combine: all but those of the validation and test splits."""

FIRST_WEIGHT = (0.5, 1.0)
"""Lowest and highest weight of the first voice."""

SECOND_WEIGHT = (-0.35, 0.65)
"""Lowest and highest weight of the second voice. The third weight makes the sum 1."""


def _speaker(rng, sex):
    """Draw the voices of a speaker and their weights."""
    chosen = rng.sample([voice for voice in VOICES if kokoro.sex_of(voice) == sex], 3)
    weights = [round(rng.uniform(*FIRST_WEIGHT), 2), round(rng.uniform(*SECOND_WEIGHT), 2)]
    return dict(zip(chosen, [*weights, round(1 - sum(weights), 2)], strict=True))


def plan(seed=0):
    """Return all utterances, speaker by speaker.

    Parameters
    ----------
    seed : int, default 0
        Random seed.

    Returns
    -------
    list of Utterance
        Training sentences of ``everyday`` and ``phrasebook``, with the split `SPLIT`.
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
