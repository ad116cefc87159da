"""The command ``course-utils``: check the machine, list and run lessons, show the scores."""

import json
import os
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from course_utils import audio, catalog, data, errors
from course_utils.catalog import downloads
from course_utils.course import progress, syllabus
from course_utils.formats import rttm

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Audio AI with Transformers, from pipeline() to fine-tuning.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
MISTAKES = (
    audio.AudioError, catalog.CatalogError, data.DataError, progress.LedgerError, rttm.RttmError,
    syllabus.SyllabusError, errors.WriteError,
)  # fmt: skip
"""What a user can mend; RecipeError is a DataError."""

Numbers = Annotated[list[str] | None, typer.Argument(help="Lesson numbers; all when left out.")]


class Profile(StrEnum):
    """Which models and data the lessons use."""

    pocket = "pocket"
    hub = "hub"


class Task(StrEnum):
    """What the recipes of the fine-tuning lessons are for."""

    classification = "classification"
    asr = "asr"
    diarization = "diarization"
    tts = "tts"


class Precision(StrEnum):
    """Of the matrix products in training."""

    no = "no"
    bf16 = "bf16"
    fp16 = "fp16"


DataOption = Annotated[
    str | None,
    typer.Option("--data", help="A data set of the catalogue, or a folder; the lesson's."),
]
ProfileOption = Annotated[
    Profile | None, typer.Option("--profile", help="Models and data to use; else $COURSE_PROFILE.")
]


@app.command()
def doctor():
    """Check this machine; every [fix] line names the command that fixes it."""
    from course_utils.course import doctor

    failed = 0
    for finding in doctor.examine():
        print(finding, flush=True)
        failed += not finding.ok
    print(f"{failed} to fix" if failed else "All is well: open lesson 00 with `make lab`.")
    raise typer.Exit(code=min(failed, 1))


@app.command()
def lessons(
    as_json: AsJson = False,
    stamp: Annotated[
        bool, typer.Option(help="Rewrite the lessons' cards and the README's table.")
    ] = False,
    repo: Annotated[
        str | None,
        typer.Option(help="Stamp with owner/name on GitHub, for Colab; '' takes it away."),
    ] = None,
):
    """List the lessons with what each needs."""
    if stamp or repo is not None:
        for path in syllabus.stamp(repo):
            print(f"wrote {path.name}")
        return
    rows = [lesson.facts() | {"entries": _entries(lesson.number)} for lesson in syllabus.lessons()]
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for row in rows:
        minutes = f"{row['minutes']['pocket']} min"
        print(f"{row['number']}  {row['title']:<44}{minutes:>7}  {', '.join(row['entries'])}")


