"""One recipe a task, for ``course-utils finetune`` and ``course-utils evaluate``."""

from importlib import import_module

from course_utils.finetuning.recipes._recipe import Recipe, RecipeError

__all__ = ["TASKS", "Recipe", "RecipeError", "find"]

# task -> module and class. A module is imported when it is needed, for each loads other libraries.
_RECIPES = {
    "classification": ("classification", "Classification"),
    "asr": ("recognition", "Recognition"),
    "diarization": ("activity", "Activity"),
    "tts": ("synthesis", "Synthesis"),
}
TASKS = tuple(_RECIPES)


def find(task):
    """Return the recipe of a task, a subclass of :class:`Recipe`.

    Parameters
    ----------
    task : {"classification", "asr", "diarization", "tts"}

    Raises
    ------
    RecipeError
        If there is no such task.
    """
    if task not in _RECIPES:
        raise RecipeError(f"there is no recipe for {task!r}: choose one of {', '.join(TASKS)}")
    module, name = _RECIPES[task]
    return getattr(import_module(f"{__name__}.{module}"), name)
