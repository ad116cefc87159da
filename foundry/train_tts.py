"""Train and score ``pocket-tts``: from phonemes and a voice's vector to a mel spectrogram.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m foundry.train_tts bank --cache DIR --work DIR
    python -m foundry.train_tts train --work DIR --cache DIR --out DIR
    python -m foundry.train_tts export --work DIR --cache DIR --out DIR
    python -m foundry.train_tts final --work DIR --judge DIR --out DIR

``bank`` computes the frames of everything that ``speech render`` left in the cache with its exact
durations, the invented speakers (``--plan voices``) among them. ``train`` fits a
FastSpeech2Conformer, to which a voice is a vector of ``pocket-speaker``, beside the folder of
``--out``: a mean over the utterances of a speaker. ``export`` writes model and tokenizer, ``final``
scores them with ``pocket-vocoder``, which lies beside them, and writes the card.
"""

import json

import numpy as np
import torch
from transformers import FastSpeech2ConformerConfig, FastSpeech2ConformerModel

from course_utils import audio, errors
from course_utils.finetuning.tts import SpeechCollator
from course_utils.simulation.augmentation import RATE
from foundry import kokoro, speech_plan, speech_scores, tts_scores, voice_plan, voice_scores
from foundry.pronunciation import PAD, TOKENS, lexicon, tokenizer
from foundry.speech_bank import run_jobs, schedule
from foundry.steps import run
from foundry.train_loop import fit, save_half
from foundry.tts_features import HOP, examples_of, extractor

HIDDEN, ENCODER, DECODER, INNER, HEADS = 144, 3, 3, 432, 2
VOICE = 128
"""Dimensions of a voice's vector."""

JITTER = 0.03
"""Spread of the noise on a voice's vector in training: nobody hits it exactly."""

TRAIN = {"steps": 8_500, "rate": 2e-3, "warmup": 0.05}
FRAMES = 3_000
"""Padded frames in a batch."""


def utterances_of(cache):
    """List what can be learned from: rendered training speech, known phoneme by phoneme."""
    return speech_scores.rendered_training(cache, ("train", voice_plan.SPLIT))


def bank(work, cache):
    """Compute the frames of all utterances: arrays one after the other, and where each begins."""
    path = work / "bank.npz"
    if path.exists():
        return
    work.mkdir(parents=True, exist_ok=True)
    rows = utterances_of(cache)
    jobs = [rows[first : first + 50] for first in range(0, len(rows), 50)]
    examples = [example for part in run_jobs(_compute, jobs) for example in part]
    parts = {
        name: np.concatenate([example[name] for example in examples])
        for name in ("mel", "durations", "pitch", "energy")
    }
    parts["input_ids"] = np.concatenate([[*map(TOKENS.index, e["tokens"])] for e in examples])
    parts["frame_starts"] = np.cumsum([0, *(len(example["mel"]) for example in examples)])
    parts["token_starts"] = np.cumsum([0, *(len(example["tokens"]) for example in examples)])
    parts["mel"] = parts["mel"].astype(np.float16)
    (work / "speakers.json").write_text(json.dumps([row["speaker"] for row in rows]))
    with errors.replacing(path) as new, open(new, "wb") as file:
        np.savez(file, **parts)


def _compute(rows):
    """Compute the examples of some utterances."""
    torch.set_num_threads(1)
    clips = [audio.load(row["path"], RATE)[0] for row in rows]
    return [
        examples_of(clip, row["phonemes"], row["durations"])
        for clip, row in zip(clips, rows, strict=True)
    ]


def voices(work, cache, out):
    """Give the mean vector of each utterance's speaker: float32, shape ``(utterances, VOICE)``."""
    path = work / "voices.npy"
    if not path.exists():
        embed = voice_scores.embedder(out.parent / "pocket-speaker")
        rows = utterances_of(cache)
        vectors = embed([audio.load(row["path"], RATE)[0] for row in rows])
        speakers = np.array([row["speaker"] for row in rows])
        for speaker in np.unique(speakers):
            vectors[speakers == speaker] = vectors[speakers == speaker].mean(0)
        np.save(path, vectors)
    return np.load(path, allow_pickle=False)


