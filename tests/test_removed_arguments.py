"""Lessons and package use nothing that Transformers 5, Datasets 4 and jiwer 4 have removed."""

import ast
import inspect
import json
from pathlib import Path

import pytest
from transformers import Trainer, TrainingArguments

from course_utils.course import syllabus

ROOT = Path(__file__).resolve().parents[1]

TRAINING = {
    "evaluation_strategy": "is eval_strategy",
    "group_by_length": 'is train_sampling_strategy="group_by_length"',
    "no_cuda": "is use_cpu",
    "warmup_ratio": "is warmup_steps, where a number below 1 is a share",
}
"""Arguments of TrainingArguments."""

KEYWORDS = TRAINING | {
    "forced_decoder_ids": "are generation_config.language and .task",
    "torch_dtype": "is dtype",
    "trust_remote_code": "data sets by script are gone, and lessons run no strangers' code",
    "use_auth_token": "is token",
}
"""Arguments, wherever they are given."""

ATTRIBUTES = {
    "as_target_processor": "is processor(text=...)",
    "compute_measures": "is jiwer.process_words",
    "forced_decoder_ids": "are generation_config.language and .task",
    "freeze_feature_extractor": "is freeze_feature_encoder",
}
GENERATION = {"do_sample", "max_length", "max_new_tokens", "no_repeat_ngram_size", "num_beams"}
GENERATION |= {"length_penalty", "suppress_tokens", "temperature", "top_k", "top_p"}
"""Options that are read from model.generation_config, no more from model.config."""

TEXTS = {"TRANSFORMERS_CACHE": "is HF_HOME"}


def removed(code):
    """List what a piece of Python uses that is gone: a sentence each."""
    found = []
    for node in ast.walk(ast.parse(code)):
        line = f"line {getattr(node, 'lineno', '?')}: "
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            names = {keyword.arg for keyword in node.keywords}
            found += [f"{line}{n} {KEYWORDS[n]}" for n in sorted(names & set(KEYWORDS), key=str)]
            if called.endswith("Trainer") and "tokenizer" in names:
                found.append(f"{line}tokenizer is processing_class")
        elif isinstance(node, ast.Dict):  # arguments on their way
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            found += [f"{line}{n} {KEYWORDS[n]}" for n in sorted(keys & set(KEYWORDS))]
        elif isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
            found.append(f"{line}{node.attr} {ATTRIBUTES[node.attr]}")
        elif isinstance(node, ast.Constant) and node.value in TEXTS:
            found.append(f"{line}{node.value} {TEXTS[node.value]}")
        for target in getattr(node, "targets", []):
            held = getattr(target, "value", None)
            if getattr(target, "attr", "") in GENERATION and getattr(held, "attr", "") == "config":
                found.append(f"{line}config.{target.attr} is generation_config.{target.attr}")
    return found


def python_of(path):
    """Return the code of a module, or that of a notebook's cells without IPython's commands."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
    lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
    return "\n".join(
        f"{line[: len(line) - len(line.lstrip())]}pass" if line.lstrip()[:1] in ("%", "!") else line
        for line in lines
    )


PATHS = [*sorted((ROOT / "course_utils").rglob("*.py")), *sorted(syllabus.folder().glob("*.ipynb"))]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_nothing_removed_is_used(path):
    assert removed(python_of(path)) == []


@pytest.mark.parametrize(
    "code",
    [
        *(f"TrainingArguments('x', {name}=1)" for name in TRAINING),
        "dict(evaluation_strategy='epoch')",
        "settings = {'warmup_ratio': 0.1}",
        "Seq2SeqTrainer(model, tokenizer=extractor)",
        "transformers.Trainer(model, tokenizer=extractor)",
        "AutoModel.from_pretrained(name, torch_dtype='auto')",
        "load_dataset(name, trust_remote_code=True)",
        "load_dataset(name, use_auth_token=True)",
        "with processor.as_target_processor():\n    pass",
        "model.freeze_feature_extractor()",
        "model.config.forced_decoder_ids = None",
        "model.generate(features, forced_decoder_ids=ids)",
        "model.config.max_length = 225",
        "os.environ['TRANSFORMERS_CACHE'] = '/tmp'",
        "jiwer.compute_measures(a, b)",
    ],
)
def test_what_is_removed_is_found(code):
    assert len(removed(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "TrainingArguments('x', eval_strategy='epoch', warmup_steps=0.1, use_cpu=True)",
        "pipeline('automatic-speech-recognition', model=model, tokenizer=tokenizer)",
        "Trainer(model, processing_class=tokenizer)",
        "model.generation_config.max_length = 225",
        "config.max_length",
    ],
)
def test_what_is_there_is_left_alone(code):
    assert removed(code) == []


def test_the_library_has_them_no_more():
    """The list is right about the installed version."""
    assert not set(TRAINING) & set(TrainingArguments.__dataclass_fields__)
    assert "tokenizer" not in inspect.signature(Trainer.__init__).parameters
