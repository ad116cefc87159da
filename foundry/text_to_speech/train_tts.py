"""Train and score ``pocket-fastspeech``: phonemes and a speaker embedding to a mel spectrogram.

Run the steps in order with the same ``--work`` folder; finished parts are skipped::

    python -m foundry.text_to_speech.train_tts features --cache DIR --work DIR
    python -m foundry.text_to_speech.train_tts train --work DIR --cache DIR --out DIR
    python -m foundry.text_to_speech.train_tts export --work DIR --cache DIR --out DIR
    python -m foundry.text_to_speech.train_tts final --work DIR --judge DIR --out DIR

``features`` computes the training examples of all rendered utterances, those of the invented
speakers (``--plan voices``) included. ``train`` trains a FastSpeech2Conformer; the embedding of a
speaker is the mean over utterances of the embeddings of ``pocket-speaker``, whose folder must be
beside ``--out``. ``export`` writes model, tokenizer and feature extractor. ``final`` scores them
with ``pocket-vocoder``, also beside ``--out``, and writes the card.
"""

import json

import numpy as np
import torch
from transformers import FastSpeech2ConformerConfig, FastSpeech2ConformerModel

from course_utils import audio
from course_utils.finetuning import SpeechCollator
from course_utils.simulation.augmentation import RATE
from foundry.common.files import save_npz, write_results
from foundry.common.step_runner import run
from foundry.common.train_loop import fit, mixed_precision, save_half
from foundry.recognition import recognition_scores
from foundry.speech import kokoro, speech_plan, voice_plan
from foundry.speech.feature_cache import run_jobs, schedule
from foundry.speech.pronunciation import PAD, TOKENS, lexicon, tokenizer
from foundry.text_to_speech import tts_scores
from foundry.text_to_speech.tts_features import HOP, examples_of, extractor
from foundry.voices import voice_scores

HIDDEN = 144
"""Hidden size."""

ENCODER_LAYERS = 3
"""Number of encoder layers."""

DECODER_LAYERS = 3
"""Number of decoder layers."""

INNER = 432
"""Size of the feed-forward layers."""

HEADS = 2
"""Number of attention heads."""

EMBEDDING = 128
"""Dimension of a speaker embedding."""

EMBEDDING_NOISE = 0.03
"""Standard deviation of the noise added to speaker embeddings in training."""

TRAIN = {"steps": 8_500, "rate": 2e-3, "warmup": 0.05}
"""Arguments of `fit`."""

BATCH_FRAMES = 3_000
"""Maximum number of frames in a batch, padding included."""


def utterances_of(cache):
    """Return the rendered training utterances, which have exact phoneme durations."""
    return recognition_scores.rendered_training(cache, ("train", voice_plan.SPLIT))


def compute_features(work, cache):
    """Compute the examples of all utterances: concatenated arrays and the start of each."""
    path = work / "features.npz"
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
    (work / "speakers.json").write_text(
        json.dumps([row["speaker"] for row in rows]), encoding="utf-8"
    )
    save_npz(path, **parts)


def _compute(rows):
    """Return the examples of some utterances."""
    clips = [audio.load(row["path"], RATE)[0] for row in rows]
    return [
        examples_of(clip, row["phonemes"], row["durations"])
        for clip, row in zip(clips, rows, strict=True)
    ]


def speaker_embeddings(work, cache, out):
    """Return the mean embedding of the speaker of each utterance, ``(utterances, EMBEDDING)``."""
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
    """Return the untrained network."""
    torch.manual_seed(seed)
    config = FastSpeech2ConformerConfig(
        hidden_size=HIDDEN,
        vocab_size=len(TOKENS),
        pad_token_id=TOKENS.index(PAD),
        encoder_layers=ENCODER_LAYERS,
        decoder_layers=DECODER_LAYERS,
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
        speaker_embed_dim=EMBEDDING,
        # Less dropout than in the paper: the network is small and the data set large.
        **{
            f"{part}_dropout_rate": 0.1
            for where in ("encoder", "decoder")
            for part in (where, f"{where}_positional", f"{where}_attention")
        },
    )
    return FastSpeech2ConformerModel(config)


class Examples:
    """Training examples of a work folder, in batches."""

    def __init__(self, path, vectors):
        with np.load(path, allow_pickle=False) as parts:
            self.parts = dict(parts)
        self.vectors = vectors
        self.collate = SpeechCollator(TOKENS.index(PAD))

    def lengths(self):
        """Return the number of frames of each utterance."""
        return np.diff(self.parts["frame_starts"])

    def _row(self, number):
        """Return one utterance as input of the collator."""
        row = {"speaker_embedding": self.vectors[number]}
        for name in ("mel", "durations", "pitch", "energy", "input_ids"):
            starts = self.parts["frame_starts" if name == "mel" else "token_starts"]
            row[name] = self.parts[name][starts[number] : starts[number + 1]]
        return row

    def batch(self, rows):
        """Return the arguments of the model for some utterances, padded."""
        return self.collate([self._row(number) for number in rows])


def train(work, cache, out):
    """Train on the feature cache of a work folder and return the model."""
    examples = Examples(work / "features.npz", speaker_embeddings(work, cache, out))
    plan = schedule(examples.lengths(), TRAIN["steps"], BATCH_FRAMES)
    model = new_model()
    with torch.no_grad():  # start from the mean spectrum
        mean = examples.parts["mel"].astype(np.float32).mean(0)
        model.speech_decoder_postnet.feat_out.bias.copy_(torch.from_numpy(mean))

    def loss_of(step, generator):
        batch = examples.batch(plan[step])
        vectors = batch["speaker_embedding"]
        vectors += EMBEDDING_NOISE * torch.randn(vectors.shape, generator=generator)
        with mixed_precision():
            return model(**batch).loss

    return fit(model, loss_of, seed=0, path=work / "train.safetensors", **TRAIN)


def words(cache):
    """Return the lexicon of the tokenizer: the US pronunciation of every word of the plans."""
    texts = [utterance.text for utterance in speech_plan.plan() + voice_plan.plan()]
    alone = sorted({word for text in texts for word in text.split()})
    spoken = [row for row in utterances_of(cache) if row["accent"] == "us"]
    return lexicon(
        [(row["text"], row["phonemes"]) for row in spoken],
        {word: kokoro.phonemize(word, "us") for word in alone},
    )


def export(work, cache, out):
    """Save the model in half precision, its tokenizer and its feature extractor."""
    model = train(work, cache, out)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer(words(cache)).save_pretrained(out)
    extractor().save_pretrained(out)
    save_half(model, out)


def final(work, judge, out):
    """Score the exported model; write its results and its card."""
    speakers = json.loads((work / "speakers.json").read_text(encoding="utf-8"))
    with np.load(work / "features.npz", allow_pickle=False) as parts:
        frames = int(parts["frame_starts"][-1])
    training = {
        "utterances": len(speakers),
        "speakers": len(set(speakers)),
        "hours": f"{frames * HOP / RATE / 3600:.1f}",
        "parameters": f"{new_model().num_parameters() / 1e6:.2f}",
        **TRAIN,
    }
    results = {"training": training} | tts_scores.score_speaker(out, judge)
    write_results(out, results)
    tts_scores.write_speaker_card(out, results)


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ("cache",)),
        "train": (train, ("cache", "out")),
        "export": (export, ("cache", "out")),
        "final": (final, ("judge", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
