"""Plan the data set ``speech``: text, voice and speed of each utterance, and which are shipped."""

import random
import re
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

from course_utils.scoring import normalise_text
from foundry.speech import kokoro
from foundry.speech.sentences import INTENTS, NO_INTENT, draw

HELD_OUT = {
    "validation": ("af_nova", "am_eric", "bf_alice", "bm_daniel"),
    "test": ("af_sarah", "am_liam", "bf_lily", "bm_lewis"),
}
"""Voices of the validation and the test split; training never uses them, not even in mixtures."""

TRAINING = tuple(
    voice for voice in kokoro.VOICES if voice not in chain.from_iterable(HELD_OUT.values())
)
"""The voices of the training split."""

NAMES = {
    "af_alloy": "Ada",
    "af_aoede": "Amy",
    "af_bella": "Anna",
    "af_heart": "Beth",
    "af_jessica": "Cara",
    "af_kore": "Clara",
    "af_nicole": "Diana",
    "af_nova": "Erin",
    "af_river": "Ella",
    "af_sarah": "Alice",
    "af_sky": "Fiona",
    "am_adam": "George",
    "am_echo": "Harry",
    "am_eric": "Frank",
    "am_fenrir": "Ivan",
    "am_liam": "Bob",
    "am_michael": "Jack",
    "am_onyx": "Kevin",
    "am_puck": "Leo",
    "am_santa": "Mark",
    "bf_alice": "Grace",
    "bf_emma": "Nina",
    "bf_isabella": "Olivia",
    "bf_lily": "Carol",
    "bm_daniel": "Henry",
    "bm_fable": "Peter",
    "bm_george": "Ralph",
    "bm_lewis": "Dave",
}
"""Voice to the name of the speaker in the shipped data."""

MIXTURE_WEIGHTS = (0.6, 0.75)
"""Weights of the first voice of a mixture. Its accent is the accent of the mixture."""

SINGLE_VOICE_SHARE = 0.4
"""Probability that a training utterance has a single voice instead of a mixture of two."""

SPEEDS = (0.8, 1.25)
"""Lowest and highest rate of speech, relative to the default of the voice."""

SHIPPED = {
    "test": {"digits": 40, "home": 50, "banking": 100, "everyday": 60, "phrasebook": 80},
    "validation": {"digits": 30, "home": 40, "banking": 80, "everyday": 50, "phrasebook": 50},
    "train": {"digits": 60, "home": 80, "banking": 240, "everyday": 120, "phrasebook": 120},
}
"""Number of utterances in the data set ``speech``, by split and domain. Lesson 05 fine-tunes on
``banking``, so there are more of them."""

EXTRA = {"train": 11_000, "test": 250, "validation": 100}
"""Number of additional utterances: more training data, narrower confidence intervals."""

EXTRA_SHARES = {"digits": 0.18, "home": 0.20, "banking": 0.20, "everyday": 0.42}
"""Share of each domain in `EXTRA`."""

EXTRA_PHRASEBOOK = {"train": 4_000}
"""Number of additional utterances of ``phrasebook``, beyond those of `EXTRA`."""

TELLER = {"train": 400, "validation": 60, "test": 100}
"""Number of utterances of ``teller``; `call_data` ships them as the data set ``calls``."""


@dataclass(frozen=True)
class Utterance:
    """One utterance of the plan; ``voices`` maps Kokoro's voices to their weights."""

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
    """Return all mixtures of two training voices of the same sex, as dicts of voice to weight."""
    return [
        {first: weight, second: round(1 - weight, 2)}
        for first in TRAINING
        for second in TRAINING
        if first != second and kokoro.sex_of(first) == kokoro.sex_of(second)
        for weight in MIXTURE_WEIGHTS
    ]


def speaker_name(voices):
    """Return a name such as ``bf_emma`` for one voice, ``bf_emma:60+af_sky:40`` for a mixture."""
    if len(voices) == 1:
        return next(iter(voices))
    return "+".join(f"{voice}:{round(100 * weight)}" for voice, weight in voices.items())


def with_names(speaker, names=NAMES):
    """Return a speaker with names for voices: ``Nina`` for ``bf_emma``, ``Nina:60+Fiona:40``."""
    return re.sub(r"\w+", lambda match: names.get(match[0], match[0]), speaker)


def _shuffled(rng, items):
    """Return the items in random order, by ``rng.random()`` alone as in `sentences.pick`."""
    return sorted(items, key=lambda _: rng.random())


def _deck(rng, items):
    """Yield items endlessly: all in random order, then all in another random order, and so on."""
    while True:
        yield from _shuffled(rng, items)


def _proportionally(counts):
    """Yield each key as often as its count says, evenly distributed over the sequence."""
    dealt, total = Counter(), sum(counts.values())
    for number in range(1, total + 1):
        key = max(counts, key=lambda name: counts[name] * number / total - dealt[name])
        dealt[key] += 1
        yield key


def _speakers(rng, split):
    """Yield the speakers of a split endlessly, in balance over accents and sexes."""
    held = HELD_OUT.get(split)
    if held:
        yield from ({voice: 1.0} for voice in _deck(rng, held))
    kinds = list(kokoro.ENGLISH)
    pure = {k: _deck(rng, [v for v in TRAINING if v.startswith(k)]) for k in kinds}
    mixed = {k: _deck(rng, [m for m in mixtures() if next(iter(m)).startswith(k)]) for k in kinds}
    for kind in _deck(rng, kinds):
        yield {next(pure[kind]): 1.0} if rng.random() < SINGLE_VOICE_SHARE else next(mixed[kind])


def _domains(domains, more):
    """Yield (split, domain, shipped): shipped evaluation, shipped training, then the others."""
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
    """Return the planned utterances of some domains, in the order of `_domains`."""
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
        if " " in text:  # single digits are repeated by other voices
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
    """Return all utterances, in the order of rendering.

    Parameters
    ----------
    seed : int, default 0
        Random seed. Sentences and voices of the splits are disjoint, also between seeds.

    Returns
    -------
    list of Utterance
        The shipped validation and test splits, the shipped training split, the others. Domains and
        voices are evenly distributed within each of these three.
    """
    # Domains that were added later have random streams of their own, so the first ones stay equal.
    more = {
        (split, domain): round(count * share)
        for split, count in EXTRA.items()
        for domain, share in EXTRA_SHARES.items()
    }
    phrases = {(split, "phrasebook"): count for split, count in EXTRA_PHRASEBOOK.items()}
    calls = {(split, "teller"): count for split, count in TELLER.items()}
    streams = [
        _stream(f"speech {seed}", "", [*EXTRA_SHARES], more),
        _stream(f"phrasebook {seed}", "p", ["phrasebook"], phrases),
        _stream(f"teller {seed}", "t", ["teller"], calls),
    ]
    return [
        utterance
        for shipped in (True, False)
        for utterance in _in_step([[u for u in s if u.shipped == shipped] for s in streams])
    ]


def _in_step(lists):
    """Merge lists, each evenly distributed over the result."""
    positions = [(n / len(items), item) for items in lists for n, item in enumerate(items)]
    return [item for _, item in sorted(positions, key=itemgetter(0))]
