"""Train and score ``pocket-ctc``, a Wav2Vec2-BERT of about 3 M parameters that reads mel features.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m foundry.recognition.train_ctc features --cache DIR --work DIR
    python -m foundry.recognition.train_ctc train --work DIR
    python -m foundry.recognition.train_ctc final --work DIR --real DIR --out DIR

``features`` computes the features of the utterances that ``speech render`` left in the cache, each as
it is and as recordings (:func:`~foundry.speech.speech_features.record`); ``train`` trains on them; ``final``
exports the model, scores it on the shipped test split and on the Free Spoken Digit Dataset, and
writes its card.
"""

import functools
import json

import numpy as np
import torch
from transformers import Wav2Vec2BertForCTC, Wav2Vec2BertProcessor, Wav2Vec2CTCTokenizer

from foundry.common.step_runner import run
from foundry.common.train_loop import save_half
from foundry.recognition import phone_head, recognition_scores
from foundry.recognition.phone_head import TRAINED_DOMAINS
from foundry.speech import speech_features
from foundry.speech.conformer import config_of, spread
from foundry.speech.feature_cache import FeatureCache, cached_features, concatenated
from foundry.speech.sentences import ALPHABET

VOCABULARY = ["<pad>", "<unk>", "|", *ALPHABET[1:]]
"""The blank, unknown, the space between words, then apostrophe and letters."""

HIDDEN, LAYERS, HEADS = 144, 6, 4
STUDIO = {"steps": 500, "rate": 4.5e-3}
TRAIN = {"steps": 3_300, "rate": 6e-3, "warmup": 0.02}
LONG = {"steps": 450, "rate": 3e-3, "warmup": 0.05}
"""The last stage: as many recordings of several utterances as of one."""

LONG_COUNT = 1500
BATCH_FRAMES = 2400
"""Vectors of 20 ms in a batch: 48 s of speech."""

extractor = functools.cache(speech_features.extractor)


def new_model(seed=0):
    """Make the untrained network."""
    torch.manual_seed(seed)
    config = config_of(
        HIDDEN,
        LAYERS,
        HEADS,
        vocab_size=len(VOCABULARY),
        ctc_loss_reduction="mean",
        ctc_zero_infinity=True,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=None,
    )
    return spread(Wav2Vec2BertForCTC(config))


def features_of(samples):
    """Compute the model's input for one utterance; see :mod:`foundry.speech.speech_features`."""
    return speech_features.features_of(samples, extractor())


def encode(text):
    """Spell a normalised text as token ids."""
    return [VOCABULARY.index("|" if mark == " " else mark) for mark in text]


def compute_features(work, cache):
    """Compute the cache of synthetic training utterances where it is missing."""
    rows = recognition_scores.training_rows(cache, TRAINED_DOMAINS)
    cached_features(rows, features_of, encode, work / "features.npz")
    cached_features(
        concatenated(rows, LONG_COUNT), features_of, encode, work / "long.npz", copies=1
    )


class Guided(phone_head.Guided):
    """The network with a second head in its middle."""

    most = BATCH_FRAMES

    def __init__(self, model):
        super().__init__(model, HIDDEN)

    @staticmethod
    def prepare(features, ends, generator, hiding):
        """Hide nothing: in the few epochs that it gets, CTC does not learn by heart."""
        return features

    def loss(self, features, ends, labels, phones):
        """Give the loss of a batch: CTC of the letters, cross-entropy of the phones."""
        heard = self.model(
            input_features=features,
            attention_mask=(torch.arange(features.shape[1]) < ends[:, None]).long(),
            labels=labels,
            output_hidden_states=True,
        )
        named = self.head(heard.hidden_states[LAYERS // 2])
        return heard.loss + phone_head.phone_loss(named, phones)


def train(work):
    """Train on synthetic speech; give the guided model and the cache."""
    torch.manual_seed(0)
    trained, utterances = phone_head.train(Guided(new_model()), work, STUDIO, TRAIN)
    # Who has heard single utterances only puts no space where one ends and the next begins.
    long = FeatureCache.load(work / "long.npz")
    single = np.random.default_rng(0).permutation(len(utterances))[: 2 * len(long)]
    both = FeatureCache.join([long, utterances.select(single)])
    phone_head.fit_phone_head(trained, [both], work / "long.safetensors", seed=2, **LONG)
    return trained, utterances


@torch.inference_mode()
def transcribe(model, clips):
    """Transcribe utterances one by one, by the best token of every frame."""
    texts = []
    for samples in clips:
        best = model(input_features=features_of(samples)[None]).logits[0].argmax(-1)
        tokens = [VOCABULARY[token] for token in torch.unique_consecutive(best) if token]
        texts.append("".join(tokens).replace("|", " ").strip())
    return texts


def export(model, out):
    """Write the Transformers folder: weights in half precision, computed in single."""
    out.mkdir(parents=True, exist_ok=True)
    vocabulary = out / "vocab.json"
    vocabulary.write_text(json.dumps({token: n for n, token in enumerate(VOCABULARY)}, indent=1))
    tokenizer = Wav2Vec2CTCTokenizer(str(vocabulary), bos_token=None, eos_token=None)
    Wav2Vec2BertProcessor(feature_extractor=extractor(), tokenizer=tokenizer).save_pretrained(out)
    save_half(model, out)


def final(work, real, out):
    """Export, score and write results and card."""
    trained, utterances = train(work)
    export(trained.model, out)
    training = phone_head.history(work, utterances, 0.02, STUDIO, TRAIN)
    training["long"] = LONG | {"count": LONG_COUNT}
    parameters = trained.model.num_parameters()
    recognition_scores.write_results(parameters, training, real, out, "ctc_card.md")


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ("cache",)),
        "train": (train, ()),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