def new_model(seed=0):
    """Make the untrained network."""
    torch.manual_seed(seed)
    config = FastSpeech2ConformerConfig(
        hidden_size=HIDDEN,
        vocab_size=len(TOKENS),
        pad_token_id=TOKENS.index(PAD),
        encoder_layers=ENCODER,
        decoder_layers=DECODER,
        encoder_linear_units=INNER,
        decoder_linear_units=INNER,
        encoder_num_attention_heads=HEADS,
        decoder_num_attention_heads=HEADS,
        decoder_kernel_size=15,
        duration_predictor_channels=HIDDEN,
        energy_predictor_channels=HIDDEN,
        pitch_predictor_channels=HIDDEN,
        pitch_predictor_layers=3,
        speech_decoder_postnet_layers=3,
        speech_decoder_postnet_units=HIDDEN,
        speaker_embed_dim=VOICE,
        # Small networks on much data: less dropout than in the paper.
        **{
            f"{part}_dropout_rate": 0.1
            for where in ("encoder", "decoder")
            for part in (where, f"{where}_positional", f"{where}_attention")
        },
    )
    return FastSpeech2ConformerModel(config)


class Examples:
    """The bank of a work folder, and batches of it."""

    def __init__(self, path, vectors):
        with np.load(path, allow_pickle=False) as parts:
            self.parts = dict(parts)
        self.vectors = vectors
        self.collate = SpeechCollator(TOKENS.index(PAD))

    def lengths(self):
        """Count the frames of each utterance."""
        return np.diff(self.parts["frame_starts"])

    def _row(self, number):
        """Give one utterance, as the collator wants it."""
        row = {"speaker_embedding": self.vectors[number]}
        for name in ("mel", "durations", "pitch", "energy", "input_ids"):
            starts = self.parts["frame_starts" if name == "mel" else "token_starts"]
            row[name] = self.parts[name][starts[number] : starts[number + 1]]
        return row

    def batch(self, rows):
        """Pad some utterances: the arguments of the model."""
        return self.collate([self._row(number) for number in rows])


def train(work, cache, out):
    """Train on the bank of a work folder; give the model."""
    examples = Examples(work / "bank.npz", voices(work, cache, out))
    plan = schedule(examples.lengths(), TRAIN["steps"], FRAMES)
    model = new_model()
    with torch.no_grad():  # begin at the mean spectrum
        mean = examples.parts["mel"].astype(np.float32).mean(0)
        model.speech_decoder_postnet.feat_out.bias.copy_(torch.from_numpy(mean))

    def loss_of(step, generator):
        batch = examples.batch(plan[step])
        vectors = batch["speaker_embedding"]
        vectors += JITTER * torch.randn(vectors.shape, generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            return model(**batch).loss

    steps, rate, warmup = TRAIN["steps"], TRAIN["rate"], TRAIN["warmup"]
    return fit(model, loss_of, steps, rate, 0, work / "train.safetensors", warmup=warmup)


def words(cache):
    """Find out how every word of the corpus is pronounced: the lexicon of the tokenizer.

    British voices say some words another way; what American ones say counts.
    """
    texts = [utterance.text for utterance in speech_plan.plan() + voice_plan.plan()]
    alone = sorted({word for text in texts for word in text.split()})
    spoken = [row for row in utterances_of(cache) if row["accent"] == "us"]
    return lexicon(
        [(row["text"], row["phonemes"]) for row in spoken],
        {word: kokoro.phonemize(word, "us") for word in alone},
    )


def export(work, cache, out):
    """Write model, tokenizer and feature extractor, as ``from_pretrained`` opens them."""
    model = train(work, cache, out)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer(words(cache)).save_pretrained(out)
    extractor().save_pretrained(out)
    save_half(model, out)


def final(work, judge, out):
    """Score an exported model; write results and card."""
    speakers = json.loads((work / "speakers.json").read_text())
    with np.load(work / "bank.npz", allow_pickle=False) as parts:
        frames = int(parts["frame_starts"][-1])
    training = {
        "utterances": len(speakers),
        "speakers": len(set(speakers)),
        "hours": f"{frames * HOP / RATE / 3600:.1f}",
        "parameters": f"{new_model().num_parameters() / 1e6:.2f}",
        **TRAIN,
    }
    scores = tts_scores.score_speaker(out, judge)
    tts_scores.write_card(
        scores,
        training,
        out,
        "tts_card.md",
        factor=f"{scores['heard']['all']['real_time_factor']:.2f}",
        **{name: tts_scores.rows_of(table) for name, table in scores.items()},
    )


def main():
    """Run one step."""
    steps = {
        "bank": (bank, ("cache",)),
        "train": (train, ("cache", "out")),
        "export": (export, ("cache", "out")),
        "final": (final, ("judge", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
