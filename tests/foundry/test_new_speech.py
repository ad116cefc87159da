import random

import numpy as np
import pytest
import torch

from course_utils import audio, data, pipelines
from course_utils.catalog import POCKET
from course_utils.scoring import normalise_text
from foundry.recognition import new_speech, no_speech
from foundry.speech import book_phrases, kokoro, sentences, synthesiser

RATE = 16_000


def test_voices_are_the_means_of_the_training_speakers(monkeypatch):
    monkeypatch.setattr(
        pipelines, "SpeakerEmbedder", lambda folder: lambda clip: np.eye(2)[len(clip) % 2]
    )
    rows = [row for name in ("speech", "calls") for row in data.load(name, split="train")]
    speakers = list(dict.fromkeys(row["speaker"] for row in rows))
    made = new_speech.voices()
    assert made.shape == (len(speakers), 2)
    own = [len(audio.load(r["audio"], RATE)[0]) % 2 for r in rows if r["speaker"] == speakers[3]]
    assert made[3] == pytest.approx([1 - np.mean(own), np.mean(own)])


def features_of(samples):
    """Return the level of each 10 ms."""
    return torch.from_numpy(np.abs(samples[: len(samples) // 160 * 160].reshape(-1, 160)).mean(1))[
        :, None
    ]


def encode(text):
    return [sentences.ALPHABET.index(letter) for letter in text]


def texts_of(cache):
    """Return the texts of a cache, which has each utterance as it is and augmented."""
    rows = [cache.batch([row])[2][0].tolist() for row in range(len(cache))]
    assert rows[::2] == rows[1::2]
    return ["".join(sentences.ALPHABET[token] for token in row) for row in rows[::2]]


@pytest.fixture
def said(monkeypatch):
    """Let sentence ``n`` sound for ``n + 1`` tenths of a second; return what was said."""
    made = []

    def say(speaker, text, voice):
        made.append((normalise_text(text), voice))
        return np.full(1_600 * len(made), 0.5, np.float32)

    monkeypatch.setattr(new_speech, "voices", lambda: np.eye(4, dtype=np.float32))
    monkeypatch.setattr(synthesiser, "load", lambda folder: None)
    monkeypatch.setattr(synthesiser, "say", say)
    return made


def test_new_sentences_are_of_the_training_split_in_mixed_voices(said, tmp_path):
    path = tmp_path / "new.npz"
    cache = new_speech.single(20, features_of, encode, path)
    texts = [text for text, _ in said]
    assert texts_of(cache) == texts
    assert {sentences.split_of(text) for text in texts} == {"train"} and len(set(texts)) > 15
    voices = np.array([voice for _, voice in said])
    assert voices.sum(1) == pytest.approx(1, abs=10 * new_speech.VOICE_SPREAD)
    assert {1, 2, 3} == {int((voice > 0.12).sum()) for voice in voices}
    assert cache.lengths()[::2].tolist() == [10 * n for n in range(1, 21)]
    assert np.allclose(cache.batch([0])[0], 0.5) and not np.allclose(cache.batch([1])[0], 0.5)
    again = new_speech.single(20, features_of, encode, path)
    assert len(said) == 20  # an existing cache is loaded
    assert np.array_equal(again.features, cache.features)


def test_a_sentence_is_cut_at_the_longest_clip(said, tmp_path):
    cache = new_speech.single(75, features_of, encode, tmp_path / "new.npz")
    assert cache.lengths()[-2] == no_speech.MAX_SECONDS * 100


def test_a_sequence_is_two_or_three_other_sentences_with_pauses(said, tmp_path):
    single = new_speech.single(6, features_of, encode, tmp_path / "new.npz")
    del said[:]
    cache = new_speech.sequences(6, features_of, encode, tmp_path / "long.npz")
    texts, first = texts_of(cache), 0
    for row, text in enumerate(texts):
        own = next(n for n in (2, 3) if text == " ".join(t for t, _ in said[first : first + n]))
        spoken = 10 * sum(range(first + 1, first + own + 1))
        pauses = cache.lengths()[2 * row] - spoken
        assert 20 * (own - 1) - own <= pauses <= 100 * (own - 1)
        first += own
    assert first == len(said) and 12 < len(said) < 18
    assert not set(texts_of(single)) & {text for text, _ in said}


@pytest.fixture
def read(monkeypatch, said):
    """Let a phrase of a book sound for 5 s, each third one for 7 s; return what was read."""
    made = []

    def phonemize(text, accent):
        made.append((text, accent))
        return "hˈI."

    def say_tokens(speaker, tokens, voice):
        assert tokens == ["<s>", "HH", "AY1", ".", "</s>"] and voice.shape == (4,)
        return np.full((7 if len(made) % 3 == 0 else 5) * RATE, 0.5, np.float32)

    monkeypatch.setattr(kokoro, "phonemize", phonemize)
    monkeypatch.setattr(synthesiser, "say_tokens", say_tokens)
    return made


def test_phrases_of_books_are_in_two_accents_and_drawn_again_if_too_long(read, tmp_path):
    cache = new_speech.books(40, features_of, encode, tmp_path / "books.npz")
    short = [text for n, (text, _) in enumerate(read, 1) if n % 3]
    assert texts_of(cache) == [normalise_text(text) for text in short] and len(set(short)) > 35
    assert read[0][0] == book_phrases.draw(random.Random("book 0"))
    assert len(read) == 59 and set(cache.lengths()[::2]) == {500}
    assert np.allclose(cache.batch([0])[0], 0.5) and not np.allclose(cache.batch([1])[0], 0.5)
    accents = [accent for _, accent in read]
    assert accents.count("us") > accents.count("uk") > 10


def test_tokens_are_spoken_like_the_text_that_has_them():
    speaker = synthesiser.load(POCKET / "pocket-fastspeech")
    voice = np.random.default_rng(0).normal(size=128).astype(np.float32)
    tokens = speaker.tokenizer.convert_ids_to_tokens(speaker.tokenizer("Hello there.")["input_ids"])
    made = synthesiser.say_tokens(speaker, tokens, voice)
    assert made.dtype == np.float32 and np.allclose(
        made, synthesiser.say(speaker, "Hello there.", voice), atol=1e-5
    )
