"""Speak with a voice, as in lesson 09."""

from contextlib import suppress

import numpy as np
import torch
from transformers import (
    AutoModel,
    AutoModelForTextToSpectrogram,
    AutoTokenizer,
    SpeechT5FeatureExtractor,
    pipeline,
)

from course_utils import audio, catalog, finetuning, pipelines, scoring
from course_utils.finetuning.recipes._recipe import (
    RATE,
    Recipe,
    RecipeError,
    require,
    without_dropout,
)

LEVEL = 0.081
"""Root mean square that clips are brought to: that of the voices `pocket-tts` learned from."""

EDGE = 0.075
"""Seconds of silence that stay at both ends."""

FAINTEST = -4.0
"""Log-mel energy below which nothing can be heard."""

VOICE = "speaker_embedding"
"""Name of the voice in data without a column ``speaker``."""


class Synthesis(Recipe):
    """Clips aligned with their phonemes by the model's own speech; a vector for each voice."""

    data, model = "new-voice", "pocket-tts"
    label_names = ("spectrogram_labels",)
    evaluates = False  # a FastSpeech2Conformer has a loss in training only

    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        self.mels = SpeechT5FeatureExtractor()
        self.embed = pipelines.SpeakerEmbedder(catalog.model("pocket-speaker"))

    def begin(self, rows):  # noqa: D102
        require(rows, "text", "write what is said into a column text of metadata.csv")
        if not hasattr(rows, "num_rows"):
            raise RecipeError("the vector of a voice needs all its clips: leave out --streaming")
        self.voices = self.voices_of(rows)
        self.teacher = self.fresh_model().eval()

    def voices_of(self, rows):
        """Describe each voice by the mean vector of those of its clips that can be read."""
        heard = {}
        for row in rows:
            with suppress(audio.AudioError):
                vector = self.embed(self.decode(row)["samples"])
                heard.setdefault(row.get("speaker", VOICE), []).append(vector)
        return {name: np.mean(vectors, 0) for name, vectors in heard.items()}

    def examples(self, row):  # noqa: D102
        samples = audio.trim_silence(row["samples"], RATE)
        samples = LEVEL * samples / max(np.sqrt(np.mean(samples**2)), 1e-9)
        samples = np.pad(samples, round(EDGE * RATE)).astype(np.float32)
        tokens = self.tokenizer(row["text"], return_tensors="pt")
        mel = self.mels(audio_target=samples, sampling_rate=RATE)["input_values"][0]
        mel = np.maximum(mel, FAINTEST).astype(np.float32)
        vector = self.voices[row.get("speaker", VOICE)]
        with torch.no_grad():
            said = self.teacher(**tokens, speaker_embedding=torch.tensor(vector)[None])
        durations = finetuning.aligned_durations(said.spectrogram[0], said.duration_outputs[0], mel)
        pitch, energy = finetuning.prosody(samples, mel, durations)
        yield {
            "input_ids": tokens["input_ids"][0].numpy(), "durations": durations, "mel": mel,
            "pitch": pitch, "energy": energy, "speaker_embedding": vector,
        }  # fmt: skip

    def fresh_model(self, deterministic=False, start=None):  # noqa: D102
        changes = without_dropout(self.checkpoint) if deterministic else {}
        model = AutoModelForTextToSpectrogram.from_pretrained(
            start or self.checkpoint, dtype="float32", **changes
        )
        for part in (model.encoder, model.duration_predictor):
            part.requires_grad_(False)  # few clips teach neither reading nor timing
        return model

    def collator(self, model):  # noqa: D102
        return finetuning.SpeechCollator(self.tokenizer.pad_token_id)

    def save(self, folder):
        """Save the tokenizer and the vectors of the voices, by name."""
        from safetensors.numpy import save_file

        self.tokenizer.save_pretrained(folder)
        save_file(self.voices, f"{folder}/voice.safetensors")

    def open(self, rows):  # noqa: D102
        self.voices = self.voices_of(rows)
        vocoder = AutoModel.from_pretrained(catalog.model("pocket-vocoder"), dtype="float32").eval()
        pipelines.register()
        self.speak = pipeline("text-to-speech", model=self.checkpoint, vocoder=vocoder)
        self.recognise = pipeline(
            "automatic-speech-recognition", model=catalog.model("pocket-whisper")
        )

    def answer(self, rows):
        """Say the texts: what a recogniser hears, how like the voice it sounds."""
        answers = []
        for row in rows:
            vector = torch.tensor(self.voices[row.get("speaker", VOICE)])[None]
            made = self.speak(row["text"], forward_params={"speaker_embedding": vector})
            clip = np.asarray(made["audio"], np.float32).ravel()
            heard = self.recognise({"array": clip, "sampling_rate": made["sampling_rate"]})["text"]
            unit = vector[0].numpy() / np.linalg.norm(vector)
            likeness = float(self.embed(clip) @ unit)
            answers.append({"text": heard.strip(), "similarity": round(likeness, 4)})
        return answers

    def reference(self, row):  # noqa: D102
        return row["text"]

    def score(self, lines):  # noqa: D102
        said = [scoring.normalise_text(line["reference"]) for line in lines]
        heard = [scoring.normalise_text(line["text"]) for line in lines]
        scores = scoring.load("wer").compute(references=said, predictions=heard)
        return scores | {"similarity": float(np.mean([line["similarity"] for line in lines]))}
