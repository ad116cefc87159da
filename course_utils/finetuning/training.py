"""Run a recipe with `transformers.Trainer`, in one process or in many of ``accelerate launch``."""

import json
import os
import shutil
import sys
import time
import warnings
from collections import Counter, defaultdict
from pathlib import Path

import torch
from accelerate import PartialState
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed
from transformers.trainer_pt_utils import LengthGroupedSampler

from course_utils import audio, catalog, errors
from course_utils.finetuning import recipes, sources
from course_utils.finetuning.checkpoints import checkpoint_of, opening
from course_utils.finetuning.recipes import LeftOut, RecipeError

SUMMARY = "finetune.json"  # file with the summary of a run
WHOLE = "whole"  # completion marker, a file in a checkpoint that all processes have written


def finetune(
    task,
    out,
    *,
    data=None,
    model=None,
    steps=None,
    epochs=None,
    batch_size=None,
    learning_rate=None,
    accumulation=None,
    precision="no",
    resume=False,
    streaming=False,
    deterministic=False,
    save_steps=0.1,
    seed=0,
    language=None,
):
    """Fine-tune a model, save it so that ``pipeline()`` opens it, and return the run's summary.

    A run that is not possible as asked ends in a `CourseError`, here and in `inference.evaluate`.

    Parameters
    ----------
    task : str
        One of `recipes.TASKS`.
    out : path-like
        Folder for the model, ``checkpoints/`` and the summary, ``finetune.json``.
    data, model : str, optional
        See `sources.training` and `checkpoints.checkpoint_of`. By default the recipe's.
    steps, epochs, batch_size, learning_rate, accumulation : number, optional
        By default the recipe's. The global batch is batch_size × processes × accumulation.
    precision : {"no", "bf16", "fp16"}
        Mixed precision.
    resume : bool
        Continue from the newest complete checkpoint in `out`, if there is one.
    streaming : bool
        Compute features when they are needed, not all before the first step. Needs `steps`.
    deterministic : bool
        Switch off dropout, masking and augmentation, so that runs can be compared.
    save_steps : float
        Steps between checkpoints; below 1, as a share of the run.
    seed : int
        Seed for weight initialisation and data order.
    language : str, optional
        Spoken language, for a multilingual recogniser; by default that of the catalogue.
    """
    out, kind = Path(out), recipes.find(task)
    sources.refuse_ambiguous(data, model)
    data, model = data or kind.data, model or kind.model
    last = last_checkpoint(out)
    if (out / "checkpoints").exists() and not resume:
        raise RecipeError(
            f"{out} holds an earlier run: --resume goes on with it, another --out begins anew"
        )
    if steps and epochs:
        raise RecipeError("--steps and --epochs both say how far to train: give one of them")
    if streaming and not steps:
        raise RecipeError(
            "--streaming repeats the data without end: say how far to train with --steps"
        )
    for name in ("FSDP", "DEEPSPEED"):
        if os.environ.get(f"ACCELERATE_USE_{name}", "").lower() == "true":
            raise RecipeError(
                f"--use_{name.lower()} divides a model among processes; this command trains a "
                "whole copy in each: leave it out"
            )
    if precision == "fp16" and not torch.cuda.is_available():
        raise RecipeError("fp16 needs a GPU; on a CPU take --precision bf16")
    with opening(model, task):
        recipe = kind(checkpoint_of(model))
        recipe.set_language(language, data)
    with errors.writing(out, RecipeError):
        out.mkdir(parents=True, exist_ok=True)
    given = {
        "max_steps": min(filter(None, (steps, catalog.max_steps())), default=None),
        "num_train_epochs": epochs,
        "learning_rate": learning_rate,
        "per_device_train_batch_size": batch_size,
        "per_device_eval_batch_size": batch_size,
        "gradient_accumulation_steps": accumulation,
        "accelerator_config": {"dispatch_batches": False} if streaming else None,
    }
    if batch_size or int(os.environ.get("WORLD_SIZE", 1)) > 1:  # the global batch must not change
        given["auto_find_batch_size"] = False
    settings = recipe.pocket if catalog.profile() == "pocket" else recipe.hub
    settings = settings | {name: value for name, value in given.items() if value is not None}
    arguments = TrainingArguments(
        str(out / "checkpoints"),
        save_strategy="steps",
        save_steps=save_steps,
        save_total_limit=2,
        logging_steps=0.05,
        report_to="none",
        remove_unused_columns=False,
        label_names=list(kind.label_names),
        # An evaluate() before train() would leave the processes to train apart from each other.
        eval_on_start=kind.evaluates,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        seed=seed,
        use_cpu=not torch.accelerator.is_available(),  # processes without a GPU need gloo
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=not sys.stderr.isatty(),
        **settings,
    )
    train, held_out = sources.training(task, data, streaming, seed)
    with opening(model, task):
        recipe.begin(train)
        set_seed(seed)  # for the new weights; the Trainer seeds itself before the first step
        # Load the weights from the checkpoint here, for the Trainer silently skips weights whose
        # names in files and in the model differ (transformers #48805).
        fresh = recipe.fresh_model(deterministic, last)
    if streaming:
        rows = _stream(recipe, train, arguments.world_size)
    else:
        rows = _examples(recipe, train, f"{data}, training")
    held_out = _examples(recipe, held_out, f"{data}, held out") if kind.evaluates else None
    trainer = RecipeTrainer(
        recipe, not deterministic, fresh, arguments, train_dataset=rows, eval_dataset=held_out
    )
    started = time.perf_counter()
    try:
        with errors.writing(arguments.output_dir, RecipeError):
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    except Exception as error:
        if last is None or trainer.batches or isinstance(error, RecipeError):
            raise
        raise RecipeError(
            f"{last}: is damaged, and nothing goes on from it ({errors.one_line(error)}); delete "
            "this folder to take the checkpoint before it, or begin anew with another --out"
        ) from error
    seconds = time.perf_counter() - started
    if kind.evaluates:
        trainer.evaluate()
    summary = {"task": task, "data": str(data), "model": str(model)}
    summary |= _summary(trainer, _steps_of(last), seconds)
    with errors.writing(out, RecipeError):
        _publish(trainer, recipe, out)
        if trainer.is_world_process_zero():
            errors.write(out / SUMMARY, json.dumps(summary, indent=1) + "\n", RecipeError)
    trainer.accelerator.wait_for_everyone()
    return summary


