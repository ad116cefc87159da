"""Train ``pocket-clap``: sounds and captions in one space, for labels in words.

    python -m foundry.clap.train_clap features --work DIR
    python -m foundry.clap.train_clap train --work DIR --real DIR
    python -m foundry.clap.train_clap final --work DIR --real DIR --out DIR

``features`` renders clips and computes their spectrograms. ``train`` learns from them and from two
of three folds of ESC-10. ``final`` exports the model, and writes its scores and its card.
"""

import numpy as np
import torch
import torch.nn.functional as F
from transformers import ClapConfig, ClapModel, ClapProcessor

from foundry.clap import clap_data, clap_scores
from foundry.clap.captions import (
    JOINTS,
    SHARES,
    candidates,
    relation,
    sample_texts,
    tokenizer_of,
    training_caption,
    twins,
)
from foundry.clap.clap_features import BANDS, Bank, add_powers, augment, extractor
from foundry.common.files import write_results
from foundry.common.spec_augment import spec_augment
from foundry.common.step_runner import run
from foundry.common.train_loop import fit, save_half
from foundry.sounds import sound_data
from foundry.speech.feature_cache import run_jobs

SOUNDS_EACH, MUSIC_EACH = 432, 330
"""Numbers of rendered training clips of a sound and of a genre, some of them left out."""

FOLDS, SEEN_FOLDS = (1, 2, 3), (1, 2)
"""Folds of ESC-10, and those whose recordings the model is trained on."""

PARTS = (10, 46)
"""Number of recordings and of rendered clips in a batch."""

# What a false caption changes, and how often.
HARD = {"level": 3, "drums": 2, "instrument": 3, "where": 1, "via": 1}
NEAR = {"level": 2, "drums": 1, "instrument": 1, "where": 4, "via": 1}
CYCLES = (
    {"steps": 3000, "rate": 1.5e-3, "shares": SHARES, "changed": HARD},
    {"steps": 2000, "rate": 1e-3, "shares": (0.3, 0.5, 0.1, 0.1), "changed": HARD},
    {"steps": 1200, "rate": 8e-4, "shares": (0.25, 0.55, 0.1, 0.1), "changed": NEAR},
    {"steps": 1200, "rate": 8e-4, "shares": (0.25, 0.55, 0.1, 0.1), "changed": NEAR},
)
"""Arguments of `train`. The false captions of the first two cycles are often about attributes that
are hard to hear, those of the last two about the distance, which the others neglect."""

FOCUS = 6
"""Number of labels of the rendered clips in every second batch: many clips of each, which differ in
their attributes alone."""

PAIRS = 0.25
"""Share of clips that a second sound is added to."""

LABELS = clap_data.SEEN_SOUNDS + clap_data.SEEN_GENRES
"""Sounds and genres that a clip's own is chosen from."""

DIMENSION = 128
"""Size of the shared space."""


def _render_part(job):
    label, first, last = job
    return Bank.of(list(clap_data.clips(label, "train", range(first, last))))


def rendered(work):
    """Load the bank of rendered training clips; render them first if it is missing."""
    path = work / "bank.npz"
    if not path.exists():
        plan = dict.fromkeys(clap_data.SEEN_SOUNDS, SOUNDS_EACH)
        plan |= dict.fromkeys(clap_data.SEEN_GENRES, MUSIC_EACH)
        jobs = [
            (label, first, min(first + 48, count))
            for label, count in plan.items()
            for first in range(0, count, 48)
        ]
        Bank.join(run_jobs(_render_part, jobs)).save(path)
    return Bank.load(path)


def recordings(folder):
    """Return the bank of the ESC-10 recordings, and the fold of each from its file name."""
    clips, labels, folds = sound_data.recordings(folder)
    facts = [{"sound": label} for label in labels]
    return Bank.of(zip(clips, facts, strict=True)), folds


def compute_features(work):
    """Render the training clips."""
    print(f"{len(rendered(work))} clips in {work}")


def new_tokenizer():
    """Return the tokenizer, trained on 400 captions of each sound and genre."""
    return tokenizer_of(sample_texts(400))