@app.command()
def run(
    numbers: Numbers = None,
    profile: Annotated[Profile, typer.Option(help="Models and data to use.")] = Profile.pocket,
    out: Annotated[Path, typer.Option(help="Folder for the executed notebooks.")] = Path("runs"),
    jobs: Annotated[int, typer.Option(min=1, help="Lessons at a time; they share the cores.")] = 1,
):
    """Run lessons from top to bottom in fresh kernels and print the scores.

    The exit code is 1 when a lesson stops with an error.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from course_utils.course import notebook_runner

    chosen = syllabus.select(numbers or [])
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn())
    runs, started = [], time.perf_counter()
    with Progress(*columns, TimeElapsedColumn()) as bar:
        task = bar.add_task("lessons", total=sum(map(notebook_runner.code_cells, chosen)))
        ran = notebook_runner.run_all(
            chosen, profile.value, out, jobs, on_cell=lambda: bar.advance(task)
        )
        for done in ran:
            runs.append(done)
            verdict = f"stopped: {done.error}" if done.error else "done"
            bar.console.print(
                f"{done.lesson.number}  {done.lesson.title:<44}{done.seconds:6.0f} s  {verdict}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    print(f"\n{progress.table([score for done in runs for score in done.scores])}\n")
    failed = [done.lesson.number for done in runs if done.error]
    print(
        f"{len(runs) - len(failed)} of {len(runs)} lessons ran in "
        f"{time.perf_counter() - started:.0f} s; executed copies are in {out}/"
    )
    if failed:
        print(f"To repeat what stopped: {sys.argv[0]} run {' '.join(failed)}")
    raise typer.Exit(code=1 if failed else 0)


@app.command()
def prefetch(
    to: Annotated[Path, typer.Option(help="Folder to fill, for HF_HOME.")],
    lessons: Annotated[
        str | None, typer.Option(help="Their numbers, as in 02,03; all when left out.")
    ] = None,
):
    """Download what lessons need in the hub profile, for a room without a network."""
    catalog.use_profile("hub")
    chosen = syllabus.select(lessons.replace(",", " ").split() if lessons else [])
    wanted = {entry.hub: entry for each in chosen for entry in catalog.to_download(each.number)}
    for entry in wanted.values():
        print(f"{entry.hub} ({entry.size_mb} MB)", flush=True)
    downloads.fetch(list(wanted.values()), to / "hub")
    size = sum(path.lstat().st_size for path in to.rglob("*")) / 1e6
    print(f"{to} holds {size:,.0f} MB. Without a network:")
    numbers = " ".join(lesson.number for lesson in chosen)
    print(f"HF_HOME={to.resolve()} HF_HUB_OFFLINE=1 course-utils run --profile hub {numbers}")


@app.command("progress")
def show_progress(as_json: AsJson = False):
    """Show the newest score of every lesson, baseline beside fine-tuned."""
    entries = progress.latest()
    print(json.dumps(entries, indent=1, ensure_ascii=False) if as_json else progress.table(entries))


@app.command()
def where(name: Annotated[str, typer.Argument(help="Name of a data set or model.")]):
    """Print the local folder of a catalogue entry."""
    print(catalog.where(name))


@app.command()
def finetune(
    task: Task,
    out: Annotated[Path, typer.Option(help="Folder for the model and its checkpoints.")],
    source: DataOption = None,
    model: Annotated[
        str | None, typer.Option(help="Of the catalogue, a folder or a Hub id; the lesson's.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="How far to train.")] = None,
    epochs: Annotated[float | None, typer.Option(help="The same, in rounds.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="For each process.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At its height.")] = None,
    accumulation: Annotated[
        int | None, typer.Option("--gradient-accumulation", min=1, help="Batches a step.")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="Of matrix products.")] = Precision.no,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from a checkpoint.")] = False,
    streaming: Annotated[
        bool, typer.Option("--streaming", help="Compute features on the way; needs --steps.")
    ] = False,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="No dropout or variation, to compare runs.")
    ] = False,
    save_steps: Annotated[
        float, typer.Option(min=0.001, help="Steps between checkpoints; below 1, a share of all.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(help="Of new weights and of the order.")] = 0,
    profile: ProfileOption = None,
):
    """Fine-tune by a lesson's recipe; under `accelerate launch` in several processes."""
    _prepare(profile)
    from course_utils.finetuning import training

    summary = training.finetune(
        task.value, out, data=source, model=model, steps=steps, epochs=epochs,
        batch_size=batch_size, learning_rate=learning_rate, accumulation=accumulation,
        precision=precision.value, resume=resume, streaming=streaming,
        deterministic=deterministic, save_steps=save_steps, seed=seed,
    )  # fmt: skip
    if not _is_first():
        return
    print(
        f"{summary['steps']} steps of {summary['global_batch']} examples in "
        f"{summary['processes']} process(es): {summary['examples_per_second']:.1f} a second"
    )
    if summary["loss"] is not None:
        print(f"loss on held-out rows: {summary['loss_before']:.4f} -> {summary['loss']:.4f}")
    print(f"the model is in {out}")


@app.command()
def evaluate(
    task: Task,
    model: Annotated[str, typer.Option(help="Of the catalogue, a folder or a Hub id.")],
    out: Annotated[Path, typer.Option(help="File for the results, a JSON object a line.")],
    source: DataOption = None,
    split: Annotated[str | None, typer.Option(help="By default test, or all there is.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="For each process.")] = 8,
    profile: ProfileOption = None,
):
    """Answer many files, and score those with a reference; skips what is in --out already."""
    _prepare(profile)
    from course_utils.finetuning import inference

    found = inference.evaluate(
        task.value, model, out, data=source, split=split, batch_size=batch_size
    )
    if not _is_first():
        return
    for name, value in found.items():
        print(f"{name:<12}{value:.4f}" if isinstance(value, float) else f"{name:<12}{value}")
    raise typer.Exit(code=0 if found["answered"] else 1)


def _prepare(profile):
    """Choose the profile before a Hugging Face library is imported; quiet their notices."""
    catalog.use_profile(profile.value if profile else catalog.profile())
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    from transformers.utils import logging

    logging.disable_progress_bar()


def _is_first():
    """Tell whether this is the process that speaks for all that were launched together."""
    return os.environ.get("RANK", "0") == "0"


def main():
    """Run the command; what a user can mend ends in one sentence instead of a traceback."""
    try:
        with errors.writing("a file"):
            app()
    except MISTAKES as error:  # said once, by the first of the processes
        sys.exit(f"course-utils: {error}" if _is_first() else 1)


def _entries(number):
    return [entry.name for entry in catalog.entries() if number in entry.lessons]


if __name__ == "__main__":
    main()
