"""What the fine-tuning lessons share: collators, a loss, augmentation, live curves."""

from course_utils.finetuning.asr import TranscriptCollator
from course_utils.finetuning.diarization import (
    ActivityCollator,
    frame_labels,
    permutation_invariant_loss,
)
from course_utils.finetuning.trainer import live_curves, mixed_precision, shift_and_mask
from course_utils.finetuning.tts import SpeechCollator, aligned_durations, prosody

__all__ = [
    "ActivityCollator",
    "SpeechCollator",
    "TranscriptCollator",
    "aligned_durations",
    "frame_labels",
    "live_curves",
    "mixed_precision",
    "permutation_invariant_loss",
    "prosody",
    "shift_and_mask",
]
