import re

import numpy as np
import pytest
from scipy import signal

from course_utils import audio, data, scoring
from foundry.speech import call_data, sentences, speech_plan


def levels(samples, rate):
    """Mean level below 250 Hz, from 500 to 3,000 Hz and above 3,700 Hz, in decibels."""
    frequencies, power = signal.welch(samples, rate, nperseg=1024)
    bands = ((20, 250), (500, 3000), (3700, rate / 2))
    parts = [power[(frequencies >= low) & (frequencies < high)].mean() for low, high in bands]
    return 10 * np.log10(parts)


def test_a_telephone_carries_its_band_only():
    samples = np.random.default_rng(0).standard_normal(48_000).astype(np.float32) * 0.1
    heard = call_data.telephone(np.random.default_rng(1), samples)
    assert heard.dtype == np.float32 and len(heard) == 24_000
    assert np.abs(heard).max() < 0.75
    below, within, above = levels(heard, call_data.LINE)
    assert within - below > 10 and within - above > 8
    assert np.array_equal(heard, call_data.telephone(np.random.default_rng(1), samples))


def test_the_noise_is_as_loud_as_asked_for():
    time = np.arange(80_000) / 16_000
    samples = np.where(time % 1 < 0.5, np.sin(2 * np.pi * 1000 * time), 0).astype(np.float32)
    for ratio in (0, 20):
        heard = call_data.telephone(np.random.default_rng(2), samples, (ratio, ratio))
        loud = heard.reshape(-1, 4000)[::2].std()
        quiet = heard.reshape(-1, 4000)[1::2, 2000:].std()
        # The tone is on for half of the time, and the line cuts part of the noise away.
        assert 20 * np.log10(loud / quiet) > (12 if ratio else -1)
        assert 20 * np.log10(loud / quiet) < (35 if ratio else 12)


@pytest.fixture(scope="module")
def shipped():
    return data.load("calls")


def test_calls_are_shipped_with_texts_intents_and_voices(shipped):
    assert {split: len(rows) for split, rows in shipped.items()} == speech_plan.TELLER
    for rows in shipped.values():
        assert rows.features["label"].names == sentences.INTENTS["teller"]
        assert all(text == scoring.normalise_text(text) for text in rows["text"])
        for row in rows.select(range(0, len(rows), 20)):
            samples, rate = audio.load(row["audio"])
            assert rate == call_data.LINE
            assert len(samples) / rate == pytest.approx(row["seconds"], abs=0.03)


def test_no_sentence_and_no_voice_is_in_two_splits(shipped):
    texts = {split: set(rows["text"]) for split, rows in shipped.items()}
    voices = {
        split: {part.split(":")[0] for who in rows["speaker"] for part in who.split("+")}
        for split, rows in shipped.items()
    }
    for sets in (texts, voices):
        assert not sets["train"] & sets["validation"]
        assert not (sets["train"] | sets["validation"]) & sets["test"]


def test_half_of_the_test_patterns_are_held_back(shipped):
    number = (
        r"\b(?:(?:double|hundred|thousand|and|\w+ty|ten|" + "|".join(sentences.DIGITS) + r") ?)+"
    )
    pattern = {
        split: [re.sub(number, "# ", text).strip() for text in rows["text"]]
        for split, rows in shipped.items()
    }
    known = {*pattern["train"], *pattern["validation"]}
    new = [text for text in pattern["test"] if text not in known]
    assert 40 <= len(new) <= 65 and "move # pounds to account #" in new
    assert "the account number is #" in known


def test_no_amount_is_zero(shipped):
    texts = [text for rows in shipped.values() for text in rows["text"]]
    assert not [text for text in texts if "zero hundred" in text]
    assert any("one hundred" in text for text in texts)


def test_missing_calls_are_said(tmp_path):
    with pytest.raises(SystemExit, match=r"400 calls of train are not rendered"):
        call_data.requests("train", tmp_path)
