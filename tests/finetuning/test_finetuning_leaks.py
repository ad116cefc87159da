"""The rows that a recipe learns from: nothing held out, and nothing that it must skip."""

import shutil
from collections import Counter

import numpy as np
import pytest
import soundfile
import torch
from safetensors.numpy import load_file
from transformers import ASTForAudioClassification, AutoFeatureExtractor, AutoTokenizer

from course_utils import audio, catalog, data, scoring
from course_utils.finetuning import training
from course_utils.finetuning.recipes import activity
from course_utils.formats import rttm
from course_utils.pipelines import SpeakerEmbedder
from course_utils.simulation import conversations

RATE = 16_000


@pytest.fixture
def batches(spy):
    """Return a function that gives one part of all batches, row by row, learned or held out."""
    steps = {
        "learned": spy(training.RecipeTrainer, "training_step"),
        "held out": spy(training.RecipeTrainer, "prediction_step"),
    }
    return lambda side, name: [row for step in steps[side] for row in step.given[2][name]]


@pytest.fixture(scope="module")
def speakers(tmp_path_factory):
    """A folder with three short sentences of each of five people, and who says each sentence."""
    folder, rows = tmp_path_factory.mktemp("speakers"), data.load("speech", "train")
    names = [n for n, _ in Counter(rows["speaker"]).most_common() if ":" not in n][:5]
    lines, said = ["file_name,text,speaker"], {}
    for name in names:
        own = [row for row in rows if row["speaker"] == name and " " in row["text"]]
        for row in sorted(own, key=lambda row: row["seconds"])[:3]:
            number = len(lines)
            (folder / f"{number}.ogg").write_bytes(row["audio"]["bytes"])
            lines.append(f'{number}.ogg,"{row["text"]}",{name}')
            said[row["text"]] = name
    (folder / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    assert len(said) == 15
    return folder, said


def texts_of(labels):
    """Return how often each text is among token ids of the recogniser."""
    decode = AutoTokenizer.from_pretrained(catalog.model("recogniser")).decode
    rows = [[token for token in row.tolist() if token >= 0] for row in labels]
    return Counter(decode(row, skip_special_tokens=True).strip() for row in rows)


def test_a_recogniser_learns_nothing_of_held_out_speakers_and_nothing_too_long(
    speakers, batches, tmp_path
):
    own, said = speakers
    folder = shutil.copytree(own, tmp_path / "own")
    long = 0.1 * np.random.default_rng(0).standard_normal(round(7.1 * RATE))
    with open(folder / "metadata.csv", "a", encoding="utf-8") as metadata:
        for name in sorted(set(said.values())):  # the window of the recogniser is 7 s
            soundfile.write(folder / f"{name}.wav", long, RATE)
            metadata.write(f"\n{name}.wav,much too long,{name}")
    training.finetune("asr", tmp_path / "m", data=str(folder), epochs=1, batch_size=4)
    learned = texts_of(batches("learned", "labels"))
    held_out = set(texts_of(batches("held out", "labels")))
    people = [{said[text] for text in texts} for texts in (learned, held_out)]
    assert not people[0] & people[1] and people[0] | people[1] == set(said.values())
    assert learned == Counter(text for text, name in said.items() if name in people[0])
    assert held_out == {text for text, name in said.items() if name in people[1]}


def test_a_voice_is_learned_from_training_clips_alone(speakers, batches, tmp_path):
    folder, said = speakers
    training.finetune("tts", tmp_path / "m", data=str(folder), epochs=1, batch_size=4)
    tokenizer = AutoTokenizer.from_pretrained(catalog.model("synthesiser"))
    texts = {tuple(tokenizer(text).input_ids): text for text in said}
    rows = [[t for t in row.tolist() if t != tokenizer.pad_token_id]
            for row in batches("learned", "input_ids")]  # fmt: skip
    learned = Counter(texts[tuple(row)] for row in rows)
    voices = load_file(tmp_path / "m" / "voice.safetensors")
    assert len(voices) == 4
    assert learned == Counter(text for text, name in said.items() if name in voices)
    embed, clips = SpeakerEmbedder(catalog.model("voice-encoder")), {}
    for row in data.load_folder(folder):
        clips.setdefault(row["speaker"], []).append(embed(audio.load(row["audio"], RATE)[0]))
    for name, vector in voices.items():
        assert vector == pytest.approx(np.mean(clips[name], 0), abs=1e-5)


def test_calls_of_the_training_split_are_learned(small_pocket, batches, tmp_path):
    training.finetune("asr", tmp_path / "m", epochs=1, batch_size=8)
    for side, split in (("learned", "train"), ("held out", "validation")):
        window = 7 * 16_000  # longer clips are left out
        rows = data.load("calls", split)
        rows = [row for row in rows if len(audio.load(row["audio"], 16_000)[0]) <= window]
        texts = [scoring.normalise_text(row["text"]) for row in rows]
        assert set(texts_of(batches(side, "labels"))) == set(texts)


def test_genres_of_the_training_split_are_learned_shifted_and_masked(
    small_pocket, batches, spy, tmp_path
):
    extractor = AutoFeatureExtractor.from_pretrained(catalog.model("classifier-base"))
    names, length = {}, {"padding": "max_length", "truncation": True, "max_length": 5 * RATE}
    for split in ("train", "validation", "test"):
        for number, row in enumerate(data.load("genres", split)):
            samples = audio.load(row["audio"], RATE)[0]
            made = extractor(samples, sampling_rate=RATE, return_tensors="np", **length)
            names[made["input_values"][0].tobytes()] = split, number
    shown = spy(ASTForAudioClassification, "forward")
    training.finetune("classification", tmp_path / "m", epochs=1, batch_size=4)
    for side, split in (("learned", "train"), ("held out", "validation")):
        found = {names[row.numpy().tobytes()] for row in batches(side, "input_values")}
        assert found == {(split, number) for number in range(7)}
    given = [call.named["input_values"] for call in shown if call.result.loss.requires_grad]
    plain = torch.stack(batches("learned", "input_values"))
    for before, clip in zip(plain, torch.cat(given), strict=True):
        masked = (clip == 0).all(1)
        assert masked.sum() == len(clip) // 10 and not torch.equal(before[~masked], clip[~masked])


def test_conversations_are_mixed_of_training_voices_with_seeds_of_their_own(
    small_pocket, batches, spy, monkeypatch, tmp_path
):
    everything = activity.CONVERSATIONS
    seeds = {split: {s for name, _, part in everything if name == split for s in part}
             for split, *_ in everything}  # fmt: skip
    assert not seeds["train"] & seeds["validation"]
    assert not seeds["train"] & seeds["test"] and not seeds["validation"] & seeds["test"]
    few = [(split, music, part[:2]) for split, music, part in everything]
    monkeypatch.setattr(activity, "CONVERSATIONS", few)
    talks = spy(conversations, "simulate")
    training.finetune("diarization", tmp_path / "m", epochs=1, batch_size=4)
    table = {split: data.load("speech", split) for split in ("train", "validation")}
    for talk in talks:
        split = "train" if talk.given[1] in seeds["train"] else "validation"
        heard = {str(row["speaker"]).split("@")[0] for row in talk.given[0]}
        assert heard == set(table[split]["speaker"])
        bed = talk.named["music"]
        assert bed is None or bed["audio"][:] == data.load("genres", split)["audio"][:]
    assert Counter(talk.given[1] in seeds["train"] for talk in talks) == {True: 4, False: 2}
    assert len(batches("learned", "labels")) >= 8  # two windows or more each


def test_a_recording_is_learned_or_held_out(batches, tmp_path):
    rng = np.random.default_rng(0)
    for number in range(5):
        name, samples = f"call{number}", 0.1 * rng.standard_normal(15 * RATE)
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE)
        turns = [{"speaker": "a", "start": 0.0, "end": 2.0 + number}]
        rttm.save(tmp_path / f"{name}.rttm", {name: turns})
    training.finetune("diarization", tmp_path / "m", data=str(tmp_path), epochs=1, batch_size=4)

    def recordings(side):
        spoken = [float(labels[labels >= 0].sum()) for labels in batches(side, "labels")]
        return {round(frames * 0.04) - 2 for frames in spoken}

    learned, held_out = recordings("learned"), recordings("held out")
    assert len(held_out) == 1 and learned == set(range(5)) - held_out
