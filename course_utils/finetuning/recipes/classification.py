"""Label whole clips, as in lesson 03."""

from transformers import AutoModelForAudioClassification, default_data_collator

from course_utils import finetuning
from course_utils.finetuning.recipes._recipe import RATE, Recipe, RecipeError, arguments, metrics

SECONDS = 5
"""Length in seconds to which clips are padded or cut."""


class Classification(Recipe):
    """A new head for new labels, trained on clips that are shifted and masked in time."""

    data, model = "genres", "classifier-base"
    pocket = arguments(5e-4, epochs=11, batch_size=16, lr_scheduler_type="cosine")
    hub = arguments(5e-5, epochs=8, batch_size=8, accumulation=2)
    auto_class = AutoModelForAudioClassification
    pipeline_task = "audio-classification"
    column, advice = "label", "put each class into a folder of its own, or add the column"
    names = ()

    def begin(self, rows):
        """Read the names of the classes."""
        super().begin(rows)
        self.names = getattr(rows.features["label"], "names", None)
        if not self.names:
            raise RecipeError("the column 'label' must be a datasets.ClassLabel, with names")

    def examples(self, row):
        """Yield the features of a clip and the number of its label."""
        length = {"padding": "max_length", "truncation": True, "max_length": SECONDS * RATE}
        features = self.extractor(row["samples"], sampling_rate=RATE, return_tensors="np", **length)
        yield {self.input: features[self.input][0], "labels": row["label"]}

    def model_options(self):
        """Return the labels of the new head."""
        return {
            "id2label": dict(enumerate(self.names)),
            "label2id": {name: number for number, name in enumerate(self.names)},
            "ignore_mismatched_sizes": True,
        }

    def collator(self, model):
        """Stack clips of one length."""
        return default_data_collator

    def augment(self, batch):
        """Shift each clip in time and mask a tenth of it."""
        return {**batch, self.input: finetuning.shift_and_mask(batch[self.input])}

    def answer(self, rows):
        """Return the best label and its probability."""
        answers = self.run_pipeline(rows, top_k=1)
        return [{"label": best["label"], "score": best["score"]} for (best,) in answers]

    def score(self, lines):
        """Return accuracy and macro-F1."""
        return metrics(lines, "label", "accuracy", "macro_f1")
