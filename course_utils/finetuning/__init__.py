"""What the fine-tuning lessons share: collators, languages, a loss, augmentation, live curves."""

from course_utils.finetuning.collators import ActivityCollator, SpeechCollator, TranscriptCollator
from course_utils.finetuning.labels import aligned_durations, frame_labels, prosody
from course_utils.finetuning.language import set_language
from course_utils.finetuning.synthesisers import reading_parts, takes_durations
from course_utils.finetuning.trainer import (
    live_curves,
    mixed_precision,
    permutation_invariant_loss,
    shift_and_mask,
)

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
    "reading_parts",
    "set_language",
    "shift_and_mask",
    "takes_durations",
]
