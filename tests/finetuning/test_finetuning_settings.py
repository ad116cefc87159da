"""Training arguments: the lessons' cells and the commands' defaults agree; precision by device."""

import ast
import json
from types import SimpleNamespace

import pytest
import torch
from transformers import Seq2SeqTrainingArguments

from course_utils import catalog, finetuning
from course_utils.course import syllabus
from course_utils.finetuning import recipes
from course_utils.finetuning.recipes import synthesis

LESSONS = {"03": "classification", "05": "asr", "07": "diarization", "09": "tts", "10": None}
KNOWN = set(Seq2SeqTrainingArguments.__dataclass_fields__)
OWN = {
    "dataloader_pin_memory",
    "disable_tqdm",
    "eval_strategy",
    "label_names",
    "logging_strategy",
    "max_steps",
    "predict_with_generate",
    "remove_unused_columns",
    "report_to",
    "save_strategy",
    "seed",
}
"""Arguments that say how a notebook reports, or that the commands set in a way of their own."""


def code_of(lesson):
    """Return the code cells of a lesson."""
    (path,) = syllabus.folder().glob(f"{lesson}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def settings_of(lesson, profile):
    """Evaluate the cells of a lesson that set training arguments: with what does it train?"""
    cells = ["".join(cell["source"]) for cell in code_of(lesson)]
    space = {
        "catalog": SimpleNamespace(profile=lambda: profile),
        "finetuning": SimpleNamespace(mixed_precision=lambda: {"fp16": "by device"}),
        "dict": dict,
    }
    found, limited = {}, False
    for cell in cells:
        if "TrainingArguments(" not in cell and "}[catalog.profile()]" not in cell:
            continue
        defaults = {}  # of the functions' parameters
        for node in ast.walk(ast.parse(cell)):
            if isinstance(node, ast.FunctionDef) and (own := node.args.defaults):
                names = (parameter.arg for parameter in node.args.args[-len(own) :])
                defaults |= dict(zip(names, own, strict=True))
            if isinstance(node, ast.Assign) and ast.unparse(node.value).endswith(
                "[catalog.profile()]"
            ):
                found |= eval(ast.unparse(node.value), space)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                "TrainingArguments"
            ):
                given = {word.arg: word.value for word in node.keywords if word.arg}
                limited = ast.unparse(given["max_steps"]) == "catalog.max_steps() or -1"
                assert set(given) <= KNOWN
                for name in set(given) - OWN:
                    value = defaults.get(ast.unparse(given[name]), given[name])
                    found[name] = ast.literal_eval(value)
        if "TrainingArguments(" in cell:  # a later cell may train on other data
            break
    assert limited, f"lesson {lesson} does not stop after COURSE_MAX_STEPS"
    return found


@pytest.mark.parametrize("profile", catalog.PROFILES)
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_command_trains_as_its_lesson_does(lesson, profile):
    found = settings_of(lesson, profile)
    # The commands have an option --precision; lesson 09 trains the same small model in both.
    assert found.pop("fp16", None) == ("by device" if profile == "hub" and lesson != "09" else None)
    if LESSONS[lesson] is None:
        assert found["learning_rate"] == {"pocket": 2e-3, "hub": 1e-5}[profile]
        return
    recipe = recipes.find(LESSONS[lesson])
    expected = recipe.pocket if profile == "pocket" else recipe.hub
    assert {"gradient_accumulation_steps": 1} | found == expected


@pytest.mark.parametrize(
    ("capability", "expected"),
    [(None, {}), ((7, 5), {"fp16": True}), ((8, 0), {"bf16": True}), ((9, 0), {"bf16": True})],
)
def test_mixed_precision_goes_by_the_gpu(capability, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: capability is not None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert finetuning.mixed_precision() == expected


@pytest.mark.parametrize(("batch_size", "fitted"), [(None, True), (4, False)])
def test_a_batch_that_was_asked_for_is_not_fitted_to_the_memory(
    batch_size, fitted, monkeypatch, tmp_path
):
    """`finetune --batch-size` means the same global batch on every GPU."""
    from course_utils.finetuning import training

    class Enough(Exception):
        pass

    def stop(path, **options):
        assert options["auto_find_batch_size"] == fitted
        assert options["per_device_train_batch_size"] == (batch_size or 8)
        assert options["gradient_accumulation_steps"] == 2
        raise Enough

    monkeypatch.setattr(training, "TrainingArguments", stop)
    folder = catalog.model("sound-classifier")
    monkeypatch.setattr(training, "checkpoint_of", lambda model: folder)
    monkeypatch.setenv("COURSE_PROFILE", "hub")
    with pytest.raises(Enough):
        training.finetune("classification", tmp_path, batch_size=batch_size)


def test_a_clip_of_a_voice_gets_the_silence_and_the_level_of_the_lesson():
    (cell,) = (cell for cell in code_of("09") if "".join(cell["source"]).startswith("EDGES = "))
    edges = ast.parse("".join(cell["source"])).body[0].value
    assert eval(ast.unparse(edges)) == tuple(round(16_000 * edge) for edge in synthesis.EDGES)
    (output,) = cell["outputs"]
    assert f"level: RMS {synthesis.LEVEL:.3f}," in "".join(output["text"])
