"""One recipe a task, for ``course-utils finetune`` and ``course-utils evaluate``."""

from course_utils.finetuning.recipes._recipe import LeftOut, Recipe, RecipeError
from course_utils.finetuning.recipes.activity import Activity
from course_utils.finetuning.recipes.classification import Classification
from course_utils.finetuning.recipes.recognition import Recognition
from course_utils.finetuning.recipes.synthesis import Synthesis

__all__ = ["TASKS", "LeftOut", "Recipe", "RecipeError", "find"]

_RECIPES = {"classification": Classification, "asr": Recognition}
_RECIPES |= {"diarization": Activity, "tts": Synthesis}
TASKS = tuple(_RECIPES)


def find(task):
    """Return the recipe of a task, a subclass of :class:`Recipe`, or raise `RecipeError`."""
    if task not in _RECIPES:
        raise RecipeError(f"there is no recipe for {task!r}: choose one of {', '.join(TASKS)}")
    return _RECIPES[task]
