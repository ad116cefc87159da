"""Train and score ``pocket-sounds``, an AST of about 2 M parameters.

Run the steps in order, all with the same ``--work`` folder; each one skips what is there::

    python -m foundry.train_sounds bank --work DIR
    python -m foundry.train_sounds pretrain --work DIR
    python -m foundry.train_sounds validate --work DIR --real DIR
    python -m foundry.train_sounds final --work DIR --real DIR --out DIR

``bank`` renders synthetic clips, ``pretrain`` trains on them alone, ``validate`` is the three-fold
cross-validation on ESC-10 with its baseline, ``final`` trains on everything, exports the model and
writes its card from the results.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy

import numpy as np
import torch
from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

from course_utils import audio
from course_utils.catalog import POCKET
from course_utils.simulation.augmentation import RATE
from foundry import sounds
from foundry.sound_cards import model_card
from foundry.sound_features import FRAMES, MELS, Bank, augment, mask
from foundry.steps import run
from foundry.train_loop import fit, save_half

CLIPS_A_CLASS = 320
CLOSE_A_CLASS = 640
HIDDEN, PATCH, BANDS = 192, 16, 16
FOLDS = (1, 2, 3)
BATCH = 32
PRETRAIN = {"steps": 8000, "rate": 1e-3, "ramp": 0.3, "strength": 0.6}
FINETUNE = {"steps": 1600, "rate": 8e-4, "ramp": 0.01, "strength": 0.7}
BASELINE = {"steps": 1200, "rate": 1e-3, "ramp": 0.3, "strength": 0.8}
KEPT = 0.5
"""Share of a clip's patches that a training step sees."""

PRETRAIN_PARTS = (12, 20)
"""Harder and close synthetic clips in a batch of pretraining."""

FINETUNE_PARTS = (14, 6, 12)
"""Real, harder synthetic and close synthetic clips in a batch of fine-tuning."""


def extractor(mean=0.0, std=0.5):
    """Make the feature extractor; 0 and 0.5 leave the features as they are."""
    return ASTFeatureExtractor(
        num_mel_bins=MELS, max_length=FRAMES, sampling_rate=RATE, mean=mean, std=std
    )


