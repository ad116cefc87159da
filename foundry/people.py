"""The last stage of a recogniser's training: digits that people recorded, among what it knows.

Three people are few, so whether the recogniser understands a fourth is measured with each of them
left out in turn; the shipped model has then heard all three.
"""

import json

import librosa
import numpy as np

from course_utils import audio
from course_utils.simulation.augmentation import LINE, RATE, add_noise
from foundry import guided, speech_scores
from foundry.speech_bank import RECORDINGS, Bank, bank_of
from foundry.speech_features import level, place
from foundry.train_loop import between

PERSONS = ("jackson", "nicolas", "theo")
"""Who is in the Free Spoken Digit Dataset as `speech_scores.digit_rows` reads it."""

RENDERED, RECORDED = 4, 8
"""Variants of each rendered digit and of each recorded one, besides itself."""

SHARE = 0.6
"""Weight of the last stage in the average with what was there before it (WiSE-FT, Wortsman et al.
2022), which knows the old domains better than both and people almost as well as the later."""


def vary(rng, samples):
    """Say a word as somebody else might: another throat, pace and place, and a poor microphone.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides everything.
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``, at least 0.1 s.

    Returns
    -------
    numpy.ndarray
        Float32, of another length.
    """
    samples = audio.resample(samples, round(RATE * rng.uniform(0.8, 1.22)), RATE)
    if rng.uniform() < 0.6:
        samples = librosa.effects.time_stretch(samples, rate=rng.uniform(0.8, 1.3), n_fft=512)
    # A recorder that starts late and stops early, or the other way round.
    first, last = (rng.uniform(0, 0.06, 2) * len(samples)).astype(int)
    before, after = (np.maximum(rng.uniform(-0.2, 0.35, 2), 0) * RATE).astype(int)
    samples = np.pad(samples[first : len(samples) - last], (before, after))
    samples = place(rng, samples)
    if rng.uniform() < 0.5:
        samples = add_noise(rng, samples, rng.uniform(3, 20), rng.uniform(-4, 0))
    if rng.uniform() < 0.6:
        samples = audio.resample(audio.resample(samples, RATE, LINE), LINE, RATE)
    return level(rng, samples)


def spoken_by(person, real):
    """List a person's recordings: path and word of each."""
    rows = speech_scores.digit_rows(real)
    return [(path, word) for path, word, who in rows if who == person]


def banks(work, cache, real, features_of, encode):
    """Compute the banks of single digits where they are missing: rendered ones, each person's."""
    rendered = speech_scores.training_rows(cache, ("digits",))
    rendered = [row for row in rendered if " " not in row[1]]
    bank_of(rendered, features_of, encode, work / "rendered.npz", RENDERED, vary)
    for person in PERSONS:
        rows = [(path, word, None) for path, word in spoken_by(person, real)]
        bank_of(rows, features_of, encode, work / f"{person}.npz", RECORDED, vary)


def go_on(trained, work, left_out, steps, rate):
    """Go on training on everything known and on the digits of all people but one.

    Parameters
    ----------
    trained : guided.Guided
        As :func:`guided.train` left it.
    work : pathlib.Path
        Folder with ``bank.npz`` and the banks of `banks`.
    left_out : str or None
        The person, if any.
    steps, rate : int, float
        As for :func:`guided.fit_to`.

    Returns
    -------
    torch.nn.Module
        The model in evaluation mode, its weights averaged by `SHARE` with those before.
    """
    names = ["rendered", *(person for person in PERSONS if person != left_out)]
    # Half of every batch is words, half is what was known. Nobody knows when people say which
    # phone, so nobody asks.
    banks = [Bank.load(work / "bank.npz"), Bank.join(Bank.load(work / f"{n}.npz") for n in names)]
    path = work / f"people-without-{left_out}.safetensors"
    untimed = [bank.untimed() for bank in banks]
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    trained = guided.fit_to(trained, untimed, path, seed=3, steps=steps, rate=rate)
    return between(before, trained, SHARE)


def leave_out(trained_of, export, work, real, person, stage):
    """Train without one person and score on that person; write ``work/person.json``."""
    trained = go_on(trained_of(work), work, person, **stage)
    export(trained.model, work / person)
    transcribe = speech_scores.recogniser(work / person)
    scores = speech_scores.score_digits(transcribe, spoken_by(person, real))
    (work / f"{person}.json").write_text(json.dumps(scores))
    print(f"{person}, left out: {scores}")


def facts(work, stage):
    """Tell of the last stage what a card says: its steps, its rate, how many utterances."""
    return stage | {"count": len(Bank.load(work / "bank.npz")) // (1 + RECORDINGS)}
