"""Label whole clips, as in lesson 03."""

from transformers import AutoConfig, AutoModelForAudioClassification, default_data_collator

from course_utils import finetuning
from course_utils.errors import notice
from course_utils.finetuning.recipes._recipe import RATE, LeftOut, Recipe, RecipeError, arguments

SECONDS = 5  # length in seconds to which clips are padded or cut


class Classification(Recipe):
    """A new head for new labels, trained on clips that are shifted and masked in time."""

    data, model = "genres", "classifier-base"
    pocket = arguments(1e-3, epochs=6, batch_size=16, lr_scheduler_type="cosine")
    hub = arguments(5e-5, epochs=8, batch_size=8, accumulation=2)
    auto_class = AutoModelForAudioClassification
    pipeline_task = "audio-classification"
    column, advice = "label", "put each class into a folder of its own, or add the column"
    metrics = ("accuracy", "macro_f1")

    def begin(self, rows):
        """Read the names of the classes."""
        super().begin(rows)
        names = getattr(rows.features["label"], "names", None)
        if not names:
            raise RecipeError("the column 'label' must be a datasets.ClassLabel, with names")
        numbers = {name: number for number, name in enumerate(names)}
        self.options = {"id2label": dict(enumerate(names)), "label2id": numbers}
        self.options["ignore_mismatched_sizes"] = True

    def fresh_model(self, deterministic=False, start=None):
        """Return the model; a run goes on only with the classes that it began with."""
        if start is not None:
            before = list(AutoConfig.from_pretrained(start).id2label.values())
            now = list(self.options["id2label"].values())
            if before != now:
                raise RecipeError(
                    f"{start}: the run began with the classes {', '.join(before)}, and the data "
                    f"have {', '.join(now)}: give them their old names, or begin anew with another "
                    "--out"
                )
        return super().fresh_model(deterministic, start)

    def open(self, rows):
        """Load the pipeline, and compare its labels with those of the data."""
        super().open(rows)
        known = set(self.pipe.model.config.id2label.values())
        given = {row["label"] for row in rows if row.get("label") is not None}
        if unknown := ", ".join(sorted(given - known)):
            if not given & known:
                raise RecipeError(
                    f"none of the labels of the data ({unknown}) is one of the model's "
                    f"({', '.join(sorted(known)[:20])}): write them alike, or fine-tune the model"
                )
            notice(f"labels that the model does not have, so that it is always wrong: {unknown}")

    def refuse(self, row, count):
        """Raise `LeftOut` for a row without a label."""
        if row["label"] in (None, "", -1):  # a stream of shards has -1
            raise LeftOut("without a label")

    def examples(self, row):
        """Yield the features of a clip and the number of its label."""
        self.refuse(row, len(row["samples"]))
        length = {"padding": "max_length", "truncation": True, "max_length": SECONDS * RATE}
        yield {self.input: self.features(row["samples"], **length), "labels": row["label"]}

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
