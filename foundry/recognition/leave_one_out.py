"""Fine-tune a recogniser on digits that three people recorded, leaving one out for each score.

Leave-one-speaker-out: each person is scored by a model that was trained without them. The shipped
model is trained on all three.
"""

import json

import librosa
import numpy as np

from course_utils import audio
from course_utils.simulation.augmentation import LINE, RATE, add_noise
from foundry.recognition import phone_head, recognition_scores
from foundry.speech.feature_cache import COPIES, FeatureCache, cached_features
from foundry.speech.speech_features import random_gain, simulate_channel

PERSONS = ("jackson", "nicolas", "theo")
"""Speakers of the Free Spoken Digit Dataset that `recognition_scores.digit_rows` reads."""

RENDERED_COPIES = 4
"""Number of augmented copies of each rendered digit."""

RECORDED_COPIES = 8
"""Number of augmented copies of each recorded digit."""

INTERPOLATION_WEIGHT = 0.6
"""Weight of the fine-tuned weights in the interpolation with those before (WiSE-FT, Wortsman et al.
2022). Tuned on the validation split and on two of the three people: the interpolated model is
better on the old domains than both, and almost as good on people as the fine-tuned one."""


def vary(rng, samples):
    """Augment a word: speed, tempo, cut or padded ends, `simulate_channel`, noise, bandwidth, gain.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``, at least 0.1 s.

    Returns
    -------
    numpy.ndarray
        Float32, of a different length.
    """
    samples = audio.resample(samples, round(RATE * rng.uniform(0.8, 1.22)), RATE)
    if rng.uniform() < 0.6:
        samples = librosa.effects.time_stretch(samples, rate=rng.uniform(0.8, 1.3), n_fft=512)
    # Cut up to 6 % of each end, or pad it with up to 0.35 s of silence.
    first, last = (rng.uniform(0, 0.06, 2) * len(samples)).astype(int)
    before, after = (np.maximum(rng.uniform(-0.2, 0.35, 2), 0) * RATE).astype(int)
    samples = np.pad(samples[first : len(samples) - last], (before, after))
    samples = simulate_channel(rng, samples)
    if rng.uniform() < 0.5:
        samples = add_noise(rng, samples, rng.uniform(3, 20), rng.uniform(-4, 0))
    if rng.uniform() < 0.6:
        samples = audio.resample(audio.resample(samples, RATE, LINE), LINE, RATE)
    return random_gain(rng, samples)


def recordings_of(person, real):
    """Return the path and the word of each recording of a person."""
    rows = recognition_scores.digit_rows(real)
    return [(path, word) for path, word, who in rows if who == person]


def compute_digit_features(work, cache, real, features_of, encode):
    """Compute missing feature caches of single digits: of rendered ones and of each person's."""
    rendered = recognition_scores.training_rows(cache, ("digits",))
    rendered = [row for row in rendered if " " not in row[1]]
    cached_features(rendered, features_of, encode, work / "rendered.npz", RENDERED_COPIES, vary)
    for person in PERSONS:
        rows = [(path, word, None) for path, word in recordings_of(person, real)]
        cached_features(rows, features_of, encode, work / f"{person}.npz", RECORDED_COPIES, vary)


def fine_tune(trained, work, left_out, steps, rate):
    """Fine-tune on the training data so far and on the digits of all people but one.

    Parameters
    ----------
    trained : phone_head.PhoneHead
        Recogniser that :func:`phone_head.train` trained.
    work : pathlib.Path
        Folder with ``features.npz`` and the caches of `compute_digit_features`.
    left_out : str or None
        Person to leave out; None: leave out nobody.
    steps, rate : int, float
        As for :func:`phone_head.fit_phone_head`.

    Returns
    -------
    phone_head.PhoneHead
        The recogniser in evaluation mode, its weights interpolated with those before by
        `INTERPOLATION_WEIGHT`.
    """
    names = ["rendered", *(person for person in PERSONS if person != left_out)]
    # Half of each batch is digits, half is earlier training data. The phones of the recordings are
    # unknown, so there is no phone supervision.
    caches = [
        FeatureCache.load(work / "features.npz"),
        FeatureCache.join(FeatureCache.load(work / f"{n}.npz") for n in names),
    ]
    path = work / f"people-without-{left_out}.safetensors"
    return phone_head.fine_tune(
        trained, caches, path, INTERPOLATION_WEIGHT, seed=3, steps=steps, rate=rate
    )


def leave_out(trained_of, export, work, real, person, stage):
    """Fine-tune without one person, score on that person, write ``<work>/<person>.json``."""
    trained = fine_tune(trained_of(work), work, person, **stage)
    export(trained.model, work / person)
    transcribe = recognition_scores.recogniser(work / person)
    scores = recognition_scores.score_digits(transcribe, recordings_of(person, real))
    (work / f"{person}.json").write_text(json.dumps(scores), encoding="utf-8")
    print(f"{person}, left out: {scores}")


def facts(work, stage):
    """Return the facts about this stage for a card: its arguments and ``count`` of utterances."""
    return stage | {"count": len(FeatureCache.load(work / "features.npz")) // (1 + COPIES)}
