"""Train and score ``pocket-music``, a small MusicGen that generates music from a prompt.

Run the steps in order with the same ``--work`` folder; finished parts are skipped::

    python -m foundry.music.train_music codec --work DIR
    python -m foundry.music.train_music train --work DIR
    python -m foundry.music.train_music export --work DIR --out DIR
    python -m foundry.music.train_music judge --work DIR --out JUDGE
    python -m foundry.music.train_music final --work DIR --out DIR

``codec`` fits the codebooks to the training clips of ``genres``. ``train`` encodes the clips and
trains text encoder and decoder on the tokens, with prompts made from the parameters of the clips.
One genre is left out, on which lesson 10 fine-tunes. ``export`` writes the model. ``judge`` trains
the classifier ``pocket-genres``, with which ``final`` scores the model before it writes the card.
"""

import numpy as np
import torch
from transformers import (
    GenerationConfig,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForConditionalGeneration,
    T5Config,
)

from course_utils import audio, pipelines
from course_utils.catalog import POCKET
from course_utils.pipelines.codec import SpectralCodec, SpectralCodecConfig
from course_utils.simulation.augmentation import RATE
from foundry.common.files import write_results
from foundry.common.step_runner import run
from foundry.common.train_loop import fit, mixed_precision, muon, save_half
from foundry.music import genre_data, music_prompts, music_scores
from foundry.music.music_codec import encode, fit_codec

HELD_OUT_GENRE = "chiptune"
"""Genre without training clips, for lesson 10."""

TRAINED_GENRES = tuple(genre for genre in genre_data.GENRES if genre != HELD_OUT_GENRE)
"""Genres with training clips."""

WIDTH = 128
"""Hidden size."""

LAYERS = 4
"""Number of decoder layers."""

HEADS = 4
"""Number of attention heads."""

BATCH = 16
"""Number of clips in a batch."""

TRAIN = {"steps": 600, "rate": 5e-3}
"""Arguments of `fit`."""

CONDITIONING_DROPOUT = 0.15
"""Probability of training without the prompt, for classifier-free guidance."""

GUIDANCE = 3.0
"""Default guidance scale of the exported model."""


def exact_length(stored):
    """Decode a clip, clip its samples to -1 to 1, cut or pad it to `genre_data.SECONDS`."""
    samples = audio.load(stored, RATE)[0].clip(-1, 1)
    count = round(genre_data.SECONDS * RATE)
    return np.pad(samples[:count], (0, max(0, count - len(samples))))


def shipped():
    """Return the shipped training clips, shape ``(clips, samples)``, and their parameters."""
    table = music_scores.shipped("train")
    rows = [row | {"genre": genre_data.GENRES[row["label"]]} for row in table]
    return np.stack([exact_length(row["audio"]) for row in rows]), rows


def codec(work):
    """Return the codec of a work folder; fit it first if it is missing."""
    folder = work / "codec"
    if not (folder / "config.json").exists():
        fit_codec(shipped()[0]).save_pretrained(folder)
    return SpectralCodec.from_pretrained(folder)


def delay_codebooks(tokens, pad):
    """Delay each codebook by one frame more than the one before (MusicGen's delay pattern).

    Parameters
    ----------
    tokens : torch.Tensor, shape (clips, frames, codebooks)
        Tokens of the codec.
    pad : int
        Token for positions without a token of the codec.

    Returns
    -------
    torch.Tensor, shape (clips, frames + codebooks - 1, codebooks)
    """
    clips, frames, books = tokens.shape
    labels = tokens.new_full((clips, frames + books - 1, books), pad)
    for book in range(books):
        labels[:, book : book + frames, book] = tokens[..., book]
    return labels


