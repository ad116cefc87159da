"""Speak with a new voice, as in lesson 09."""

from collections import defaultdict
from contextlib import suppress

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForTextToSpectrogram,
    AutoTokenizer,
    pipeline,
)

from course_utils import audio, catalog, data, finetuning, pipelines, scoring
from course_utils.errors import notice, shown
from course_utils.finetuning.recipes._recipe import RATE, LeftOut, Recipe, RecipeError, arguments
from course_utils.formats import spelling

LEVEL = 0.094  # root mean square to which trimmed clips are scaled, that of lesson 09
EDGES = (0.075, 0.4)  # silence before and after the speech in seconds, as in the synthesiser's own
VOICE = "speaker_embedding"  # name of the voice if the data has no column `speaker`
HELD_OUT_VOICE = "Bob"  # speaker of `new-voice` in lesson 09; no model was trained on him


class Synthesis(Recipe):
    """Clips of some voices, each with a speaker embedding.

    A model that learns durations gets them from its own speech, aligned to the clips.
    """

    data, model = "new-voice", "synthesiser-base"
    auto_class = AutoModelForTextToSpectrogram
    pocket = arguments(1e-3, epochs=6, batch_size=8, lr_scheduler_type="cosine")
    hub = arguments(1e-4, epochs=20, batch_size=8, lr_scheduler_type="cosine")
    pipeline_task = "text-to-speech"
    column, advice = "text", "write the texts into a column text of metadata.csv"
    metrics = ("wer",)
    prepare = staticmethod(scoring.normalise_text)
    label_names = ("spectrogram_labels", "labels")
    evaluates = False  # FastSpeech2Conformer returns a loss in training only

    def __init__(self, checkpoint):
        self.config = AutoConfig.from_pretrained(checkpoint)
        if type(self.config) not in AutoModelForTextToSpectrogram._model_mapping:
            raise RecipeError(
                f"{checkpoint} is a {self.config.model_type}, and only FastSpeech2Conformer and "
                "SpeechT5 can be trained"
            )
        super().__init__(checkpoint)
        self.tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        # The embeddings that the synthesiser was trained with, or that it will learn.
        self.embed = pipelines.SpeakerEmbedder(catalog.model("voice-encoder"))

    @classmethod
    def catalogued(cls, name):
        """Return the clips of the voice of lesson 09, or else a data set as it is."""
        if name != "new-voice":
            return super().catalogued(name)
        clips = data.load(name, split="test")
        chosen = [n for n, who in enumerate(clips["speaker"]) if who == HELD_OUT_VOICE]
        return {"train": clips.select(chosen) if chosen else clips}  # the hub has one speaker only

    def begin(self, rows):
        """Embed the voices and load the model that aligns the clips."""
        super().begin(rows)
        if not hasattr(rows, "num_rows"):
            raise RecipeError("a voice is embedded from all of its clips: leave out --streaming")
        texts = {text: spelling.spell_out(text) for text in rows["text"] if text}
        changed = [said for text, said in texts.items() if said.split() != text.split()]
        if changed:
            first = shown(changed[0])
            notice(
                f"numbers and signs are learned as words (texts: {len(changed)}), such as {first}"
            )
        self.voices = self.voices_of(rows)
        self.teacher = self.fresh_model().eval()
        for vector in self.voices.values():
            pipelines.voice_input(self.teacher, vector)
        self.timed = finetuning.takes_durations(self.teacher)

    def voices_of(self, rows):
        """Return for each speaker the mean embedding of the clips that can be decoded."""
        found = defaultdict(list)
        for row in rows:
            with suppress(audio.AudioError):
                vector = self.embed(self.decode(row)["samples"])
                found[row.get("speaker") or VOICE].append(vector)
        return {name: np.mean(vectors, 0) for name, vectors in found.items()}

    def refuse(self, row, count):
        """Raise `LeftOut` for a text that is empty or cannot be read aloud."""
        text = spelling.spell_out(row["text"] or "")
        if not text:
            raise LeftOut("without a text")
        if unread := spelling.unspeakable(text):
            raise LeftOut("with characters that cannot be read aloud", unread)

    def examples(self, row):
        """Yield token ids, durations, spectrogram, pitch, energy and speaker embedding."""
        self.refuse(row, len(row["samples"]))
        text = spelling.spell_out(row["text"] or "")
        samples = audio.trim_silence(row["samples"], RATE)
        samples = LEVEL * samples / max(np.sqrt(np.mean(samples**2)), 1e-9)
        samples = np.pad(samples, [round(edge * RATE) for edge in EDGES]).astype(np.float32)
        ids = self.tokenizer(text).input_ids
        mel = self.extractor(audio_target=samples, sampling_rate=RATE)["input_values"][0]
        if len(ids) > len(mel):
            raise LeftOut("with a text that is too long for its clip")
        longest = getattr(self.config, "max_text_positions", len(ids))
        if len(ids) > longest:
            raise LeftOut(f"with a text of more than the {longest} tokens that the model reads")
        vector = self.voices[row.get("speaker") or VOICE]
        example = {"input_ids": np.array(ids), "mel": mel, "speaker_embedding": vector}
        yield example | (self._timing(samples, example) if self.timed else {})

    @torch.no_grad()
    def _timing(self, samples, example):
        """Return durations, pitch and energy of the tokens, from the model's own speech."""
        mel, ids = example["mel"], torch.tensor(example["input_ids"])[None]
        voice = pipelines.voice_input(self.teacher, example["speaker_embedding"])
        said = self.teacher(ids, **voice)
        durations = finetuning.aligned_durations(said.spectrogram[0], said.duration_outputs[0], mel)
        pitch, energy = finetuning.prosody(samples, mel, durations, self.extractor)
        return {"durations": durations, "pitch": pitch, "energy": energy}

    def fresh_model(self, deterministic=False, start=None):
        """Return the model with all that it reads and times with frozen, as in lesson 09."""
        model = super().fresh_model(deterministic, start)
        for part in finetuning.reading_parts(model):
            part.requires_grad_(False)  # a few clips teach neither reading nor timing
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm1d):
                layer.momentum = 0.0  # its running statistics would change without a gradient
        return model

    def collator(self, model):
        """Pad all parts of the examples."""
        return finetuning.SpeechCollator(self.tokenizer.pad_token_id, self.config)

    def save(self, folder):
        """Save feature extractor, tokenizer and the embeddings of the voices, by name."""
        super().save(folder)
        self.tokenizer.save_pretrained(folder)
        save_file(self.voices, f"{folder}/voice.safetensors")

    def open(self, rows):
        """Embed the voices; load synthesiser, vocoder and the recogniser that checks the words."""
        self.voices = self.voices_of(rows)
        pipelines.register()
        vocoder = AutoModel.from_pretrained(catalog.model("vocoder"), dtype="float32").eval()
        self.speak = pipeline(self.pipeline_task, model=self.checkpoint, vocoder=vocoder)
        vocoder.to(self.speak.device)
        for vector in self.voices.values():
            pipelines.voice_input(self.speak.model, vector)
        recogniser = catalog.model("recogniser")
        self.recognise = pipeline("automatic-speech-recognition", model=recogniser)
        finetuning.set_language(self.recognise, self.recognise.tokenizer, "en")

    def answer(self, rows):
        """Speak the texts; return what the recogniser understands and the cosine to the voice."""
        answers = []
        for row in rows:
            vector = self.voices[row.get("speaker") or VOICE]
            voice = pipelines.voice_input(self.speak.model, vector)
            made = self.speak(spelling.spell_out(row["text"]), forward_params=voice)
            clip = np.asarray(made["audio"], np.float32).ravel()
            # A model with attention may miss the end, and speak longer than the recogniser hears.
            window = getattr(self.recognise.feature_extractor, "n_samples", None)
            said = {"array": clip[:window], "sampling_rate": made["sampling_rate"]}
            heard = self.recognise(said)["text"]
            unit = vector / np.linalg.norm(vector)
            similarity = float(self.embed(clip) @ unit)
            answers.append({"text": heard.strip(), "similarity": round(similarity, 4)})
        return answers

    def reference(self, row):
        """Return the text as it is read aloud."""
        text = super().reference(row)
        return None if text is None else spelling.spell_out(text)

    def score(self, lines):
        """Return word error rate and mean similarity."""
        similarity = float(np.mean([line["similarity"] for line in lines]))
        return super().score(lines) | {"similarity": similarity}
