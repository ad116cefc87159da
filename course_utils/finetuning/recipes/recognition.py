"""Write down what is said, as in lesson 05."""

from transformers import (
    AutoConfig,
    AutoModelForCTC,
    AutoModelForSpeechSeq2Seq,
    AutoProcessor,
    pipeline,
)

from course_utils import scoring
from course_utils.finetuning.asr import TranscriptCollator
from course_utils.finetuning.recipes._recipe import RATE, Recipe, require, without_dropout

MASKS = {
    "apply_spec_augment": True, "mask_time_prob": 0.1, "mask_time_length": 4,
    "mask_feature_prob": 0.05, "mask_feature_length": 8,
}  # fmt: skip
"""SpecAugment, as the configurations of Whisper and of wav2vec 2 call it."""


class Recognition(Recipe):
    """Normalised transcripts; stretches of time and frequency blanked in training."""

    data, model = "calls", "recognition-base"

    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.processor = AutoProcessor.from_pretrained(checkpoint)
        self.extractor = self.processor.feature_extractor
        config = AutoConfig.from_pretrained(checkpoint)
        self.window = getattr(self.extractor, "chunk_length", None)  # a Whisper hears no more
        ctc = any(name.endswith("ForCTC") for name in config.architectures or [])
        self.kind = AutoModelForCTC if ctc else AutoModelForSpeechSeq2Seq
        self.ctc = {"ctc_loss_reduction": "mean", "ctc_zero_infinity": True} if ctc else {}
        if ctc:  # its labels belong to no frame that they could be smoothed in
            self.settings = {"label_smoothing_factor": 0.0}
            name = self.extractor.model_input_names[0]
            self.length = lambda example: len(example[name])  # a Whisper pads to its window

    def begin(self, rows):  # noqa: D102
        require(rows, "text", "write the transcripts into a column text of metadata.csv")

    def examples(self, row):
        """Leave out what has no text, and what a Whisper would not hear to its end."""
        samples, text = row["samples"], scoring.normalise_text(row["text"])
        if text and not (self.window and len(samples) > self.window * RATE):
            name = self.extractor.model_input_names[0]
            features = self.extractor(samples, sampling_rate=RATE, return_tensors="np")
            yield {name: features[name][0], "labels": self.processor.tokenizer(text).input_ids}

    def fresh_model(self, deterministic=False, start=None):  # noqa: D102
        changes = without_dropout(self.checkpoint) if deterministic else MASKS
        return self.kind.from_pretrained(
            start or self.checkpoint, dtype="float32", **self.ctc, **changes
        )

    def collator(self, model):  # noqa: D102
        start = None if self.ctc else model.config.decoder_start_token_id
        return TranscriptCollator(self.processor, start)

    def save(self, folder):  # noqa: D102
        self.processor.save_pretrained(folder)

    def open(self, rows):  # noqa: D102
        self.pipe = pipeline("automatic-speech-recognition", model=self.checkpoint)

    def answer(self, rows):  # noqa: D102
        inputs = [{"array": row["samples"], "sampling_rate": RATE} for row in rows]
        window = {"chunk_length_s": self.window} if self.window else {}
        answers = self.pipe(inputs, batch_size=len(inputs), **window)
        return [{"text": answer["text"].strip()} for answer in answers]

    def reference(self, row):  # noqa: D102
        return row.get("text") or None

    def score(self, lines):  # noqa: D102
        said = [scoring.normalise_text(line["reference"]) for line in lines]
        heard = [scoring.normalise_text(line["text"]) for line in lines]
        sides = {"references": said, "predictions": heard}
        return scoring.load("wer").compute(**sides) | scoring.load("cer").compute(**sides)