def _publish(trainer, recipe, out):
    """Save the model in a subfolder, then move its files to `out`, the configuration last."""
    # Without a configuration no library opens a folder, so a killed run leaves no half a model.
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


def _summary(trainer, first, seconds):
    """Describe a run that began at step `first`."""
    arguments, state = trainer.args, trainer.state
    batch = state.train_batch_size * arguments.world_size * arguments.gradient_accumulation_steps
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
    """A Trainer with the recipe's loss, collator, augmentation and batches."""

    def __init__(self, recipe, augments, model, arguments, **options):
        options |= {"data_collator": recipe.collator(model), "callbacks": [_MarkWhole()]}
        super().__init__(model, arguments, compute_loss_func=recipe.compute_loss, **options)
        self.recipe, self.augments = recipe, augments
        self.batches = 0  # batches since this process started
        # The models' losses are means over a batch, for the Trainer to divide by the accumulation.
        self.model_accepts_loss_kwargs = False

    def _get_train_sampler(self, train_dataset=None):
        """Group examples by length if the recipe says so, in the same order in all processes."""
        name, rows, seed = self.recipe.grouped_by, self.train_dataset, self.args.seed
        if name is None or not hasattr(rows, "__len__"):
            return super()._get_train_sampler(train_dataset)
        batch = self.args.train_batch_size * self.args.gradient_accumulation_steps
        lengths = [len(row[name]) for row in rows]
        sampler = LengthGroupedSampler(batch * self.args.world_size, lengths=lengths)
        sampler.set_epoch = lambda epoch: setattr(
            sampler, "generator", torch.Generator().manual_seed(1_000 * seed + epoch)
        )
        sampler.set_epoch(0)
        return sampler

    def training_step(self, model, inputs, *rest):
        """Augment the batch, then train on it."""
        self.batches += 1
        inputs = self.recipe.augment(inputs) if self.augments else inputs
        return super().training_step(model, inputs, *rest)


class _MarkWhole(TrainerCallback):
    """Writes the completion marker of a checkpoint once every process has written its part."""

    def on_save(self, args, state, control, **kwargs):
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / WHOLE).touch()


def last_checkpoint(out):
    """Return the newest checkpoint below a run's folder that has a completion marker, or None."""
    marks = Path(out).glob(f"checkpoints/checkpoint-*/{WHOLE}")
    return max((mark.parent for mark in marks), key=_steps_of, default=None)


def _steps_of(checkpoint):
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0


def _examples(recipe, rows, title="the data"):
    """Return the examples of all rows, in memory; print how many rows have none, and why."""
    examples, reasons, which = [], Counter(), defaultdict(dict)
    for number, row in enumerate(rows, 1):
        made, reason, details = _examples_of(recipe, row, f"row {number}")
        examples += made
        if reason:
            reasons[reason] += 1
            which[reason] |= dict.fromkeys(details)
    if not reasons:
        return examples
    details = {reason: ", ".join([*found][:20]) for reason, found in which.items()}
    parts = [f"{count} {reason} ({details[reason]})" for reason, count in reasons.items()]
    said = f"{title}: {reasons.total()} of {len(rows)} rows are left out: {'; '.join(parts)}"
    if not examples:
        raise RecipeError(f"{said}; nothing is left to learn from")
    errors.notice(said)
    return examples


def _examples_of(recipe, row, name):
    """Return the examples of a row; and if there are none, the reason, and names or characters."""
    name = row.get("file_name") or name
    try:
        return list(recipe.examples(recipe.decode(row))), None, ()
    except LeftOut as error:
        return [], str(error), error.characters or [errors.shown(name)]
    except audio.AudioError as error:
        return [], "that cannot be used", [str(error)]


def _stream(recipe, rows, processes):
    """Return a stream of examples; the Trainer gives each process its own shards."""
    if rows.num_shards < processes:
        raise RecipeError(
            f"the stream has {rows.num_shards} shards for {processes} processes: write the data "
            "into as many Parquet files or more"
        )

    def examples(batch):  # of one row, which may have several examples or none
        row = {name: values[0] for name, values in batch.items()}
        made, reason, details = _examples_of(recipe, row, "a row")
        if reason:  # shown once for each text
            warnings.warn(f"left out, {reason}: {', '.join(details)}", stacklevel=2)
        return {name: [example[name] for example in made] for name in made[0]} if made else {}

    return rows.map(examples, batched=True, batch_size=1, remove_columns=rows.column_names)
