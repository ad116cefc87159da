"""One recipe a task: what ``course-utils finetune`` and ``course-utils evaluate`` need to know."""

from importlib import import_module

from course_utils.finetuning.recipes._recipe import Recipe, RecipeError

__all__ = ["TASKS", "Recipe", "RecipeError", "find"]

# task -> module of this package and class in it, imported on demand: each loads other libraries.
_RECIPES = {
    "classification": ("classification", "Classification"),
    "asr": ("recognition", "Recognition"),
    "diarization": ("activity", "Activity"),
    "tts": ("synthesis", "Synthesis"),
}
TASKS = tuple(_RECIPES)


def find(task):
    """Return the class of the recipe for a task.

    Parameters
    ----------
    task : {"classification", "asr", "diarization", "tts"}

    Returns
    -------
    type
        A subclass of :class:`Recipe`.

    Raises
    ------
    RecipeError
        If there is no such task.
    """
    if task not in _RECIPES:
        raise RecipeError(f"there is no recipe for {task!r}: choose one of {', '.join(TASKS)}")
    module, name = _RECIPES[task]
    return getattr(import_module(f"{__name__}.{module}"), name)
