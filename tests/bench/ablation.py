"""Ablation of lesson 05: what each part of its training is worth, at equal numbers of steps.

    OMP_NUM_THREADS=1 python tests/bench/ablation.py     twenty minutes

Runs the cells of the lesson up to its first training, then its `train` five times, with the steps
of the lesson's longer training. What it finds goes into ``results/``, and from there to
BENCHMARKS.md (``bench.py write``) and into the table of the lesson.
"""

import argparse
import json
import os
import tempfile
import time
from itertools import compress

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["COURSE_PROFILE"] = "pocket"
os.environ.setdefault("COURSE_HOME", tempfile.mkdtemp(prefix="bench-ablation-"))

import measure
import numpy as np
from datasets import concatenate_datasets
from transformers import pipeline

from course_utils import scoring
from course_utils.course import syllabus


def prepared():
    """Run the lesson up to its first training; return its names."""
    (lesson,) = syllabus.select(["05"])
    cells = json.loads((syllabus.folder() / lesson.file).read_text(encoding="utf-8"))["cells"]
    names = {"__name__": "lesson_05"}
    for cell in cells:
        code = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        if "trainer = train(" in code:
            break
        if code.startswith("# @title Setup"):
            code = "from course_utils import lesson"
        exec(compile(code, f"{lesson.file}, {cell['id']}", "exec"), names)
    return names


def parts(names, calls, old):
    """Return texts of calls with and without the pattern of a training call, and old ones."""
    known = names["followed"]
    return {"known": list(compress(calls, known)), "new": list(compress(calls, ~known)), "old": old}


def predicted(names, model):
    """Return what a model writes for the test calls and the old test clips."""
    model.eval()
    processor = names["processor"]
    recogniser = pipeline(
        "automatic-speech-recognition", model=model, tokenizer=processor.tokenizer,
        feature_extractor=processor.feature_extractor,
    )  # fmt: skip
    return [names["transcribe"](recogniser, names[rows]["test"]) for rows in ("calls", "old")]


def interval(differences, draws=1000):
    """Return the 95 % bootstrap interval of the mean of paired differences."""
    rows = np.random.default_rng(0).integers(len(differences), size=(draws, len(differences)))
    return np.percentile(np.asarray(differences)[rows].mean(1), (2.5, 97.5)).tolist()


def main():
    """Train the five rows, score them, and keep the result."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    names = prepared()
    calls = names["features"]["train"]
    mixed = concatenate_datasets([calls, names["features_of"](names["old"]["train"])])
    size = names["batch"]["per_device_train_batch_size"]
    epochs = names["settings"]["num_train_epochs"]
    longer = epochs * -(-len(mixed) // size) / -(-len(calls) // size)  # as many steps
    plain = {"apply_spec_augment": False}
    banking = names["speech"]["train"].filter(
        lambda domain: domain == "banking", input_columns="domain"
    )
    wider = concatenate_datasets([mixed, names["features_of"](banking)])
    shorter = epochs * -(-len(mixed) // size) / -(-len(wider) // size)
    ways = {
        "calls and old clips": (mixed, {}, {}),
        "calls only": (calls, {}, {"num_train_epochs": longer - 1e-6}),
        "without SpecAugment": (mixed, plain, {}),
        "without label smoothing": (mixed, {}, {"label_smoothing_factor": 0.0}),
        "with clean bank requests": (wider, {}, {"num_train_epochs": shorter - 1e-6}),
    }
    texts = parts(names, names["references"], names["old_references"])
    rows, full = [], None
    for name, (clips, config, changes) in ways.items():
        started = time.perf_counter()
        model = names["pretrained"]()
        model.config.update(config)
        trainer = names["train"](model, clips, **changes)
        seconds = time.perf_counter() - started
        calls_written, old_written = predicted(names, trainer.model)
        written = parts(names, calls_written, old_written)
        right = names["numbers_right"](names["references"], calls_written)
        full = full or (written, right)
        row = {
            "name": name, "steps": trainer.state.global_step, "seconds": seconds,
            "numbers": len(right), "numbers_right": sum(right),
        }  # fmt: skip
        row["calls"] = names["wer"](names["references"], calls_written)
        for part, references in texts.items():
            row[part] = names["wer"](references, written[part])
            row[f"{part}_against"] = None if len(rows) == 0 else list(
                scoring.confidence_interval(references, written[part], versus=full[0][part])
            )  # fmt: skip
        differences = [int(a) - int(b) for a, b in zip(right, full[1], strict=True)]
        row["numbers_against"] = interval(differences) if rows else None
        rows.append(row)
        print(row, flush=True)
    command = "OMP_NUM_THREADS=1 python tests/bench/ablation.py"
    measure.save("ablation", command, {"ablation": rows})


if __name__ == "__main__":
    main()
