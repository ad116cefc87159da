"""Tell who speaks when, as in lesson 07."""

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModelForAudioFrameClassification, pipeline

from course_utils import data, finetuning, pipelines, scoring
from course_utils.finetuning.recipes._recipe import RATE, Recipe, without_dropout
from course_utils.pipelines.segmentation import WINDOW_SECONDS as SECONDS
from course_utils.simulation import conversations

COLLAR = 0.25
"""Seconds around the edges of true turns that are not scored."""


class Activity(Recipe):
    """Windows of recordings with their turns; binary cross-entropy in the best order.

    A row has ``audio`` and ``turns``; or ``seed``, ``split`` and ``music`` (is there any?) of a
    conversation that is mixed when the row is decoded.
    """

    data, model = "speech", "pocket-diarizer"

    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
        self.input = self.extractor.model_input_names[0]
        self.clips = {}

    def begin(self, rows):
        """Find out how many frames and tracks the model makes of a window."""
        model = self.fresh_model().eval()
        silence = torch.tensor(self.features(np.zeros(round(SECONDS * RATE), np.float32)))
        with torch.no_grad():
            self.frames, self.tracks = model(silence[None]).logits.shape[1:]

    def features(self, samples):
        """Return the features of one window."""
        made = self.extractor(samples, sampling_rate=RATE, return_tensors="np")
        return made[self.input][0]

    def decode(self, row):
        """Decode the row, or mix its conversation: ``samples`` and ``turns``."""
        if "seed" not in row:
            return super().decode(row)
        split = row["split"]
        if split not in self.clips:
            spoken = data.load("speech", split)
            people = conversations.cast(spoken) if split == "train" else spoken
            self.clips[split] = people, data.load("genres", split)
        people, music = self.clips[split]
        variety = {"speakers": (1, 4), "overlap": (0, 0.3)} if split == "train" else {}
        mixed = conversations.simulate(
            people, row["seed"], music=music if row["music"] else None, **variety
        )
        return row | {"samples": mixed["audio"], "turns": mixed["turns"]}

    def examples(self, row):  # noqa: D102
        samples, turns = row["samples"], row["turns"]
        window = round(SECONDS * RATE)
        samples = np.pad(samples, (0, max(window - len(samples), 0)))
        last = len(samples) - window
        for first in sorted({*range(0, last, window), last}):
            labels = finetuning.frame_labels(
                turns, self.frames, SECONDS / self.frames, self.tracks, start=first / RATE
            )
            yield {self.input: self.features(samples[first : first + window]), "labels": labels}

    def fresh_model(self, deterministic=False, start=None):  # noqa: D102
        changes = without_dropout(self.checkpoint) if deterministic else {}
        return AutoModelForAudioFrameClassification.from_pretrained(
            start or self.checkpoint, dtype="float32", **changes
        )

    def loss(self, outputs, labels):  # noqa: D102
        return finetuning.permutation_invariant_loss(outputs, labels)

    def collator(self, model):  # noqa: D102
        return finetuning.ActivityCollator(self.extractor)

    def save(self, folder):  # noqa: D102
        self.extractor.save_pretrained(folder)

    def open(self, rows):  # noqa: D102
        pipelines.register()
        self.pipe = pipeline("speaker-diarization", model=self.checkpoint)

    def answer(self, rows):  # noqa: D102
        inputs = [{"array": row["samples"], "sampling_rate": RATE} for row in rows]
        return [{"turns": turns} for turns in self.pipe(inputs, batch_size=8)]

    def reference(self, row):  # noqa: D102
        return row.get("turns")

    def score(self, lines):  # noqa: D102
        scores = scoring.load("der").compute(
            references=[line["reference"] for line in lines],
            predictions=[line["turns"] for line in lines],
            collar=COLLAR,
        )
        return {"der": scores["der"]}
