"""The ledger: what is written comes back, from two processes too, and nothing half-written."""

import json
import math
import multiprocessing
import os

import pytest

from course_utils.course import progress


def test_record_appends_and_latest_keeps_the_newest_of_each_task(monkeypatch):
    monkeypatch.setenv("COURSE_LESSON", "03")
    monkeypatch.setenv("COURSE_PROFILE", "pocket")
    progress.record("genres", metric="macro_f1", baseline=0.3, finetuned=0.8, seconds=60)
    progress.record("genres", metric="macro_f1", baseline=0.3, finetuned=0.95, seconds=70.123456)
    progress.record("sounds", metric="accuracy", baseline=0.9, lesson="02")
    assert len(json.loads(progress.path().read_text(encoding="utf-8"))) == 3
    assert progress.latest() == [
        {
            "lesson": "02", "task": "sounds", "metric": "accuracy", "baseline": 0.9,
            "finetuned": None, "seconds": None, "profile": "pocket", "higher_is_better": True,
        },
        {
            "lesson": "03", "task": "genres", "metric": "macro_f1", "baseline": 0.3,
            "finetuned": 0.95, "seconds": 70.1235, "profile": "pocket", "higher_is_better": True,
        },
    ]  # fmt: skip


def test_the_ledger_stores_the_direction_of_a_metric():
    for metric, direction in (("accuracy", True), ("wer", False), ("my own", None)):
        entry = progress.record("t", metric=metric, baseline=0.5)
        assert entry["higher_is_better"] is direction
    progress.record("t", metric="similarity", baseline=0.5, higher_is_better=True)
    assert progress.latest()[-1]["higher_is_better"] is True


def test_a_ledger_without_directions_is_read():
    progress.record("t", metric="wer", baseline=0.5)
    stored = progress.path().read_text(encoding="utf-8")
    old = stored.replace('"higher_is_better": false,', "")
    assert old != stored
    progress.path().write_text(old, encoding="utf-8")
    assert progress.latest()[0]["higher_is_better"] is None
    progress.path().write_text(stored.replace("false", '"no"'), encoding="utf-8")
    with pytest.raises(progress.LedgerError, match="not a ledger"):
        progress.latest()


def test_a_score_must_be_a_finite_number():
    with pytest.raises(ValueError, match="baseline=, finetuned="):
        progress.record("genres", metric="macro_f1")
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match=r"finetuned=.*not a finite number"):
            progress.record("genres", metric="macro_f1", finetuned=bad)
    assert progress.latest() == []


@pytest.mark.parametrize(
    "content", ["", "{", '{"a": 1}', "[1]", '[{"lesson": "01"}]', '[{"lesson": 1, "task": "x"}]']
)
def test_a_file_that_is_no_ledger_is_named_and_left_alone(content):
    progress.path().parent.mkdir(parents=True, exist_ok=True)
    progress.path().write_text(content, encoding="utf-8")
    with pytest.raises(progress.LedgerError, match=r"progress\.json is not a ledger"):
        progress.latest()
    with pytest.raises(progress.LedgerError):
        progress.record("x", metric="y", baseline=1)
    assert progress.path().read_text(encoding="utf-8") == content


def test_a_place_that_cannot_be_written_ends_in_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "file" / "below"))
    with pytest.raises(progress.LedgerError, match="COURSE_HOME"):
        progress.record("x", metric="y", baseline=1)


def write_many(home, name):
    os.environ["COURSE_HOME"] = home
    for number in range(20):
        progress.record(f"{name}-{number}", metric="accuracy", baseline=0.5)


@pytest.mark.long
def test_two_processes_lose_nothing():
    context = multiprocessing.get_context("spawn")
    home = str(progress.path().parent)
    writers = [context.Process(target=write_many, args=(home, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    tasks = {entry["task"] for entry in progress.latest()}
    assert tasks == {f"{name}-{number}" for name in ("a", "b") for number in range(20)}
    assert [p.name for p in progress.path().parent.iterdir() if p.name.endswith(".new")] == []


def test_a_failed_write_keeps_the_old_ledger(monkeypatch):
    progress.record("first", metric="accuracy", baseline=0.5)
    before = progress.path().read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(progress.LedgerError, match="No space left"):
        progress.record("second", metric="accuracy", baseline=0.5)
    assert progress.path().read_bytes() == before
    assert [path.name for path in progress.path().parent.iterdir() if path.suffix == ".new"] == []


def test_the_scores_of_one_run_are_told_apart(monkeypatch):
    for run, score in (("a", 0.1), ("b", 0.2), ("a", 0.3)):
        monkeypatch.setenv("COURSE_RUN", run)
        progress.record("genres", metric="macro_f1", baseline=score, lesson="03")
    assert [entry["baseline"] for entry in progress.latest()] == [0.3]
    assert [entry["baseline"] for entry in progress.latest(run="b")] == [0.2]
    assert progress.latest(run="c") == []


def test_table_lines_up():
    assert "No score yet" in progress.table([])
    progress.record("genres", metric="macro_f1", baseline=0.25, finetuned=0.9512, lesson="03")
    head, rule, row = progress.table(progress.latest()).splitlines()
    assert head.split() == list(progress.FIELDS)
    assert row.index("0.25") == head.index("baseline") == rule.index("--------", 20)
    assert "0.951" in row and " - " in row
