"""Run a recipe with `transformers.Trainer`, in one process or in many.

``accelerate launch`` starts the processes and tells them who they are; the Trainer deals the data
out and averages the gradients. What is added here: checkpoints that are known to be whole, and a
summary of the run.
"""

import json
import os
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

from course_utils import catalog, errors
from course_utils.errors import one_line
from course_utils.finetuning import recipes, sources
from course_utils.finetuning.checkpoints import checkpoint_of, opening
from course_utils.finetuning.recipes import RecipeError

SUMMARY = "finetune.json"
WHOLE = "whole"
"""File in a checkpoint that says: every process has written its part."""


def finetune(
    task, out, *, data=None, model=None, steps=None, epochs=None, batch_size=None,
    learning_rate=None, accumulation=None, precision="no", resume=False, streaming=False,
    deterministic=False, save_steps=0.1, seed=0,
):  # fmt: skip
    """Fine-tune a model and save it as ``pipeline()`` opens it.

    Parameters
    ----------
    task : str
        One of `recipes.TASKS`.
    out : path-like
        Folder for the model, ``checkpoints/`` and the summary, ``finetune.json``.
    data, model : str, optional
        See `sources.training` and `checkpoints.checkpoint_of`; those of the lesson by default.
    steps, epochs, batch_size, learning_rate, accumulation : number, optional
        Those of the lesson by default. `batch_size` is for each process: the global batch is
        batch_size × processes × accumulation.
    precision : {"no", "bf16", "fp16"}
        Of the matrix products.
    resume : bool
        Whether to go on from the newest whole checkpoint in `out`, if there is one.
    streaming : bool
        Whether features are computed on the way, each process its own, instead of all of them
        before the first step. Needs `steps`.
    deterministic : bool
        Whether to leave out dropout, masking and variation, so that runs can be compared.
    save_steps : float
        Steps from one checkpoint to the next; below 1, as a share of the run.
    seed : int
        Of the new weights, and of the order of the data.

    Returns
    -------
    dict
        The summary.

    Raises
    ------
    RecipeError, course_utils.data.DataError, course_utils.catalog.CatalogError
        If the run cannot be as asked.
    """
    out = Path(out)
    kind = recipes.find(task)
    data, model = data or kind.data, model or kind.model
    last = _start(out, resume)
    if streaming and not steps:
        raise RecipeError("a stream has no end: say how far to train with --steps")
    if precision == "fp16" and not torch.cuda.is_available():
        raise RecipeError("fp16 needs a GPU; on a CPU take --precision bf16")
    with opening(model, task):
        recipe = kind(checkpoint_of(model))
    with errors.writing(out, RecipeError):
        out.mkdir(parents=True, exist_ok=True)
    arguments = _arguments(
        out, data if sources.is_trained_on(data) else kind.data,
        max_steps=steps, num_train_epochs=epochs, learning_rate=learning_rate,
        per_device_train_batch_size=batch_size, gradient_accumulation_steps=accumulation,
        per_device_eval_batch_size=batch_size, save_steps=save_steps, seed=seed,
        bf16=precision == "bf16", fp16=precision == "fp16", label_names=list(kind.label_names),
        accelerator_config={"dispatch_batches": False} if streaming else None,
        # Not by evaluate() before train(): processes would then learn apart from each other.
        eval_on_start=kind.evaluates, **recipe.settings,
    )  # fmt: skip
    train, held_out = sources.training(task, data, streaming, seed)
    with opening(model, task):
        recipe.begin(train)
    set_seed(seed)  # before the new weights, not only before the first step
    rows = _stream(recipe, train, arguments.world_size) if streaming else _examples(recipe, train)
    if not streaming and not rows:
        raise RecipeError(f"{data}: nothing in it can be learned from; see the lesson's data")
    # The Trainer would leave out weights that are called otherwise in files than in the model, and
    # say nothing (transformers #48805). Opened from the checkpoint, the model has all of them.
    with opening(model, task):
        fresh = recipe.fresh_model(deterministic, last)
    trainer = RecipeTrainer(
        recipe, not deterministic, fresh, arguments, train_dataset=rows,
        eval_dataset=_examples(recipe, held_out) if kind.evaluates else None,
        data_collator=recipe.collator(fresh), callbacks=[MarkWhole()],
    )  # fmt: skip
    started, first = time.perf_counter(), _steps_of(last)
    with _going_on(trainer, last), errors.writing(arguments.output_dir, RecipeError):
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    seconds = time.perf_counter() - started
    if kind.evaluates:
        trainer.evaluate()
    summary = {"task": task, "data": str(data), "model": str(model)}
    summary |= _summary(trainer, first, seconds)
    with errors.writing(out, RecipeError):
        _publish(trainer, recipe, out)
        if trainer.is_world_process_zero():
            errors.write(out / SUMMARY, json.dumps(summary, indent=1) + "\n", RecipeError)
    trainer.accelerator.wait_for_everyone()
    return summary


