"""Plan the data set ``spanish``: text, voice and speed of each utterance.

Kokoro's voices speak the language of their phonemes. Of the voices of the test split two were made
for Spanish and two for Italian. Kokoro is slow, so eSpeak NG speaks further training sentences.
"""

import random
from dataclasses import dataclass

from course_utils.scoring import normalise_text
from foundry.speech import espeak, kokoro
from foundry.speech.sentences import NO_INTENT, fill, grammar, pick, split_of
from foundry.speech.speech_plan import SPEEDS, TRAINING, Utterance, speaker_name

GRAMMAR = grammar("spanish")

DOMAINS = ("digits", "home", "everyday")
"""Kinds of sentences: spoken digits, commands at home, everyday sentences."""

PHRASES = "phrases"
"""Kind of the sentences, of training alone, that join phrases in random order: no grammar helps to
guess the next word."""

UNSEEN = "unseen"
"""Kind of the sentences whose patterns are in no other split."""

HELD_OUT = {
    "validation": {"pf_dora": "Inés", "pm_alex": "Hugo"},
    "test": {"ef_dora": "Lucía", "em_alex": "Mateo", "if_sara": "Elena", "im_nicola": "Bruno"},
}
"""Voices of the validation and the test split with their names; no mixture has them."""

ROMANCE = ("em_santa", "pm_santa", "ff_siwis")
"""Training voices that were made for a Romance language; half of a mixture at least is one."""

SIZES = {"train": 320, "validation": 36, "test": 96}
"""Number of Kokoro's utterances of each split."""

EXTRA = 640
"""Number of further training sentences, spoken by eSpeak NG."""

PITCH, SPEED = (30, 80), (125, 195)
"""Range of eSpeak NG's pitch, where 50 is that of the voice, and of its speed in words a minute."""


@dataclass(frozen=True)
class Spoken:
    """One utterance of eSpeak NG; the fields after ``spoken`` are arguments of `espeak.speak`."""

    domain: str
    spoken: str
    variant: str
    pitch: int
    speed: int


def folder(split):
    """Return the folder of a split in the cache; no training of an English model reads it."""
    return f"spanish-{split}"


def _voices(rng, split):
    """Draw a held-out voice, or a mixture of two training voices of the same sex."""
    if split in HELD_OUT:
        return {pick(rng, list(HELD_OUT[split])): 1.0}
    first = pick(rng, ROMANCE)
    second = pick(rng, [v for v in TRAINING + ROMANCE if v[1] == first[1] and v != first])
    weight = round(0.5 + 0.5 * rng.random(), 2)
    return {first: weight, second: round(1 - weight, 2)}


def _sentence(text):
    """Return a text with a capital as its first letter."""
    start = text[0] == "¿"
    return text[:start] + text[start].upper() + text[start + 1 :]


def _shuffled(rng):
    """Return a template of two or three phrases in random order, with a short word between some."""
    parts = []
    for _ in range(pick(rng, (2, 3))):
        link = pick(rng, GRAMMAR["links"]["words"])
        parts += [f"{{{pick(rng, list(GRAMMAR['words']))}}}", *pick(rng, ([], [link]))]
    return " ".join(parts) + "."


def _draw(rng, domain, split, used):
    """Draw a sentence of a split whose normalised text is not in a set, and add it there."""
    while True:
        template = _shuffled(rng) if domain == PHRASES else pick(rng, GRAMMAR["templates"][domain])
        spoken = _sentence(fill(template, rng, GRAMMAR["words"]))
        text = normalise_text(spoken)
        if split_of(text) == split and text not in used:
            used.add(text)
            return spoken


def plan(seed=0):
    """Return all utterances: the kinds in turn, no sentence twice, splits disjoint.

    Parameters
    ----------
    seed : int, default 0
        Random seed.

    Returns
    -------
    list of Utterance
        Their ``split`` is the name of a `folder`, their ``accent`` is ``"es"``.
    """
    rng, used, utterances = random.Random(f"spanish {seed}"), set(), []
    for split, size in SIZES.items():
        domains = (*DOMAINS, UNSEEN) if split == "test" else DOMAINS
        for number in range(size):
            domain = domains[number % len(domains)]
            spoken = _draw(rng, domain, split, used)
            voices = _voices(rng, split)
            low, high = SPEEDS
            utterances.append(
                Utterance(
                    id=f"{split}-{number:04d}",
                    split=folder(split),
                    shipped=True,
                    domain=domain,
                    intent=NO_INTENT,
                    text=normalise_text(spoken),
                    spoken=spoken,
                    voices=voices,
                    speaker=speaker_name(voices),
                    sex=kokoro.sex_of(next(iter(voices))),
                    accent="es",
                    speed=round(low + (high - low) * rng.random(), 2),
                )
            )
    return utterances


def extra(seed=0):
    """Return the sentences of eSpeak NG, all of the training split and none of `plan`.

    Parameters
    ----------
    seed : int, default 0
        Random seed.

    Returns
    -------
    list of Spoken
        The three domains and `PHRASES` in turn.
    """
    rng, used = random.Random(f"espeak {seed}"), {utterance.text for utterance in plan(seed)}
    utterances = []
    for number in range(EXTRA):
        domain = PHRASES if number % 4 == 3 else DOMAINS[number % 4]
        spoken, variant = _draw(rng, domain, "train", used), pick(rng, espeak.VARIANTS)
        pitch, speed = (int(low + (high - low) * rng.random()) for low, high in (PITCH, SPEED))
        utterances.append(Spoken(domain, spoken, variant, pitch, speed))
    return utterances
