"""How the recognisers are trained: guided by phones, on studio speech first, then in noise.

CTC and attention have to find out by themselves where in the sound each letter is, and spend
thousands of steps on it. The renderer knows which phone is spoken when; a second head on the
network has to name it, and is thrown away afterwards. From nothing, noise would slow this down
fourfold.
"""

import json

import torch

from foundry.common.train_loop import fit, muon
from foundry.speech.feature_cache import COPIES, FeatureCache, schedule
from foundry.speech.kokoro import SYMBOLS

PHONES = 1 + max(SYMBOLS.values())
"""Kokoro's symbols, with silence as number 0."""


TRAINED_DOMAINS = ("digits", "home", "everyday", "phrasebook")
"""What the recognisers are trained on: banking and the calls of a teller stay new."""

SMALL_VOCABULARY = ("digits", "home", "phrasebook")
"""Those of few words, which training says often; of ``everyday`` it says most words rarely."""


class Guided(torch.nn.Module):
    """A recogniser with a second head, which names the phone that is spoken.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        The recogniser.
    width : int
        Of the vectors that the head reads.
    """

    adamw_parts = ("head", "proj_out", "embed", "feature_projection")

    def __init__(self, model, width):
        super().__init__()
        self.model = model
        self.model.set_attn_implementation("eager")  # on a CPU, faster than sdpa in training
        self.head = torch.nn.Linear(width, PHONES)


def phone_loss(logits, phones):
    """Give the cross-entropy of named phones, 0 where none of a batch is known.

    Parameters
    ----------
    logits : torch.Tensor
        Shape ``(batch, rows, PHONES)``.
    phones : torch.Tensor
        int64, shape ``(batch, rows)``, -100 where unknown.

    Returns
    -------
    torch.Tensor
        A number.
    """
    known = phones >= 0
    if not known.any():  # recordings of people
        return logits.sum() * 0
    return torch.nn.functional.cross_entropy(logits[known].float(), phones[known])


def fit_phone_head(guided, caches, path, seed, steps, rate, warmup=0.1, hiding=True):
    """Train a model on one cache or more, in equal parts; see :func:`~foundry.common.train_loop.fit`.

    Parameters
    ----------
    guided : Guided
        With ``most`` (vectors in a batch), ``prepare(features, ends, generator, hiding)``, which
        makes a batch's features ready and hides some of them, and ``loss(features, ends, labels,
        phones)``.
    caches : list of FeatureCache
        What to train on.
    path : pathlib.Path
        Checkpoint.
    seed, steps, rate, warmup : int, int, float, float
        As for :func:`~foundry.common.train_loop.fit`.
    hiding : bool
        Whether to hide anything.

    Returns
    -------
    torch.nn.Module
        The model in evaluation mode.
    """
    plans = [schedule(cache.lengths(), steps, guided.most // len(caches)) for cache in caches]

    def loss_of(step, generator):
        losses = []
        for cache, plan in zip(caches, plans, strict=True):
            features, ends, labels, phones = cache.batch(plan[step])
            features = guided.prepare(features, ends, generator, hiding)
            with torch.autocast("cpu", torch.bfloat16):  # a third faster than single precision
                losses.append(guided.loss(features, ends, labels, phones))
        return sum(losses) / len(caches)

    return fit(guided, loss_of, steps, rate, seed, path, muon, warmup)


def train(guided, work, studio, everything):
    """Train on the cache of a work folder; give the model and the cache.

    Parameters
    ----------
    guided : Guided
        As for `fit_to`.
    work : pathlib.Path
        Folder with ``features.npz``, for the checkpoints.
    studio, everything : dict
        ``steps`` and ``rate`` of the first stage, on speech as it was rendered, and of the second,
        on that and its recordings.

    Returns
    -------
    torch.nn.Module
        The model in evaluation mode.
    FeatureCache
        Everything.
    """
    utterances = FeatureCache.load(work / "features.npz")
    rendered = utterances.select(range(0, len(utterances), 1 + COPIES))
    fit_phone_head(guided, [rendered], work / "studio.safetensors", seed=0, hiding=False, **studio)
    fit_phone_head(guided, [utterances], work / "everything.safetensors", seed=1, **everything)
    return guided, utterances


def history(work, utterances, seconds, studio, everything):
    """Tell what `train` trained on, for a card; noted in the work folder by the first call.

    (A later stage may use a longer cache.)

    Parameters
    ----------
    work : pathlib.Path
        As for `train`.
    utterances : FeatureCache
        Everything.
    seconds : float
        Time from one row of its features to the next.
    studio, everything : dict
        As for `train`.

    Returns
    -------
    dict
        ``hours`` of features, ``studio`` (how many utterances), and the stages ``first`` and
        ``train``.
    """
    path = work / "history.json"
    if path.exists():
        return json.loads(path.read_text())
    told = {
        "hours": round(float(utterances.starts[-1]) * seconds / 3600, 1),
        "studio": len(utterances) // (1 + COPIES),
        "first": studio,
        "train": everything,
    }
    path.write_text(json.dumps(told))
    return told
