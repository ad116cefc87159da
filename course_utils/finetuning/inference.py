"""Answer many files with one model: sorted by length, shared out, taken up again after a stop."""

import json
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import PartialState
from filelock import FileLock

from course_utils import audio, errors
from course_utils.errors import one_line
from course_utils.finetuning import recipes, sources
from course_utils.finetuning.checkpoints import checkpoint_of, opening
from course_utils.finetuning.recipes import RecipeError

PATIENCE = timedelta(days=7)
"""How long a process that is done waits for the others."""


def evaluate(task, model, out, *, data=None, split=None, batch_size=8):
    """Answer every file of a data set, and score what has a reference.

    Under ``accelerate launch`` each process answers its share. All append to one file, so that a
    run that is stopped goes on where it was: what is answered there already is skipped, errors are
    tried again.

    Parameters
    ----------
    task : str
        One of `recipes.TASKS`.
    model : str
        See `checkpoints.checkpoint_of`.
    out : path-like
        File for the results, a JSON object a line: ``file``, ``model``, the answer, and
        ``reference`` where there is one; or ``error``. It must be seen by all processes.
    data, split : str, optional
        See `sources.answering`; the lesson's data by default.
    batch_size : int
        Files that go through the model at once.

    Returns
    -------
    dict
        ``answered``, ``errors``, ``skipped``, how many; and the metrics by name.

    Raises
    ------
    RecipeError, course_utils.data.DataError, course_utils.catalog.CatalogError
        If it cannot be as asked.
    """
    out, kind = Path(out), recipes.find(task)
    rows = sources.answering(task, data or kind.data, split)
    with opening(model, task):
        recipe = kind(checkpoint_of(model))
    state = PartialState(cpu=not torch.accelerator.is_available(), timeout=PATIENCE)
    if state.is_main_process:
        with errors.writing(out, RecipeError):
            _tidy(out, str(model))
    state.wait_for_everyone()
    wanted = {row["file"] for row in rows}
    done = wanted & {line["file"] for line in _read(out)}
    state.wait_for_everyone()  # none writes before all have read, or they would share out otherwise
    # Neighbours have about the same length, so little is padded; the longest come first, so that
    # the processes end together, and too little memory shows at once.
    pending = sorted((row for row in rows if row["file"] not in done), key=_size, reverse=True)
    mine = pending[state.process_index :: state.num_processes]
    if mine:
        with opening(model, task):
            recipe.open(rows)
    for first in range(0, len(mine), batch_size):
        lines = _answers(recipe, mine[first : first + batch_size])
        told = [json.dumps({**line, "model": str(model)}, ensure_ascii=False) for line in lines]
        with (
            errors.writing(out, RecipeError),
            FileLock(f"{out}.lock"),
            out.open("a", encoding="utf-8", errors="backslashreplace") as file,
        ):
            file.writelines(f"{line}\n" for line in told)
    state.wait_for_everyone()
    lines = [line for line in _read(out) if line["file"] in wanted]
    good = [line for line in lines if "error" not in line]
    scored = [line for line in good if "reference" in line]
    counts = {"answered": len(good), "errors": len(lines) - len(good), "skipped": len(done)}
    try:
        return counts | (recipe.score(scored) if scored else {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecipeError(
            f"{out}: holds answers that cannot be scored ({one_line(error)}); choose another --out"
        ) from error


def _size(row):
    """Tell about how long a row is to process, by the size of its file."""
    value = row.get("audio") or {}
    if value.get("bytes") is not None:
        return len(value["bytes"])
    path = Path(value.get("path") or "")
    return path.stat().st_size if path.is_file() else 0


def _answers(recipe, rows):
    """Answer a batch; a row that cannot be decoded or answered becomes an error of its own."""
    lines, readable = [], []
    for row in rows:
        try:
            readable.append(recipe.decode(row))
        except audio.AudioError as error:
            # Named as in the results, wherever the folder lies.
            told = str(error).replace(str(row["audio"]["path"]), row["file"])
            lines.append({"file": row["file"], "error": told})
    try:
        answers = recipe.answer(readable) if readable else []
    except Exception as error:  # one odd file must not end a night's work
        if len(readable) > 1:
            return lines + [line for row in readable for line in _answers(recipe, [row])]
        lines.append({"file": readable[0]["file"], "error": f"{type(error).__name__}: {error}"})
        return lines
    for row, answer in zip(readable, answers, strict=True):
        reference = recipe.reference(row)
        told = {} if reference is None else {"reference": reference}
        lines.append({"file": row["file"], **answer, **told})
    return lines


def _lines(out):
    return errors.read(out, RecipeError).split("\n") if out.is_file() else []


def _read(out):
    """Return what is in a file of results."""
    return [json.loads(line) for line in _lines(out) if line]


def _tidy(out, model):
    """Drop errors, to be tried again, and a last line that was cut off; refuse another's file."""
    lines, kept = [line for line in _lines(out) if line], []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            other = entry["model"]
            hash(entry["file"])
        except (ValueError, KeyError, TypeError, RecursionError):
            if number == len(lines):
                continue
            raise RecipeError(f"{out}, line {number}: is no result; choose another --out") from None
        if other != model:
            raise RecipeError(f"{out} holds answers of {other}; choose another --out for {model}")
        if "error" not in entry:
            kept.append(line)
    out.parent.mkdir(parents=True, exist_ok=True)
    errors.write(out, "".join(f"{line}\n" for line in kept), RecipeError)