def new_model(seed, tokenizer):
    """Return the untrained model: a small HTSAT for sounds, a small RoBERTa for captions."""
    torch.manual_seed(seed)
    config = ClapConfig(
        audio_config={
            "num_mel_bins": BANDS,
            "spec_size": 128,
            "patch_size": 8,
            "patch_stride": [8, 8],
            "patch_embeds_hidden_size": 48,
            "hidden_size": 192,
            "depths": [1, 1, 2],
            "num_attention_heads": [4, 4, 8],
            "num_hidden_layers": 3,
            "window_size": 4,
            "drop_path_rate": 0.05,
            "hidden_dropout_prob": 0.0,
            "projection_dim": DIMENSION,
        },
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 512,
            "max_position_embeddings": tokenizer.model_max_length + 4,
            "projection_dim": DIMENSION,
        },
        projection_dim=DIMENSION,
    )
    model = ClapModel(config)
    # The default initialisation (standard deviation 0.02) is meant for much wider networks.
    for name, value in model.named_parameters():
        if "embeddings" in name and "LayerNorm" not in name:
            torch.nn.init.normal_(value, std=0.1)
        elif value.ndim > 1 and "relative_position" not in name:
            torch.nn.init.xavier_uniform_(value)
    return model


def pair_up(rng, features, facts):
    """Add a second sound to some clips of a batch.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    features : torch.Tensor
        Spectrograms in dB, shape ``(batch, frames, bands)``; changed in place.
    facts : list of dict
        Facts of each clip.

    Returns
    -------
    list of list of dict
        Facts of the one or two sounds of each clip.
    """
    single, heard = features.clone(), []
    for row, own in enumerate(facts):
        other = int(rng.integers(len(facts)))
        if rng.uniform() < PAIRS and facts[other]["sound"] != own["sound"]:
            level = single[row].amax() - single[other].amax() + rng.uniform(-6, 6)
            features[row] = add_powers(single[row], single[other] + level)
            heard.append([own, facts[other]])
        else:
            heard.append([own])
    return heard


def describe(rng, heard, shares):
    """Return a caption of a clip of one or two sounds, and what it says of each."""
    parts = [training_caption(rng, facts, shares=shares) for facts in heard]
    if len(parts) == 1:
        return parts[0][0], [parts[0][1]]
    if rng.uniform() < 0.5:
        parts.reverse()
    texts, said = zip(*parts, strict=True)
    return str(rng.choice(JOINTS)).format(*(text.rstrip(".") for text in texts)), list(said)


def relations(said, heard):
    """Return `relation` of all clips (rows) and captions (columns), NaN where nobody knows."""
    rows = [[relation(claim, facts) for claim in said] for facts in heard]
    return torch.tensor(np.array(rows, dtype=np.float32))


def contrastive_loss(logits, related):
    """Return the cross-entropy of each row with the mean of its true columns as target.

    Parameters
    ----------
    logits : torch.Tensor
        Similarity divided by the temperature, shape ``(rows, columns)``.
    related : torch.Tensor
        Same shape: 1 where row and column belong together, 0 where not, NaN where nobody knows;
        the last are left out of the softmax.
    """
    known = related.nan_to_num(0)
    targets = known / known.sum(1, keepdim=True)
    logits = logits.masked_fill(related.isnan(), -1e4)
    return -(targets * logits.log_softmax(1)).sum(1).mean()


def choose(rng, bank, count, focus=None):
    """Draw rows of a bank, of `focus` labels if that is given, shape ``(count,)``."""
    labels = bank.labels
    known = np.unique(labels)
    if focus and focus < len(known):
        known = rng.choice(known, focus, replace=False)
    return rng.choice(np.flatnonzero(np.isin(labels, known)), count)


def train(model, tokenizer, banks, parts, steps, rate, shares, changed, seed, path):
    """Train on batches with a fixed number of clips from each bank.

    In every second batch the clips of the last bank have `FOCUS` labels. `shares` are the
    probabilities of the kinds of captions, `changed` the weights of the attributes of `twins`.
    """

    def loss_of(step, generator):
        rng = np.random.default_rng([seed, step])
        focus = [*[None] * (len(banks) - 1), FOCUS if step % 2 else None]
        chosen = [
            bank.select(choose(rng, bank, part, some))
            for bank, part, some in zip(banks, parts, focus, strict=True)
        ]
        batch = Bank.join(chosen)
        features = augment(batch.tensor(slice(None)), generator, min(1.0, (step + 1) / 300))
        heard = pair_up(rng, features, batch.facts)
        texts, said = zip(*(describe(rng, facts, shares) for facts in heard), strict=True)
        related = relations(said, heard)
        pairs = [twins(rng, facts[0], changed) if len(facts) == 1 else None for facts in heard]
        names = candidates(rng, LABELS)
        labels = [facts[0]["sound"] if len(facts) == 1 else None for facts in heard]
        return _loss(model, tokenizer, features, texts, related, pairs, names, labels, generator)

    return fit(model, loss_of, steps, rate, seed, path, momentum=0.98)


