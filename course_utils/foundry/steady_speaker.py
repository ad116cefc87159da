"""Make ``pocket-speaker`` steady: a voice keeps its vector in a room, beside music, on a telephone.

The second half of its training, after the steps of `train_speaker`, with the same ``--work``::

    python -m course_utils.foundry.steady_speaker bank --cache DIR --work DIR --out DIR
    python -m course_utils.foundry.steady_speaker train --work DIR
    python -m course_utils.foundry.steady_speaker final --work DIR --real DIR --out DIR

In a studio the model tells unseen voices apart almost without errors, elsewhere it did not: there
the vectors of one voice spread. So what it says in the studio is what it learns to say anywhere, at
five paces and in three places each: its own mean vector of a speaker is the target of a few noisy
seconds (distillation, Hinton et al. 2015). Voices have to keep their places, for ``pocket-tts``
speaks by them; so what is exported lies on the line between the weights before and after (Wortsman
et al. 2022).
"""

import functools
import json
import shutil

import numpy as np
import torch
from torch.nn.functional import cross_entropy, normalize, one_hot
from transformers import Wav2Vec2BertForXVector

from .. import audio, conversations, data
from ..acoustics import LINE, RATE, telephone_line
from ..pipelines.linking import VoiceModel
from . import speech_features, train_speaker, voice_scores
from .speech_bank import Bank, compute, run_jobs
from .speech_features import place
from .steps import run
from .train_loop import fit, muon, save_half
from .train_speaker import BATCH, FEATURES, crops, extractor, utterances_of

PACES = (0.85, 0.92, 1.0, 1.08, 1.16)
"""Speeds at which everybody is heard, as somebody else each time."""

PLACES = 3
"""Recordings made of each utterance at each pace."""

TRAIN = {"steps": 7_000, "rate": 3e-3, "warmup": 0.05}

SHARE = 0.75
"""How far on the line from the weights before to those after the exported ones lie; chosen on the
validation voices, for equal error rates in rooms and beside music."""

SCALE, MARGIN = 30, 0.2
"""Of the softmax over all speakers: a cosine counts this much, the right one so much less."""

OTHERS = 0.1
"""Weight of that softmax, beside being near one's own target."""


def _paced(clip):
    """Load a clip, without silence at its ends; give it at every pace."""
    samples = audio.trim_silence(audio.load(clip, RATE)[0], RATE)
    return [audio.resample(samples, round(RATE * pace), RATE) for pace in PACES]


@functools.cache
def _music():
    """Decode music to play beneath speech, once a process."""
    clips = [audio.load(row["audio"], RATE)[0] for row in data.load("genres", "train")]
    return [{"audio": {"array": samples, "sampling_rate": RATE}} for samples in clips]


def heard(rng, voice):
    """Put a voice somewhere: mostly into a room or noise, beside music, on a telephone.

    Parameters
    ----------
    rng : numpy.random.Generator
        Decides where.
    voice : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``.

    Returns
    -------
    numpy.ndarray
        Float32, shape ``(n,)``.
    """
    if rng.uniform() < 0.8:
        voice = place(rng, voice)
    if rng.uniform() < 0.25:
        voice = conversations.beneath(rng, voice, _music())
    if rng.uniform() < 0.2:
        voice = audio.resample(telephone_line(voice), LINE, RATE)
    return voice


def _aims(job):
    """Give the first model's vectors of some clips: shape ``(clips, PACES, dimensions)``."""
    clips, folder = job
    torch.set_num_threads(1)
    voice_of = VoiceModel(folder)
    return np.array([[voice_of(voice) for voice in _paced(clip)] for clip in clips])


def _compute(jobs):
    """Compute the bank of some utterances: at each pace, in some places."""
    torch.set_num_threads(1)
    utterances = []
    for number, clip, speaker in jobs:
        for which, voice in enumerate(_paced(clip)):
            for where in range(PLACES):
                rng = np.random.default_rng([number, which, where])
                features = speech_features.features_of(heard(rng, voice), extractor(), **FEATURES)
                label = speaker * len(PACES) + which
                utterances.append((features, np.zeros(len(features)), [label]))
    return Bank.of(utterances)


