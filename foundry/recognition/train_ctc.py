"""Train and score ``pocket-ctc``, a Wav2Vec2-BERT of about 3 M parameters on mel features.

Run the steps in order with the same ``--work`` folder; finished parts are skipped::

    python -m foundry.recognition.train_ctc features --cache DIR --work DIR
    python -m foundry.recognition.train_ctc train --work DIR
    python -m foundry.recognition.train_ctc export --work DIR
    python -m foundry.recognition.train_ctc synthesise --work DIR --real DIR
    python -m foundry.recognition.train_ctc curve --work DIR --real DIR
    python -m foundry.recognition.train_ctc final --work DIR --real DIR --out DIR

``features`` computes the features of all rendered utterances and of augmented copies
(`simulate_recording`). ``train`` trains on them, and ``export`` writes the model.

The last stage starts from that model and needs ``pocket-fastspeech``. ``synthesise`` computes the
features of new sentences (`new_speech`) and of clips without speech (`no_speech`). ``curve`` trains
one model for each share of the new sentences and scores it on the validation split. ``final``
trains on all of them, exports and scores the model, and writes its card.
"""

import functools
import json

import numpy as np
import torch
from transformers import Wav2Vec2BertForCTC, Wav2Vec2BertProcessor, Wav2Vec2CTCTokenizer

from foundry.common.files import write_results
from foundry.common.step_runner import run
from foundry.common.train_loop import save_half
from foundry.recognition import new_speech, no_speech, phone_head, recognition_scores
from foundry.recognition.last_stage import TRAINED, LastStage, report
from foundry.recognition.phone_head import TRAINED_DOMAINS
from foundry.speech import speech_features
from foundry.speech.conformer import config_of, init_xavier
from foundry.speech.feature_cache import (
    FeatureCache,
    cached_features,
    concatenated,
    load_joined,
)
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
"""Number of sequences of utterances in the third stage, and of shipped ones in the last."""

BROAD = {"steps": 4000, "rate": 1e-3}
"""Last stage: new sentences and clips without speech."""

INTERPOLATION_WEIGHT = 0.7
"""Share of the weights after the last stage in the exported ones; the rest are those before it.

Of 0.5, 0.6, 0.7 and 1, 0.6 and 0.7 have the lowest WER on the validation split, and 0.7 the more
empty transcripts of clips without speech.
"""

NEW_SENTENCES = 12_000
"""Number of new sentences in the last stage."""

NEW_SEQUENCES = 1500
"""Number of sequences of other new sentences in the last stage."""

TEST_SEQUENCES = 80
"""Number of sequences of test utterances in the score."""

BATCH_VECTORS = 2400
"""Maximum number of vectors in a batch: 48 s of speech."""

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

    architecture = Wav2Vec2BertForCTC
    max_vectors, vector_seconds = BATCH_VECTORS, 0.02

    def __init__(self, model):
        super().__init__(model, HIDDEN)

    @staticmethod
    def prepare(features, lengths, generator, augment):
        """Return the features unchanged: CTC does not overfit in so few epochs."""
        return features

    def loss(self, features, lengths, labels, phones):
        """Return the CTC loss plus the cross-entropy of the phones.

        The CTC loss of a text is a mean over its letters; that of a clip without speech is a sum
        over its frames, so that it is large until the model has learned to write nothing there.
        """
        if not labels.numel():  # clips without speech
            labels = torch.full((len(labels), 1), -100)
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


def export_trained(work):
    """Export the model before the last stage; write its size and its training."""
    trained, utterances = train(work)
    export(trained.model, work / TRAINED)
    training = phone_head.history(work, utterances, trained.vector_seconds, STUDIO, TRAIN)
    training["long"] = LONG | {"count": LONG_COUNT}
    results = {"parameters": trained.model.num_parameters(), "training": training}
    write_results(work / TRAINED, results)


def last_features(work, real):
    """Load the caches of the last stage; compute and save missing ones first.

    Returns
    -------
    new : list of FeatureCache
        New sentences: single ones and sequences.
    others : list of FeatureCache
        Shipped utterances, sequences of them, and clips without speech.
    """
    new = [
        new_speech.single(NEW_SENTENCES, features_of, encode, work / "new.npz"),
        new_speech.sequences(NEW_SEQUENCES, features_of, encode, work / "new-long.npz"),
    ]
    speech, nothing = no_speech.compute_features(work, real, features_of, encode)
    rows = concatenated(recognition_scores.shipped_rows("train", TRAINED_DOMAINS), LONG_COUNT)
    long = cached_features(rows, features_of, encode, work / "shipped-long.npz", copies=1)
    return new, [speech, long, nothing]


def last_stage(work):
    """Return the last stage of the model."""
    return LastStage(CtcWithPhoneHead, export, INTERPOLATION_WEIGHT, work)


def learning_curve(work, real):
    """Train a model with each share of the new sentences; write ``curve.json``."""
    last_stage(work).learning_curve(*last_features(work, real))


def joined_test_utterances():
    """Return the clips and the texts of `TEST_SEQUENCES` sequences of test utterances."""
    rows = concatenated(recognition_scores.shipped_rows("test", TRAINED_DOMAINS), TEST_SEQUENCES)
    clips = [load_joined(np.random.default_rng(number), row[0]) for number, row in enumerate(rows)]
    return clips, [text for _, text, _ in rows]


def final(work, real, out):
    """Fine-tune on all new sentences; export and score the model; write its results and card."""
    stage = last_stage(work)
    results = stage.results()
    digits = recognition_scores.digit_rows(real)
    counts = {"sentences": NEW_SENTENCES, "sequences": NEW_SEQUENCES}
    recognise = stage.final(results, *last_features(work, real), out, BROAD, **counts)
    before = recognition_scores.recogniser(work / TRAINED)
    clips, texts = joined_test_utterances()
    results["sequences"] = {
        "before": recognition_scores.score(texts, before(clips)),
        "after": recognition_scores.score(texts, recognise(clips)),
    }
    results["people"] = recognition_scores.score_people(recognise, digits)
    report(results, recognise, real, out)


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ("cache",)),
        "train": (train, ()),
        "export": (export_trained, ()),
        "synthesise": (last_features, ("real",)),
        "curve": (learning_curve, ("real",)),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
