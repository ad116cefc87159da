"""Fine-tuning: the course's recipes against that of Transformers' examples, in clips a second."""

import functools
import tempfile
import time

import example_recipe
import torch
import transformers
from measure import comparison, growth, paired, shares

from course_utils import data
from course_utils.finetuning import recipes, training

BATCH = 16
EPOCHS = 2
CLIPS = 48
JOBS = {
    "classification": ("classification", "genres", "classifier-base"),
    "CTC recognition": ("asr", "calls", "ctc-recogniser"),
    "seq2seq recognition": ("asr", "calls", "recogniser"),
}
EXAMPLE = "recipe of the examples"
PLAIN = "the same without gradient checkpointing"
PARTS = {
    "decoding": ("course_utils/audio.py", "load"),
    "features and labels": (("recipes/recognition.py", "recipes/classification.py"), "examples"),
    "forward": ("transformers/trainer.py", "compute_loss"),
    "backward": ("accelerate/accelerator.py", "backward"),
    "optimizer": ("torch/optim/adam.py", "step"),
}
LIMIT = "forward and backward on ready batches"


def ours(task, rows, model, epochs, folder):
    """Train by the course's recipe from decoding to the last step; return the seconds."""
    recipe = recipes.find(task)(training.checkpoint_of(model))
    recipe.begin(rows)
    fresh = recipe.fresh_model()
    started = time.perf_counter()
    examples = training._examples(recipe, rows)
    settings = example_recipe.arguments(folder, BATCH, epochs, label_names=list(recipe.label_names))
    trainer = training.RecipeTrainer(recipe, True, fresh, settings, train_dataset=examples)
    trainer.train()
    return time.perf_counter() - started


def ways(task, rows, model, folder):
    """Return what is compared for one job."""
    checkpoint = training.checkpoint_of(model)
    recipe = recipes.find(task)(checkpoint)
    recipe.begin(rows)
    examples = training._examples(recipe, rows)
    if recipe.grouped_by is not None:
        examples.sort(key=lambda example: len(example[recipe.grouped_by]))
    fresh = recipe.fresh_model()
    collate = recipe.collator(fresh)
    batches = [collate(examples[n : n + BATCH]) for n in range(0, len(examples), BATCH)]
    found = {"ours": lambda: ours(task, rows, model, EPOCHS, folder)}
    if task == "classification":
        found[EXAMPLE] = lambda: example_recipe.classification(
            rows, checkpoint, folder, BATCH, EPOCHS
        )
    else:
        common = (rows, checkpoint, folder, BATCH, EPOCHS, recipe.auto_class)
        found[EXAMPLE] = lambda: example_recipe.recognition(*common)
        found[PLAIN] = lambda: example_recipe.recognition(*common, checkpointing=False)
    found[LIMIT] = lambda: example_recipe.ready(recipe.fresh_model(), batches, EPOCHS)
    return found


def measure_all():
    """Yield the rows of this section, more each time."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    rows, grown, profiles = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, (task, source, model) in JOBS.items():
            clips = data.load(source, "train").shuffle(seed=0).select(range(CLIPS))
            taken = paired(ways(task, clips, model, folder), rounds=3)
            target = {EXAMPLE: 1.1 if task == "classification" else 1.3}
            found = comparison(f"{name}, {CLIPS} clips, {EPOCHS} epochs", taken, **target)
            found["rate"] = CLIPS * EPOCHS / found["seconds"]
            rows.append(found)
            yield {"rows": rows}
        for name, (task, source, model) in JOBS.items():
            clips = data.load(source, "train").shuffle(seed=0).select(range(CLIPS))
            call = functools.partial(ours, task, clips, model, EPOCHS, folder)
            profiles.append(shares(f"{name}, {EPOCHS} epochs", call, PARTS))
        yield {"rows": rows, "profile": profiles}
        task, source, model = JOBS["CTC recognition"]
        clips = data.load(source, "train").shuffle(seed=0)
        grown.append(
            growth(
                "CTC recognition, 1 epoch", (8, 32, 128),
                lambda n: ours(task, clips.select(range(n)), model, 1, folder), "clips", repeats=1,
            )
        )  # fmt: skip
    yield {"rows": rows, "growth": grown, "profile": profiles}