def new_model(seed, bank, statistics):
    """Make the untrained network, its patch projection started from the bank's own patches.

    The projection whitens the patches along their principal components and turns the result at
    random: a network this small saves hundreds of steps on finding that by itself.
    """
    torch.manual_seed(seed)
    names = sounds.LABELS
    config = ASTConfig(
        hidden_size=HIDDEN,
        num_hidden_layers=4,
        num_attention_heads=3,
        intermediate_size=768,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        patch_size=PATCH,
        frequency_stride=BANDS,
        time_stride=PATCH,
        max_length=FRAMES,
        num_mel_bins=MELS,
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    model = ASTForAudioClassification(config)
    # The default start (0.02 for every weight, no positions) suits far wider networks: this one
    # sits on a plateau for hundreds of steps with it.
    for name, value in model.named_parameters():
        if "position" in name or "token" in name:
            torch.nn.init.normal_(value, std=0.1)
        elif value.ndim > 1:
            torch.nn.init.xavier_uniform_(value)
    mean, std = statistics
    rows = torch.randperm(len(bank))[:600].numpy()
    patches = ((bank.padded(rows) - mean) / (2 * std)).unfold(1, PATCH, PATCH)
    patches = patches.unfold(2, PATCH, BANDS).flatten(0, 2).transpose(1, 2).flatten(1)
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
    """Render the features of some train clips: 5 s ones and short ones in turn, or close ones."""
    label, numbers, close = work
    torch.set_num_threads(1)
    clips = [
        sounds.render(label, "train", number, 5.0 if number % 2 and not close else None, close)[0]
        for number in numbers
    ]
    return Bank.of(clips, [sounds.LABELS.index(label)] * len(clips), extractor().mel_filters)


def synthetic_bank(work, close=False):
    """Load the bank of synthetic training clips, rendering it first where it is missing."""
    path = work / ("close.npz" if close else "bank.npz")
    count = CLOSE_A_CLASS if close else CLIPS_A_CLASS
    if not path.exists():
        work.mkdir(parents=True, exist_ok=True)
        starts = range(0, count, 40)
        jobs = [
            (label, range(start, min(start + 40, count)), close)
            for label in sounds.LABELS
            for start in starts
        ]
        with ProcessPoolExecutor(2) as pool:
            Bank.join(list(pool.map(_render_chunk, jobs))).save(path)
    return Bank.load(path)


def real_bank(folder):
    """Read the ESC-10 recordings: a bank, and the fold of each clip from its file name."""
    clips, labels, folds = [], [], []
    for name, label in sounds.ESC10.items():
        for path in sorted((folder / name).glob("*.ogg")):
            clips.append(audio.load(path, RATE)[0])
            labels.append(sounds.LABELS.index(label))
            folds.append(int(path.name.split("-")[0]))
    if not clips:
        raise SystemExit(f"No ESC-10 recordings in {folder}: name their folder with --real.")
    return Bank.of(clips, labels, extractor().mel_filters), np.array(folds)


def _logits(model, inputs, generator):
    """Classify by a random half of each clip's patches.

    Patchout (Koutini et al., Efficient training of audio transformers with patchout, Interspeech
    2022) halves the cost of a step and keeps a few hundred recordings from being learned by heart.
    """
    body = model.audio_spectrogram_transformer
    tokens = body.embeddings(inputs)
    extra = 2  # the class token and the distillation token are always seen
    count = tokens.shape[1] - extra
    order = torch.rand(len(inputs), count, generator=generator).argsort(1)
    chosen = order[:, : int(KEPT * count), None] + extra
    patches = tokens.gather(1, chosen.expand(-1, -1, tokens.shape[2]))
    tokens = torch.cat([tokens[:, :extra], patches], 1)
    for layer in body.layers:
        tokens = layer(tokens)
    tokens = body.layernorm(tokens)
    return model.classifier((tokens[:, 0] + tokens[:, 1]) / 2)


def train(model, banks, parts, steps, rate, ramp, strength, statistics, seed, path):
    """Train on batches that take a fixed part from each bank.

    The share of the clips that are changed by augmentation grows to ``strength`` over the share
    ``ramp`` of the steps.
    """
    mean, std = statistics

    def loss_of(step, generator):
        rows = [
            (bank, torch.randint(len(bank), (part,), generator=generator).numpy())
            for bank, part in zip(banks, parts, strict=True)
        ]
        chosen = Bank.join([bank.select(row) for bank, row in rows])
        features, targets = augment(
            torch.from_numpy(chosen.features.astype(np.float32)),
            torch.from_numpy(chosen.lengths),
            torch.from_numpy(chosen.labels),
            len(sounds.LABELS),
            generator,
            strength=strength * min(1.0, (step + 1) / (ramp * steps)),
        )
        logits = _logits(model, mask((features - mean) / (2 * std), generator), generator)
        return torch.nn.functional.cross_entropy(logits, targets, label_smoothing=0.05)

    return fit(model, loss_of, steps, rate, seed, path)


@torch.inference_mode()
def predict(model, bank, statistics):
    """Name the label numbers of a bank's clips, features padded as the extractor does."""
    mean, std = statistics
    rows = np.array_split(np.arange(len(bank)), max(len(bank) // 32, 1))
    inputs = ((bank.padded(row) - mean) / (2 * std) for row in rows)
    return np.concatenate([model(x).logits.argmax(1).numpy() for x in inputs])


def bank(work):
    """Render the banks of synthetic clips."""
    print(f"{len(synthetic_bank(work)) + len(synthetic_bank(work, True))} clips in {work}")


def pretrain(work):
    """Train on synthetic clips alone; give the model, the two banks and their statistics."""
    banks = [synthetic_bank(work), synthetic_bank(work, close=True)]
    statistics = banks[0].statistics()
    model = new_model(0, banks[0], statistics)
    path = work / "pretrained.safetensors"
    train(model, banks, PRETRAIN_PARTS, statistics=statistics, seed=1, path=path, **PRETRAIN)
    return model, banks, statistics


def finetune(pretrained, real, seed, path):
    """Train a copy of what `pretrain` gives on real and synthetic clips together."""
    model, banks, statistics = pretrained
    model, banks = deepcopy(model), [real, *banks]
    return train(
        model, banks, FINETUNE_PARTS, statistics=statistics, seed=seed, path=path, **FINETUNE
    )


def validate(work, real):
    """Cross-validate on the folds: pretrained, fine-tuned, and trained on the recordings alone.

    A model scored on a fold never trained on it; the schedule is fixed, the last step counts.
    """
    recorded, folds = real_bank(real)
    pretrained = pretrain(work)
    model, _, statistics = pretrained
    scores = {"synthetic only": {}, "recordings only": {}, "synthetic, then both": {}}
    confusion = np.zeros((len(sounds.LABELS), len(sounds.LABELS)), dtype=int)
    guesses = predict(model, recorded, statistics)
    for fold in FOLDS:
        key = str(fold)
        inside, outside = recorded.select(folds == fold), recorded.select(folds != fold)
        scores["synthetic only"][key] = accuracy(inside.labels, guesses[folds == fold])
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
            sounds.LABELS[row]: {
                sounds.LABELS[column]: int(confusion[row, column])
                for column in np.flatnonzero(confusion[row])
            }
            for row in kept
        },
    }
    (work / "validation.json").write_text(json.dumps(results, indent=1))
    print(json.dumps(results, indent=1))


def accuracy(labels, guesses):
    """Share of equal entries."""
    return float(np.mean(labels == guesses))


def export(model, statistics, out):
    """Write the Transformers folder: weights in half precision, computed in single."""
    save_half(model, out)
    extractor(*statistics).save_pretrained(out)


def synthetic_test(folder):
    """Score an exported model on the shipped test split, through ``pipeline``."""
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
        guess = classify({"array": samples, "sampling_rate": RATE}, top_k=1)[0]["label"]
        if guess != names[clip["label"]]:
            wrong.append([clip["audio"]["path"], guess])
    return {"accuracy": 1 - len(wrong) / len(clips), "clips": len(clips), "wrong": wrong}


def final(work, real, out):
    """Train on everything, export, score and write results and card."""
    recorded, _ = real_bank(real)
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
            "synthetic clips": (CLIPS_A_CLASS + CLOSE_A_CLASS) * len(sounds.LABELS),
            "recordings": len(recorded),
            "batch": BATCH,
            "share of patches": KEPT,
            "pretraining": PRETRAIN | {"parts": PRETRAIN_PARTS},
            "fine-tuning": FINETUNE | {"parts": FINETUNE_PARTS},
            "baseline": BASELINE,
        },
        "half precision agrees": accuracy(before, after),
        "synthetic test": synthetic_test(out),
        "cross-validation": json.loads((work / "validation.json").read_text()),
    }
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "README.md").write_text(model_card(results, sounds.LABELS, set(sounds.ESC10.values())))
    print(f"{out}: {json.dumps(results['synthetic test'])}")


def main():
    """Run one step."""
    steps = {
        "bank": (bank, ()),
        "pretrain": (pretrain, ()),
        "validate": (validate, ("real",)),
        "final": (final, ("real", "out")),
    }
    run(__doc__, steps)


if __name__ == "__main__":
    main()
