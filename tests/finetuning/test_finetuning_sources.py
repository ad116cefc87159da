"""What --data may be: names and folders, what is held out of them, and what does not fit."""

import pytest

from course_utils import audio, catalog, data
from course_utils.finetuning import recipes, sources
from course_utils.finetuning.inference import evaluate
from course_utils.finetuning.recipes import RecipeError
from course_utils.formats import rttm


def test_what_is_held_out_is_whole_speakers_and_always_the_same():
    whole = data.load("calls", "train")
    parts = sources._held_out(whole)
    train, held_out = set(parts["train"]["speaker"]), set(parts["validation"]["speaker"])
    assert train and held_out and not train & held_out
    again = sources._held_out(whole)
    assert again["validation"]["text"][:] == parts["validation"]["text"][:]
    with pytest.raises(RecipeError, match="one row only"):
        sources._held_out(whole.select([0]))


def test_recordings_come_with_the_turns_beside_them(tmp_path, write_wav, sine):
    turns = [{"speaker": "Ann", "start": 0.0, "end": 0.25}]
    for name in ("a", "b"):
        write_wav(tmp_path / f"{name}.wav", sine())
        rttm.save(tmp_path / f"{name}.rttm", {name: turns})
    train, held_out = sources.training("diarization", str(tmp_path))
    assert [row["turns"] for row in [*train, *held_out]] == [turns, turns]
    (tmp_path / "b.rttm").unlink()  # to answer, no turns are needed
    rows = {row["file"]: row["turns"] for row in sources.answering("diarization", str(tmp_path))}
    assert rows == {"a.wav": turns, "b.wav": None}
    with pytest.raises(RecipeError, match=r"put b\.rttm beside it"):
        sources.training("diarization", str(tmp_path))
    rttm.save(tmp_path / "b.rttm", {"c": turns, "d": turns})
    with pytest.raises(data.DataError, match="nothing of b"):
        sources.training("diarization", str(tmp_path))


def test_the_conversations_of_the_lesson_are_mixed_from_its_seeds():
    train, validation = sources.training("diarization", "speech")
    assert len(train) == 240 and len(validation) == 16
    assert len({row["conversation_seed"] for row in train}) == 240
    assert sum(row["music"] for row in train) == 200 and all(validation["music"])
    with pytest.raises(RecipeError, match="calls has no turns"):
        sources.training("diarization", "calls")


def test_a_column_seed_of_the_users_own_does_not_make_a_conversation(tmp_path, write_wav, sine):
    recipe = recipes.find("diarization")(catalog.model("diarizer"))
    path = write_wav(tmp_path / "a.wav", sine())
    row = {"audio": {"bytes": None, "path": str(path)}, "seed": 3, "turns": []}
    assert recipe.decode(row)["turns"] == []


def test_turns_that_end_behind_the_end_of_their_recording_are_refused(tmp_path, write_wav, sine):
    """Times in milliseconds: a model would learn silence from them, and DER would be 1."""
    path = write_wav(tmp_path / "a.wav", sine(seconds=2))
    row = {"audio": {"bytes": None, "path": str(path)}}
    recipe = recipes.find("diarization")(catalog.model("diarizer"))
    turns = [
        {"speaker": "Ann", "start": 0.5, "end": 1.5},
        {"speaker": "Bob", "start": 1, "end": 2.9},
    ]
    assert recipe.decode(row | {"turns": turns})["turns"] == turns  # annotators are not that exact
    assert recipe.decode(row | {"turns": None})["turns"] is None
    wrong = [{"speaker": "Ann", "start": 500.0, "end": 1500.0}]
    message = r"a\.wav: its turns end at 1500 s, but the recording lasts 2\.0 s; .*milliseconds"
    with pytest.raises(audio.AudioError, match=message):
        recipe.decode(row | {"turns": wrong})
    rttm.save(tmp_path / "a.rttm", {"a": wrong})
    out = tmp_path / "results.jsonl"
    counts = evaluate("diarization", "diarizer", out, data=str(tmp_path))
    assert counts == {"answered": 0, "errors": 1, "skipped": 0}
    assert "a.wav: its turns end at" in out.read_text(encoding="utf-8")


def test_folders_that_do_not_fit_are_named(tmp_path, write_wav, sine):
    for split, name in (("train", "dog"), ("validation", "rain")):
        write_wav(tmp_path / "split" / split / name / "0.wav", sine())
    with pytest.raises(RecipeError, match="different classes"):
        sources.training("classification", str(tmp_path / "split"))
    with pytest.raises(RecipeError, match="no split 'test', only train, validation"):
        sources.answering("classification", str(tmp_path / "split"), "test")
    (tmp_path / "empty").mkdir()
    with pytest.raises(data.DataError, match="no audio files"):
        sources.training("diarization", str(tmp_path / "empty"))
    data.load("sounds", "test").select([0]).to_parquet(tmp_path / "empty" / "test.parquet")
    with pytest.raises(RecipeError, match="no split train, only"):
        sources.training("classification", str(tmp_path / "empty"))
