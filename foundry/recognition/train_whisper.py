"""Train and score ``pocket-whisper``, a Whisper of 2.6 M parameters with a window of 7 s.

Run the steps in order with the same ``--work`` folder; finished parts are skipped::

    python -m foundry.recognition.train_whisper features --cache DIR --work DIR
    python -m foundry.recognition.train_whisper train --work DIR
    python -m foundry.recognition.train_whisper digits --cache DIR --work DIR --real DIR
    python -m foundry.recognition.train_whisper jackson|nicolas|theo --work DIR --real DIR
    python -m foundry.recognition.train_whisper export --work DIR
    python -m foundry.recognition.train_whisper synthesise --work DIR --real DIR
    python -m foundry.recognition.train_whisper curve --work DIR --real DIR
    python -m foundry.recognition.train_whisper final --work DIR --real DIR --out DIR

Without help, attention does not learn the alignment in hours. The renderer gives the phone of each
frame, so the encoder also learns to classify it (`phone_head`), and the last layer of the decoder
to attend to the position of the text (guided attention, Tachibana et al. 2018). The third stage
fine-tunes on recordings of people, each of whom is left out once for the score (`leave_one_out`).
``export`` ends it.

The last stage starts from that model and needs ``pocket-fastspeech``, and eSpeak NG from the extra
``foundry``. ``synthesise`` computes the features of new sentences and of phrases of books
(`new_speech`), and of clips without speech (`no_speech`). ``curve`` trains one model for each share
of the new sentences, without books, and scores it on the validation split. ``final`` trains on
everything, exports and scores the model, and writes its card.
"""

import functools
import json
import random
from functools import partial

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch.nn import functional
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from course_utils.scoring import normalise_text
from foundry.common.files import write_results
from foundry.common.spec_augment import spec_augment
from foundry.common.step_runner import run
from foundry.common.train_loop import save_half
from foundry.recognition import (
    leave_one_out,
    new_speech,
    no_speech,
    phone_head,
    recognition_scores,
)
from foundry.recognition.last_stage import TRAINED, LastStage, report
from foundry.recognition.leave_one_out import PERSONS
from foundry.recognition.phone_head import TRAINED_DOMAINS
from foundry.speech import sentences
from foundry.speech.feature_cache import cached_features

MELS = 80
"""Number of mel bands."""

HOP = 320
"""Hop length in samples: 20 ms."""

SECONDS = 7
"""Length of the input window in seconds."""

POSITIONS = SECONDS * 16_000 // HOP // 2
"""Number of encoder vectors of 40 ms, one for two mel frames."""

HIDDEN = 160
"""Hidden size."""

ENCODER_LAYERS = 5
"""Number of encoder layers."""

DECODER_LAYERS = 2
"""Number of decoder layers."""

HEADS = 4
"""Number of attention heads."""

TOKENS = 500
"""Number of BPE tokens, single bytes included."""

SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]
"""Special tokens of Whisper."""

WINDOW_START = "<|0.00|>"
"""Whisper's timestamp for the start of the window, the only timestamp of the vocabulary."""

STUDIO = {"steps": 1_000, "rate": 4.5e-3}
"""First stage: studio speech."""

TRAIN = {"steps": 5_000, "rate": 4.5e-3}
"""Second stage: studio speech and augmented copies."""

PEOPLE = {"steps": 600, "rate": 2e-3}
"""Third stage: digits of people and earlier training data."""

BROAD = {"steps": 7000, "rate": 1e-3}
"""Last stage: new sentences, books, utterances, digits of people and clips without speech."""

INTERPOLATION_WEIGHT = 0.8
"""Share of the weights after the last stage in the exported ones; the rest are those before it.

Without books, the WER on the validation split hardly changes from 0.5 to 1, but with less than 0.8
the transcript of more clips without speech has text in it.
"""

NEW_SENTENCES = 18_000
"""Number of new sentences in the last stage; even, as that of phrases."""

BOOK_PHRASES = 8_000
"""Number of phrases of books in the last stage."""

BATCH_FRAMES = 3200
"""Maximum number of mel frames of 20 ms in a batch: 64 s of speech."""

MAX_BANDS = 16
"""Maximum width of a frequency mask, in mel bands."""

MAX_FRAMES = 20
"""Maximum width of a time mask, in frames."""

ATTENTION_WIDTH = 0.08
"""Standard deviation of the allowed attention around the diagonal, as a share of the utterance."""


