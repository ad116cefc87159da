"""Answer many files with one model: sorted by length, shared among processes, resumable."""

import json
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import PartialState
from filelock import FileLock

from course_utils import audio, errors
from course_utils.finetuning import recipes, sources
from course_utils.finetuning.checkpoints import checkpoint_of, opening
from course_utils.finetuning.recipes import RecipeError


def evaluate(task, model, out, *, data=None, split=None, batch_size=8, language=None):
    """Answer every file of a data set, and score the answers that have a reference.

    Under ``accelerate launch`` each process answers its share. All append to one file, so that an
    interrupted run can be resumed: files that are answered there are skipped, errors tried again.
    Returns the numbers of files ``answered``, ``errors`` and ``skipped``, and the metrics by name.

    Parameters
    ----------
    task, model : str
        One of `recipes.TASKS`; see `checkpoints.checkpoint_of`.
    out : path-like
        File for the results, which all processes can write: JSON Lines with ``file``, ``model``,
        ``data``, the answer, and ``reference`` if there is one; or with ``error``.
    data, split : str, optional
        See `sources.answering`; by default the recipe's data.
    batch_size : int
        Files in one batch, for each process.
    language : str, optional
        Spoken language, for a multilingual recogniser; by default that of the catalogue.
    """
    out, kind = Path(out), recipes.find(task)
    sources.refuse_ambiguous(data, model)
    data = data or kind.data
    rows = sources.answering(task, data, split)
    with opening(model, task):
        recipe = kind(checkpoint_of(model))
        recipe.set_language(language, data)
    # A process that is done waits up to a week for the others.
    state = PartialState(cpu=not torch.accelerator.is_available(), timeout=timedelta(days=7))
    kept = [(text, entry) for text, entry in _results(out, model, data) if "error" not in entry]
    state.wait_for_everyone()  # all have read the same results before one writes
    if state.is_main_process:
        with errors.writing(out, RecipeError):
            out.parent.mkdir(parents=True, exist_ok=True)
            errors.write(out, "".join(text for text, _ in kept), RecipeError)
    state.wait_for_everyone()
    wanted = {row["file"] for row in rows}
    done = wanted & {entry["file"] for _, entry in kept}
    # Neighbours have about the same length, so that little is padded. The longest come first, so
    # that processes end together and too little memory shows at once.
    pending = sorted((row for row in rows if row["file"] not in done), key=_size, reverse=True)
    mine = pending[state.process_index :: state.num_processes]
    if mine:
        with opening(model, task):
            recipe.open(rows)
    for first in range(0, len(mine), batch_size):
        lines = _answers(recipe, mine[first : first + batch_size])
        origin = {"model": str(model), "data": str(data)}
        text = [json.dumps(line | origin, ensure_ascii=False) for line in lines]
        with (
            errors.writing(out, RecipeError),
            FileLock(f"{out}.lock"),
            out.open("a", encoding="utf-8", errors="backslashreplace") as file,
        ):
            file.writelines(f"{line}\n" for line in text)
    state.wait_for_everyone()
    lines = [entry for _, entry in _results(out, model, data) if entry["file"] in wanted]
    good = [line for line in lines if "error" not in line]
    scored = [line for line in good if "reference" in line]
    counts = {"answered": len(good), "errors": len(lines) - len(good), "skipped": len(done)}
    try:
        return counts | (recipe.score(scored) if scored else {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecipeError(
            f"{out}: holds answers that cannot be scored ({errors.one_line(error)}); "
            "choose another --out"
        ) from error


def _size(row):
    """Return the size of a row's audio file in bytes, which stands for its length."""
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
        except audio.AudioError as error:  # named as in the results, whatever the folder's path
            message = str(error).replace(str(row["audio"]["path"]), row["file"])
            lines.append({"file": row["file"], "error": message})
    try:
        answers = recipe.answer(readable) if readable else []
    except Exception as error:  # one odd file must not stop the run
        if len(readable) > 1:
            return lines + [line for row in readable for line in _answers(recipe, [row])]
        answers = [{"error": f"{type(error).__name__}: {error}"}]
    for row, answer in zip(readable, answers, strict=True):
        reference = recipe.reference(row)
        known = {} if reference is None or "error" in answer else {"reference": reference}
        lines.append({"file": row["file"], **answer, **known})
    return lines


def _results(out, model, data):
    """Return each line of a file of results, and what it says; refuse another model's or data's."""
    lines = errors.read(out, RecipeError).split("\n") if out.is_file() else []
    lines, found = [line for line in lines if line], []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            others = (entry["model"], model), (entry["data"], data)
            hash(entry["file"])
        except (ValueError, KeyError, TypeError, RecursionError):
            if number == len(lines):  # cut short when a run was interrupted
                break
            raise RecipeError(f"{out}, line {number}: is no result; choose another --out") from None
        for other, own in others:
            if other != str(own):
                raise RecipeError(
                    f"{out} holds answers of {errors.shown(str(other))}; "
                    f"choose another --out for {own}"
                )
        found.append((f"{line}\n", entry))
    return found
