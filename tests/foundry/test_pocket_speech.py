"""The shipped speech model and its vocoder: voices, words, colour and pitch."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, pipeline

from course_utils import audio, pipelines
from course_utils.catalog import POCKET
from course_utils.formats import spelling
from course_utils.scoring.speech import frame_pitch, mel_cepstral_distortion
from foundry.speech.pronunciation import TOKENS
from foundry.text_to_speech import tts_scores
from foundry.text_to_speech.tts_features import mel_of
from foundry.voices import voice_scores

pipelines.register()


RATE = 16_000
HIGHEST_WER = 0.10


@pytest.fixture(scope="module")
def speak():
    vocoder = AutoModel.from_pretrained(POCKET / "pocket-vocoder", dtype=torch.float32)
    return pipeline(
        "text-to-speech",
        model=str(POCKET / "pocket-fastspeech"),
        vocoder=vocoder.eval(),
        device="cpu",
    )


@pytest.fixture(scope="module")
def voices():
    embed = voice_scores.embedder(POCKET / "pocket-speaker")
    return tts_scores.mean_embeddings(embed, "train", tts_scores.TRAINING_VOICES)


def say(speak, text, vector):
    made = speak(text, forward_params={"speaker_embedding": torch.as_tensor(vector)[None]})
    assert made["sampling_rate"] == RATE
    return np.asarray(made["audio"], np.float32).ravel()


def test_every_word_of_the_corpus_is_in_the_lexicon_and_vocabularies_agree(speak):
    tokenizer = AutoTokenizer.from_pretrained(POCKET / "pocket-fastspeech")
    assert speak.model.config.vocab_size == len(tokenizer) == len(TOKENS)
    assert tokenizer.convert_ids_to_tokens(range(len(TOKENS))) == TOKENS
    # Letter-to-sound rules would say all three with the vowel of "though".
    said = {word: tokenizer.tokenize(word)[:-1] for word in ("enough", "though", "through")}
    assert said["enough"][-1] == "F" and said["though"][-1][:2] == "OW"
    assert said["through"][-1][:2] == "UW"


def test_it_speaks_with_the_voice_that_is_asked_for(speak, voices):
    embed = voice_scores.embedder(POCKET / "pocket-speaker")
    text = "The bus to the station leaves at noon."
    clips = [say(speak, text, vector) for vector in voices.values()]
    wanted = np.stack([vector / np.linalg.norm(vector) for vector in voices.values()])
    alike = embed(clips) @ wanted.T
    assert (alike.argmax(1) == np.arange(len(voices))).all(), alike.round(2)
    assert np.array_equal(clips[0], say(speak, text, voices[tts_scores.TRAINING_VOICES[0]]))


def test_any_text_becomes_a_waveform(speak, voices):
    vector = voices["Nina"]
    for text in ("No.", "A blorptang defenestrates.", spelling.spell_out("Pay $3.50 by 4 May!")):
        samples = say(speak, text, vector)
        assert np.isfinite(samples).all() and np.abs(samples).max() <= 1
        assert 0.2 * RATE < len(samples) < 6 * RATE and np.std(samples) > 0.01


@torch.inference_mode()
def test_the_vocoder_gives_back_colour_and_pitch():
    distortions = []
    vocoder = AutoModel.from_pretrained(POCKET / "pocket-vocoder", dtype=torch.float32).eval()
    assert isinstance(vocoder, pipelines.HarmonicVocoder)
    for row in tts_scores.held_out(5):
        samples = audio.load(row["audio"], RATE)[0]
        mel = mel_of(samples)
        made = vocoder(torch.from_numpy(mel)).numpy()
        assert len(made) == 256 * len(mel)
        loud = mel > -2
        assert np.abs(mel_of(made)[: len(mel)] - mel)[loud].mean() < 0.15
        # pYIN had no part in its training, which learned from DIO.
        heights = [np.nanmedian(frame_pitch(clip, RATE)) for clip in (samples, made)]
        assert heights[1] == pytest.approx(heights[0], rel=0.1)
        distortions.append(mel_cepstral_distortion(samples, made, RATE))
    on_card = json.loads((POCKET / "pocket-vocoder" / "results.json").read_text(encoding="utf-8"))[
        "mcd"
    ]["speech"]
    assert np.mean(distortions) == pytest.approx(on_card, abs=0.4)  # dB; five clips of fifty


@pytest.mark.long
@pytest.mark.shared
def test_a_recogniser_that_had_no_part_in_it_understands_it(speak, voices, shared_real):
    folder = shared_real.parent / "judge" / "moonshine-tiny-en"
    if not folder.is_dir():
        pytest.skip(f"no recogniser at {folder}; set COURSE_SHARED to the folder that holds judge/")
    made = tts_scores.score(
        lambda text, vector: say(speak, text, vector[0]),
        {name: voices[name] for name in ("Jack", "Nina")},
        tts_scores.transcriber(folder),
        [row["text"] for row in tts_scores.held_out(6)],
        voice_scores.embedder(POCKET / "pocket-speaker"),
    )
    assert made["all"]["wer"] <= HIGHEST_WER + 0.05  # 12 of 200 utterances
