"""Make ``pocket-speaker`` steady: a voice keeps its vector in a room, beside music, on a telephone.

The second half of its training, after the steps of `train_speaker`, with the same ``--work``::

    python -m foundry.steady_speaker bank --cache DIR --work DIR --out DIR
    python -m foundry.steady_speaker train --work DIR
    python -m foundry.steady_speaker final --work DIR --real DIR --out DIR

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

from course_utils import audio, data
from course_utils.simulation import conversations
from course_utils.simulation.augmentation import RATE, over_telephone
from foundry import train_speaker, voice_scores
from foundry.speech_bank import Bank, compute, run_jobs
from foundry.speech_features import place
from foundry.steps import run
from foundry.train_loop import between, fit, muon, save_half
from foundry.train_speaker import BATCH, bank_of_job, crops, jobs_of, paced, utterances_of

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
        voice = conversations.add_music(rng, voice, _music())
    return over_telephone(voice) if rng.uniform() < 0.2 else voice


def _aims(job, folder):
    """Give a model's vectors of some utterances, shape ``(utterances, PACES, dimensions)``."""
    torch.set_num_threads(1)
    embed = voice_scores.embedder(folder)
    return np.array([embed(paced(clip, PACES)) for _, clip, _ in job])


def bank(work, cache, out):
    """Keep the model in ``out``; compute its targets for all speakers, and everybody's features."""
    first = work / "first"
    if not first.exists():
        work.mkdir(parents=True, exist_ok=True)
        shutil.copytree(out, first)
    rows = utterances_of(cache)
    speakers = [row["speaker"] for row in rows]
    names = sorted(set(speakers))
    jobs = jobs_of(rows, names)
    if not (work / "targets.npy").exists():
        vectors = np.concatenate(run_jobs(functools.partial(_aims, folder=first), jobs))
        targets = np.concatenate([vectors[np.array(speakers) == name].mean(0) for name in names])
        np.save(work / "targets.npy", targets / np.linalg.norm(targets, axis=1, keepdims=True))
    job = functools.partial(bank_of_job, paces=PACES, places=PLACES, heard=heard)
    compute(job, jobs, work / "steady.npz")


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


def final(work, real, out):
    """Export, score and write results and card."""
    known = json.loads((work / "first" / "results.json").read_text())
    first = Wav2Vec2BertForXVector.from_pretrained(work / "first", dtype=torch.float32)
    model = between(first.state_dict(), train(work), SHARE)
    facts = {
        "utterances": len(Bank.load(work / "steady.npz")) // (len(PACES) * PLACES),
        "speakers": len(np.load(work / "targets.npy", allow_pickle=False)),
        "share": SHARE,
        **TRAIN,
    }
    training = {
        "parameters": f"{model.num_parameters() / 1e6:.2f}",
        "batch": BATCH,
        **known["training"],
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
