"""What the recipes have in common."""

from transformers import AutoConfig, AutoFeatureExtractor, pipeline

from course_utils import audio, data, pipelines, scoring

RATE = 16_000
"""Sampling rate of all models of the course, in hertz."""


class RecipeError(data.DataError):
    """A run that is not possible as asked; the message says what to do."""


def arguments(learning_rate, epochs, batch_size, accumulation=1, **more):
    """Return ``TrainingArguments`` as a dict, with what all lessons share."""
    return {
        "learning_rate": learning_rate,
        "num_train_epochs": epochs,
        "per_device_train_batch_size": batch_size,
        "gradient_accumulation_steps": accumulation,
        "warmup_steps": 0.1,
        "auto_find_batch_size": True,
        **more,
    }


class Recipe:
    """How one task is trained, answered and scored.

    Subclasses define ``examples(row)``, which yields the training examples of a decoded row, dicts
    of arrays; ``collator(model)``, which returns the function that makes a batch of examples;
    ``answer(rows)``, which returns a dict for each decoded row, ready for JSON; and
    ``score(lines)``, which returns metrics by name, from answers with a ``reference`` each.

    Parameters
    ----------
    checkpoint : str
        Local folder or Hub id of the model to start from, or to answer with.

    Attributes
    ----------
    data, model : str
        Default data set and model, by their names in the catalogue.
    pocket, hub : dict
        Default ``TrainingArguments`` in each profile: those of the task's lesson.
    auto_class : type
        The ``AutoModelFor…`` class of the task.
    pipeline_task : str
        Name of the task for ``pipeline()``.
    column, advice : str
        Column with the references, and what to do if the data has none.
    augmentation : dict or None
        Changes of the model's configuration in training, such as SpecAugment.
    compute_loss : callable or None
        Loss from outputs, labels and ``num_items_in_batch``, if it is not the model's own.
    label_names : tuple of str
        Keys of a batch that hold labels.
    evaluates : bool
        Whether the model returns a loss on held-out rows.
    grouped_by : str or None
        Key of an example. Batches hold examples in which it has about the same length, which saves
        padding.
    """

    pocket = hub = augmentation = compute_loss = grouped_by = None
    label_names = ("labels",)
    evaluates = True

    def __init__(self, checkpoint):
        self.checkpoint = checkpoint
        self.extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
        self.input = self.extractor.model_input_names[0]

    @classmethod
    def catalogued(cls, name):
        """Return a data set of the catalogue: a dict of ``datasets.Dataset`` by split."""
        return dict(data.load(name))

    def begin(self, rows):
        """Prepare for training on these rows."""
        if self.column not in rows.column_names:
            raise RecipeError(
                f"the data has no column {self.column!r}, only {', '.join(rows.column_names)}: "
                f"{self.advice}"
            )

    def decode(self, row):
        """Return the row with ``samples``: its audio, mono at :data:`RATE`."""
        return row | {"samples": audio.load(row["audio"], sampling_rate=RATE)[0]}

    def model_options(self):
        """Return the arguments of ``from_pretrained`` that this task needs."""
        return {}

    def fresh_model(self, deterministic=False, start=None):
        """Return the model to train.

        Parameters
        ----------
        deterministic : bool
            Whether to switch off dropout and masking.
        start : path-like, optional
            Checkpoint of an interrupted run with the weights to load, instead of the model's own.
        """
        changes = _without_dropout(self.checkpoint) if deterministic else self.augmentation or {}
        options = self.model_options() | changes
        return self.auto_class.from_pretrained(start or self.checkpoint, dtype="float32", **options)

    def augment(self, batch):
        """Return a training batch with random changes; by default unchanged."""
        return batch

    def save(self, folder):
        """Save what ``pipeline()`` needs besides the model."""
        self.extractor.save_pretrained(folder)

    def open(self, rows):
        """Load what :meth:`answer` uses. `rows` are all rows that will be answered."""
        pipelines.register()
        self.pipe = pipeline(self.pipeline_task, model=self.checkpoint)

    def run_pipeline(self, rows, **options):
        """Return the pipeline's answers to decoded rows."""
        inputs = [{"array": row["samples"], "sampling_rate": RATE} for row in rows]
        return self.pipe(inputs, batch_size=len(rows), **options)

    def reference(self, row):
        """Return the reference of a decoded row, ready for JSON, or None if it has none."""
        value = row.get(self.column)
        return None if value == "" else value


def metrics(lines, key, *names, prepare=lambda value: value, **options):
    """Return metrics by name of the answers' `key`, each value prepared, against references."""
    sides = {
        "references": [prepare(line["reference"]) for line in lines],
        "predictions": [prepare(line[key]) for line in lines],
    }
    return {name: scoring.load(name).compute(**sides, **options)[name] for name in names}


def _without_dropout(checkpoint):
    """Return the changes of a configuration that switch off dropout and masking."""
    config = AutoConfig.from_pretrained(checkpoint).to_dict()
    return {name: _off(name, value) for name, value in config.items() if _off(name, value) != value}


def _off(name, value):
    if isinstance(value, dict):  # the configuration of a part of the model
        return {key: _off(str(key), part) for key, part in value.items()}
    if name == "apply_spec_augment":
        return False
    return 0.0 if "drop" in name and isinstance(value, float) else value
