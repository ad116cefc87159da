"""Train and score ``pocket-whisper``, a Whisper of 2.6 M parameters that hears 7 seconds.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m foundry.train_whisper bank --cache DIR --work DIR
    python -m foundry.train_whisper train --work DIR
    python -m foundry.train_whisper digits --cache DIR --work DIR --real DIR
    python -m foundry.train_whisper jackson|nicolas|theo --work DIR --real DIR
    python -m foundry.train_whisper final --work DIR --real DIR --out DIR

From nothing, attention does not find out in hours where in the sound the next word is. The renderer
knows which phone is spoken when, so the encoder also learns to name it, with a head that is thrown
away afterwards, and the decoder's last layer to look where it is spoken (guided attention,
Tachibana et al. 2018). At last it hears people, each of whom is left out once to be its test.
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
from foundry import guided, people, sentences, speech_scores
from foundry.guided import KNOWN
from foundry.people import PERSONS
from foundry.speech_bank import bank_of
from foundry.speech_features import hide
from foundry.steps import run
from foundry.train_loop import save_half

MELS, HOP, SECONDS = 80, 320, 7
POSITIONS = SECONDS * 16_000 // HOP // 2
"""Vectors of 40 ms that the encoder sees: half as many as mel frames."""

HIDDEN, ENCODER, DECODER, HEADS = 160, 5, 2, 4
TOKENS = 500
"""Pieces of words, single bytes among them."""

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
STUDIO = {"steps": 1_000, "rate": 4.5e-3}
TRAIN = {"steps": 5_000, "rate": 4.5e-3}
PEOPLE = {"steps": 600, "rate": 2e-3}
BATCH_FRAMES = 3200
"""Mel frames of 20 ms in a batch: 64 s of speech."""

NEAR = 0.08
"""Standard deviation, as a share of the utterance, of where a piece may be looked for."""


@functools.cache
def extractor():
    """Make the feature extractor of the model."""
    return WhisperFeatureExtractor(feature_size=MELS, hop_length=HOP, chunk_length=SECONDS)


@functools.cache
def tokenizer():
    """Learn the pieces of words from sentences of the training split; bytes make up the rest."""
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    pieces.train_from_iterator(_sentences(), trainer)
    learned = json.loads(pieces.to_str())["model"]
    return WhisperTokenizer(
        vocab=learned["vocab"],
        merges=[tuple(pair) for pair in learned["merges"]],
        additional_special_tokens=SPECIAL[1:],
        add_prefix_space=True,
        pad_token=SPECIAL[0],
    )


def _sentences(count=4000):
    rng = random.Random("pieces")
    for number in range(count):
        yield normalise_text(sentences.draw(KNOWN[number % len(KNOWN)], "train", rng))


def new_model(seed=0):
    """Make the untrained network."""
    torch.manual_seed(seed)
    pieces = tokenizer()
    start, end = pieces.convert_tokens_to_ids(["<|startoftranscript|>", "<|endoftext|>"])
    config = WhisperConfig(
        vocab_size=len(pieces),
        num_mel_bins=MELS,
        d_model=HIDDEN,
        encoder_layers=ENCODER,
        decoder_layers=DECODER,
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
    # The default start (0.02 for every weight) suits far wider networks: here the sound would be
    # a whisper beside the encoder's fixed positions.
    for name, value in model.named_parameters():
        if "embed_tokens" in name:
            torch.nn.init.normal_(value, std=HIDDEN**-0.5)
        elif value.ndim > 1 and "embed_positions" not in name:
            torch.nn.init.xavier_uniform_(value)
    settings = model.generation_config
    settings.update(
        max_length=64,
        decoder_start_token_id=start,
        is_multilingual=False,
        no_timestamps_token_id=pieces.convert_tokens_to_ids("<|notimestamps|>"),
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    return model


def features_of(samples):
    """Compute the mel frames of an utterance without its padding, shape (frames, MELS)."""
    mel = extractor()(samples, sampling_rate=16_000, return_tensors="pt")["input_features"][0]
    return mel.T[: 2 * -(-len(samples) // (2 * HOP))]


def encode(text):
    """Cut a normalised text into token ids, the start and end marks not among them."""
    return tokenizer()(text, add_special_tokens=False)["input_ids"]


def bank(work, cache):
    """Compute the bank of synthetic training utterances where it is missing."""
    rows = speech_scores.training_rows(cache, KNOWN)
    bank_of(rows, features_of, encode, work / "bank.npz")


def hear(model, features):
    """Run the encoder over fewer frames than its window has: no silence, no time lost on it."""
    encoder = model.model.encoder
    states = functional.gelu(encoder.conv1(features.transpose(1, 2)))
    states = functional.gelu(encoder.conv2(states)).transpose(1, 2)
    states = states + encoder.embed_positions.weight[: states.shape[1]]
    states = functional.dropout(states, p=encoder.dropout, training=encoder.training)
    for layer in encoder.layers:
        states = layer(states, None)
    return encoder.layer_norm(states)


def progress_in(phones):
    """Tell how far the speech has come in each row: changes of phone so far over all of them.

    Parameters
    ----------
    phones : torch.Tensor
        int64, shape ``(batch, rows)``, -100 in padding and where nothing is known.

    Returns
    -------
    torch.Tensor
        0 to 1, shape ``(batch, rows)``.
    """
    changes = (phones.diff(dim=1) != 0) & (phones[:, 1:] >= 0)
    passed = functional.pad(changes.cumsum(1), (1, 0)).float()
    return passed / passed[:, -1:].clamp(min=1)


def middles_of(labels):
    """Place pieces of a text in it, by their letters: 0 to 1, shape of ``labels``."""
    lengths = _letters()[labels.clamp(min=0)] * (labels >= 0)
    ends = lengths.cumsum(1)
    return (ends - lengths / 2) / ends[:, -1:].clamp(min=1)


@functools.cache
def _letters():
    pieces = tokenizer().convert_ids_to_tokens(range(len(tokenizer())))
    return torch.tensor([len(piece) for piece in pieces]).float()


def looking_loss(attention, phones, labels):
    """Give the share of attention that is not where the pieces are spoken.

    Parameters
    ----------
    attention : torch.Tensor
        Of the steps that say the pieces, shape ``(batch, pieces, rows)``, each summing to 1.
    phones : torch.Tensor
        As for `progress_in`.
    labels : torch.Tensor
        Pieces, -100 in padding, shape ``(batch, pieces)``.

    Returns
    -------
    torch.Tensor
        A number, 0 where no phone is known.
    """
    away = middles_of(labels)[:, :, None] - progress_in(phones)[:, None]
    missed = (attention * (1 - torch.exp(-0.5 * (away / NEAR) ** 2))).sum(2)
    known = (labels >= 0) & (phones[:, :1] >= 0)
    return missed[known].mean() if known.any() else missed.sum() * 0


class Guided(guided.Guided):
    """The model with a second head on its encoder."""

    most = BATCH_FRAMES

    def __init__(self, model):
        super().__init__(model, HIDDEN)
        names = ["<|startoftranscript|>", "<|notimestamps|>", "<|endoftext|>"]
        self.start, self.plain, self.end = tokenizer().convert_tokens_to_ids(names)
        model.model.decoder.layers[-1].encoder_attn.register_forward_hook(self._look)

    def _look(self, module, given, made):
        self.looked = made[1].float().mean(1)

    @staticmethod
    def prepare(features, ends, generator, hiding):
        """Put silence behind the speech; hide some of a batch, or nothing."""
        features = pad_silence(features, ends, generator)
        return hide(features, ends, generator) if hiding else features

    def loss(self, features, ends, labels, phones):
        """Give the loss of a batch: cross-entropy of the pieces, and of the phones."""
        states = hear(self.model, features)
        count = len(labels)
        start = torch.full((count, 1), self.start)
        plain = torch.full((count, 1), self.plain)
        told = torch.cat([start, plain, labels.where(labels >= 0, self.end)], 1)
        wanted = torch.cat([plain, labels, torch.full((count, 1), -100)], 1)
        wanted[torch.arange(count), 1 + (labels >= 0).sum(1)] = self.end
        decoded = self.model.model.decoder(input_ids=told, encoder_hidden_states=states)
        logits = self.model.proj_out(decoded.last_hidden_state)
        said = functional.cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=-100, label_smoothing=0.1
        )
        phones = functional.pad(phones, (0, 2 * states.shape[1] - phones.shape[1]), value=-100)
        phones = phones[:, ::2]
        looked = self.looked[:, 1 : 1 + labels.shape[1]]
        return (
            said
            + guided.phone_loss(self.head(states), phones)
            + looking_loss(looked, phones, labels)
        )


def pad_silence(features, ends, generator):
    """Fill a batch's padding with silence, and now and then more of Whisper's window.

    The extractor limits silence to 80 dB below the loudest frame, which is 2 in its units.
    """
    # A quarter of the batches hears silence after the speech, the others save its time.
    room = POSITIONS - (features.shape[1] + 1) // 2
    if room > 0 and torch.rand((), generator=generator) < 0.25:
        more = 2 * int(torch.randint(room + 1, (), generator=generator))
        features = functional.pad(features, (0, 0, 0, more))
    for row, end in enumerate(ends.tolist()):
        features[row, end:] = features[row, :end].max() - 2
    return features


def train(work):
    """Train on synthetic speech; give the guided model."""
    torch.manual_seed(0)
    trained, utterances = guided.train(Guided(new_model()), work, STUDIO, TRAIN)
    guided.history(work, utterances, HOP / 16_000, STUDIO, TRAIN)
    return trained


def digits(work, cache, real):
    """Compute the banks of single digits."""
    people.banks(work, cache, real, features_of, encode)


def export(model, out):
    """Write the Transformers folder: weights in half precision, computed in single."""
    out.mkdir(parents=True, exist_ok=True)
    WhisperProcessor(feature_extractor=extractor(), tokenizer=tokenizer()).save_pretrained(out)
    save_half(model, out)


def leave_out(person, work, real):
    """Train without one person and score on that person."""
    people.leave_out(train, export, work, real, person, PEOPLE)


def final(work, real, out):
    """Train on all people, export, score and write results and card."""
    model = people.go_on(train(work), work, None, **PEOPLE).model
    export(model, out)
    training = json.loads((work / "history.json").read_text())
    training["last"] = people.facts(work, PEOPLE)
    scores = {person: json.loads((work / f"{person}.json").read_text()) for person in PERSONS}
    parameters = model.num_parameters()
    speech_scores.write_results(parameters, training, real, out, "whisper_card.md", scores)


def main():
    """Run one step."""
    steps = {
        "bank": (bank, ("cache",)),
        "train": (train, ()),
        "digits": (digits, ("cache", "real")),
        **{person: (partial(leave_out, person), ("real",)) for person in PERSONS},
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
