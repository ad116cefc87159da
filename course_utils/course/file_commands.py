"""Commands on the learner's own files: check a folder before training, answer single recordings."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from course_utils import errors
from course_utils.course.options import AnyProfile, Language, TaskName, prepare

CHECK = "Example: `course-utils check my-clips --model ctc-recogniser --html page.html`"
ANSWER = "Example: `course-utils answer asr talk.mp3 --out talk.srt`"
Format = Literal["text", "srt", "vtt", "rttm", "json"]


def check(
    folder: Annotated[Path, Argument(help="Folder of recordings, as for finetune and evaluate.")],
    model: Annotated[
        str | None,
        Option(help="Say also which rows a fine-tuning of this model would leave out."),
    ] = None,
    task: Annotated[
        TaskName | None,
        Option(help="Task of --model (default: asr for texts, classification for labels)."),
    ] = None,
    html: Annotated[
        Path | None, Option("--html", help="File for a page with players and histograms.")
    ] = None,
    jobs: Annotated[int, Option(min=1, help="Processes that decode files.")] = os.cpu_count() or 1,
    profile: AnyProfile = None,
):
    """Say what will hurt in training before you train; the exit code is 1 where something will.

    A line that begins with [fix] names files and what mends them; [look] may be as it should be.
    """
    from rich.console import Console
    from rich.progress import track

    from course_utils import data

    def bar(results, total):
        return track(results, "reading", total, console=Console(stderr=True))

    found = data.check_folder(folder, jobs, bar if sys.stderr.isatty() else None)
    if model or task:
        prepare(profile)
        from course_utils.finetuning import suitability

        found.findings += suitability.findings(found, model, task)
    print(found)
    if html:
        from course_utils.course import checkup_page

        checkup_page.save(html, found)
        print(f"the page is {html}")
    raise typer.Exit(code=1 if found.hurts else 0)


def answer(
    task: Annotated[
        Literal["classification", "asr", "diarization"], Argument(help="What to find out.")
    ],
    files: Annotated[list[Path], Argument(help="Recordings: audio or video files.")],
    model: Annotated[
        str | None,
        Option(help="Catalogue name, folder or Hub id (default: that of the pipeline() lesson)."),
    ] = None,
    format: Annotated[
        Format | None,
        Option(help="srt and vtt for asr, rttm for diarization (default: by --out, or text)."),
    ] = None,
    out: Annotated[
        Path | None, Option(help="File to write, or a folder for several (default: print).")
    ] = None,
    language: Language = None,
    profile: AnyProfile = None,
):
    """Transcribe recordings, say who speaks when, or name their sound, without references.

    Long recordings are transcribed in pieces, cut where nobody speaks. With json, several
    recordings are printed as one list.
    """
    prepare(profile)
    from course_utils.finetuning import answering

    format = answering.format_of(task, files, format, out)
    several, done, failed = len(files) > 1, [], 0
    for found in answering.answers(task, files, model, language):
        if "error" in found:
            failed += 1
            print(f"course-utils: {found['error']}", file=sys.stderr)
        elif out:
            print(answering.write(out, found, format, several))
        elif format == "json":
            done.append(found)
        else:
            title = f"{errors.shown(found['file'])}\n" if several and format == "text" else ""
            print(f"{title}{answering.written(found, format)}", end="")
    if done:
        print(json.dumps(done if several else done[0], indent=1, ensure_ascii=False))
    raise typer.Exit(code=min(failed, 1))
