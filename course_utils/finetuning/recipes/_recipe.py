"""What the recipes have in common."""

from transformers import AutoConfig, AutoFeatureExtractor, pipeline

from course_utils import audio, data, pipelines, scoring
from course_utils.data.faults import SHORTEST
from course_utils.errors import shown

RATE = 16_000  # sampling rate of all models of the course, in hertz


class RecipeError(data.DataError):
    """A run that is not possible as asked; the message says what to do."""


class LeftOut(Exception):
    """A row from which nothing can be learned.

    The message ends the sentence "n rows are"; `characters` are those that are the reason, if any.
    """

    def __init__(self, reason, characters=()):
        super().__init__(reason)
        self.characters = characters


def arguments(learning_rate, epochs, batch_size, accumulation=1, **more):
    """Return ``TrainingArguments`` as a dict, with what all lessons share."""
    return more | {
        "learning_rate": learning_rate,
        "num_train_epochs": epochs,
        "per_device_train_batch_size": batch_size,
        "gradient_accumulation_steps": accumulation,
        "warmup_steps": 0.1,
        "auto_find_batch_size": True,
    }


class Recipe:
    """How one task is trained, answered and scored.

    Subclasses define ``refuse(row, count)``, which raises `LeftOut` if nothing can be learned from
    a row whose clip has `count` samples, as far as that shows without its sound;
    ``examples(row)``, which yields the training examples of a decoded row, dicts of arrays, or
    raises `LeftOut`; ``collator(model)``, which returns the function that makes a
    batch of examples; and ``answer(rows)``, which returns a dict for each decoded row, ready for
    JSON.
    """

    data: str  # default data set, by its name in the catalogue
    model: str  # default model, likewise
    pocket: dict  # default TrainingArguments in the pocket profile, as in the task's lesson
    hub: dict  # the same in the hub profile
    auto_class: type  # the AutoModelFor… class of the task
    pipeline_task: str  # name of the task for pipeline()
    column: str  # column with the references, and key of the answers that are scored
    advice: str  # what to do if the data has no such column
    metrics: tuple  # names for scoring.load
    augmentation = None  # changes of the model's configuration in training, such as SpecAugment
    compute_loss = None  # from outputs, labels and num_items_in_batch; None is the model's own
    evaluates = True  # whether the model returns a loss on held-out rows
    grouped_by = None  # key of an example; batches hold examples in which it is about equally long
    label_names = ("labels",)  # keys of a batch
    prepare = staticmethod(lambda value: value)  # is called on answers and references for scoring

    def __init__(self, checkpoint):
        self.checkpoint = checkpoint
        self.options = {}  # arguments of from_pretrained
        self.extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
        self.input = self.extractor.model_input_names[0]

    @classmethod
    def catalogued(cls, name):
        """Return a data set of the catalogue: a dict of ``datasets.Dataset`` by split."""
        return dict(data.load(name))

    def set_language(self, language, data):
        """Say which language is spoken: a code, an English name, or None for the catalogue's."""
        if language:
            raise RecipeError("--language is for asr; leave it out")

    def begin(self, rows):
        """Prepare for training on these rows."""
        if self.column not in rows.column_names:
            raise RecipeError(
                f"the data has no column {self.column!r}, only {', '.join(rows.column_names)}: "
                f"{self.advice}"
            )

    def decode(self, row):
        """Return the row with ``samples``: its audio, mono at :data:`RATE`.

        Raise `audio.AudioError` if it cannot be decoded or is shorter than `SHORTEST`.
        """
        samples = audio.load(row["audio"], sampling_rate=RATE)[0]
        if len(samples) < SHORTEST * RATE:
            milliseconds = f"lasts {1000 * len(samples) / RATE:.1f} ms"
            problem = f"{milliseconds}, and a model needs {1000 * SHORTEST:.0f} ms"
            raise audio.AudioError(f"{shown(row['audio']['path'])}: {problem}; remove it")
        return row | {"samples": samples}

    def refuse(self, row, count):
        """Raise `LeftOut` if nothing can be learned from a row with so many samples."""

    def features(self, samples, **options):
        """Return the features of one clip, an array."""
        made = self.extractor(samples, sampling_rate=RATE, return_tensors="np", **options)
        return made[self.input][0]

    def fresh_model(self, deterministic=False, start=None):
        """Return the model to train, with the weights of a checkpoint, `start`, or its own."""
        changes = _without_dropout(self.checkpoint) if deterministic else self.augmentation or {}
        options = self.options | changes
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

    def score(self, lines, **options):
        """Return the metrics, by name, of answers with a ``reference`` each."""
        options["references"] = [self.prepare(line["reference"]) for line in lines]
        options["predictions"] = [self.prepare(line[self.column]) for line in lines]
        return {name: scoring.load(name).compute(**options)[name] for name in self.metrics}


def _without_dropout(checkpoint):
    """Return the changes of a configuration that switch off dropout and masking."""
    config = AutoConfig.from_pretrained(checkpoint).to_dict()
    return {name: value for name, value in _off(config).items() if value != config[name]}


def _off(value, name=""):
    if isinstance(value, dict):  # all of the configuration, or that of a part of the model
        return {key: _off(part, str(key)) for key, part in value.items()}
    if name == "apply_spec_augment":
        return False
    return 0.0 if "drop" in name and isinstance(value, float) else value
