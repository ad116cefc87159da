"""Train and score ``pocket-sounds``, an AST of about 2 M parameters.

Run the steps in order with the same ``--work`` folder; finished parts are skipped::

    python -m foundry.sounds.train_sounds features --work DIR
    python -m foundry.sounds.train_sounds pretrain --work DIR
    python -m foundry.sounds.train_sounds validate --work DIR --real DIR
    python -m foundry.sounds.train_sounds final --work DIR --real DIR --out DIR

``features`` renders synthetic clips and computes their features. ``pretrain`` trains on them alone.
``validate`` runs a three-fold cross-validation on ESC-10, with a baseline. ``final`` trains on all
clips, exports the model and writes its scores and its card.
"""

import json
from copy import deepcopy

import numpy as np
import torch
from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

from course_utils import audio
from course_utils.catalog import POCKET
from course_utils.simulation.augmentation import RATE
from foundry.common.files import write_results
from foundry.common.spec_augment import spec_augment
from foundry.common.step_runner import run
from foundry.common.train_loop import fit, save_half
from foundry.sounds import sound_data
from foundry.sounds.sound_cards import write_model_card
from foundry.sounds.sound_features import FRAMES, MELS, SpectrogramCache, augment
from foundry.speech.feature_cache import run_jobs

HARD_PER_CLASS = 320
"""Number of synthetic training clips of each class in hard conditions."""

CLOSE_PER_CLASS = 640
"""Number of synthetic training clips of each class in close recordings."""

HIDDEN = 192
"""Hidden size."""

PATCH = 16
"""Width and height of a patch, in frames and in mel bands."""

FOLDS = (1, 2, 3)
"""Folds of ESC-10 for training and cross-validation."""

BATCH = 32
"""Number of clips in a batch."""

PRETRAIN = {"steps": 8000, "rate": 1e-3, "ramp": 0.3, "strength": 0.6}
"""Arguments of `train` for pretraining on synthetic clips."""

FINETUNE = {"steps": 1600, "rate": 8e-4, "ramp": 0.01, "strength": 0.7}
"""Arguments of `train` for fine-tuning on real and synthetic clips."""

BASELINE = {"steps": 1200, "rate": 1e-3, "ramp": 0.3, "strength": 0.8}
"""Arguments of `train` for the baseline, on real clips alone."""

KEPT_PATCHES = 0.5
"""Share of the patches of a clip in a training step (patchout)."""

PRETRAIN_PARTS = (12, 20)
"""Number of hard and of close synthetic clips in a batch of pretraining."""

FINETUNE_PARTS = (14, 6, 12)
"""Number of real, hard synthetic and close synthetic clips in a batch of fine-tuning."""

MAX_BANDS = 8
"""Maximum width of a frequency mask, in mel bands."""

MAX_FRAMES = 45
"""Maximum width of a time mask, in frames."""


def extractor(mean=0.0, std=0.5):
    """Return the feature extractor; with mean 0 and standard deviation 0.5 it does not scale."""
    return ASTFeatureExtractor(
        num_mel_bins=MELS, max_length=FRAMES, sampling_rate=RATE, mean=mean, std=std
    )


