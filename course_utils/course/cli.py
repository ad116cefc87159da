"""The command ``course-utils``: check the machine, list and run lessons, show scores, fine-tune."""

import json
import shlex
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from course_utils import catalog, errors
from course_utils.catalog import downloads
from course_utils.course import file_commands, progress, syllabus
from course_utils.course.options import (
    AnyProfile,
    AsJson,
    Language,
    Numbers,
    Precision,
    Profile,
    Source,
    Task,
    prepare,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # the default hides words in brackets, such as [fix]
    help="Audio AI with Transformers, from pipeline() to fine-tuning.",
)


@app.command()
def doctor():
    """Check this machine; every line that begins with [fix] names the command that fixes it."""
    from course_utils.course import doctor

    failed = 0
    for finding in doctor.examine():
        print(finding, flush=True)
        failed += not finding.ok
    print(f"{failed} to fix" if failed else "All is well: open lesson 00 with `make lab`.")
    raise typer.Exit(code=min(failed, 1))


@app.command()
def lessons(as_json: AsJson = False):
    """List the lessons with their minutes and the models and data that each needs."""
    rows = [asdict(lesson) for lesson in syllabus.lessons()]
    for row in rows:
        row["entries"] = [e.name for e in catalog.entries() if row["number"] in e.lessons]
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for row in rows:
        minutes = f"{row['minutes']['pocket']} min"
        print(f"{row['number']}  {row['title']:<44}{minutes:>7}  {', '.join(row['entries'])}")


@app.command(epilog="Example: `course-utils run 02 03 --jobs 2`")
def run(
    numbers: Numbers = None,
    profile: Annotated[Profile, Option(help="Models and data to use.")] = "pocket",
    out: Annotated[Path, Option(help="Folder for the executed notebooks.")] = Path("runs"),
    jobs: Annotated[int, Option(min=1, help="Lessons to run in parallel on shared cores.")] = 1,
):
    """Run lessons in fresh kernels and print the scores; the exit code is 1 when a lesson stops.

    Ctrl-C ends the lessons that run, keeps what they reached, and prints how to go on.
    """
    from course_utils.course import notebook_runner
    from course_utils.course.run_bar import RunBar

    def say_begins(lesson):
        if not bar.console.is_terminal:  # where no bar is drawn
            print(f"{lesson.number}  {lesson.title} begins", flush=True)

    chosen, watch = syllabus.select(numbers or []), notebook_runner.Watch(on_lesson=say_begins)
    runs, started = [], time.perf_counter()
    with (
        _at_ctrl_c(watch.stop.set),
        RunBar(watch, total=sum(map(notebook_runner.code_cells, chosen))) as bar,
    ):
        for done in notebook_runner.run_all(chosen, profile, out, jobs, watch):
            runs.append(done)
            verdict = f"stopped: {done.error}" if done.error else "done"
            if cell := done.cell or watch.longest(done.lesson):
                verdict += f" ({cell})" if done.error else f", longest: {cell}"
            line = f"{done.lesson.number}  {done.lesson.title:<44}{done.seconds:6.0f} s  {verdict}"
            bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
    runs.sort(key=lambda done: done.lesson.number)
    print(f"\n{progress.table([score for done in runs for score in done.scores])}\n")
    complete = {done.lesson.number for done in runs if not done.error}
    counts, seconds = f"{len(complete)} of {len(chosen)}", time.perf_counter() - started
    print(f"{counts} lessons ran in {seconds:.0f} s; executed copies are in {out}/")
    left = [lesson.number for lesson in chosen if lesson.number not in complete]
    if left:
        options = {"--profile": str(profile), "--out": str(out), "--jobs": str(jobs)}
        usual = {"--profile": "pocket", "--out": "runs", "--jobs": "1"}
        given = [part for pair in options.items() if pair not in usual.items() for part in pair]
        again = shlex.join([sys.argv[0], "run", *left, *given])
        print(f"{'To go on' if watch.stop.is_set() else 'To repeat what stopped'}: {again}")
    if watch.stop.is_set():
        raise typer.Exit(code=130)
    raise typer.Exit(code=1 if left else 0)


