"""Train ``pocket-speaker``, an x-vector model of two million parameters on mel features.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m foundry.train_speaker bank --cache DIR --work DIR
    python -m foundry.train_speaker train --work DIR
    python -m foundry.train_speaker export --work DIR --real DIR --out DIR

``bank`` computes the features of the utterances that ``speech render`` left in the cache, those of
the invented speakers (``--plan voices``) among them, at three paces: played faster or slower, a
voice becomes another speaker's. ``train`` learns to tell these speakers apart by an additive margin
softmax (Wang et al. 2018), which Transformers brings along. `steady_speaker` goes on with what
``export`` writes.
"""

import functools
import json

import numpy as np
import torch
from transformers import Wav2Vec2BertForXVector
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import AMSoftmaxLoss

from course_utils import audio
from course_utils.pipelines import FbankFeatureExtractor
from course_utils.simulation.augmentation import RATE, over_telephone
from course_utils.simulation.conversations import SPEEDS as PACES
from foundry import speech, speech_features, speech_scores, voice_plan, voice_scores
from foundry.conformer import config_of, spread
from foundry.speech_bank import Bank, compute
from foundry.speech_features import place
from foundry.steps import run
from foundry.train_loop import fit, muon, save_half

STRIDE = 4
"""Frames of 10 ms in a vector: 25 vectors a second tell voices apart, at half the time of 50."""

HIDDEN, LAYERS, HEADS = 128, 4, 4
EDGES = ("feature_projection", "feature_extractor", "classifier", "objective")
"""Parts of the network that no Muon trains."""

TRAIN = {"steps": 3_000, "rate": 4e-3, "warmup": 0.02}

THRESHOLD = 0.3
"""Mean cosine from which on the pipeline takes two groups of pieces for one speaker's; chosen on
conversations between the validation voices."""

BATCH = 64
SHORTEST, LONGEST = 30, 75
"""Vectors in a training crop: 1.2 to 3 s."""


@functools.cache
def extractor():
    """Make the feature extractor; normalised, all voices would have the same mean spectrum."""
    bands = speech_features.MELS
    return FbankFeatureExtractor(
        bands, num_mel_bins=bands, stride=STRIDE, do_normalize_per_mel_bins=False
    )


def new_model(speakers, seed=0):
    """Make the untrained network for a number of training speakers."""
    torch.manual_seed(seed)
    config = config_of(
        HIDDEN,
        LAYERS,
        HEADS,
        STRIDE,
        tdnn_dim=(128, 128, 128, 384),
        tdnn_kernel=(3, 3, 1, 1),
        tdnn_dilation=(1, 2, 1, 1),
        xvector_output_dim=128,
        num_labels=speakers,
    )
    model = spread(Wav2Vec2BertForXVector(config))
    model.edges = EDGES
    model.set_attn_implementation("eager")  # on a CPU, faster than sdpa in training
    return model


def utterances_of(cache):
    """List the training utterances, rendered ones and shipped ones, as rows of ``speech``."""
    rows = speech_scores.rendered_training(cache, ("train", voice_plan.SPLIT))
    rendered = [row | {"audio": row["path"]} for row in rows if not row["shipped"]]
    return rendered + speech_scores.shipped("train", speech.PACKED)


def bank(work, cache):
    """Compute the features of all training utterances, at every pace."""
    path = work / "bank.npz"
    if path.exists():  # whose labels number the speakers listed then
        return
    work.mkdir(parents=True, exist_ok=True)
    rows = utterances_of(cache)
    names = sorted({row["speaker"] for row in rows})
    (work / "speakers.json").write_text(json.dumps(names))
    job = functools.partial(bank_of_job, paces=PACES, places=1, heard=_heard)
    compute(job, jobs_of(rows, names), path)


def jobs_of(rows, names):
    """List a hundred utterances a job: number, clip, and the place of their speaker in `names`."""
    jobs = [(n, row["audio"], names.index(row["speaker"])) for n, row in enumerate(rows)]
    return [jobs[first : first + 100] for first in range(0, len(jobs), 100)]


def paced(clip, paces):
    """Load a clip, without silence at its ends; give it at every pace."""
    samples = audio.trim_silence(audio.load(clip, RATE)[0], RATE)
    return [audio.resample(samples, round(RATE * pace), RATE) for pace in paces]


def bank_of_job(job, paces, places, heard):
    """Compute the bank of some utterances: at each pace, in as many places.

    Parameters
    ----------
    job : list of (int, path or dict, int)
        One of :func:`jobs_of`.
    paces : sequence of float
        Each makes another speaker.
    places : int
        Recordings made at each pace.
    heard : callable
        Makes one, from a generator and samples.

    Returns
    -------
    Bank
        Whose token ids are one number each: whose utterance it is.
    """
    torch.set_num_threads(1)
    utterances = []
    for number, clip, speaker in job:
        for which, voice in enumerate(paced(clip, paces)):
            for where in range(places):
                rng = np.random.default_rng([number, which, where])
                features = speech_features.features_of(
                    heard(rng, voice), extractor(), extractor().do_normalize_per_mel_bins
                )
                label = speaker * len(paces) + which
                utterances.append((features, np.zeros(len(features)), [label]))
    return Bank.of(utterances)


def _heard(rng, voice):
    """Put a voice somewhere: mostly into a room or noise, or on a telephone."""
    voice = place(rng, voice) if rng.uniform() < 0.7 else voice
    return over_telephone(voice) if rng.uniform() < 0.2 else voice


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

    steps, rate, warmup = TRAIN["steps"], TRAIN["rate"], TRAIN["warmup"]
    return fit(model, loss_of, steps, rate, 0, work / "train.safetensors", muon, warmup)


def export(work, real, out):
    """Write the model, and with it what its training was and how well it knows voices."""
    model = train(work)
    facts = {
        "utterances": len(Bank.load(work / "bank.npz")) // len(PACES),
        "speakers": model.config.num_labels,
        **TRAIN,
    }
    model.config.diarization_threshold = THRESHOLD
    # A vector needs no head with the training speakers, nor a list of them.
    model.config.num_labels = 2
    model.objective = AMSoftmaxLoss(model.config.xvector_output_dim, 2)
    out.mkdir(parents=True, exist_ok=True)
    extractor().save_pretrained(out)
    save_half(model, out)
    training = {f"first_{name}": value for name, value in facts.items()}
    known = voice_scores.verify_all(voice_scores.embedder(out), real)
    results = {"training": training, "before": known}
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")


def main():
    """Run one step."""
    steps = {"bank": (bank, ("cache",)), "train": (train, ()), "export": (export, ("real", "out"))}
    run(__doc__, steps)


if __name__ == "__main__":
    main()