def bank(work, cache, out):
    """Keep the model in ``out``; compute its targets for all speakers, and everybody's features."""
    first = work / "first"
    if not first.exists():
        work.mkdir(parents=True, exist_ok=True)
        shutil.copytree(out, first)
    rows = utterances_of(cache)
    speakers = [row["speaker"] for row in rows]
    names = sorted(set(speakers))
    parts = range(0, len(rows), 100)
    if not (work / "targets.npy").exists():
        clips = [row["audio"] for row in rows]
        vectors = np.concatenate(run_jobs(_aims, [(clips[n : n + 100], first) for n in parts]))
        own = [vectors[np.array(speakers) == name].mean(0) for name in names]
        targets = np.concatenate(own)
        np.save(work / "targets.npy", targets / np.linalg.norm(targets, axis=1, keepdims=True))
    jobs = [(n, row["audio"], names.index(row["speaker"])) for n, row in enumerate(rows)]
    compute(_compute, [jobs[n : n + 100] for n in parts], work / "steady.npz")


def steady_loss(vectors, targets, labels):
    """Tell how far vectors are from their speakers' targets, and how much nearer to others'.

    Parameters
    ----------
    vectors : torch.Tensor
        Of length 1, shape ``(batch, dimensions)``.
    targets : torch.Tensor
        Of length 1, shape ``(speakers, dimensions)``.
    labels : torch.Tensor
        Who speaks, shape ``(batch,)``.

    Returns
    -------
    torch.Tensor
        A number: the mean cosine distance and an additive margin softmax (Wang et al. 2018).
    """
    cosines = vectors @ targets.T
    own = cosines.gather(1, labels[:, None])
    logits = SCALE * (cosines - MARGIN * one_hot(labels, len(targets)))
    return (1 - own).mean() + OTHERS * cross_entropy(logits, labels)


def train(work):
    """Train the model that a work folder keeps on the bank in it; give it."""
    utterances = Bank.load(work / "steady.npz")
    targets = torch.from_numpy(np.load(work / "targets.npy", allow_pickle=False))
    model = Wav2Vec2BertForXVector.from_pretrained(work / "first", dtype=torch.float32)
    model.edges = train_speaker.EDGES
    model.set_attn_implementation("eager")  # on a CPU, faster than sdpa in training
    for part in (model.classifier, model.objective):  # a vector needs neither
        part.requires_grad_(False)

    def loss_of(step, generator):
        features, labels = crops(utterances, generator)
        with torch.autocast("cpu", torch.bfloat16):
            vectors = model(input_features=features).embeddings
        return steady_loss(normalize(vectors.float(), dim=1), targets, labels)

    steps, rate, warmup = TRAIN["steps"], TRAIN["rate"], TRAIN["warmup"]
    return fit(model, loss_of, steps, rate, 0, work / "steady.safetensors", muon, warmup)


def between(first, last, share):
    """Move a model's weights from those of the first a share of the way to the last's; give it."""
    old, new = first.state_dict(), last.state_dict()
    first.load_state_dict({name: old[name].lerp(new[name], share) for name in new})
    return first


def final(work, real, out):
    """Export, score and write results and card."""
    known = json.loads((work / "first" / "results.json").read_text())
    first = Wav2Vec2BertForXVector.from_pretrained(work / "first", dtype=torch.float32)
    model = between(first, train(work), SHARE)
    facts = {
        "utterances": len(Bank.load(work / "steady.npz")) // (len(PACES) * PLACES),
        "speakers": len(np.load(work / "targets.npy", allow_pickle=False)),
        "share": SHARE,
        **TRAIN,
    }
    training = {
        "parameters": f"{model.num_parameters() / 1e6:.2f}",
        "batch": BATCH,
        **{name: value for name, value in known["training"].items() if name.startswith("first_")},
        **{f"steady_{name}": value for name, value in facts.items()},
    }
    save_half(model, out)
    voice_scores.write_results(training, real, out, "speaker_card.md", known["before"])


def main():
    """Run one step."""
    steps = {
        "bank": (bank, ("cache", "out")),
        "train": (train, ()),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