def twin_loss(logits, rows):
    """Return the cross-entropy of choosing the true caption of two.

    Parameters
    ----------
    logits : torch.Tensor
        Similarity divided by the temperature, shape ``(clips, 2 * len(rows))``: all true captions,
        then all false ones.
    rows : list of int
        The clip that each pair of captions is about.
    """
    own = logits[rows].reshape(len(rows), 2, len(rows))
    true, false = own.diagonal(dim1=0, dim2=2)
    return F.softplus(false - true).mean()


def name_loss(logits, labels):
    """Return the cross-entropy of choosing the caption of its label for each clip of one sound.

    Parameters
    ----------
    logits : torch.Tensor
        Similarity divided by the temperature, shape ``(clips, len(LABELS))``.
    labels : list of str or None
        Label of each clip; None for a clip of two sounds, which is left out.
    """
    rows = [row for row, label in enumerate(labels) if label]
    return F.cross_entropy(logits[rows], torch.tensor([LABELS.index(labels[row]) for row in rows]))


def _loss(model, tokenizer, features, texts, related, pairs, names, labels, generator):
    lengths = torch.full((len(features),), features.shape[1])
    mean = features.mean()
    features = spec_augment(features - mean, lengths, generator, 8, 25, time_masks=2) + mean
    rows = [row for row, pair in enumerate(pairs) if pair]
    true, false = zip(*filter(None, pairs), strict=True)
    inputs = tokenizer([*texts, *names, *true, *false], return_tensors="pt", padding=True)
    outputs = model(**inputs, input_features=features[:, None])
    count, more = len(texts), len(names)
    logits = outputs.logits_per_audio  # one temperature both ways; `logit_scale_t` is not trained
    return (
        contrastive_loss(logits[:, :count], related)
        + contrastive_loss(logits[:, :count].T, related.T)
        + name_loss(logits[:, count : count + more], labels)
        + twin_loss(logits[:, count + more :], rows)
    )


def learned(work, real):
    """Train on rendered clips and on the recordings of `SEEN_FOLDS`; return model and tokenizer."""
    recorded, folds = recordings(real)
    banks = [recorded.select(np.flatnonzero(np.isin(folds, SEEN_FOLDS))), rendered(work)]
    tokenizer = new_tokenizer()
    model = new_model(0, tokenizer)
    for number, cycle in enumerate(CYCLES, start=1):
        path = work / f"cycle-{number}.safetensors"
        model = train(model, tokenizer, banks, PARTS, seed=number, path=path, **cycle)
    return model, tokenizer


def export(model, tokenizer, out):
    """Save model, feature extractor and tokenizer; the weights in half precision."""
    save_half(model, out)
    ClapProcessor(feature_extractor=extractor(), tokenizer=tokenizer).save_pretrained(out)
    extractor().save_pretrained(out)  # AutoFeatureExtractor of Transformers 5.15 wants this file


def final(work, real, out):
    """Export and score the model, write its results and its card."""
    model, tokenizer = learned(work, real)
    out.mkdir(parents=True, exist_ok=True)
    parameters = sum(value.numel() for value in model.parameters())
    export(model, tokenizer, out)
    results = {
        "parameters": parameters,
        "training": {
            "rendered": len(rendered(work)),
            "recordings": int(np.isin(recordings(real)[1], SEEN_FOLDS).sum()),
            "folds": SEEN_FOLDS,
            "parts": PARTS,
            "focus": FOCUS,
            "pairs": PAIRS,
            "cycles": CYCLES,
        },
        **clap_scores.all_scores(out, real, FOLDS, SEEN_FOLDS),
    }
    write_results(out, results)
    clap_scores.write_card(out, results)


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ()),
        "train": (learned, ("real",)),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
