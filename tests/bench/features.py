"""Features of a data set for training: all at once, and an epoch over what is ready."""

import tempfile

import transformers
from measure import comparison, growth, paired

from course_utils import audio, data
from course_utils.finetuning import recipes, training

CLIPS = 60
BATCH = 16
RATE = 16_000
JOBS = {"AST, 5 s": ("classification", "genres", "classifier-base"),
        "CTC, 2 s to 8 s": ("asr", "calls", "ctc-recogniser")}  # fmt: skip


def mapped(rows, extractor, folder, fresh):
    """Compute features by `Dataset.map`, a clip a call, as tutorials do; or read what is cached."""
    name = extractor.model_input_names[0]

    def prepared(row):
        clip, _ = audio.load(row["audio"], sampling_rate=RATE)
        return {name: extractor(clip, sampling_rate=RATE)[name][0]}

    return rows.map(
        prepared, remove_columns=rows.column_names, load_from_cache_file=not fresh,
        cache_file_name=f"{folder}/features.arrow",
    ).with_format("numpy")  # fmt: skip


def batched(rows, extractor):
    """Give the extractor full batches."""
    clips = [audio.load(row["audio"], sampling_rate=RATE)[0] for row in rows]
    for first in range(0, len(clips), BATCH):
        extractor(clips[first : first + BATCH], sampling_rate=RATE, return_tensors="np")


def measure_all():
    """Return the rows of this section."""
    transformers.utils.logging.disable_progress_bar()
    rows, grown = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, (task, source, model) in JOBS.items():
            clips = data.load(source, "train").shuffle(seed=0).select(range(CLIPS))
            recipe = recipes.find(task)(training.checkpoint_of(model))
            recipe.begin(clips)
            taken = paired(
                {
                    "ours": lambda r=recipe, c=clips: training._examples(r, c) and None,
                    "Dataset.map, a clip a call": lambda r=recipe, c=clips: (
                        mapped(c, r.extractor, folder, True) and None
                    ),
                    "extractor on full batches": lambda r=recipe, c=clips: batched(c, r.extractor),
                },
                rounds=3,
            )
            rows.append(comparison(f"cold: {name}, {CLIPS} clips, decoding included", taken))
            ready = training._examples(recipe, clips)
            arrow = mapped(clips, recipe.extractor, folder, True)
            taken = paired(
                {
                    "ours": lambda ready=ready: _epoch(ready),
                    "Dataset.map, cached": lambda arrow=arrow: _epoch(arrow),
                }
            )
            rows.append(comparison(f"ready: {name}, an epoch's rows", taken))
        clips = data.load("calls", "train")
        grown.append(
            growth(
                "CTC features", (10, 40, 160),
                lambda n: training._examples(recipe, clips.select(range(n))), "clips", repeats=1,
            )
        )  # fmt: skip
    note = (
        "A recipe keeps its features in memory for one run, and computes them anew in the next; "
        "`Dataset.map` keeps them on disk, and reads each row anew in every epoch."
    )
    return {"rows": rows, "growth": grown, "note": note}


def _epoch(rows):
    for place in range(len(rows)):
        rows[place]