def new_model(trained, seed=0):
    """Return an untrained MusicGen with a trained codec."""
    pipelines.register()
    torch.manual_seed(seed)
    pad, books = trained.config.codebook_size, trained.config.num_quantizers
    start = {"pad_token_id": pad, "bos_token_id": pad, "decoder_start_token_id": pad}
    decoder = MusicgenDecoderConfig(
        vocab_size=pad,
        num_codebooks=books,
        num_hidden_layers=LAYERS,
        hidden_size=WIDTH,
        ffn_dim=4 * WIDTH,
        num_attention_heads=HEADS,
        dropout=0.1,
        max_position_embeddings=512,
        **start,
    )
    trained.config.name_or_path = ""  # else the path of the work folder is saved with the model
    text = T5Config(
        vocab_size=len(music_prompts.vocabulary()),
        d_model=WIDTH,
        d_kv=WIDTH // HEADS,
        d_ff=2 * WIDTH,
        num_layers=1,
        num_heads=HEADS,
        dropout_rate=0.1,
    )
    model = MusicgenForConditionalGeneration(
        MusicgenConfig(text_encoder=text, audio_encoder=trained.config, decoder=decoder)
    )
    model.audio_encoder.load_state_dict(trained.state_dict())
    model.freeze_audio_encoder()
    model.adamw_parts = ("embed", "shared", "lm_heads", "relative_attention_bias", "codebooks")
    frames = round(genre_data.SECONDS * trained.config.frame_rate)
    model.generation_config = GenerationConfig(
        do_sample=True, guidance_scale=GUIDANCE, max_new_tokens=frames + books - 1, **start
    )
    return model


def train(work):
    """Train text encoder and decoder on the tokens of the clips; return the model."""
    trained = codec(work)
    clips, rows = shipped()
    learned = [number for number, row in enumerate(rows) if row["genre"] in TRAINED_GENRES]
    rows = [rows[number] for number in learned]
    batches = torch.from_numpy(clips[learned]).float().split(20)
    tokens = torch.cat([encode(trained, batch) for batch in batches])
    model = new_model(trained)
    tokenizer = music_prompts.new_tokenizer()
    labels = delay_codebooks(tokens, trained.config.codebook_size)

    def loss_of(step, generator):
        chosen = torch.randint(len(labels), (BATCH,), generator=generator)
        rng = np.random.default_rng(step)
        prompts = [music_prompts.prompt_of(rows[row], rng) for row in chosen.tolist()]
        texts = tokenizer(prompts, padding=True, return_tensors="pt")
        # Mask all of a dropped prompt, as generation does for the unconditional half of guidance.
        dropped = torch.rand(BATCH, 1, generator=generator) < CONDITIONING_DROPOUT
        mask = texts["attention_mask"].masked_fill(dropped, 0)
        with mixed_precision():
            return model(
                input_ids=texts["input_ids"],
                attention_mask=mask,
                labels=labels[chosen],
            ).loss

    path = work / "train.safetensors"
    return fit(model, loss_of, seed=0, path=path, optimizers=muon, **TRAIN)


def export(work, out):
    """Save the model in half precision, and its tokenizer."""
    out.mkdir(parents=True, exist_ok=True)
    save_half(train(work), out)
    music_prompts.new_tokenizer().save_pretrained(out)


def judge(work, out):
    """Train and score the genre classifier if it is missing; write its results and its card."""
    if not (out / "model.safetensors").exists():
        music_scores.train_classifier(out)
    results = {"training": {}, "accuracy": music_scores.score_classifier(out)}
    write_results(out, results)
    music_scores.write_classifier_card(out, results)


def final(work, out):
    """Score the exported model; write its results and its card."""
    classify = music_scores.genre_classifier(POCKET / "pocket-genres")
    scores = music_scores.score(out, classify, TRAINED_GENRES)
    shape = SpectralCodecConfig()
    training = {
        "clips": genre_data.CLIPS["train"] * len(TRAINED_GENRES),
        "minutes": round(genre_data.CLIPS["train"] * len(TRAINED_GENRES) * genre_data.SECONDS / 60),
        "genres": ", ".join(TRAINED_GENRES),
        "new": HELD_OUT_GENRE,
        "parameters": f"{new_model(SpectralCodec(shape)).num_parameters() / 1e6:.1f}",
        "frames": shape.frame_rate,
        "codebooks": shape.num_quantizers,
        "entries": shape.codebook_size,
        "layers": LAYERS,
        "width": WIDTH,
        "words": len(music_prompts.vocabulary()),
        "guidance": GUIDANCE,
        "batch": BATCH,
        **TRAIN,
    }
    results = {"training": training} | scores
    write_results(out, results)
    music_scores.write_card(out, results)


def main():
    """Run one step."""
    steps = {
        "codec": (codec, ()),
        "train": (train, ()),
        "export": (export, ("out",)),
        "judge": (judge, ("out",)),
        "final": (final, ("out",)),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