@app.command(epilog="Example: `course-utils prefetch --lessons 02,03 --to downloads`")
def prefetch(
    to: Annotated[Path, Option(help="Folder to download to; later the value of HF_HOME.")],
    lessons: Annotated[str, Option(help="Numbers of lessons, such as 02,03 (default: all).")] = "",
):
    """Download what lessons need in the hub profile, to run them later without a network."""
    catalog.use_profile("hub")
    chosen = syllabus.select(lessons.replace(",", " ").split())
    wanted = {e.download: e for each in chosen for e in catalog.to_download(each.number)}
    for entry in wanted.values():
        print(f"{entry.hub} ({entry.size_mb} MB)", flush=True)
    downloads.fetch(list(wanted.values()), to / "hub")
    size = sum(path.lstat().st_size for path in to.rglob("*")) / 1e6
    print(f"{to} holds {size:,.0f} MB. Without a network:")
    numbers = " ".join(lesson.number for lesson in chosen)
    print(f"HF_HOME={to.resolve()} HF_HUB_OFFLINE=1 course-utils run --profile hub {numbers}")


@app.command("catalog")
def show_catalog(
    check: Annotated[
        bool, Option("--check", help="Compare every entry with the Hub; needs a network.")
    ] = False,
    write: Annotated[
        bool, Option("--write", help="With --check: write today's date into what holds.")
    ] = False,
):
    """List the models and data sets of the Hub, or compare each with what the Hub says today.

    A line that begins with [fix] names a fact of the catalogue that does not hold (any more).
    """
    if not check:
        for entry in catalog.entries():
            print(f"{entry.name:<20}{entry.hub:<44}{entry.size_mb:>6} MB  {entry.checked or '-'}")
        return
    catalog.use_profile("hub")
    from course_utils.catalog import check as checking

    failed, good = 0, []
    for entry in catalog.entries():
        findings = []
        for finding in checking.examine(entry):
            print(finding, flush=True)
            findings.append(finding.ok)
        failed += findings.count(False)
        good += [entry.name] if all(findings) else []
    if write:
        checking.write(good)
    print(f"{failed} to fix" if failed else "All entries agree with the Hub.")
    raise typer.Exit(code=min(failed, 1))


@app.command("progress")
def show_progress(as_json: AsJson = False):
    """Show the newest score of every lesson, before and after fine-tuning."""
    entries = progress.latest()
    print(json.dumps(entries, indent=1, ensure_ascii=False) if as_json else progress.table(entries))


@app.command(epilog="Example: `course-utils where sound-classifier`")
def where(name: Annotated[str | None, Argument(help="Name of a data set or model.")] = None):
    """Print the local folder of a catalogue entry; without a name, list the names."""
    if name is None:
        names = ", ".join(entry.name for entry in catalog.entries() if entry.pocket)
        raise catalog.CatalogError(f"where needs one of these names: {names}.")
    print(catalog.where(name))


