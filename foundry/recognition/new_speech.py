"""Synthesise new sentences and phrases of books with ``pocket-fastspeech``.

The renderer needs six seconds for a sentence, so it spoke only a few thousand.
``pocket-fastspeech`` speaks hundreds a minute, in mixtures of the voices of the training speakers;
the recogniser also learns its mispronunciations.
"""

import random

import datasets
import numpy as np

from course_utils import audio, pipelines
from course_utils.catalog import POCKET
from course_utils.scoring import normalise_text
from course_utils.simulation.augmentation import RATE
from foundry.recognition.no_speech import MAX_SECONDS, within_noise
from foundry.speech import book_phrases, kokoro, sentences, synthesiser
from foundry.speech.feature_cache import (
    FeatureCache,
    join_clips,
    load_or_compute,
    phones_per_frame,
)
from foundry.speech.pronunciation import tokens_of
from foundry.speech.speech_features import simulate_recording

DOMAINS = ["everyday"] * 10 + ["phrasebook"] * 5 + ["home"] * 3 + ["digits"] * 2
"""Domains of the sentences, in turn."""

VOICE_SPREAD = 0.03
"""Standard deviation of the noise in each number of a voice."""

ACCENTS = ["us", "us", "uk"]
"""Accents from which that of a phrase of `books` is drawn, whatever the voice."""

SINGLE_SEED, SEQUENCE_SEED, BOOK_SEED = 7, 8, 9
"""Seeds of the voices and augmentations."""

FIRST_OF_SEQUENCES = 1_000_000
"""Number of the first sentence of `sequences`; those of `single` count from 0."""

PART = 250
"""Number of utterances of a job."""

LONGEST_SEQUENCE = 3
"""Maximum number of sentences in a sequence."""


def voices():
    """Return the mean embedding of each training speaker, shape ``(speakers, numbers)``."""
    embed = pipelines.SpeakerEmbedder(POCKET / "pocket-speaker")
    found = {}
    for name in ("speech", "calls"):
        for row in datasets.Dataset.from_parquet(str(POCKET / name / "train.parquet")):
            clip, _ = audio.load(row["audio"], RATE)
            found.setdefault(row["speaker"], []).append(embed(clip))
    return np.array([np.mean(own, 0) for own in found.values()], np.float32)


def _mixed_voice(rng, known):
    """Return a mixture of one to three voices, with a little noise."""
    shares = rng.dirichlet(np.ones(rng.integers(1, 4)))
    voice = shares @ known[rng.choice(len(known), len(shares), replace=False)]
    return voice + rng.normal(0, VOICE_SPREAD, len(voice))


def _say(rng, number, speaker, known):
    """Return the samples and the normalised text of a new sentence by a mixed voice."""
    text = sentences.draw(DOMAINS[number % len(DOMAINS)], "train", random.Random(f"read {number}"))
    samples = synthesiser.say(speaker, text, _mixed_voice(rng, known))[: int(MAX_SECONDS * RATE)]
    return samples, normalise_text(text)


def _single(rng, number, speaker, known):
    samples, text = _say(rng, number, speaker, known)
    return (samples, within_noise(rng, samples)), text


def _sequence(rng, number, speaker, known):
    first = FIRST_OF_SEQUENCES + LONGEST_SEQUENCE * number
    said = [
        _say(rng, first + n, speaker, known) for n in range(rng.integers(2, LONGEST_SEQUENCE + 1))
    ]
    clips, texts = zip(*said, strict=True)
    samples = join_clips(rng, clips)
    return (samples, simulate_recording(rng, samples)), " ".join(texts)


def _book(rng, number, speaker, known):
    """Return a phrase of a book by a mixed voice, as it is and augmented, and its normalised text.

    The phonemes are those of eSpeak NG: many words are not in the lexicon of ``pocket-fastspeech``.
    A phrase that is too long is drawn again.
    """
    draws = random.Random(f"book {number}")
    while True:
        text = book_phrases.draw(draws)
        phonemes = kokoro.phonemize(text, sentences.pick(draws, ACCENTS))
        tokens, _ = tokens_of(phonemes)
        samples = synthesiser.say_tokens(speaker, tokens, _mixed_voice(rng, known))
        if len(samples) <= MAX_SECONDS * RATE:
            return (samples, within_noise(rng, samples)), normalise_text(text)


def _compute(job):
    """Return the cache of some utterances, each as it is and augmented."""
    make, numbers, seed, known, features_of, encode = job
    speaker, made = synthesiser.load(POCKET / "pocket-fastspeech"), []
    for number in numbers:
        clips, text = make(np.random.default_rng([seed, number]), number, speaker, known)
        tokens = encode(text)
        for clip in clips:
            features = features_of(clip)
            made.append((features, phones_per_frame(None, len(features)), tokens))
    return FeatureCache.of(made)


def _cached(make, count, seed, features_of, encode, path):
    known = None if path.exists() else voices()
    parts = [range(count)[first : first + PART] for first in range(0, count, PART)]
    jobs = [(make, part, seed, known, features_of, encode) for part in parts]
    return load_or_compute(_compute, jobs, path)


def single(count, features_of, encode, path):
    """Load the cache of new sentences, each as it is and augmented; compute it if it is missing.

    Parameters
    ----------
    count : int
        Number of sentences.
    features_of, encode : callable
        As for :func:`foundry.speech.feature_cache.cached_features`.
    path : pathlib.Path
        The ``npz`` file.

    Returns
    -------
    FeatureCache
        ``2 * count`` utterances.
    """
    return _cached(_single, count, SINGLE_SEED, features_of, encode, path)


def sequences(count, features_of, encode, path):
    """Load the cache of sequences of two or three other new sentences, as `single` does."""
    return _cached(_sequence, count, SEQUENCE_SEED, features_of, encode, path)


def books(count, features_of, encode, path):
    """Load the cache of phrases of `book_phrases`, as `single` does; needs eSpeak NG."""
    return _cached(_book, count, BOOK_SEED, features_of, encode, path)
