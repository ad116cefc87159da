"""What the fine-tuning lessons share: collators and callbacks for transformers.Trainer."""

from course_utils.finetuning.asr import TranscriptCollator
from course_utils.finetuning.callbacks import live_curves

__all__ = ["TranscriptCollator", "live_curves"]