@app.command(epilog="Example: `course-utils finetune asr --data my-clips --out my-model`")
def finetune(
    task: Task,
    out: Annotated[Path, Option(help="Folder for the model and its checkpoints.")],
    data: Source = None,
    model: Annotated[
        str | None,
        Option(help="Catalogue name, folder or Hub id to start from (default: the lesson's)."),
    ] = None,
    steps: Annotated[int | None, Option(min=1, help="Steps, instead of --epochs.")] = None,
    epochs: Annotated[
        float | None,
        Option(
            min=0.01,
            help="Passes over the data (default: the lesson's; classification 6, asr 4, "
            "diarization 3, tts 6).",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        Option(
            min=1, help="Batch size of a process (default: the lesson's, 16; diarization, tts 8)."
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        Option(
            min=1e-9,
            help="Peak learning rate (default: the lesson's; classification 1e-3, asr 5e-4, "
            "diarization 4e-4, tts 1e-3).",
        ),
    ] = None,
    accumulation: Annotated[
        int | None,
        Option(
            "--gradient-accumulation",
            min=1,
            help="Batches in one optimiser step (default: the lesson's, 1).",
        ),
    ] = None,
    precision: Annotated[Precision, Option(help="Mixed precision: no, bf16 or fp16.")] = "no",
    resume: Annotated[
        bool, Option("--resume", help="Resume from the last complete checkpoint in --out.")
    ] = False,
    streaming: Annotated[
        bool, Option("--streaming", help="Compute features during training; needs --steps.")
    ] = False,
    deterministic: Annotated[
        bool, Option("--deterministic", help="No dropout and no augmentation, to compare runs.")
    ] = False,
    save_steps: Annotated[
        float, Option(min=0.001, help="Steps between checkpoints; below 1, a fraction of all.")
    ] = 0.1,
    seed: Annotated[int, Option(help="Seed for weight initialisation and data order.")] = 0,
    language: Language = None,
    profile: AnyProfile = None,
):
    """Fine-tune a model with a lesson's recipe, in one process or in several.

    In two: `accelerate launch --multi_gpu --num_processes 2 -m course_utils.course.cli finetune …`.
    The defaults in brackets are those of the pocket profile.
    """
    options = locals()
    prepare(options.pop("profile"))
    from course_utils.finetuning import training

    summary = training.finetune(**options)
    if not errors.is_first():
        return
    print(
        f"{summary['steps']} steps of {summary['global_batch']} examples in "
        f"{summary['processes']} process(es): {summary['examples_per_second']:.1f} a second"
    )
    if summary["loss"] is not None:
        print(f"loss on held-out rows: {summary['loss_before']:.4f} -> {summary['loss']:.4f}")
    print(f"the model is in {out}")


@app.command(
    epilog="Example: `course-utils evaluate asr --model my-model --data my-clips --out a.jsonl`"
)
def evaluate(
    task: Task,
    model: Annotated[str, Option(help="Model: a catalogue name, a local folder or a Hub id.")],
    out: Annotated[Path, Option(help="File for the results, one JSON object a line.")],
    data: Source = None,
    split: Annotated[
        str | None, Option(help="Split of the data (default: test, or all where none is).")
    ] = None,
    batch_size: Annotated[int, Option(min=1, help="Files in a batch of each process.")] = 8,
    language: Language = None,
    profile: AnyProfile = None,
):
    """Run a model on many files, and score the results that have a reference.

    Files with a result in --out are skipped, so a run that was stopped can be resumed.
    """
    prepare(profile)
    from course_utils.finetuning import inference

    found = inference.evaluate(
        task, model, out, data=data, split=split, batch_size=batch_size, language=language
    )
    if not errors.is_first():
        return
    for name, value in found.items():
        print(f"{name:<12}{value:.4f}" if isinstance(value, float) else f"{name:<12}{value}")
    raise typer.Exit(code=0 if found["answered"] else 1)


app.command(epilog=file_commands.CHECK)(file_commands.check)
app.command(epilog=file_commands.ANSWER)(file_commands.answer)


@contextmanager
def _at_ctrl_c(act):
    """Call `act` at the first Ctrl-C within the block; the second is a KeyboardInterrupt again."""

    def handle(*_):
        signal.signal(signal.SIGINT, previous)
        act()

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def main():
    """Run the command; an error of this package ends in one sentence instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # Where output goes to a file, Windows' own encoding lacks most letters.
        stream.reconfigure(errors="backslashreplace")
    try:
        with errors.writing("a file"):
            app()
    except errors.CourseError as error:
        sys.exit(f"course-utils: {error}" if errors.is_first() else 1)


if __name__ == "__main__":
    main()