def _publish(trainer, recipe, out):
    """Save the model beside its place, then move it there, the configuration last.

    Nothing opens a folder without a configuration, so a run that is killed leaves no half model.
    """
    beside = out / "saving"
    if trainer.is_world_process_zero():
        shutil.rmtree(beside, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(beside)
    if trainer.is_world_process_zero():
        recipe.save(beside)
        for file in sorted(beside.iterdir(), key=lambda file: file.name == "config.json"):
            os.replace(file, out / file.name)
        beside.rmdir()


@contextmanager
def _going_on(trainer, last):
    """Say in a sentence that a checkpoint cannot be gone on from."""
    try:
        yield
    except Exception as error:
        if last is None or trainer.steps_here or isinstance(error, RecipeError):
            raise
        raise RecipeError(
            f"{last}: is damaged, and nothing goes on from it ({one_line(error)}); delete this "
            "folder to take the checkpoint before it, or begin anew with another --out"
        ) from error


def _summary(trainer, first, seconds):
    """Tell how a run went that began at step `first`."""
    arguments, state = trainer.args, trainer.state
    batch = arguments.train_batch_size * arguments.world_size
    batch *= arguments.gradient_accumulation_steps
    losses = [entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry] or [None]
    return {
        "processes": arguments.world_size,
        "global_batch": batch,
        "steps": state.global_step,
        "resumed_at": first,
        "loss_before": losses[0],
        "loss": losses[-1],
        "seconds": round(seconds, 2),
        "examples_per_second": round((state.global_step - first) * batch / seconds, 2),
        "parameters": trainer.model.num_parameters(),
        "log": [[entry["step"], entry["loss"]] for entry in state.log_history if "loss" in entry],
    }


class RecipeTrainer(Trainer):
    """A Trainer with the recipe's loss and variation.

    Each process takes the mean loss of its part of the batch, and the Trainer averages the
    gradients over processes and accumulated parts, all of equal size: the gradient of the whole.
    """

    def __init__(self, recipe, varies, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.recipe, self.varies = recipe, varies
        self.steps_here = 0  # batches since this process started
        # Otherwise the Trainer takes the loss for a sum that is divided by the whole batch already.
        self.model_accepts_loss_kwargs = False

    def _get_train_sampler(self, train_dataset=None):
        """Put rows of about one length into a batch, where the recipe can tell their length."""
        if self.recipe.length is None or not hasattr(self.train_dataset, "__len__"):
            return super()._get_train_sampler(train_dataset)
        batch = self.args.train_batch_size * self.args.gradient_accumulation_steps
        lengths = np.array([self.recipe.length(example) for example in self.train_dataset])
        return ByLength(batch * self.args.world_size, lengths, self.args.seed)

    def training_step(self, model, inputs, *rest):
        """Vary the batch, then train on it."""
        self.steps_here += 1
        return super().training_step(
            model, self.recipe.vary(inputs) if self.varies else inputs, *rest
        )

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Use the recipe's loss where it has one."""
        if self.recipe.loss is None:
            return super().compute_loss(model, inputs, return_outputs)
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        loss = self.recipe.loss(outputs, labels)
        return (loss, outputs) if return_outputs else loss


class ByLength(Sampler):
    """Batches of rows of about one length, in an order that seed and epoch fix.

    Lengths are blurred before rows are sorted by them, so that a row meets others in each epoch;
    then whole batches are shuffled. The sampler of Transformers sorts within a few dozen batches
    only, which leaves small data sets as they are.
    """

    BLUR = 0.1

    def __init__(self, batch_size, lengths, seed):
        self.batch_size, self.lengths, self.seed, self.epoch = batch_size, lengths, seed, 0

    def set_epoch(self, epoch):
        """Choose the order of an epoch."""
        self.epoch = epoch

    def __len__(self):
        return len(self.lengths)

    def __iter__(self):
        rng = np.random.default_rng([self.seed, self.epoch])
        blurred = self.lengths * rng.uniform(1 - self.BLUR, 1 + self.BLUR, len(self.lengths))
        order = np.argsort(blurred)
        whole = len(order) // self.batch_size * self.batch_size
        batches = rng.permutation(order[:whole].reshape(-1, self.batch_size))
        # The part of a batch comes last, where a loader cuts it off.
        yield from [*batches.ravel().tolist(), *order[whole:].tolist()]


class MarkWhole(TrainerCallback):
    """Mark a checkpoint once every process has written its part of it."""

    def on_save(self, args, state, control, **kwargs):  # noqa: D102
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / WHOLE).touch()


def last_checkpoint(out):
    """Return the newest whole checkpoint below a run's folder, or None.

    A run can be killed while it writes: a folder without the mark is not to be trusted.
    """
    marks = Path(out).glob(f"checkpoints/checkpoint-*/{WHOLE}")
    return max((mark.parent for mark in marks), key=_steps_of, default=None)


def _steps_of(checkpoint):
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0


def _start(out, resume):
    """Return the checkpoint to go on from; refuse to mix two runs in one folder."""
    last = last_checkpoint(out)
    if resume or not (out / "checkpoints").exists():
        return last
    raise RecipeError(
        f"{out} holds an earlier run: --resume goes on with it, another --out begins anew"
    )


def _arguments(out, data, **given):
    """Combine the lesson's settings with what was asked for."""
    settings = catalog.training(data)
    if given["max_steps"] and given["num_train_epochs"]:
        raise RecipeError("--steps and --epochs both say how far to train: give one of them")
    most = catalog.max_steps()
    if most and given["max_steps"]:
        given["max_steps"] = min(most, given["max_steps"])
    if given["per_device_train_batch_size"]:  # then nothing is fitted to the device
        said = catalog.find(data).training[catalog.profile()]
        settings["gradient_accumulation_steps"] = said.get("gradient_accumulation_steps", 1)
    settings |= {name: value for name, value in given.items() if value is not None}
    return TrainingArguments(
        str(out / "checkpoints"), eval_strategy="no", save_strategy="steps", save_total_limit=2,
        logging_steps=0.05, report_to="none", remove_unused_columns=False,
        use_cpu=not torch.accelerator.is_available(),  # processes without a GPU meet by gloo
        dataloader_pin_memory=torch.cuda.is_available(), disable_tqdm=not sys.stderr.isatty(),
        **settings,
    )  # fmt: skip


def _examples(recipe, rows):
    """Compute all features at once; they fit into memory, or --streaming is the way."""
    return [example for row in rows for example in recipe.examples(recipe.decode(row))]


def _stream(recipe, rows, processes):
    """Compute features when they are needed; the Trainer gives each process its own shards."""
    if rows.num_shards < processes:
        raise RecipeError(
            f"the stream has {rows.num_shards} shards for {processes} processes: write the data "
            "into as many Parquet files or more"
        )

    def examples(batch):
        made = [
            example
            for place in range(len(next(iter(batch.values()))))
            for example in recipe.examples(
                recipe.decode({name: column[place] for name, column in batch.items()})
            )
        ]
        return {name: [example[name] for example in made] for name in made[0]} if made else {}

    return rows.map(examples, batched=True, batch_size=1, remove_columns=rows.column_names)
