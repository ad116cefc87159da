"""Train and score ``pocket-ctc``, a Wav2Vec2-BERT of about 3 M parameters on mel features.

Run the steps in order with the same ``--work`` folder; finished parts are skipped::

    python -m foundry.recognition.train_ctc features --cache DIR --work DIR
    python -m foundry.recognition.train_ctc train --work DIR
    python -m foundry.recognition.train_ctc final --work DIR --real DIR --out DIR

``features`` computes the features of all rendered utterances and of augmented copies
(`simulate_recording`). ``train`` trains on them. ``final`` exports the model, scores it on the
shipped test split and on the Free Spoken Digit Dataset, and writes its card.
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
from foundry.speech.conformer import config_of, init_xavier
from foundry.speech.feature_cache import FeatureCache, cached_features, concatenated
from foundry.speech.sentences import ALPHABET

VOCABULARY = ["<pad>", "<unk>", "|", *ALPHABET[1:]]
"""Tokens: blank, unknown, word separator, apostrophe, letters."""

HIDDEN = 144
"""Hidden size."""

LAYERS = 6
"""Number of layers."""

HEADS = 4
"""Number of attention heads."""

STUDIO = {"steps": 500, "rate": 4.5e-3}
"""First stage: studio speech."""

TRAIN = {"steps": 3_300, "rate": 6e-3, "warmup": 0.02}
"""Second stage: studio speech and augmented copies."""

LONG = {"steps": 450, "rate": 3e-3, "warmup": 0.05}
"""Third stage: half single utterances, half sequences of two or three."""

LONG_COUNT = 1500
"""Number of sequences of utterances in the third stage."""

BATCH_VECTORS = 2400
"""Maximum number of vectors of 20 ms in a batch: 48 s of speech."""

extractor = functools.cache(speech_features.extractor)


def new_model(seed=0):
    """Return the untrained network."""
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
    return init_xavier(Wav2Vec2BertForCTC(config))


def features_of(samples):
    """Return the input of the model for one utterance, as in `speech_features.features_of`."""
    return speech_features.features_of(samples, extractor())


def encode(text):
    """Return the token ids of a normalised text."""
    return [VOCABULARY.index("|" if mark == " " else mark) for mark in text]


def compute_features(work, cache):
    """Compute the missing feature caches of the training utterances."""
    rows = recognition_scores.training_rows(cache, TRAINED_DOMAINS)
    cached_features(rows, features_of, encode, work / "features.npz")
    cached_features(
        concatenated(rows, LONG_COUNT), features_of, encode, work / "long.npz", copies=1
    )


class CtcWithPhoneHead(phone_head.PhoneHead):
    """The network with a phone head on its middle layer."""

    max_vectors = BATCH_VECTORS

    def __init__(self, model):
        super().__init__(model, HIDDEN)

    @staticmethod
    def prepare(features, lengths, generator, augment):
        """Return the features unchanged: CTC does not overfit in so few epochs."""
        return features

    def loss(self, features, lengths, labels, phones):
        """Return the CTC loss plus the cross-entropy of the phones."""
        outputs = self.model(
            input_features=features,
            attention_mask=(torch.arange(features.shape[1]) < lengths[:, None]).long(),
            labels=labels,
            output_hidden_states=True,
        )
        logits = self.head(outputs.hidden_states[LAYERS // 2])
        return outputs.loss + phone_head.phone_loss(logits, phones)


def train(work):
    """Train on synthetic speech; return the model with its phone head, and the feature cache."""
    torch.manual_seed(0)
    trained, utterances = phone_head.train(CtcWithPhoneHead(new_model()), work, STUDIO, TRAIN)
    # A model trained on single utterances writes no space between two utterances.
    long = FeatureCache.load(work / "long.npz")
    single = np.random.default_rng(0).permutation(len(utterances))[: 2 * len(long)]
    both = FeatureCache.join([long, utterances.select(single)])
    phone_head.fit_phone_head(trained, [both], work / "long.safetensors", seed=2, **LONG)
    return trained, utterances


@torch.inference_mode()
def transcribe(model, clips):
    """Return the greedy transcripts of some clips."""
    texts = []
    for samples in clips:
        best = model(input_features=features_of(samples)[None]).logits[0].argmax(-1)
        tokens = [VOCABULARY[token] for token in torch.unique_consecutive(best) if token]
        texts.append("".join(tokens).replace("|", " ").strip())
    return texts


def export(model, out):
    """Save the model in half precision, and its processor."""
    out.mkdir(parents=True, exist_ok=True)
    vocabulary = out / "vocab.json"
    vocabulary.write_text(
        json.dumps({token: n for n, token in enumerate(VOCABULARY)}, indent=1), encoding="utf-8"
    )
    tokenizer = Wav2Vec2CTCTokenizer(str(vocabulary), bos_token=None, eos_token=None)
    Wav2Vec2BertProcessor(feature_extractor=extractor(), tokenizer=tokenizer).save_pretrained(out)
    save_half(model, out)


def final(work, real, out):
    """Export and score the model; write its results and its card."""
    trained, utterances = train(work)
    export(trained.model, out)
    training = phone_head.history(work, utterances, 0.02, STUDIO, TRAIN)
    training["long"] = LONG | {"count": LONG_COUNT}
    parameters = trained.model.num_parameters()
    recognition_scores.score_recogniser(parameters, training, real, out)


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
