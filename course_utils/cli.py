"""The command ``course-utils``: check the machine, list and run lessons, show the scores."""

import json
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from course_utils import catalog, progress, syllabus

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Audio AI with Transformers, from pipeline() to fine-tuning.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Numbers = Annotated[list[str] | None, typer.Argument(help="Lesson numbers; all when left out.")]


class Profile(StrEnum):
    """Which models and data the lessons use."""

    pocket = "pocket"
    hub = "hub"


@app.command()
def doctor():
    """Check this machine; every [fix] line names the command that fixes it."""
    from course_utils import doctor

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
):
    """List the lessons with what each needs."""
    if stamp:
        for path in syllabus.stamp():
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

    from course_utils import running

    chosen = syllabus.select(numbers or [])
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn())
    runs, started = [], time.perf_counter()
    with Progress(*columns, TimeElapsedColumn()) as bar:
        task = bar.add_task("lessons", total=sum(map(running.code_cells, chosen)))
        ran = running.run_all(chosen, profile.value, out, jobs, on_cell=lambda: bar.advance(task))
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


@app.command("progress")
def show_progress(as_json: AsJson = False):
    """Show the newest score of every lesson, baseline beside fine-tuned."""
    entries = progress.latest()
    print(json.dumps(entries, indent=1, ensure_ascii=False) if as_json else progress.table(entries))


@app.command()
def where(name: Annotated[str, typer.Argument(help="Name of a data set or model.")]):
    """Print the local folder of a catalogue entry."""
    print(catalog.where(name))


def main():
    """Run the command; what a user can mend ends in one sentence instead of a traceback."""
    try:
        app()
    except (catalog.CatalogError, syllabus.SyllabusError, progress.LedgerError) as error:
        sys.exit(f"course-utils: {error}")


def _entries(number):
    return [entry.name for entry in catalog.entries() if number in entry.lessons]


if __name__ == "__main__":
    main()
