"""Train ``pocket-music``: a small MusicGen that plays what a prompt describes.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m foundry.train_music codec --work DIR
    python -m foundry.train_music train --work DIR
    python -m foundry.train_music export --work DIR --out DIR
    python -m foundry.train_music judge --work DIR --out JUDGE
    python -m foundry.train_music final --work DIR --out DIR

``codec`` fits codebooks to the training clips of `genres`. ``train`` writes the clips as tokens and
trains text encoder and decoder on them, with prompts made from the clips' parameters; it leaves out
one genre, which lesson 10 teaches the model. ``export`` writes the model, ``judge`` the classifier
``pocket-genres``, by which ``final`` scores it and writes the card.
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

from course_utils import audio
from course_utils.catalog import POCKET
from course_utils.pipelines.codec import SpectralCodec, SpectralCodecConfig
from course_utils.simulation.augmentation import RATE
from foundry import genres, music_prompts, music_scores
from foundry.music_codec import encode, fit_codec
from foundry.steps import run
from foundry.train_loop import fit, muon, save_half
from foundry.tts_scores import write_card

NEW = "chiptune"
"""The genre that the model does not learn here."""

LEARNED = tuple(genre for genre in genres.GENRES if genre != NEW)
WIDTH, LAYERS, HEADS = 128, 4, 4
BATCH = 16
TRAIN = {"steps": 600, "rate": 5e-3}
UNTOLD = 0.15
"""How often a clip comes without its prompt: guidance compares the two."""

GUIDANCE = 3.0


def whole(stored):
    """Decode a clip; give its nominal length of samples between -1 and 1."""
    samples = audio.load(stored, RATE)[0].clip(-1, 1)
    count = round(genres.SECONDS * RATE)
    return np.pad(samples[:count], (0, max(0, count - len(samples))))


def shipped():
    """Give the shipped training clips, shape ``(clips, samples)``, and what they play."""
    table = music_scores.shipped("train")
    rows = [row | {"genre": genres.GENRES[row["label"]]} for row in table]
    return np.stack([whole(row["audio"]) for row in rows]), rows


def codec(work):
    """Fit the codec where it is not there yet; give it."""
    folder = work / "codec"
    if not (folder / "config.json").exists():
        fit_codec(shipped()[0]).save_pretrained(folder)
    return SpectralCodec.from_pretrained(folder)


def delayed(tokens, pad):
    """Delay each codebook by one frame more than the one before, as MusicGen learns them.

    Parameters
    ----------
    tokens : torch.Tensor, shape (clips, frames, codebooks)
    pad : int
        Stands where a codebook has no token.

    Returns
    -------
    torch.Tensor, shape (clips, frames + codebooks - 1, codebooks)
        ``pad`` where there is nothing.
    """
    clips, frames, books = tokens.shape
    labels = tokens.new_full((clips, frames + books - 1, books), pad)
    for book in range(books):
        labels[:, book : book + frames, book] = tokens[..., book]
    return labels


def new_model(trained, seed=0):
    """Make the untrained MusicGen around a codec."""
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
    trained.config.name_or_path = ""  # else the work folder's path would be saved with the model
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
    model.edges = ("embed", "shared", "lm_heads", "relative_attention_bias", "codebooks")
    frames = round(genres.SECONDS * trained.config.frame_rate)
    model.generation_config = GenerationConfig(
        do_sample=True, guidance_scale=GUIDANCE, max_new_tokens=frames + books - 1, **start
    )
    return model


def train(work):
    """Train text encoder and decoder on the clips' tokens; give the model."""
    trained = codec(work)
    clips, rows = shipped()
    learned = [number for number, row in enumerate(rows) if row["genre"] in LEARNED]
    rows = [rows[number] for number in learned]
    batches = torch.from_numpy(clips[learned]).float().split(20)
    tokens = torch.cat([encode(trained, batch) for batch in batches])
    model = new_model(trained)
    tokenizer = music_prompts.new_tokenizer()
    labels = delayed(tokens, trained.config.codebook_size)

    def loss_of(step, generator):
        chosen = torch.randint(len(labels), (BATCH,), generator=generator)
        rng = np.random.default_rng(step)
        prompts = [music_prompts.prompt_of(rows[row], rng) for row in chosen.tolist()]
        told = tokenizer(prompts, padding=True, return_tensors="pt")
        # Without a prompt all of it is masked: so generation makes the other half of guidance.
        hidden = torch.rand(BATCH, 1, generator=generator) < UNTOLD
        mask = told["attention_mask"].masked_fill(hidden, 0)
        with torch.autocast("cpu", torch.bfloat16):
            return model(
                input_ids=told["input_ids"],
                attention_mask=mask,
                labels=labels[chosen],
            ).loss

    fit(model, loss_of, TRAIN["steps"], TRAIN["rate"], 0, work / "train.safetensors", muon)
    return model.eval()


def export(work, out):
    """Write the model, as ``pipeline("text-to-audio")`` opens it."""
    out.mkdir(parents=True, exist_ok=True)
    save_half(train(work), out)
    music_prompts.new_tokenizer().save_pretrained(out)


def judge(work, out):
    """Write the genre classifier that scores the music, with its card."""
    if not (out / "model.safetensors").exists():
        music_scores.train_judge(out)
    heard = music_scores.score_judge(out)
    words = {name: f"{100 * heard[name]:.0f}" for name in ("share", "low", "high")}
    write_card({"accuracy": heard}, {}, out, "genres_card.md", **words, number=heard["n"])


def final(work, out):
    """Score an exported model; write results and card."""
    scores = music_scores.score(out, music_scores.judge(POCKET / "pocket-genres"), LEARNED)
    shape = SpectralCodecConfig()
    training = {
        "clips": genres.CLIPS["train"] * len(LEARNED),
        "minutes": round(genres.CLIPS["train"] * len(LEARNED) * genres.SECONDS / 60),
        "genres": ", ".join(LEARNED),
        "new": NEW,
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
    write_card(scores, training, out, "music_card.md", **music_scores.tables(scores))


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
