import re
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyannote.core import Annotation, Segment
from pyannote.database.util import load_rttm

from course_utils.formats import rttm

CALLS = {
    "call-1": [
        {"speaker": "Alice", "start": 0.1, "end": 0.3},
        {"speaker": "Bob", "start": 0.25, "end": 3725.5},
    ],
    "call-2": [{"speaker": "Zoë", "start": 0.0, "end": 1.25}],
}
TEXT = (
    "SPEAKER call-1 1 0.100 0.200 <NA> <NA> Alice <NA> <NA>\n"
    "SPEAKER call-1 1 0.250 3725.250 <NA> <NA> Bob <NA> <NA>\n"
    "SPEAKER call-2 1 0.000 1.250 <NA> <NA> Zoë <NA> <NA>\n"
)


def parsed(text):
    """Return the turns in a file that holds the text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.rttm")
        path.write_bytes(text.encode())
        return rttm.load(path)


def test_rttm_by_hand():
    assert rttm.to_rttm(CALLS) == TEXT
    assert parsed(TEXT) == CALLS


def test_turns_come_sorted_and_silent_recordings_leave_no_line():
    backwards = {"call-1": CALLS["call-1"][::-1], "silence": [], "call-2": CALLS["call-2"]}
    assert rttm.to_rttm(backwards) == TEXT
    assert parsed("\n".join(TEXT.splitlines()[::-1])) == CALLS
    assert parsed("") == {} == parsed(rttm.to_rttm({"silence": []}))


word = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
word = word.filter(lambda name: name != "<NA>")  # what RTTM writes for nothing
moment = st.integers(0, 40_000_000)
turn = st.tuples(word, moment, moment).filter(lambda fields: fields[1] != fields[2])


def as_turns(fields):
    """Return turns whose times have three decimals, by start."""
    turns = [
        {"speaker": speaker, "start": min(times) / 1000, "end": max(times) / 1000}
        for speaker, *times in fields
    ]
    return sorted(turns, key=lambda turn: (turn["start"], turn["end"], turn["speaker"]))


@given(st.dictionaries(word, st.lists(turn, min_size=1, max_size=6).map(as_turns), max_size=4))
def test_what_is_written_is_read_back(recordings):
    assert parsed(rttm.to_rttm(recordings)) == recordings


@given(st.lists(st.floats(0, 1e5), min_size=2, max_size=9).map(sorted))
def test_rounding_moves_a_time_by_half_a_millisecond_and_opens_no_gap(times):
    pairs = [(start, end) for start, end in pairwise(times) if end - start > 0.001]
    turns = [{"speaker": "A", "start": start, "end": end} for start, end in pairs]
    read = parsed(rttm.to_rttm({"call": turns})).get("call", [])
    for wanted, found in zip(turns, read, strict=True):
        assert found["start"] == pytest.approx(wanted["start"], rel=0, abs=0.000501)
        assert found["end"] == pytest.approx(wanted["end"], rel=0, abs=0.000501)
    touching = [before["end"] == after["start"] for before, after in pairwise(turns)]
    for touched, (before, after) in zip(touching, pairwise(read), strict=True):
        assert before["end"] == after["start"] or not touched


def test_files_of_pyannote_are_read(tmp_path):
    path = tmp_path / "calls.rttm"
    with path.open("w", encoding="utf-8") as file:
        for name, turns in CALLS.items():
            annotation = Annotation(uri=name)
            for turn in turns:
                annotation[Segment(turn["start"], turn["end"])] = turn["speaker"]
            annotation.write_rttm(file)
    assert rttm.load(path) == CALLS


def test_files_of_ours_are_read_by_pyannote(tmp_path):
    read = load_rttm(rttm.save(tmp_path / "calls.rttm", CALLS))
    found = {
        name: [
            {"speaker": label, "start": segment.start, "end": pytest.approx(segment.end)}
            for segment, _, label in annotation.itertracks(yield_label=True)
        ]
        for name, annotation in read.items()
    }
    assert found == CALLS


def test_other_lines_are_skipped():
    text = (
        ";; made by hand\r\n\r\n"
        "SPKR-INFO call-1 1 <NA> <NA> <NA> adult_female Alice <NA> <NA>\r\n"
        "LEXEME call-1 1 0.10 0.05 hello lex Alice 0.9 <NA>\r\n"
        "SPEAKER call-1 A 1e-1\t0.2 <NA> <NA> Alice 0.75\r\n"
    )
    assert parsed(text) == {"call-1": CALLS["call-1"][:1]}


@pytest.mark.parametrize("rest", ["", " <NA>", " <NA> <NA>", " 0.75", " 1 <NA>", " <NA> 2.5"])
def test_confidence_and_look_ahead_may_be_missing(rest):
    assert parsed(f"SPEAKER call-2 1 0.000 1.250 <NA> <NA> Zoë{rest}") == {
        "call-2": CALLS["call-2"]
    }


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "a.rttm").write_text("\ufeff" + TEXT, encoding="utf-8")
    assert rttm.load(tmp_path / "a.rttm") == CALLS


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SPEAKER call 1 0.5 1.0 <NA> <NA> Alice Smith B C", "its 11 fields.*without spaces"),
        ("SPEAKER call 1 0.5 1.0 Alice", "its 6 fields"),
        ("SPEAKER my call 1 7.5 1.5 <NA> <NA> Alice <NA>", "its 10 fields.*without spaces"),
        ("SPEAKER my call 1 7.5 1.5 <NA> <NA> Alice", "its 9 fields"),
        ("SPEAKER call 1 7.5 1.5 <NA> <NA> Alice Smith <NA>", "its 10 fields"),
        ("SPEAKER call 1 7.5 1.5 <NA> <NA> Alice Smith", "its 9 fields"),
        ("SPEAKER call 1 7.5 1.5 <NA> <NA> Speaker 2 <NA>", "its 10 fields"),
        ("SPEAKER call 1 7.5 1.5 <NA> <NA> <NA> <NA> <NA>", "its 10 fields"),
        ("SPEAKER call 1 0,5 1.5 <NA> <NA> Alice <NA> <NA>", "start is '0,5'.*decimal point"),
        ("SPEAKER,call,1,0.5,1.5,<NA>,<NA>,Alice,<NA>,<NA>", "no type of RTTM line"),
        ("# a comment", "'#' is no type of RTTM line"),
        ("SPEAKER call 1 half 1.0 <NA> <NA> Alice <NA> <NA>", "the start is 'half'"),
        ("SPEAKER call 1 0.5 <NA> <NA> <NA> Alice <NA> <NA>", "the duration '<NA>'"),
        ("SPEAKER call 1 nan 1.0 <NA> <NA> Alice <NA> <NA>", "the start is 'nan'"),
        ("SPEAKER call 1 0.5 inf <NA> <NA> Alice <NA> <NA>", "the duration 'inf'"),
        ("SPEAKER call 1 0.5 0.000 <NA> <NA> Alice <NA> <NA>", "the duration '0.000'"),
        ("SPEAKER call 1 0.5 -1.0 <NA> <NA> Alice <NA> <NA>", "the duration '-1.0'"),
        ("SPEAKER call 1 -0.5 1.0 <NA> <NA> Alice <NA> <NA>", "the start is '-0.5'"),
        ("SPEAKER call 1 0 1e999 <NA> <NA> Alice <NA> <NA>", "the duration '1e999'"),
        ("SPEAKER call 1 1e9 1e-9 <NA> <NA> Alice <NA> <NA>", "the duration '1e-9'"),
        ("00:00:01,000 --> 00:00:02,000", "no type of RTTM line; is this an RTTM file"),
    ],
)
def test_bad_lines_are_named_with_file_and_number(tmp_path, line, message):
    path = tmp_path / "bad.rttm"
    path.write_text(f";; a comment\n{TEXT}{line}\n", encoding="utf-8")
    with pytest.raises(rttm.RttmError, match=rf"{re.escape(str(path))}, line 5: .*{message}"):
        rttm.load(path)


@pytest.mark.parametrize(
    ("recordings", "message"),
    [
        ([{"speaker": "A", "start": 0, "end": 1}], 'by recording, for instance {"call": turns}'),
        ({"my call": []}, "'my call' has to be one word.*'my_call'"),
        (
            {"call": [{"speaker": "Alice Smith", "start": 0, "end": 1}]},
            "'Alice Smith' has to be one word.*call it 'Alice_Smith'",
        ),
        ({"<NA>": []}, "'<NA>' has to be one word other than <NA>.*call it 'NA'"),
        ({"call": [{"speaker": "", "start": 0, "end": 1}]}, r"\['call'\]\[0\] has the speaker ''"),
        ({"call": [{"speaker": 3, "start": 0, "end": 1}]}, "speaker 3: name speakers with a str"),
        ({"call": [{"speaker": "A", "start": 1, "end": 1}]}, "from 1 s to 1 s"),
        ({"call": [{"speaker": "A", "start": -1, "end": 1}]}, "from -1 s to 1 s"),
        ({"call": [{"speaker": "A", "start": 0, "end": float("inf")}]}, "the end inf"),
        ({"call": [{"speaker": "A", "start": "0", "end": 1}]}, "the start '0'"),
        ({"call": [{"speaker": "A", "start": 0, "end": 0.0004}]}, "empty once rounded"),
        ({"call": [{"speaker": "A", "begin": 0, "end": 1}]}, "is no turn"),
        ({"call": {"speaker": "A", "start": 0, "end": 1}}, "is dict, not a list of turns"),
        ({"call": None}, "is NoneType, not a list of turns"),
    ],
)
def test_what_rttm_cannot_hold_is_named_before_the_file_is_touched(tmp_path, recordings, message):
    path = rttm.save(tmp_path / "calls.rttm", CALLS)
    with pytest.raises(rttm.RttmError, match=message):
        rttm.save(path, recordings)
    assert rttm.load(path) == CALLS


def test_files_that_cannot_be_read_or_written_are_named(tmp_path):
    with pytest.raises(rttm.RttmError, match=r"cannot read .*missing\.rttm"):
        rttm.load(tmp_path / "missing.rttm")
    with pytest.raises(rttm.RttmError, match=r"a\.rttm: cannot be written"):
        rttm.save(tmp_path / "missing" / "a.rttm", CALLS)
    (tmp_path / "b.rttm").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(rttm.RttmError, match=r"b\.rttm is not UTF-8"):
        rttm.load(tmp_path / "b.rttm")
