"""Train the recognisers with phone supervision, first on studio speech, then on augmented speech.

CTC and attention need thousands of steps to align letters with frames. The renderer gives the phone
of each frame, so a second head learns to predict it; the head is dropped after training. Starting
with noisy speech would take four times as long.
"""

import json

import torch

from foundry.common.train_loop import fit, interpolate, mixed_precision, muon
from foundry.common.training_head import TrainingHead
from foundry.speech.feature_cache import COPIES, FeatureCache, schedule
from foundry.speech.kokoro import SYMBOLS

PHONES = 1 + max(SYMBOLS.values())
"""Number of phone classes: Kokoro's symbols, and 0 for silence."""

TRAINED_DOMAINS = ("digits", "home", "everyday", "phrasebook")
"""Domains of the training data. ``banking`` and ``teller`` are left out, for lesson 05."""

SMALL_VOCABULARY = ("digits", "home", "phrasebook")
"""Trained domains with a small vocabulary, whose words are frequent in training."""


class PhoneHead(TrainingHead):
    """A recogniser with a second head that classifies the phone of each frame.

    Subclasses define ``architecture`` (class of the model), ``max_vectors`` (batch size in
    vectors), ``vector_seconds`` (time from one vector to the next, in seconds),
    ``prepare(features, lengths, generator, augment)``, which pads and augments a batch, and
    ``loss(features, lengths, labels, phones)``.
    """

    adamw_parts = ("head", "proj_out", "embed", "feature_projection")

    def __init__(self, model, hidden_size):
        super().__init__(model, hidden_size, PHONES)


def phone_loss(logits, phones):
    """Return the cross-entropy of the phones.

    Parameters
    ----------
    logits : torch.Tensor
        Shape ``(batch, frames, PHONES)``.
    phones : torch.Tensor
        int64, shape ``(batch, frames)``, -100 where unknown.

    Returns
    -------
    torch.Tensor
        Scalar, 0 if no phone of the batch is known.
    """
    known = phones >= 0
    if not known.any():  # recordings of people
        return logits.sum() * 0
    return torch.nn.functional.cross_entropy(logits[known].float(), phones[known])


def fit_phone_head(
    recogniser, caches, path, seed, steps, rate, warmup=0.1, augment=True, optimizers=muon
):
    """Train a recogniser on batches with equal parts from one or more feature caches.

    Parameters
    ----------
    recogniser : PhoneHead
        Model to train.
    caches : list of FeatureCache
        Training data.
    path : pathlib.Path
        Checkpoint.
    seed, steps, rate, warmup : int, int, float, float
        As for :func:`foundry.common.train_loop.fit`.
    augment : bool
        Whether to apply SpecAugment, if the recogniser uses it.
    optimizers : callable
        As for :func:`foundry.common.train_loop.fit`.

    Returns
    -------
    PhoneHead
        The model in evaluation mode.
    """
    size = recogniser.max_vectors // len(caches)
    plans = [schedule(cache.lengths(), steps, size) for cache in caches]

    def loss_of(step, generator):
        losses = []
        for cache, plan in zip(caches, plans, strict=True):
            features, lengths, labels, phones = cache.batch(plan[step])
            features = recogniser.prepare(features, lengths, generator, augment)
            with mixed_precision():
                losses.append(recogniser.loss(features, lengths, labels, phones))
        return sum(losses) / len(caches)

    return fit(recogniser, loss_of, steps, rate, seed, path, optimizers, warmup)


def fine_tune(recogniser, caches, path, weight, **options):
    """Fine-tune a recogniser without phones; average its weights with those before (WiSE-FT).

    Parameters
    ----------
    recogniser, caches, path
        As for `fit_phone_head`.
    weight : float
        Share of the weights after the training, 0 to 1.
    **options
        Other arguments of `fit_phone_head`.

    Returns
    -------
    PhoneHead
        ``recogniser`` in evaluation mode.
    """
    before = {name: value.clone() for name, value in recogniser.state_dict().items()}
    caches = [cache.without_phones() for cache in caches]
    return interpolate(before, fit_phone_head(recogniser, caches, path, **options), weight)


def train(recogniser, work, studio, everything):
    """Train a recogniser on the feature cache of a work folder.

    Parameters
    ----------
    recogniser : PhoneHead
        Model to train.
    work : pathlib.Path
        Folder with ``features.npz``, and for the checkpoints.
    studio, everything : dict
        ``steps``, ``rate`` (and ``warmup``) of the first stage, on studio speech, and of the second
        stage, on studio speech and its augmented copies.

    Returns
    -------
    recogniser : PhoneHead
        The model in evaluation mode.
    utterances : FeatureCache
        The training data of the second stage.
    """
    utterances = FeatureCache.load(work / "features.npz")
    rendered = utterances.select(range(0, len(utterances), 1 + COPIES))
    path = work / "studio.safetensors"
    fit_phone_head(recogniser, [rendered], path, seed=0, augment=False, **studio)
    fit_phone_head(recogniser, [utterances], work / "everything.safetensors", seed=1, **everything)
    return recogniser, utterances


def history(work, utterances, seconds, studio, everything):
    """Return the facts about the training for a card.

    The first call stores them in the work folder, because a later stage can extend the cache.

    Parameters
    ----------
    work : pathlib.Path
        Work folder of `train`.
    utterances : FeatureCache
        Training data of `train`.
    seconds : float
        Time from one feature vector to the next, in seconds.
    studio, everything : dict
        Stages of `train`.

    Returns
    -------
    dict
        ``hours`` of features, number of utterances ``studio``, and the stages ``first`` and
        ``train``.
    """
    path = work / "history.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    facts = {
        "hours": round(float(utterances.starts[-1]) * seconds / 3600, 1),
        "studio": len(utterances) // (1 + COPIES),
        "first": studio,
        "train": everything,
    }
    path.write_text(json.dumps(facts), encoding="utf-8")
    return facts
