"""What the fine-tuning lessons share: collators and callbacks for transformers.Trainer."""

from course_utils.finetuning.callbacks import live_curves
from course_utils.finetuning.transcripts import TranscriptCollator

__all__ = ["TranscriptCollator", "live_curves"]
