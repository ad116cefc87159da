"""Transcribe speech, as in lesson 05."""

from itertools import pairwise

import torch
from transformers import AutoConfig, AutoModelForCTC, AutoModelForSpeechSeq2Seq, AutoProcessor

from course_utils import catalog, finetuning, scoring
from course_utils.errors import notice
from course_utils.finetuning.recipes._recipe import RATE, LeftOut, Recipe, RecipeError, arguments

SPEC_AUGMENT = {"apply_spec_augment": True, "mask_time_prob": 0.1, "mask_time_length": 4}
SPEC_AUGMENT |= {"mask_feature_prob": 0.05, "mask_feature_length": 8}


class Recognition(Recipe):
    """Normalised transcripts, SpecAugment; CTC or sequence-to-sequence, as the checkpoint is."""

    data, model = "calls", "recogniser-base"
    pocket = arguments(5e-4, 4, 16, lr_scheduler_type="cosine", label_smoothing_factor=0.1)
    hub = arguments(1e-5, epochs=6, batch_size=8, accumulation=2, label_smoothing_factor=0.1)
    pipeline_task = "automatic-speech-recognition"
    column, advice = "text", "write the transcripts into a column text of metadata.csv"
    metrics = ("wer", "cer")
    prepare = staticmethod(scoring.normalise_text)
    augmentation = SPEC_AUGMENT
    language = None  # which is spoken; see set_language

    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.processor = AutoProcessor.from_pretrained(checkpoint)
        if not hasattr(self.processor, "tokenizer"):
            raise ValueError("it has no tokenizer, so it writes no text")
        self.window = getattr(self.extractor, "chunk_length", None)  # seconds; Whisper only
        self.config = AutoConfig.from_pretrained(checkpoint)
        self.ctc = any(name.endswith("ForCTC") for name in self.config.architectures or [])
        self.auto_class = AutoModelForCTC if self.ctc else AutoModelForSpeechSeq2Seq
        if self.ctc:  # there is no label for each frame that could be smoothed
            unsmoothed = {"label_smoothing_factor": 0.0}
            self.pocket, self.hub = self.pocket | unsmoothed, self.hub | unsmoothed
            self.grouped_by = self.input  # Whisper pads all clips to its window
            self.options = {"ctc_loss_reduction": "mean", "ctc_zero_infinity": True}
            with torch.device("meta"):  # without weights, for its arithmetic
                model = AutoModelForCTC.from_config(self.config)
            self.frames_of = model._get_feat_extract_output_lengths
            # Some have capitals only.
            self.capitals = bool(self._unknown("a")) and not self._unknown("A")

    def set_language(self, language, data):
        """Say which language is spoken; only a multilingual Whisper needs to know it."""
        self.language = language or (catalog.language(data) if catalog.has(data) else None)

    def fresh_model(self, deterministic=False, start=None):
        """Return the model, which transcribes the language; see `finetuning.set_language`."""
        model = super().fresh_model(deterministic, start)
        settings = getattr(model, "generation_config", None)  # a CTC model has none
        if self.language is None and getattr(settings, "is_multilingual", False):
            raise RecipeError(
                f"{self.checkpoint} knows many languages: say which one to train, such as "
                "--language en"
            )
        self._tell(model)
        return model

    def open(self, rows):
        """Load the pipeline; without a language, a multilingual Whisper guesses that of a clip."""
        super().open(rows)
        silent = sum(row.get("text") == "" for row in rows)
        self.transcribed = any(row.get("text") for row in rows)
        if silent and self.transcribed:
            notice(f"rows with an empty text count as silence, where words are errors: {silent}")
        self._tell(self.pipe)

    def _tell(self, model):
        if self.language:
            try:
                finetuning.set_language(model, self.processor.tokenizer, self.language)
            except ValueError as error:
                raise RecipeError(f"--language {self.language}: {error}") from error

    def refuse(self, row, count):
        """Raise `LeftOut` for a text that is empty or cannot be written, or for a clip too long."""
        text = self._written(row)
        if not text:
            raise LeftOut("without a text")
        if self.window and count > self.window * RATE:
            raise LeftOut(f"longer than the {self.window} s that the model hears at once")
        if self.ctc and (unknown := self._unknown(text)):
            raise LeftOut("with characters that the model does not have", unknown)

    def examples(self, row):
        """Yield features and token ids."""
        self.refuse(row, len(row["samples"]))
        features = self.features(row["samples"])
        labels = self.processor.tokenizer(self._written(row)).input_ids
        if self.ctc:  # between equal tokens there must be a blank
            longest = int(self.frames_of(torch.tensor(len(features))))
            longest -= sum(one == other for one, other in pairwise(labels))
        else:
            longest = getattr(self.config, "max_target_positions", len(labels))
        if len(labels) > longest:
            raise LeftOut("with a text that is too long for its clip or the model")
        yield {self.input: features, "labels": labels}

    def _written(self, row):
        """Return the text of a row as the model writes it."""
        text = scoring.normalise_text(row["text"] or "")
        return text.upper() if self.ctc and self.capitals else text

    def _unknown(self, text):
        """Return the characters of a text for which the tokenizer has no token of their own."""
        tokenizer = self.processor.tokenizer
        characters = [c for c in dict.fromkeys(text) if not c.isspace()]
        return [c for c in characters if tokenizer.unk_token_id in tokenizer(c).input_ids]

    def reference(self, row):
        """Return the transcript; an empty one is a reference unless all are empty."""
        return row.get("text") if self.transcribed else None

    def collator(self, model):
        """Pad features and labels."""
        start = None if self.ctc else model.config.decoder_start_token_id
        return finetuning.TranscriptCollator(self.processor, start)

    def save(self, folder):
        """Save feature extractor and tokenizer."""
        self.processor.save_pretrained(folder)

    def answer(self, rows):
        """Return the transcripts."""
        answers = self.run_pipeline(rows, chunk_length_s=self.window)
        return [{"text": answer["text"].strip()} for answer in answers]
