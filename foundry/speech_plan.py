"""The plan of the data set ``speech``: who says what, how fast, and what of it is shipped."""

import random
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

from course_utils.scoring import normalise_text
from foundry import kokoro
from foundry.sentences import INTENTS, NO_INTENT, draw

HELD_OUT = {
    "validation": ("af_nova", "am_eric", "bf_alice", "bm_daniel"),
    "test": ("af_sarah", "am_liam", "bf_lily", "bm_lewis"),
}
"""Voices that training never uses, not even in a mixture."""

TRAINING = tuple(
    voice for voice in kokoro.VOICES if voice not in chain.from_iterable(HELD_OUT.values())
)
"""The voices of the training split."""

WEIGHTS = (0.6, 0.75)
"""Weight of a mixture's first voice, which also gives the accent."""

PURE = 0.4
"""Share of the training utterances spoken by a voice as it is; the others are mixtures."""

SPEEDS = (0.8, 1.25)

SHIPPED = {
    "test": {"digits": 40, "home": 50, "banking": 100, "everyday": 60, "phrasebook": 80},
    "validation": {"digits": 30, "home": 40, "banking": 80, "everyday": 50, "phrasebook": 50},
    "train": {"digits": 60, "home": 80, "banking": 240, "everyday": 120, "phrasebook": 120},
}
"""Utterances in the shipped files; much banking, since a lesson fine-tunes on it."""

MORE = {"train": 11_000, "test": 250, "validation": 100}
"""Utterances beyond the shipped ones, for training and for narrower intervals."""

MORE_SHARES = {"digits": 0.18, "home": 0.20, "banking": 0.20, "everyday": 0.42}

MORE_PHRASEBOOK = {"train": 4_000}
"""The same for ``phrasebook``, which has a plan of its own."""

TELLER = {"train": 400, "validation": 60, "test": 100}
"""Utterances of ``teller``, to be heard over a telephone; no shipped file holds them yet."""


@dataclass(frozen=True)
class Utterance:
    """One row of the plan; ``voices`` maps voice to weight."""

    id: str
    split: str
    shipped: bool
    domain: str
    intent: str
    text: str
    spoken: str
    voices: dict
    speaker: str
    sex: str
    accent: str
    speed: float


def mixtures():
    """Return the training speakers who mix two voices of one sex: a list of voice-weight dicts."""
    return [
        {first: weight, second: round(1 - weight, 2)}
        for first in TRAINING
        for second in TRAINING
        if first != second and kokoro.sex_of(first) == kokoro.sex_of(second)
        for weight in WEIGHTS
    ]


def speaker_name(voices):
    """Return ``bf_emma`` for one voice, ``bf_emma:60+af_sky:40`` for a mixture."""
    if len(voices) == 1:
        return next(iter(voices))
    return "+".join(f"{voice}:{round(100 * weight)}" for voice, weight in voices.items())


def _shuffled(rng, items):
    """Return the items in random order, with `pick`'s stable stream."""
    return sorted(items, key=lambda _: rng.random())


def _deck(rng, items):
    """Deal items for ever: all of them in random order, then all again in another."""
    while True:
        yield from _shuffled(rng, items)


def _proportionally(counts):
    """Deal keys so that every prefix holds them in proportion to their counts."""
    dealt, total = Counter(), sum(counts.values())
    for place in range(1, total + 1):
        key = max(counts, key=lambda name: counts[name] * place / total - dealt[name])
        dealt[key] += 1
        yield key


def _speakers(rng, split):
    """Deal a split's speakers for ever, accents and sexes in turn."""
    held = HELD_OUT.get(split)
    if held:
        yield from ({voice: 1.0} for voice in _deck(rng, held))
    kinds = list(kokoro.ENGLISH)
    pure = {k: _deck(rng, [v for v in TRAINING if v.startswith(k)]) for k in kinds}
    mixed = {k: _deck(rng, [m for m in mixtures() if next(iter(m)).startswith(k)]) for k in kinds}
    for kind in _deck(rng, kinds):
        yield {next(pure[kind]): 1.0} if rng.random() < PURE else next(mixed[kind])


def _domains(domains, more):
    """Deal pairs of split and domain: first what is shipped, evaluation before training."""
    shipped = {
        (split, domain): row[domain]
        for split, row in SHIPPED.items()
        for domain in domains
        if domain in row
    }
    evaluation = {key: count for key, count in shipped.items() if key[0] != "train"}
    training = {key: count for key, count in shipped.items() if key[0] == "train"}
    for batch, is_shipped in ((evaluation, True), (training, True), (more, False)):
        for split, domain in _proportionally(batch):
            yield split, domain, is_shipped


def _stream(name, prefix, domains, more):
    """Plan the utterances of some domains: shipped evaluation, shipped training, the rest."""
    rng = random.Random(name)
    speakers = {(s, d): _speakers(rng, s) for s in SHIPPED for d in domains}
    decks = {(s, d): _deck(rng, INTENTS[d]) for s in SHIPPED for d in domains if d in INTENTS}
    used, number, utterances = set(), Counter(), []
    for split, domain, shipped in _domains(domains, more):
        intent = next(decks[split, domain]) if domain in INTENTS else NO_INTENT
        while True:
            spoken = draw(domain, split, rng, intent)
            text = normalise_text(spoken)
            if text not in used:
                break
        if " " in text:  # single digits come back with other voices
            used.add(text)
        voices = next(speakers[split, domain])
        first = next(iter(voices))
        low, high = SPEEDS
        utterances.append(
            Utterance(
                id=f"{split}-{prefix}{number[split]:05d}",
                split=split,
                shipped=shipped,
                domain=domain,
                intent=intent,
                text=text,
                spoken=spoken,
                voices=voices,
                speaker=speaker_name(voices),
                sex=kokoro.sex_of(first),
                accent=kokoro.accent_of(first),
                speed=round(low + (high - low) * rng.random(), 2),
            )
        )
        number[split] += 1
    return utterances


def plan(seed=0):
    """Return every utterance to render, in the order of rendering.

    Parameters
    ----------
    seed : int, default 0
        Fixes the plan; the splits' sentences and voices are disjoint for any two seeds.

    Returns
    -------
    list of Utterance
        The shipped evaluation splits, the shipped training split, the rest. Within each of these
        three, every stretch has the domains in proportion and the voices in turn.
    """
    # A stream for each later domain, which leaves the earlier ones as they were.
    more = {
        (split, domain): round(count * share)
        for split, count in MORE.items()
        for domain, share in MORE_SHARES.items()
    }
    phrases = {(split, "phrasebook"): count for split, count in MORE_PHRASEBOOK.items()}
    calls = {(split, "teller"): count for split, count in TELLER.items()}
    streams = [
        _stream(f"speech {seed}", "", [*MORE_SHARES], more),
        _stream(f"phrasebook {seed}", "p", ["phrasebook"], phrases),
        _stream(f"teller {seed}", "t", ["teller"], calls),
    ]
    return [
        utterance
        for shipped in (True, False)
        for utterance in _in_step([[u for u in s if u.shipped == shipped] for s in streams])
    ]


def _in_step(lists):
    """Merge lists so that every stretch holds them in proportion to their lengths."""
    places = [(place / len(items), item) for items in lists for place, item in enumerate(items)]
    return [item for _, item in sorted(places, key=itemgetter(0))]
