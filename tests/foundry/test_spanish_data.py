"""The Spanish data: grammar, plan, phonemes, the shipped files."""

import re
from collections import Counter, defaultdict

import pytest

from course_utils import audio, catalog, data, scoring
from foundry.speech import kokoro, sentences, spanish_data, spanish_plan, speech_plan

LETTERS = set("abcdefghijklmnopqrstuvwxyzáéíóúüñ ")


@pytest.fixture(scope="module")
def by_split():
    rows = defaultdict(list)
    for utterance in spanish_plan.plan():
        rows[utterance.split.removeprefix("spanish-")].append(utterance)
    return rows


@pytest.fixture(scope="module")
def shipped():
    return data.load("new-language")


def test_sizes_and_kinds_are_as_promised(by_split):
    assert {split: len(rows) for split, rows in by_split.items()} == spanish_plan.SIZES
    kinds = {split: Counter(row.domain for row in rows) for split, rows in by_split.items()}
    assert set(kinds["train"]) == set(kinds["validation"]) == set(spanish_plan.DOMAINS)
    assert kinds["test"]["unseen"] == spanish_plan.SIZES["test"] / 4


def test_sentences_are_spelled_and_punctuated(by_split):
    for row in (row for rows in by_split.values() for row in rows):
        assert re.fullmatch(r"(¿[^¿?]+\? ?)?([^¿?]+\.)?", row.spoken), row.spoken
        assert row.spoken.lstrip("¿")[0].isupper() and "{" not in row.spoken
        assert set(row.text) <= LETTERS


def test_no_sentence_and_no_voice_is_in_two_splits(by_split):
    texts = {split: {row.text for row in rows} for split, rows in by_split.items()}
    voices = {split: {v for row in rows for v in row.voices} for split, rows in by_split.items()}
    for sets in (texts, voices):
        assert not sets["train"] & sets["validation"]
        assert not (sets["train"] | sets["validation"]) & sets["test"]
    english = {voice for voices in speech_plan.HELD_OUT.values() for voice in voices}
    assert not voices["train"] & english


def test_sentences_of_the_second_synthesiser_are_of_the_training_split(by_split):
    extra = [scoring.normalise_text(row.spoken) for row in spanish_plan.extra()]
    assert len(set(extra)) == spanish_plan.EXTRA
    assert not set(extra) & {row.text for rows in by_split.values() for row in rows}
    assert {sentences.split_of(text) for text in extra} == {"train"}
    kinds = Counter(row.domain for row in spanish_plan.extra())
    assert kinds.pop(spanish_plan.PHRASES) == spanish_plan.EXTRA / 4
    assert set(kinds) == set(spanish_plan.DOMAINS)


def test_a_cache_keeps_them_apart_from_what_english_models_train_on(by_split):
    assert not {spanish_plan.folder(s) for s in by_split} & {"train", "validation", "test"}


def test_spanish_keeps_sounds_that_english_has_not():
    espeak = "ˈen θjudˈad kˈore xwˈan poɾ la kˈaʎe mˈut͡ʃo aˈɲo"
    heard = kokoro.to_kokoro(espeak, "es")
    assert heard == "ˈen θjudˈad kˈore xwˈan poɾ la kˈaʎe mˈuʧo aˈɲo"
    assert "x" not in kokoro.to_kokoro("lɔx", "uk")


def test_what_is_missing_is_said(tmp_path):
    missing = f"{spanish_plan.SIZES['train']} utterances of train are not rendered"
    with pytest.raises(SystemExit, match=missing):
        spanish_data.table(tmp_path, "train")


def test_shipped_rows_are_what_the_plan_says(by_split, shipped):
    for split, rows in shipped.items():
        wanted = [*by_split[split], *(spanish_plan.extra() if split == "train" else ())]
        wanted = [(row.spoken, row.domain) for row in wanted]
        assert list(zip(rows["text"], rows["domain"], strict=True)) == wanted
        for row in rows.select(range(0, len(rows), 16)):
            samples, rate = audio.load(row["audio"])
            assert rate == 16_000
            assert len(samples) / rate == pytest.approx(row["seconds"], abs=0.03)
            assert 0.005 < samples.std() < 0.5
    assert set(shipped["test"]["speaker"]) == {"Lucía", "Mateo", "Elena", "Bruno"}


def test_every_label_fits_the_recogniser(shipped):
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(catalog.POCKET / "pocket-whisper")
    texts = [scoring.normalise_text(text) for rows in shipped.values() for text in rows["text"]]
    assert max(len(processor.tokenizer(text).input_ids) for text in texts) < 64
    assert max(max(rows["seconds"]) for rows in shipped.values()) < 7
