"""Answer single recordings: what is said, who speaks when, what it is; as text or in a format."""

import json
from pathlib import Path

import numpy as np

from course_utils import audio, errors, pipelines
from course_utils.errors import shown
from course_utils.finetuning import recipes, sources
from course_utils.finetuning.checkpoints import checkpoint_of, opening
from course_utils.finetuning.recipes import RecipeError
from course_utils.finetuning.recipes._recipe import RATE
from course_utils.formats import rttm, subtitles
from course_utils.formats.speaker_turns import joined

FORMATS = {
    "asr": ("text", "srt", "vtt", "json"),
    "diarization": ("text", "rttm", "json"),
    "classification": ("text", "json"),
}
"""Formats in which the answers of each task can be written; the first one is the default."""
MODELS = {"asr": "recogniser", "diarization": "diarizer", "classification": "sound-classifier"}
"""Models of the lessons on ``pipeline()``, for want of another."""
MARGIN = 0.1  # seconds of sound that are kept before and after a piece of speech
PAUSE = 0.4  # seconds; a recording is cut at longer pauses
_BATCH = 8  # pieces that a recogniser hears at once
_SUFFIXES = {".txt": "text", ".srt": "srt", ".vtt": "vtt", ".rttm": "rttm", ".json": "json"}


def format_of(task, files, format=None, out=None):
    """Return the format: as asked, or by the suffix of `out`, or text.

    Raise `RecipeError` if the task has no such format, or if several recordings cannot be written
    as asked.
    """
    format = format or _SUFFIXES.get(Path(out or "").suffix.lower(), "text")
    if task not in FORMATS:
        raise RecipeError(f"answer is for {', '.join(FORMATS)}, not for {task!r}")
    if format not in FORMATS[task]:
        known = ", ".join(FORMATS[task])
        raise RecipeError(f"--format {format} does not go with {task}: choose one of {known}")
    if len(files) > 1 and out is None and format in ("srt", "vtt"):
        raise RecipeError(f"{format} holds one recording: give --out, a folder for several")
    stems = [Path(file).stem for file in files]
    if twice := {stem for stem in stems if stems.count(stem) > 1}:
        names = ", ".join(map(shown, sorted(twice)))
        raise RecipeError(f"two files are called {names}: answer them one by one")
    return format


def answers(task, files, model=None, language=None):
    """Yield for each file a dict with ``file`` and the answer, or with ``error``.

    The answer has ``text`` and ``chunks`` (asr: pieces between pauses, with their times),
    ``turns`` (diarization), or ``label`` and ``score`` (classification). A recording is decoded
    when it is asked for, so that memory holds one.

    Parameters
    ----------
    task : {"asr", "diarization", "classification"}
    files : list of path-like
    model : str, optional
        See `checkpoints.checkpoint_of`; by default that of `MODELS`.
    language : str, optional
        Spoken language, for a multilingual recogniser.
    """
    model = model or MODELS[task]
    sources.refuse_ambiguous(model)
    with opening(model, task):
        recipe = recipes.find(task)(checkpoint_of(model))
        recipe.set_language(language, None)
        recipe.open([])
    for file in files:
        try:
            row = recipe.decode({"audio": {"path": str(file), "bytes": None}, "turns": None})
        except audio.AudioError as error:
            yield {"file": str(file), "error": str(error)}
            continue
        if task == "asr":
            answer = _transcript(recipe, row["samples"])
        else:
            (answer,) = recipe.answer([row])
        yield {"file": str(file), **answer}


def _transcript(recipe, samples):
    """Return the text of a recording, and its pieces as chunks for `subtitles`."""
    chunks, spans = [], pieces(samples, RATE)
    for first in range(0, len(spans), _BATCH):
        batch = spans[first : first + _BATCH]
        cut = [samples[_place(start - MARGIN) : _place(end + MARGIN)] for start, end in batch]
        said = recipe.answer([{"samples": clip} for clip in cut])
        chunks += [
            {"timestamp": [round(time, 3) for time in span], "text": answer["text"]}
            for span, answer in zip(batch, said, strict=True)
            if answer["text"]
        ]
    return {"text": " ".join(chunk["text"] for chunk in chunks), "chunks": chunks}


def _place(seconds):
    return max(round(seconds * RATE), 0)


def pieces(samples, rate):
    """Return where a recording is cut for a recogniser: start and end of each piece, in seconds.

    A piece is speech between pauses of more than `PAUSE`. A recording in which no speech stands out
    from its background is one piece; silence is none.
    """
    regions = pipelines.speech_regions(samples, rate)
    if not regions and np.abs(samples).max() > 1e-3:
        regions = [(0.0, len(samples) / rate)]
    return joined(regions, PAUSE)


def written(answer, format):
    """Return an answer in a format, as text that ends with a line end, or empty."""
    name = Path(answer["file"]).stem
    if format == "json":
        return json.dumps(answer, indent=1, ensure_ascii=False) + "\n"
    if format == "srt":
        return subtitles.to_srt(answer["chunks"])
    if format == "vtt":
        return subtitles.to_vtt(answer["chunks"])
    if format == "rttm":  # its fields are separated by spaces
        return rttm.to_rttm({"_".join(name.split()) or "recording": answer["turns"]})
    if "turns" in answer:
        lines = [f"{t['start']:8.2f} {t['end']:8.2f}  {t['speaker']}" for t in answer["turns"]]
        return "".join(f"{line}\n" for line in lines)
    named = "label" in answer
    return f"{answer['label']} {answer['score']:.2f}\n" if named else f"{answer['text']}\n"


def write(out, answer, format, several):
    """Write an answer to the file `out`, or to one of its name in the folder `out` if several."""
    if several:
        suffix = next(suffix for suffix, name in _SUFFIXES.items() if name == format)
        out = Path(out) / f"{Path(answer['file']).stem}{suffix}"
        with errors.writing(out, RecipeError):
            out.parent.mkdir(parents=True, exist_ok=True)
    errors.write(out, written(answer, format), RecipeError)
    return out