def new_model(seed, cache, statistics):
    """Return the untrained network, with a patch projection computed from the clips.

    The projection whitens patches along their principal components and rotates the result at
    random. This saves hundreds of training steps.
    """
    torch.manual_seed(seed)
    names = sound_data.LABELS
    config = ASTConfig(
        hidden_size=HIDDEN,
        num_hidden_layers=4,
        num_attention_heads=3,
        intermediate_size=768,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        patch_size=PATCH,
        frequency_stride=PATCH,
        time_stride=PATCH,
        max_length=FRAMES,
        num_mel_bins=MELS,
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    model = ASTForAudioClassification(config)
    # The default initialisation (standard deviation 0.02, positions 0) is meant for much wider
    # networks: with it, the loss of this one does not fall for hundreds of steps.
    for name, value in model.named_parameters():
        if "position" in name or "token" in name:
            torch.nn.init.normal_(value, std=0.1)
        elif value.ndim > 1:
            torch.nn.init.xavier_uniform_(value)
    mean, std = statistics
    rows = torch.randperm(len(cache))[:600].numpy()
    patches = ((cache.padded(rows) - mean) / (2 * std)).unfold(1, PATCH, PATCH)
    patches = patches.unfold(2, PATCH, PATCH).flatten(0, 2).transpose(1, 2).flatten(1)
    centre, (_, spread, axes) = (
        patches.mean(0),
        torch.linalg.svd(torch.cov(patches.T), full_matrices=False),
    )
    spread, axes = spread[:HIDDEN].sqrt(), axes[:HIDDEN]
    turn = torch.linalg.qr(torch.randn(HIDDEN, HIDDEN))[0]
    weight = turn @ (axes / (spread + 0.05 * spread[0])[:, None])
    projection = model.audio_spectrogram_transformer.embeddings.patch_embeddings.projection
    projection.weight.data.copy_(weight.reshape(projection.weight.shape))
    projection.bias.data.copy_(-weight @ centre)
    return model


def _render_chunk(work):
    """Return the features of some synthetic clips: close ones, or hard ones, half of them 5 s."""
    label, numbers, close = work
    clips = [
        sound_data.render(label, "train", number, 5.0 if number % 2 and not close else None, close)[
            0
        ]
        for number in numbers
    ]
    return SpectrogramCache.of(clips, [sound_data.LABELS.index(label)] * len(clips), extractor())


def synthetic_clips(work, close=False):
    """Load the features of synthetic training clips; render the clips first if missing."""
    path = work / ("close.npz" if close else "features.npz")
    count = CLOSE_PER_CLASS if close else HARD_PER_CLASS
    if not path.exists():
        starts = range(0, count, 40)
        jobs = [
            (label, range(start, min(start + 40, count)), close)
            for label in sound_data.LABELS
            for start in starts
        ]
        SpectrogramCache.join(run_jobs(_render_chunk, jobs)).save(path)
    return SpectrogramCache.load(path)


def real_clips(folder):
    """Return the features of the ESC-10 recordings, and the fold of each from its file name."""
    clips, labels, folds = sound_data.recordings(folder)
    labels = [sound_data.LABELS.index(label) for label in labels]
    return SpectrogramCache.of(clips, labels, extractor()), folds


def _logits(model, inputs, generator):
    """Return the logits from a random half of the patches of each clip (patchout).

    This halves the time of a step and reduces overfitting to a few hundred recordings (Koutini et
    al., Efficient training of audio transformers with patchout, Interspeech 2022).
    """
    body = model.audio_spectrogram_transformer
    tokens = body.embeddings(inputs)
    extra = 2  # the class token and the distillation token are always kept
    count = tokens.shape[1] - extra
    order = torch.rand(len(inputs), count, generator=generator).argsort(1)
    chosen = order[:, : int(KEPT_PATCHES * count), None] + extra
    patches = tokens.gather(1, chosen.expand(-1, -1, tokens.shape[2]))
    tokens = torch.cat([tokens[:, :extra], patches], 1)
    for layer in body.layers:
        tokens = layer(tokens)
    tokens = body.layernorm(tokens)
    return model.classifier((tokens[:, 0] + tokens[:, 1]) / 2)


def train(model, caches, parts, steps, rate, ramp, strength, statistics, seed, path):
    """Train on batches with a fixed number of clips from each cache.

    The share of augmented clips rises to ``strength`` in the first ``ramp * steps`` steps.
    """
    mean, std = statistics

    def loss_of(step, generator):
        rows = [
            (cache, torch.randint(len(cache), (part,), generator=generator).numpy())
            for cache, part in zip(caches, parts, strict=True)
        ]
        chosen = SpectrogramCache.join([cache.select(row) for cache, row in rows])
        features, targets = augment(
            torch.from_numpy(chosen.features.astype(np.float32)),
            torch.from_numpy(chosen.lengths),
            torch.from_numpy(chosen.labels),
            len(sound_data.LABELS),
            generator,
            strength=strength * min(1.0, (step + 1) / (ramp * steps)),
        )
        inputs = (features - mean) / (2 * std)
        ends = torch.full((len(inputs),), FRAMES)
        inputs = spec_augment(inputs, ends, generator, MAX_BANDS, MAX_FRAMES, time_masks=2)
        logits = _logits(model, inputs, generator)
        return torch.nn.functional.cross_entropy(logits, targets, label_smoothing=0.05)

    return fit(model, loss_of, steps, rate, seed, path)


@torch.inference_mode()
def predict(model, cache, statistics):
    """Return the predicted class number of each clip of a cache."""
    mean, std = statistics
    rows = np.array_split(np.arange(len(cache)), max(len(cache) // 32, 1))
    inputs = ((cache.padded(row) - mean) / (2 * std) for row in rows)
    return np.concatenate([model(x).logits.argmax(1).numpy() for x in inputs])


def compute_features(work):
    """Render synthetic clips and compute their features."""
    print(f"{len(synthetic_clips(work)) + len(synthetic_clips(work, True))} clips in {work}")


def pretrain(work):
    """Train on synthetic clips alone; return the model, the caches and their statistics."""
    caches = [synthetic_clips(work), synthetic_clips(work, close=True)]
    statistics = caches[0].statistics()
    model = new_model(0, caches[0], statistics)
    path = work / "pretrained.safetensors"
    train(model, caches, PRETRAIN_PARTS, statistics=statistics, seed=1, path=path, **PRETRAIN)
    return model, caches, statistics


def finetune(pretrained, real, seed, path):
    """Train a copy of the model of `pretrain` on real and synthetic clips together."""
    model, caches, statistics = pretrained
    model, caches = deepcopy(model), [real, *caches]
    return train(
        model, caches, FINETUNE_PARTS, statistics=statistics, seed=seed, path=path, **FINETUNE
    )


def validate(work, real):
    """Cross-validate three models: pretrained, fine-tuned, and trained on recordings alone.

    No model is scored on a fold that it was trained on. The number of steps is fixed, and the
    weights of the last step are scored.
    """
    recorded, folds = real_clips(real)
    pretrained = pretrain(work)
    model, _, statistics = pretrained
    scores = {"synthetic only": {}, "recordings only": {}, "synthetic, then both": {}}
    confusion = np.zeros((len(sound_data.LABELS), len(sound_data.LABELS)), dtype=int)
    predicted = predict(model, recorded, statistics)
    for fold in FOLDS:
        key = str(fold)
        inside, outside = recorded.select(folds == fold), recorded.select(folds != fold)
        scores["synthetic only"][key] = accuracy(inside.labels, predicted[folds == fold])
        path = work / f"baseline-{fold}.safetensors"
        model = train(
            new_model(0, outside, statistics),
            [outside],
            [BATCH],
            statistics=statistics,
            seed=20 + fold,
            path=path,
            **BASELINE,
        )
        scores["recordings only"][key] = accuracy(inside.labels, predict(model, inside, statistics))
        model = finetune(pretrained, outside, 10 + fold, work / f"fold-{fold}.safetensors")
        named = predict(model, inside, statistics)
        scores["synthetic, then both"][key] = accuracy(inside.labels, named)
        np.add.at(confusion, (inside.labels, named), 1)
    kept = sorted(set(recorded.labels.tolist()))
    results = {
        "accuracy": scores,
        "mean": {name: float(np.mean(list(by.values()))) for name, by in scores.items()},
        "confusion": {
            sound_data.LABELS[row]: {
                sound_data.LABELS[column]: int(confusion[row, column])
                for column in np.flatnonzero(confusion[row])
            }
            for row in kept
        },
    }
    (work / "validation.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(json.dumps(results, indent=1))


def accuracy(references, predictions):
    """Return the share of equal entries."""
    return float(np.mean(references == predictions))


def export(model, statistics, out):
    """Save the model in half precision, and its feature extractor."""
    save_half(model, out)
    extractor(*statistics).save_pretrained(out)


def synthetic_test(folder):
    """Return the accuracy of an exported model on the shipped test split, by ``pipeline``."""
    import datasets
    from transformers import pipeline

    pocket = POCKET / "sounds" / "test.parquet"
    clips = datasets.Dataset.from_parquet(str(pocket))
    names = clips.features["label"].names
    classify = pipeline("audio-classification", model=str(folder), device="cpu")
    if classify.model.dtype != torch.float32:
        raise SystemExit(f"{folder} computes in {classify.model.dtype}, not in float32.")
    wrong = []
    for clip in clips:
        samples, _ = audio.load(clip["audio"], RATE)
        label = classify({"array": samples, "sampling_rate": RATE}, top_k=1)[0]["label"]
        if label != names[clip["label"]]:
            wrong.append([clip["audio"]["path"], label])
    return {"accuracy": 1 - len(wrong) / len(clips), "clips": len(clips), "wrong": wrong}


def final(work, real, out):
    """Train on all clips, export and score the model, write its results and its card."""
    recorded, _ = real_clips(real)
    pretrained = pretrain(work)
    model = finetune(pretrained, recorded, 10, work / "final.safetensors")
    *_, statistics = pretrained
    out.mkdir(parents=True, exist_ok=True)
    before = predict(model, recorded, statistics)
    export(model, statistics, out)
    after = predict(ASTForAudioClassification.from_pretrained(out).eval(), recorded, statistics)
    results = {
        "parameters": sum(value.numel() for value in model.parameters()),
        "training": {
            "synthetic clips": (HARD_PER_CLASS + CLOSE_PER_CLASS) * len(sound_data.LABELS),
            "recordings": len(recorded),
            "batch": BATCH,
            "share of patches": KEPT_PATCHES,
            "pretraining": PRETRAIN | {"parts": PRETRAIN_PARTS},
            "fine-tuning": FINETUNE | {"parts": FINETUNE_PARTS},
            "baseline": BASELINE,
        },
        "half precision agrees": accuracy(before, after),
        "synthetic test": synthetic_test(out),
        "cross-validation": json.loads((work / "validation.json").read_text(encoding="utf-8")),
    }
    write_results(out, results)
    write_model_card(out, results, sound_data.LABELS, set(sound_data.ESC10.values()))


def main():
    """Run one step."""
    steps = {
        "features": (compute_features, ()),
        "pretrain": (pretrain, ()),
        "validate": (validate, ("real",)),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
