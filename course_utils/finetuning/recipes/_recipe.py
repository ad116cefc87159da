"""What the recipes have in common."""

from transformers import AutoConfig

from course_utils import audio, data
from course_utils.finetuning import frames

RATE = 16_000
"""Sampling rate of all models of the course, in hertz."""


class RecipeError(data.DataError):
    """A run that cannot be as asked; the message says what to do about it."""


class Recipe:
    """How one task is trained and answered. A subclass fills in what is particular to it.

    Parameters
    ----------
    checkpoint : str
        Folder or Hub id of the model to start from, or to answer with.

    Attributes
    ----------
    data, model : str
        Names in the catalogue of what it takes by default.
    loss : callable or None
        Of outputs and labels, where the model's own loss will not do; a mean over the batch.
    label_names : list of str
        Keys of a batch that hold labels.
    evaluates : bool
        Whether the model gives its loss on held-out rows.
    length : callable or None
        Of an example, where batches shall hold examples of about one length, so that little of
        them is padding.
    settings : dict
        Arguments of the Trainer that this model needs, whatever the data.
    """

    data = model = ""
    loss = None
    label_names = ("labels",)
    evaluates = True
    length = None

    def __init__(self, checkpoint):
        frames.hurry()
        self.checkpoint = checkpoint
        self.settings = {}

    def begin(self, rows):
        """Take from the rows what concerns all of them, such as the names of the classes."""

    def examples(self, row):
        """Yield what the model learns from a decoded row: none, one or several dicts of arrays."""
        raise NotImplementedError

    def fresh_model(self, deterministic=False, start=None):
        """Return the model to train: without any dropout or masking if deterministic.

        `start` is a checkpoint of the same run to go on from.
        """
        raise NotImplementedError

    def collator(self, model):
        """Return the function that makes a batch of examples."""
        raise NotImplementedError

    def vary(self, batch):
        """Return a training batch as the model shall see it: as it is, by default."""
        return batch

    def save(self, folder):
        """Save what ``pipeline()`` needs besides the model."""
        raise NotImplementedError

    def open(self, rows):
        """Load the pipelines that :meth:`answer` uses; `rows` is all that will be answered."""
        raise NotImplementedError

    def answer(self, rows):
        """Answer decoded rows: a list of one dict a row, ready for JSON."""
        raise NotImplementedError

    def reference(self, row):
        """Return the true answer to a decoded row, ready for JSON, or None if it has none."""
        raise NotImplementedError

    def score(self, lines):
        """Return metrics by name, from lines with an answer and a ``reference`` each."""
        raise NotImplementedError

    def decode(self, row):
        """Return the row with ``samples``: its audio, mono at :data:`RATE`."""
        return row | {"samples": audio.load(row["audio"], sampling_rate=RATE)[0]}


def without_dropout(checkpoint):
    """Return the changes of a configuration that switch off every dropout and masking."""
    config = AutoConfig.from_pretrained(checkpoint).to_dict()
    config = {name: value for name, value in config.items() if _off(name, value) != value}
    return {name: _off(name, value) for name, value in config.items()}


def _off(name, value):
    if isinstance(value, dict):  # a part of the model with a configuration of its own
        return {key: _off(str(key), part) for key, part in value.items()}
    if name == "apply_spec_augment":
        return False
    return 0.0 if "drop" in name and isinstance(value, float) else value


def require(rows, column, why):
    """Raise :class:`RecipeError` unless the rows have a column."""
    if column not in rows.column_names:
        raise RecipeError(
            f"the data has no column {column!r}, only {', '.join(rows.column_names)}: {why}"
        )