@functools.cache
def extractor():
    """Return the feature extractor of the model."""
    return WhisperFeatureExtractor(feature_size=MELS, hop_length=HOP, chunk_length=SECONDS)


@functools.cache
def tokenizer():
    """Return the tokenizer: byte-level BPE, trained on sentences of the training split."""
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    pieces.train_from_iterator(_sentences(), trainer)
    learned = json.loads(pieces.to_str())["model"]
    pieces = WhisperTokenizer(
        vocab=learned["vocab"],
        merges=[tuple(pair) for pair in learned["merges"]],
        additional_special_tokens=SPECIAL[1:],
        add_prefix_space=True,
        pad_token=SPECIAL[0],
    )
    pieces.add_tokens(WINDOW_START)
    return pieces


def _sentences(count=4000):
    rng = random.Random("pieces")
    for number in range(count):
        yield normalise_text(
            sentences.draw(TRAINED_DOMAINS[number % len(TRAINED_DOMAINS)], "train", rng)
        )


def new_model(seed=0):
    """Return the untrained network."""
    torch.manual_seed(seed)
    pieces = tokenizer()
    start, end = pieces.convert_tokens_to_ids(["<|startoftranscript|>", "<|endoftext|>"])
    config = WhisperConfig(
        vocab_size=len(pieces),
        num_mel_bins=MELS,
        d_model=HIDDEN,
        encoder_layers=ENCODER_LAYERS,
        decoder_layers=DECODER_LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=4 * HIDDEN,
        decoder_ffn_dim=4 * HIDDEN,
        max_source_positions=POSITIONS,
        max_target_positions=64,
        dropout=0.0,
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    # The default initialisation (standard deviation 0.02) is meant for much wider networks: here
    # the features would be very small compared with the fixed position embeddings.
    for name, value in model.named_parameters():
        if "embed_tokens" in name:
            torch.nn.init.normal_(value, std=HIDDEN**-0.5)
        elif value.ndim > 1 and "embed_positions" not in name:
            torch.nn.init.xavier_uniform_(value)
    # GenerationConfig.update would skip the settings that only Whisper has.
    vars(model.generation_config).update(
        _from_model_config=False,  # True: `generate` would take the settings of the model instead
        max_length=64,
        decoder_start_token_id=start,
        is_multilingual=False,
        no_timestamps_token_id=pieces.convert_tokens_to_ids("<|notimestamps|>"),
        max_initial_timestamp_index=0,
    )
    return model


def features_of(samples):
    """Return the mel frames of an utterance without padding, shape ``(frames, MELS)``."""
    mel = extractor()(samples, sampling_rate=16_000, return_tensors="pt")["input_features"][0]
    return mel.T[: 2 * -(-len(samples) // (2 * HOP))]


def encode(text):
    """Return the token ids of a normalised text, without special tokens."""
    return tokenizer()(text, add_special_tokens=False)["input_ids"]


def compute_features(work, cache):
    """Compute the missing feature cache of the training utterances."""
    rows = recognition_scores.training_rows(cache, TRAINED_DOMAINS)
    cached_features(rows, features_of, encode, work / "features.npz")


def encode_short(model, features):
    """Return the encoder states of fewer frames than the window has, which saves time."""
    encoder = model.model.encoder
    states = functional.gelu(encoder.conv1(features.transpose(1, 2)))
    states = functional.gelu(encoder.conv2(states)).transpose(1, 2)
    states = states + encoder.embed_positions.weight[: states.shape[1]]
    states = functional.dropout(states, p=encoder.dropout, training=encoder.training)
    for layer in encoder.layers:
        states = layer(states, None)
    return encoder.layer_norm(states)


def speech_progress(phones):
    """Return the share of phone changes up to each frame.

    Parameters
    ----------
    phones : torch.Tensor
        int64, shape ``(batch, frames)``, -100 in padding and if unknown.

    Returns
    -------
    torch.Tensor
        0 to 1, shape ``(batch, frames)``.
    """
    changes = (phones.diff(dim=1) != 0) & (phones[:, 1:] >= 0)
    passed = functional.pad(changes.cumsum(1), (1, 0)).float()
    return passed / passed[:, -1:].clamp(min=1)


def text_positions(labels):
    """Return the position of each token in its text, counted in letters: 0 to 1."""
    lengths = _letters()[labels.clamp(min=0)] * (labels >= 0)
    ends = lengths.cumsum(1)
    return (ends - lengths / 2) / ends[:, -1:].clamp(min=1)


@functools.cache
def _letters():
    pieces = tokenizer().convert_ids_to_tokens(range(len(tokenizer())))
    return torch.tensor([len(piece) for piece in pieces]).float()


def attention_loss(attention, phones, labels):
    """Return the guided attention loss: the share of attention far from the spoken token.

    Parameters
    ----------
    attention : torch.Tensor
        Cross-attention weights, shape ``(batch, tokens, frames)``, summing to 1 over frames.
    phones : torch.Tensor
        Phones, as for `speech_progress`.
    labels : torch.Tensor
        Token ids, shape ``(batch, tokens)``, -100 in padding.

    Returns
    -------
    torch.Tensor
        Scalar, 0 if no phone is known.
    """
    away = text_positions(labels)[:, :, None] - speech_progress(phones)[:, None]
    missed = (attention * (1 - torch.exp(-0.5 * (away / ATTENTION_WIDTH) ** 2))).sum(2)
    known = (labels >= 0) & (phones[:, :1] >= 0)
    return missed[known].mean() if known.any() else missed.sum() * 0


class WhisperWithPhoneHead(phone_head.PhoneHead):
    """The model with a phone head on its encoder."""

    architecture = WhisperForConditionalGeneration
    max_vectors, vector_seconds = BATCH_FRAMES, HOP / 16_000

    def __init__(self, model):
        super().__init__(model, HIDDEN)
        names = ["<|startoftranscript|>", "<|notimestamps|>", "<|endoftext|>"]
        self.start, self.plain, self.end = tokenizer().convert_tokens_to_ids(names)
        model.model.decoder.layers[-1].encoder_attn.register_forward_hook(self._keep_attention)

    def _keep_attention(self, module, inputs, outputs):
        self.attention = outputs[1].float().mean(1)

    @staticmethod
    def prepare(features, lengths, generator, augment):
        """Pad a batch with silence and apply SpecAugment if ``augment``."""
        features = pad_silence(features, lengths, generator)
        if augment:
            spec_augment(features, lengths, generator, MAX_BANDS, MAX_FRAMES)
        return features

    def loss(self, features, lengths, labels, phones):
        """Return the cross-entropy of tokens and of phones, plus the attention loss."""
        states = encode_short(self.model, features)
        inputs, targets = self.tokens(labels)
        token_loss = _token_loss(self.logits(inputs, states), targets)
        phones = functional.pad(phones, (0, 2 * states.shape[1] - phones.shape[1]), value=-100)
        phones = phones[:, ::2]
        attention = self.attention[:, 1 : 1 + labels.shape[1]]
        return (
            token_loss
            + phone_head.phone_loss(self.head(states), phones)
            + attention_loss(attention, phones, labels)
        )

    def tokens(self, labels):
        """Return the input ids of the decoder and the ids that follow them, -100 in padding."""
        count = len(labels)
        start = torch.full((count, 1), self.start)
        plain = torch.full((count, 1), self.plain)
        inputs = torch.cat([start, plain, labels.where(labels >= 0, self.end)], 1)
        targets = torch.cat([plain, labels, torch.full((count, 1), -100)], 1)
        targets[torch.arange(count), 1 + (labels >= 0).sum(1)] = self.end
        return inputs, targets

    def logits(self, inputs, states):
        """Return the logits of the tokens that follow the input ids of the decoder."""
        decoded = self.model.model.decoder(input_ids=inputs, encoder_hidden_states=states)
        return self.model.proj_out(decoded.last_hidden_state)


def _token_loss(logits, targets):
    return functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=-100, label_smoothing=0.1
    )


def pad_silence(features, ends, generator):
    """Fill the padding of a batch with silence; in a quarter of the batches, add more silence.

    Silence is 80 dB below the loudest frame, as in the extractor: 2 in units of the features.
    """
    room = POSITIONS - (features.shape[1] + 1) // 2
    if room > 0 and torch.rand((), generator=generator) < 0.25:
        more = 2 * int(torch.randint(room + 1, (), generator=generator))
        features = functional.pad(features, (0, 0, 0, more))
    for row, end in enumerate(ends.tolist()):
        features[row, end:] = features[row, :end].max() - 2
    return features


def train(work):
    """Train on synthetic speech; return the model with its phone head."""
    torch.manual_seed(0)
    recogniser = WhisperWithPhoneHead(new_model())
    trained, utterances = phone_head.train(recogniser, work, STUDIO, TRAIN)
    phone_head.history(work, utterances, trained.vector_seconds, STUDIO, TRAIN)
    return trained


def digits(work, cache, real):
    """Compute the missing feature caches of single digits."""
    leave_one_out.compute_digit_features(work, cache, real, features_of, encode)


def export(model, out):
    """Save the model in half precision, and its processor.

    For recordings that are longer than the window, Transformers begins each window with a timestamp
    instead of ``<|notimestamps|>``. The model learned none, so both get the same embedding.
    """
    out.mkdir(parents=True, exist_ok=True)
    start, plain = tokenizer().convert_tokens_to_ids([WINDOW_START, "<|notimestamps|>"])
    embeddings = model.get_input_embeddings().weight.data
    embeddings[start] = embeddings[plain]
    WhisperProcessor(feature_extractor=extractor(), tokenizer=tokenizer()).save_pretrained(out)
    save_half(model, out)


def leave_out(person, work, real):
    """Fine-tune without one person and score on that person."""
    leave_one_out.leave_out(train, export, work, real, person, PEOPLE)


def export_trained(work):
    """Fine-tune on all people; export the model before the last stage; write its scores so far."""
    model = leave_one_out.fine_tune(train(work), work, None, **PEOPLE).model
    export(model, work / TRAINED)
    training = json.loads((work / "history.json").read_text(encoding="utf-8"))
    training["last"] = leave_one_out.facts(work, PEOPLE)
    scores = {
        person: json.loads((work / f"{person}.json").read_text(encoding="utf-8"))
        for person in PERSONS
    }
    results = {"parameters": model.num_parameters(), "training": training, "people": scores}
    write_results(work / TRAINED, results)


def last_features(work, real):
    """Load the caches of the last stage; compute and save missing ones first.

    Returns
    -------
    new : list of FeatureCache
        New sentences in two halves, so that they are two parts of a batch.
    others : list of FeatureCache
        Shipped utterances, recorded digits, and clips without speech.
    """
    new = new_speech.single(NEW_SENTENCES, features_of, encode, work / "new.npz")
    speech, nothing = no_speech.compute_features(work, real, features_of, encode)
    rows = [(path, word, None) for path, word, _ in recognition_scores.digit_rows(real)]
    path = work / "digits.npz"
    digits = cached_features(rows, features_of, encode, path, augment=leave_one_out.vary)
    return halves(new), [speech, digits, nothing]


def book_features(work):
    """Load the cache of phrases of books in two halves; compute and save it first if missing."""
    return halves(new_speech.books(BOOK_PHRASES, features_of, encode, work / "books.npz"))


def halves(cache):
    """Return the first and the second half of a feature cache."""
    middle = len(cache) // 2
    return [cache.select(range(middle)), cache.select(range(middle, len(cache)))]


def synthesise(work, real):
    """Compute the missing feature caches of the last stage."""
    last_features(work, real)
    book_features(work)


def last_stage(work):
    """Return the last stage of the model."""
    return LastStage(WhisperWithPhoneHead, export, INTERPOLATION_WEIGHT, work)


def learning_curve(work, real):
    """Train a model with each share of the new sentences; write ``curve.json``."""
    last_stage(work).learning_curve(*last_features(work, real))


def final(work, real, out):
    """Fine-tune on everything; export and score the model; write its results and card."""
    stage = last_stage(work)
    results = stage.results()
    rows = recognition_scores.digit_rows(real)
    new, others = last_features(work, real)
    new = [*new, *book_features(work)]
    counts = {"sentences": NEW_SENTENCES, "phrases": BOOK_PHRASES}
    recognise = stage.final(results, new, others, out, BROAD, **counts)
    before = recognition_scores.recogniser(work / TRAINED)
    results["digits"] = {
        "before": recognition_scores.score_digits(before, rows)["wer"],
        "after": recognition_scores.score_digits(recognise, rows)["wer"],
    }
    report(results, recognise, real, out)


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ("cache",)),
        "train": (train, ()),
        "digits": (digits, ("cache", "real")),
        **{person: (partial(leave_out, person), ("real",)) for person in PERSONS},
        "export": (export_trained, ()),
        "synthesise": (synthesise, ("real",)),
        "curve": (learning_curve, ("real",)),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
