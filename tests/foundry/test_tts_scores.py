"""Scores of generated speech, with voices and recognisers whose answers are known."""

import numpy as np
import pytest

from course_utils import audio
from foundry.text_to_speech import tts_scores
from foundry.text_to_speech.tts_features import mel_of


def test_held_out_sentences_are_of_the_test_split_and_all_different():
    rows = tts_scores.held_out()
    assert len({row["text"] for row in rows}) > 45
    assert {row["domain"] for row in rows} == set(tts_scores.DOMAINS)
    assert {row["speaker"] for row in rows} == set(tts_scores.TEST_VOICES)


def test_griffin_lim_gives_back_the_spectrogram():
    samples = audio.load(tts_scores.held_out(1)[0]["audio"], 16_000)[0]
    mel = mel_of(samples)
    again = mel_of(tts_scores.griffin_lim(mel))
    assert len(again) == len(mel)
    loud = mel > -2
    assert np.abs(again - mel)[loud].mean() < 0.2


def test_a_speaker_is_scored_by_hand():
    voices = {"a": np.array([2.0, 0.0]), "b": np.array([0.0, 1.0])}

    def speak(text, vector):
        return np.concatenate([vector[0].numpy(), np.zeros(15_998)])

    def hear(clips, texts):
        # Voice b swallows the last word.
        return [
            text if clip[0] else text.rsplit(" ", 1)[0]
            for clip, text in zip(clips, texts, strict=True)
        ]

    def embed(clips):
        return np.stack([[clip[0] > 0, 0.6 * clip[1]] for clip in clips])

    made = tts_scores.score(speak, voices, hear, ["One two.", "Three four!"], embed)
    assert made["a"]["wer"] == 0 and made["b"]["wer"] == 0.5 and made["all"]["wer"] == 0.25
    assert made["a"]["similarity"] == 1 and made["b"]["similarity"] == pytest.approx(0.6)
    assert made["all"]["similarity"] == pytest.approx(0.8)
    assert made["all"]["utterances"] == 4 and made["a"]["real_time_factor"] > 0
    rows = tts_scores.rows_of(made).splitlines()
    assert rows[0].startswith("| a | 0.0% |") and rows[0].endswith("| 2 | 1.00 |")
