"""Train and score ``pocket-ctc``, a Wav2Vec2-BERT of about 3 M parameters that reads mel features.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m course_utils.foundry.train_ctc bank --cache DIR --work DIR
    python -m course_utils.foundry.train_ctc train --work DIR
    python -m course_utils.foundry.train_ctc score --cache DIR --work DIR

``bank`` computes the features of the utterances that ``speech render`` left in the cache, each as
it is and as recordings (:func:`~.speech_features.record`); ``train`` trains on them; ``score``
transcribes the validation voices, which nothing was trained on.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from transformers import Wav2Vec2BertConfig, Wav2Vec2BertForCTC

from .. import audio, scoring
from . import speech
from .sentences import ALPHABET
from .speech_features import MELS, STRIDE, extractor, features_of, hide, record
from .synthesis import RATE
from .train_loop import fit

VOCABULARY = ["<pad>", "<unk>", "|", *ALPHABET[1:]]
"""The blank, unknown, the space between words, then apostrophe and letters."""

HIDDEN, LAYERS, HEADS = 144, 6, 4
KNOWN = ("digits", "home", "everyday")
"""What the model is trained on: banking stays new, for lesson 05 to fine-tune on."""

RECORDINGS = 2
"""Recordings made of each studio utterance, besides itself."""

TRAIN = {"steps": 14_000, "rate": 1.5e-3}
BATCH_FRAMES = 1600
"""Vectors of 40 ms in a batch: 64 s of speech."""


def new_model(seed=0):
    """Make the untrained network."""
    torch.manual_seed(seed)
    config = Wav2Vec2BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=4 * HIDDEN,
        feature_projection_input_dim=STRIDE * MELS,
        conv_depthwise_kernel_size=15,
        position_embeddings_type="rotary",
        layerdrop=0.0,
        final_dropout=0.1,
        hidden_dropout=0.1,
        apply_spec_augment=False,  # `hide` does it, and knows the bands
        ctc_loss_reduction="mean",
        ctc_zero_infinity=True,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=None,
    )
    return Wav2Vec2BertForCTC(config)


def encode(text):
    """Spell a normalised text as token ids."""
    return [VOCABULARY.index("|" if mark == " " else mark) for mark in text]


class Bank:
    """Features of many utterances one after the other, in half precision, with their spellings."""

    def __init__(self, features, ends, tokens, token_ends):
        self.features, self.ends = features, ends
        self.tokens, self.token_ends = tokens, token_ends

    @classmethod
    def of(cls, pairs):
        """Make a bank of ``(features, token ids)`` pairs."""
        features, tokens = zip(*pairs, strict=True)
        return cls(
            torch.cat(features).half().numpy(),
            np.cumsum([len(part) for part in features]),
            np.concatenate(tokens).astype(np.int8),
            np.cumsum([len(part) for part in tokens]),
        )

    def save(self, path):
        """Write the bank as an ``npz`` file."""
        np.savez(path, **vars(self))

    @classmethod
    def load(cls, path):
        """Read a bank that :meth:`save` wrote."""
        with np.load(path) as parts:
            return cls(*(parts[name] for name in ("features", "ends", "tokens", "token_ends")))

    def __len__(self):
        return len(self.ends)

    def lengths(self):
        """Count the vectors of each utterance, int64."""
        return np.diff(self.ends, prepend=0)

    def batch(self, rows):
        """Pad some utterances: features, their ends, labels padded with -100."""
        parts = [self.features[self.ends[r] - n : self.ends[r]] for r, n in self._spans(rows)]
        features = torch.nn.utils.rnn.pad_sequence(
            [torch.from_numpy(part.astype(np.float32)) for part in parts], batch_first=True
        )
        counts = np.diff(self.token_ends, prepend=0)
        labels = torch.nn.utils.rnn.pad_sequence(
            [
                torch.from_numpy(self.tokens[self.token_ends[r] - counts[r] : self.token_ends[r]])
                for r in rows
            ],
            batch_first=True,
            padding_value=-100,
        )
        return features, torch.tensor([len(part) for part in parts]), labels.long()

    def _spans(self, rows):
        lengths = self.lengths()
        return [(row, lengths[row]) for row in rows]


def batches(lengths, epoch):
    """Group utterances of like length into batches of at most ``BATCH_FRAMES`` padded vectors."""
    rng = np.random.default_rng(epoch)
    order = np.argsort(lengths * rng.uniform(0.9, 1.1, len(lengths)))
    groups, group = [], []
    for row in order:
        longest = max(lengths[row], max((lengths[r] for r in group), default=0))
        if group and longest * (len(group) + 1) > BATCH_FRAMES:
            groups.append(group)
            group = []
        group.append(int(row))
    groups.append(group)
    rng.shuffle(groups)
    return groups


def _features_of_rows(work):
    """Compute the features of some utterances, as they are and as recordings."""
    rows, copies = work
    torch.set_num_threads(1)
    ours, pairs = extractor(), []
    for row in rows:
        samples, _ = audio.load(row["path"])
        for copy in range(1 + copies):
            rng = np.random.default_rng([int(row["id"].rpartition("-")[2]), copy])
            heard = record(rng, samples) if copy else samples
            pairs.append((features_of(heard, ours), encode(row["text"])))
    return Bank.of(pairs)


def join(banks):
    """Put several banks one after the other."""
    return Bank(
        np.concatenate([bank.features for bank in banks]),
        np.cumsum(np.concatenate([bank.lengths() for bank in banks])),
        np.concatenate([bank.tokens for bank in banks]),
        np.cumsum(np.concatenate([np.diff(bank.token_ends, prepend=0) for bank in banks])),
    )


def bank(cache, work):
    """Load the bank of training utterances, computing it first where it is missing."""
    path = work / "bank.npz"
    if not path.exists():
        work.mkdir(parents=True, exist_ok=True)
        rows = [row for row in speech.rendered(cache) if row["split"] == "train"]
        rows = [row for row in rows if row["domain"] in KNOWN]
        jobs = [(rows[start : start + 100], RECORDINGS) for start in range(0, len(rows), 100)]
        with ProcessPoolExecutor(2) as pool:
            join(list(pool.map(_features_of_rows, jobs))).save(path)
    return Bank.load(path)


def train(work, utterances):
    """Train the recogniser; see :func:`~.train_loop.fit`."""
    model = new_model()
    lengths = utterances.lengths()
    epochs = {}

    def rows_of(step):
        epoch, first = 0, 0
        while True:
            if epoch not in epochs:
                epochs[epoch] = batches(lengths, epoch)
            if step < first + len(epochs[epoch]):
                return epochs[epoch][step - first]
            first, epoch = first + len(epochs[epoch]), epoch + 1

    def loss_of(step, generator):
        features, ends, labels = utterances.batch(rows_of(step))
        features = hide(features, ends, generator)
        attention = (torch.arange(features.shape[1]) < ends[:, None]).long()
        return model(input_features=features, attention_mask=attention, labels=labels).loss

    return fit(model, loss_of, seed=1, path=work / "ctc.safetensors", **TRAIN)


@torch.inference_mode()
def transcribe(model, samples):
    """Transcribe utterances one by one, by the best token of every frame."""
    ours, texts = extractor(), []
    for clip in samples:
        best = model(input_features=features_of(clip, ours)[None]).logits[0].argmax(-1)
        tokens = [VOCABULARY[token] for token in torch.unique_consecutive(best) if token]
        texts.append("".join(tokens).replace("|", " ").strip())
    return texts


def score(model, cache, split):
    """Score a split of the rendered speech, domain by domain.

    Returns
    -------
    dict
        For each domain, and for those it was trained on together (``"known"``): ``wer``, its
        95 % interval over speakers, ``cer`` and the number of utterances.
    """
    rows = [row for row in speech.rendered(cache) if row["split"] == split]
    heard = transcribe(model, (audio.load(row["path"], RATE)[0] for row in rows))
    table = {}
    groups = {"known": KNOWN} | {name: (name,) for name in dict.fromkeys(r["domain"] for r in rows)}
    for domain, members in groups.items():
        chosen = [n for n, row in enumerate(rows) if row["domain"] in members]
        said = [rows[n]["text"] for n in chosen]
        ours = [heard[n] for n in chosen]
        speakers = [rows[n]["speaker"] for n in chosen]
        sides = {"references": said, "predictions": ours}
        table[domain] = {
            **scoring.load("wer").compute(**sides),
            "interval": scoring.confidence_interval(said, ours, groups=speakers),
            **scoring.load("cer").compute(**sides),
            "utterances": len(chosen),
        }
    return table


def main():
    """Run one step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["bank", "train", "score"])
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--cache", type=Path, help="folder of the rendered speech")
    parser.add_argument("--split", default="validation", help="what score transcribes")
    arguments = parser.parse_args()
    if arguments.step != "train" and arguments.cache is None:
        parser.error(f"step {arguments.step} needs --cache, the folder of the rendered speech")
    if arguments.step == "bank":
        utterances = bank(arguments.cache, arguments.work)
        print(f"{len(utterances)} utterances, {utterances.ends[-1] * 0.04 / 3600:.2f} h")
        return
    model = train(arguments.work, Bank.load(arguments.work / "bank.npz"))
    if arguments.step == "score":
        print(json.dumps(score(model, arguments.cache, arguments.split), indent=1))


if __name__ == "__main__":
    main()
