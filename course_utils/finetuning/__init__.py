"""What the fine-tuning lessons share: collators, a loss and callbacks for transformers.Trainer."""

from course_utils.finetuning.asr import TranscriptCollator
from course_utils.finetuning.callbacks import live_curves
from course_utils.finetuning.diarization import (
    ActivityCollator,
    frame_labels,
    permutation_invariant_loss,
)
from course_utils.finetuning.tts import SpeechCollator, aligned_durations, prosody

__all__ = [
    "ActivityCollator",
    "SpeechCollator",
    "TranscriptCollator",
    "aligned_durations",
    "frame_labels",
    "live_curves",
    "permutation_invariant_loss",
    "prosody",
]
