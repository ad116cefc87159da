"""Find out who speaks when, as in lesson 07."""

import datasets
import numpy as np
import torch
from transformers import AutoModelForAudioFrameClassification

from course_utils import audio, data, finetuning, pipelines
from course_utils.finetuning.recipes._recipe import RATE, Recipe, RecipeError, arguments
from course_utils.formats import speaker_turns
from course_utils.pipelines.segmentation import WINDOW_SECONDS
from course_utils.simulation import conversations

WINDOW = round(WINDOW_SECONDS * RATE)  # length of a window, in samples
COLLAR = 0.25  # collar: seconds on either side of a border in the reference that do not count
CONVERSATIONS = (
    ("train", True, range(200)),
    ("train", False, range(1_000, 1_040)),
    ("validation", True, range(5_000, 5_016)),
    ("test", True, range(7_000, 7_060)),
)
"""Conversations of lesson 07: split, whether there is music in them, and their seeds."""


class Activity(Recipe):
    """Frame classification of windows, with permutation-invariant binary cross-entropy.

    A row has ``audio`` and ``turns``. A row with ``conversation_seed``, ``split`` and ``music``
    stands for a simulated conversation, which is mixed when the row is decoded.
    """

    data, model = "speech", "diarizer"
    auto_class = AutoModelForAudioFrameClassification
    pocket = arguments(4e-4, epochs=3, batch_size=8, lr_scheduler_type="cosine")
    hub = arguments(5e-5, epochs=5, batch_size=4, accumulation=2)
    pipeline_task = "speaker-diarization"
    column = "turns"
    metrics = ("der",)
    compute_loss = staticmethod(finetuning.permutation_invariant_loss)

    def __init__(self, checkpoint):
        pipelines.register()  # the extractor may be one of ours
        super().__init__(checkpoint)
        self.clips = {}

    @classmethod
    def catalogued(cls, name):
        """Return the conversations of lesson 07, still to be mixed."""
        if name != "speech":
            raise RecipeError(f"{name} has no turns; take speech, or a folder with RTTM files")
        rows = {split: [] for split, *_ in CONVERSATIONS}
        for split, music, seeds in CONVERSATIONS:
            rows[split] += [{"split": split, "music": music, "conversation_seed": n} for n in seeds]
        return {split: datasets.Dataset.from_list(made) for split, made in rows.items()}

    def begin(self, rows):
        """Find out how many frames and tracks the model makes of a window."""
        model = self.fresh_model().eval()
        silence = torch.tensor(self.features(np.zeros(WINDOW, np.float32)))
        with torch.no_grad():
            self.frames, self.tracks = model(silence[None]).logits.shape[1:]

    def decode(self, row):
        """Return the row with ``samples`` and ``turns``, decoded or mixed."""
        if "conversation_seed" not in row:
            row = super().decode(row)
            if problem := speaker_turns.beyond(row.get("turns") or [], len(row["samples"]) / RATE):
                raise audio.AudioError(f"{row['audio']['path']}: {problem}")
            return row
        split = row["split"]
        if split not in self.clips:
            spoken = data.load("speech", split)
            people = conversations.cast(spoken) if split == "train" else spoken
            self.clips[split] = people, data.load("genres", split)
        people, music = self.clips[split]
        variety = {"speakers": (1, 4), "overlap": (0, 0.3)} if split == "train" else {}
        music = music if row["music"] else None
        mixed = conversations.simulate(people, row["conversation_seed"], music=music, **variety)
        return row | {"samples": mixed["audio"], "turns": mixed["turns"]}

    def examples(self, row):
        """Yield the features and frame labels of each window."""
        samples = np.pad(row["samples"], (0, max(WINDOW - len(row["samples"]), 0)))
        table = row["turns"], self.frames, WINDOW_SECONDS / self.frames, self.tracks
        for start, end in pipelines.windows(len(samples), WINDOW):
            labels = finetuning.frame_labels(*table, start=start / RATE)
            yield {self.input: self.features(samples[start:end]), "labels": labels}

    def collator(self, model):
        """Pad features and frame labels."""
        return finetuning.ActivityCollator(self.extractor)

    def answer(self, rows):
        """Return the turns."""
        return [{"turns": turns} for turns in self.run_pipeline(rows)]

    def score(self, lines):
        """Return the diarization error rate."""
        return super().score(lines, collar=COLLAR)
