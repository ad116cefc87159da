"""Whether a model can learn from a folder: the rows that `training` would leave out, and why."""

from collections import defaultdict

from course_utils.data.faults import Finding
from course_utils.errors import shown
from course_utils.finetuning import recipes, sources
from course_utils.finetuning.checkpoints import checkpoint_of, opening
from course_utils.finetuning.recipes import LeftOut, RecipeError
from course_utils.finetuning.recipes._recipe import RATE
from course_utils.finetuning.recipes.classification import SECONDS

_TASKS = {"text": "asr", "label": "classification", "turns": "diarization"}
"""Column -> the task that is learned from it; the first one that a data set has counts."""
_FIXES = {
    "longer": "cut them at pauses, and divide the text: course-utils answer asr FILE --format srt",
    "characters": "write them in the model's characters, or choose another --model",
    "text": "write what is said, or delete the rows",
    "label": "fill the cells, or delete the rows",
}
"""What mends a row that is left out, by a word of the reason."""


def findings(checkup, model=None, task=None):
    """Yield a `Finding` for each reason for which rows of a folder are left out by a recipe.

    Parameters
    ----------
    checkup : course_utils.data.checkup.Checkup
    model : str, optional
        See `checkpoints.checkpoint_of`; by default the recipe's.
    task : str, optional
        One of `recipes.TASKS`; by default the one that goes with the columns of the folder.
    """
    task = task or next((_TASKS[name] for name in _TASKS if name in checkup.columns), None)
    if task is None:
        raise RecipeError("the folder has neither texts nor labels nor turns: leave out --model")
    sources.refuse_ambiguous(model)
    kind = recipes.find(task)
    with opening(model or kind.model, task):
        recipe = kind(checkpoint_of(model or kind.model))
    rows, characters = defaultdict(list), defaultdict(dict)
    for clip in checkup.clips:
        if clip.facts.error:
            continue
        try:
            row = {recipe.column: None} | clip.known
            recipe.refuse(row, round(clip.facts.seconds * RATE))
        except LeftOut as error:
            rows[str(error)].append(clip.name)
            characters[str(error)] |= dict.fromkeys(error.characters)
    for reason, files in rows.items():
        found = ", ".join(map(shown, [*characters[reason]][:20]))
        text = f"{len(files)} {reason}" + (f": {found}" if found else "")
        fix = next((fix for word, fix in _FIXES.items() if word in reason), "delete the rows")
        yield Finding(f"{task} leaves out", text, fix, files)
    if task == "classification":
        long = [c.name for c in checkup.clips if c.facts.seconds > SECONDS]
        if long:
            text = f"{len(long)} longer than {SECONDS} s, of which only the beginning is heard"
            fix = f"ffmpeg -i FILE -f segment -segment_time {SECONDS} part-%03d.wav cuts them"
            yield Finding("longer than the window", text, fix, long, hurts=False)
