"""Label whole clips, as in lesson 03."""

import torch
from transformers import (
    AutoFeatureExtractor,
    AutoModelForAudioClassification,
    default_data_collator,
    pipeline,
)

from course_utils import scoring
from course_utils.finetuning.recipes._recipe import (
    RATE,
    Recipe,
    RecipeError,
    require,
    without_dropout,
)

SECONDS = 5
"""Clips are padded or cut to this length."""


class Classification(Recipe):
    """A new head for new labels; features once, another moment of the clip in every epoch."""

    data, model = "genres", "classification-base"

    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
        self.input = self.extractor.model_input_names[0]
        self.names = []

    def begin(self, rows):  # noqa: D102
        require(rows, "label", "put each class into a folder of its own, or add the column")
        self.names = getattr(rows.features["label"], "names", None)
        if not self.names:
            raise RecipeError("the column 'label' must be a datasets.ClassLabel, with names")

    def examples(self, row):  # noqa: D102
        features = self.extractor(
            row["samples"], sampling_rate=RATE, padding="max_length", truncation=True,
            max_length=SECONDS * RATE, return_tensors="np",
        )  # fmt: skip
        yield {self.input: features[self.input][0], "labels": row["label"]}

    def fresh_model(self, deterministic=False, start=None):  # noqa: D102
        names = dict(enumerate(self.names))
        return AutoModelForAudioClassification.from_pretrained(
            start or self.checkpoint, dtype="float32", id2label=names,
            label2id={name: number for number, name in names.items()}, ignore_mismatched_sizes=True,
            **(without_dropout(self.checkpoint) if deterministic else {}),
        )  # fmt: skip

    def collator(self, model):  # noqa: D102
        return default_data_collator

    def vary(self, batch):
        """Let each clip begin at another moment, and blank a tenth of it."""
        varied = batch[self.input].clone()
        length = varied.shape[1]  # the second axis is time
        for place, clip in enumerate(varied):
            shift, gap = torch.randint(length, ()), torch.randint(length * 9 // 10, ())
            varied[place] = clip.roll(int(shift), 0)
            varied[place, gap : gap + length // 10] = 0
        return {**batch, self.input: varied}

    def save(self, folder):  # noqa: D102
        self.extractor.save_pretrained(folder)

    def open(self, rows):  # noqa: D102
        self.pipe = pipeline("audio-classification", model=self.checkpoint)

    def answer(self, rows):  # noqa: D102
        inputs = [{"array": row["samples"], "sampling_rate": RATE} for row in rows]
        answers = self.pipe(inputs, top_k=1, batch_size=len(inputs))
        return [{"label": best["label"], "score": best["score"]} for (best,) in answers]

    def reference(self, row):  # noqa: D102
        return row.get("label")

    def score(self, lines):  # noqa: D102
        sides = {
            "predictions": [line["label"] for line in lines],
            "references": [line["reference"] for line in lines],
        }
        return scoring.load("accuracy").compute(**sides) | scoring.load("macro_f1").compute(**sides)
