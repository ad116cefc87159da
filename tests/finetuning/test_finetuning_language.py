"""A multilingual Whisper is trained on what generate() prompts it with, and told its language."""

import json

import numpy as np
import pytest
from transformers import (
    AutoModelForSpeechSeq2Seq,
    AutoProcessor,
    WhisperForConditionalGeneration,
    pipeline,
)

from course_utils import catalog, finetuning
from course_utils.finetuning import inference, training
from course_utils.finetuning.recipes import RecipeError
from tests.hub import tiny_models

FRENCH = ["<|startoftranscript|>", "<|fr|>", "<|transcribe|>", "<|notimestamps|>"]
SILENCE = {"array": np.zeros(16_000, np.float32), "sampling_rate": 16_000}


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    """Return the folder of a tiny multilingual Whisper, its files as on the Hub."""
    folder = tmp_path_factory.mktemp("models") / "whisper"
    tiny_models.make("openai/whisper-tiny", folder)
    return folder


@pytest.fixture
def clips(tmp_path, write_wav, sine):
    """Return a folder of six clips with transcripts."""
    folder = tmp_path / "clips"
    for number in range(6):
        write_wav(folder / f"{number}.wav", sine(200 + 50 * number, 1.0))
    lines = [f"{number}.wav,bonjour {number}" for number in range(6)]
    (folder / "metadata.csv").write_text("\n".join(["file_name,text", *lines]), encoding="utf-8")
    return folder


@pytest.fixture
def prompts(monkeypatch):
    """Return a list to which each generation adds the tokens that it begins with."""
    found, made = [], WhisperForConditionalGeneration._retrieve_init_tokens

    def recorded(self, *given, **named):
        found.append(made(self, *given, **named))
        return found[-1]

    monkeypatch.setattr(WhisperForConditionalGeneration, "_retrieve_init_tokens", recorded)
    return found


@pytest.mark.parametrize("name", ["fr", "french", "French"])
def test_labels_begin_as_generate_prompts(whisper, prompts, name):
    processor = AutoProcessor.from_pretrained(whisper)
    model = AutoModelForSpeechSeq2Seq.from_pretrained(whisper).eval()
    tokens = processor.tokenizer.convert_ids_to_tokens
    assert tokens(processor.tokenizer("a").input_ids)[:2] == [FRENCH[0], FRENCH[-1]]
    finetuning.set_language(model, processor.tokenizer, name)
    labels = processor.tokenizer("a").input_ids
    assert tokens(labels)[:4] == FRENCH
    features = processor(np.zeros(16_000), sampling_rate=16_000, return_tensors="pt")
    model.generate(**features)
    assert prompts[0].tolist() == [labels[:4]]


def test_other_recognisers_are_left_alone_and_unknown_languages_named(whisper):
    own = pipeline("automatic-speech-recognition", model=str(catalog.POCKET / "pocket-whisper"))
    before = own.model.generation_config.to_dict(), own.tokenizer.prefix_tokens
    finetuning.set_language(own, own.tokenizer, "fr")
    assert (own.model.generation_config.to_dict(), own.tokenizer.prefix_tokens) == before
    many = pipeline("automatic-speech-recognition", model=str(whisper))
    with pytest.raises(ValueError, match="does not know the language 'klingon', only af, am, ar"):
        finetuning.set_language(many, many.tokenizer, "klingon")


def test_finetune_trains_the_language_and_the_saved_model_needs_no_argument(
    whisper, clips, tmp_path, prompts, spy
):
    collated = spy(finetuning.TranscriptCollator, "__call__")
    options = {"data": clips, "model": str(whisper), "steps": 1, "batch_size": 2}
    with pytest.raises(RecipeError, match=r"knows many languages: .* --language en"):
        training.finetune("asr", tmp_path / "none", **options)
    with pytest.raises(RecipeError, match="--language klingon: the model does not know"):
        training.finetune("asr", tmp_path / "none", language="klingon", **options)
    training.finetune("asr", tmp_path / "mine", language="fr", **options)
    mine = pipeline("automatic-speech-recognition", model=str(tmp_path / "mine"))
    tokens = mine.tokenizer.convert_ids_to_tokens
    for call in collated:
        for labels in call.result["labels"]:
            assert tokens(labels[:3].tolist()) == FRENCH[1:]  # the start token is cut off
    mine(SILENCE)
    assert tokens(prompts[-1][0].tolist()) == FRENCH


def test_evaluate_tells_the_language_and_the_catalogue_knows_its_own(
    whisper, clips, tmp_path, prompts
):
    inference.evaluate("asr", str(whisper), tmp_path / "fr.jsonl", data=clips, language="fr")
    tokens = AutoProcessor.from_pretrained(whisper).tokenizer.convert_ids_to_tokens
    assert {tuple(tokens(row.tolist())) for rows in prompts for row in rows} == {tuple(FRENCH)}
    assert len((tmp_path / "fr.jsonl").read_text(encoding="utf-8").splitlines()) == 6
    for role in ("speech", "calls", "new-voice"):
        assert catalog.find(role).language == "en"


def test_language_is_for_recognition(tmp_path):
    with pytest.raises(RecipeError, match="--language is for asr"):
        training.finetune("classification", tmp_path / "out", language="en")
    with pytest.raises(RecipeError, match="--language is for asr"):
        inference.evaluate(
            "classification", "sound-classifier", tmp_path / "out.jsonl", language="en"
        )


def test_a_recogniser_of_one_language_takes_a_language_and_needs_none(clips, tmp_path):
    options = {"data": clips, "steps": 1, "batch_size": 2}
    training.finetune("asr", tmp_path / "none", **options)
    training.finetune("asr", tmp_path / "en", language="en", **options)
    saved = json.loads((tmp_path / "en" / "generation_config.json").read_text(encoding="utf-8"))
    assert not saved.get("is_multilingual") and "language" not in saved
