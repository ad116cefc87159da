"""Train and score ``pocket-speaker``, an x-vector model of a million parameters on mel features.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m course_utils.foundry.train_speaker bank --cache DIR --work DIR
    python -m course_utils.foundry.train_speaker train --work DIR

``bank`` computes the features of the utterances that ``speech render`` left in the cache, at three
paces: played faster or slower, a voice becomes another speaker's. ``train`` learns to tell these
speakers apart by an additive margin softmax (Wang et al. 2018), which Transformers brings along.
"""

import functools
import json

import numpy as np
import torch
from transformers import Wav2Vec2BertForXVector

from .. import audio
from ..acoustics import RATE
from . import speech_features, speech_scores
from .conformer import config_of, spread
from .speech_bank import Bank, compute
from .speech_features import place
from .steps import run
from .train_loop import fit, muon

PACES = (0.9, 1.0, 1.1)
HIDDEN, LAYERS, HEADS = 96, 3, 4
TRAIN = {"steps": 2_500, "rate": 4e-3, "warmup": 0.02}
BATCH = 48
SHORTEST, LONGEST = 60, 150
"""Vectors of 20 ms in a training crop: 1.2 to 3 s."""

extractor = functools.cache(speech_features.extractor)


def new_model(speakers, seed=0):
    """Make the untrained network for a number of training speakers."""
    torch.manual_seed(seed)
    config = config_of(
        HIDDEN,
        LAYERS,
        HEADS,
        tdnn_dim=(128, 128, 128, 384),
        tdnn_kernel=(3, 3, 1, 1),
        tdnn_dilation=(1, 2, 1, 1),
        xvector_output_dim=128,
        num_labels=speakers,
    )
    model = spread(Wav2Vec2BertForXVector(config))
    model.edges = ("feature_projection", "feature_extractor", "classifier", "objective")
    model.set_attn_implementation("eager")  # on a CPU, faster than sdpa in training
    return model


def bank(work, cache):
    """Compute the features of all rendered training utterances, at every pace."""
    path = work / "bank.npz"
    if path.exists():  # whose labels number the speakers listed then
        return
    rows = speech_scores.rendered_training(cache)
    names = sorted({row["speaker"] for row in rows})
    (work / "speakers.json").write_text(json.dumps(names))
    jobs = [(number, row["path"], names.index(row["speaker"])) for number, row in enumerate(rows)]
    parts = [jobs[first : first + 100] for first in range(0, len(jobs), 100)]
    compute(_compute, parts, path)


def _compute(jobs):
    """Compute the bank of some utterances: at each pace, somewhere."""
    torch.set_num_threads(1)
    utterances = []
    for number, path, speaker in jobs:
        samples = audio.trim_silence(audio.load(path, RATE)[0], RATE)
        for which, pace in enumerate(PACES):
            rng = np.random.default_rng([number, which])
            voice = audio.resample(samples, round(RATE * pace), RATE) if pace != 1 else samples
            heard = place(rng, voice) if rng.uniform() < 0.7 else voice
            features = speech_features.features_of(heard, extractor())
            label = speaker * len(PACES) + which
            utterances.append((features, np.zeros(len(features)), [label]))
    return Bank.of(utterances)


def crops(utterances, generator):
    """Draw a batch of crops of one length and their speakers; short utterances go round."""
    rows = torch.randint(len(utterances), (BATCH,), generator=generator).tolist()
    length = int(torch.randint(SHORTEST, LONGEST + 1, (), generator=generator))
    features, ends, labels, _ = utterances.batch(rows)
    first = (torch.rand(BATCH, generator=generator) * (ends - length).clamp(min=1)).long()
    places = (first[:, None] + torch.arange(length)) % ends[:, None]
    return features[torch.arange(BATCH)[:, None], places], labels[:, 0]


def train(work):
    """Train on the bank of a work folder; give the model."""
    utterances = Bank.load(work / "bank.npz")
    speakers = json.loads((work / "speakers.json").read_text())
    model = new_model(len(speakers) * len(PACES))

    def loss_of(step, generator):
        features, labels = crops(utterances, generator)
        with torch.autocast("cpu", torch.bfloat16):
            return model(input_features=features, labels=labels).loss

    path = work / "train.safetensors"
    steps, rate, warmup = TRAIN["steps"], TRAIN["rate"], TRAIN["warmup"]
    return fit(model, loss_of, steps, rate, 0, path, muon, warmup)


def main():
    """Run one step."""
    run(__doc__, {"bank": (bank, ("cache",)), "train": (train, ())})


if __name__ == "__main__":
    main()
