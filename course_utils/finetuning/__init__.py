"""What the fine-tuning lessons share: callbacks for transformers.Trainer."""

from course_utils.finetuning.callbacks import live_curves

__all__ = ["live_curves"]
