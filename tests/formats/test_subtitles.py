import html
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.formats import subtitles

CHUNKS = [
    {"timestamp": (0.0, 1.25), "text": " Hello, Alice."},
    {"timestamp": (1.5, 3725.0), "text": "Fish & chips <now>?"},
]


def test_srt_by_hand():
    assert subtitles.to_srt(CHUNKS) == (
        "1\n00:00:00,000 --> 00:00:01,250\nHello, Alice.\n\n"
        "2\n00:00:01,500 --> 01:02:05,000\nFish & chips <now>?\n"
    )


def test_vtt_by_hand(tmp_path):
    path = subtitles.save(tmp_path / "a.vtt", CHUNKS)
    assert path.read_text(encoding="utf-8") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.250\nHello, Alice.\n\n"
        "00:00:01.500 --> 01:02:05.000\nFish &amp; chips &lt;now&gt;?\n"
    )


def test_open_ends_are_closed_and_empty_chunks_go():
    chunks = [
        {"timestamp": (0.0, None), "text": "one"},
        {"timestamp": (2.0, 2.5), "text": "  "},
        {"timestamp": (3.0, None), "text": "two"},
    ]
    read = pysubs2.SSAFile.from_string(subtitles.to_srt(chunks))
    assert [(cue.start, cue.end) for cue in read] == [(0, 2000), (3000, 5000)]


def test_no_chunks_are_an_empty_file(tmp_path):
    path = tmp_path / "none.srt"
    subtitles.save(path, [])
    assert path.read_text(encoding="utf-8") == ""


def test_a_blank_line_or_an_arrow_in_a_text_does_not_end_its_subtitle():
    chunks = [{"timestamp": (0.0, 1.0), "text": "one\n\n 2 --> 3 "}]
    assert subtitles.to_srt(chunks) == "1\n00:00:00,000 --> 00:00:01,000\none\n2 -> 3\n"


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([{"text": "no time"}], "chunk 1 is no"),
        (["a text"], "return_timestamps=True"),
        ([{"timestamp": (-1.0, 1.0), "text": "x"}], "from -1.0 s to 1.0 s"),
        ([{"timestamp": (2.0, float("nan")), "text": "x"}], "from 2.0 s to nan s"),
        ([{"timestamp": (None, 1.0), "text": "x"}], "chunk 1 is no .* with a start"),
    ],
)
def test_wrong_chunks_are_named(chunks, message):
    with pytest.raises(subtitles.SubtitleError, match=message):
        subtitles.to_srt(chunks)


@pytest.mark.parametrize(
    ("spans", "mended"),
    [
        ([(28.0, 29.5), (29.98, 29.5)], [(28.0, 29.5), (29.98, 31.98)]),
        ([(2.0, 1.0), (4.0, 5.0)], [(2.0, 4.0), (4.0, 5.0)]),
        ([(5.0, 29.5), (0.0, 4.0), (4.0, 6.0)], [(5.0, 29.5), (5.0, 7.0), (5.0, 6.0)]),
    ],
)
def test_times_that_go_backwards_are_mended_and_words_stay_in_order(tmp_path, spans, mended):
    chunks = [{"timestamp": span, "text": word} for span, word in zip(spans, "abc", strict=False)]
    with pytest.warns(UserWarning, match=r"chunk [12] runs from .* words stay in order") as caught:
        path = subtitles.save(tmp_path / "a.srt", chunks)
    assert len(caught) == sum(mended[n][0] > span[0] or span[1] < span[0]
                              for n, span in enumerate(spans))  # fmt: skip
    read = pysubs2.load(path)
    assert [(cue.start / 1000, cue.end / 1000) for cue in read] == mended
    assert [cue.text for cue in read] == list("abc"[: len(spans)])


def loaded(text, suffix="srt"):
    """Return the chunks in a file that holds the text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a.{suffix}")
        path.write_bytes(text.encode())
        return subtitles.load(path)


def texts(text, suffix="srt"):
    return [chunk["text"] for chunk in loaded(text, suffix)]


@pytest.mark.parametrize("name", ["a.srt", "a.vtt"])
def test_what_is_written_is_read_back(tmp_path, name):
    chunks = [*CHUNKS, {"timestamp": (3726.5, 3727.0), "text": "1\n 2 -> 3\n\n4"}]
    read = subtitles.load(subtitles.save(tmp_path / name, chunks))
    assert [chunk["timestamp"] for chunk in read] == [chunk["timestamp"] for chunk in chunks]
    assert [chunk["text"] for chunk in read] == [
        "Hello, Alice.", "Fish & chips <now>?", "1\n2 -> 3\n4",
    ]  # fmt: skip


def test_text_behind_an_empty_line_is_kept():
    """As Subtitle Edit and others save a subtitle of two paragraphs."""
    text = (
        "1\n00:00:00,500 --> 00:00:01,500\nfirst line\n\nsecond line after an empty one\n\n"
        "2\n00:00:02,000 --> 00:00:03,000\n\nnext\n"
    )
    for variant in (
        text,
        text.replace("\n", "\r\n"),
        "\ufeff" + text,
        text.replace("\n\n2", "\n2"),
    ):
        assert loaded(variant) == [
            {"timestamp": (0.5, 1.5), "text": "first line\nsecond line after an empty one"},
            {"timestamp": (2.0, 3.0), "text": "next"},
        ]


def test_a_number_may_be_all_of_a_text():
    text = "1\n00:00:01,000 --> 00:00:02,000\n42\n\n2\n00:00:03,000 --> 00:00:04,000\n7\n"
    assert texts(text) == ["42", "7"]
    unnumbered = "00:00:01,000 --> 00:00:02,000\n42\n00:00:03,000 --> 00:00:04,000\n7\n"
    assert texts(unnumbered) == ["42", "7"]


@pytest.mark.parametrize(
    ("times", "span"),
    [
        ("00:00:00,5 --> 00:00:01,50", (0.5, 1.5)),
        ("00:00:03,46 --> 00:00:04,83", (3.46, 4.83)),
        ("00:00:03 --> 00:00:04", (3.0, 4.0)),
        ("00:00:03,000-->00:00:04,000", (3.0, 4.0)),
        ("00:00:03:250 --> 00:00:04:000", (3.25, 4.0)),
        ("00:00:03.250 --> 00:00:04.000", (3.25, 4.0)),
        ("00:00:03,000 -> 00:00:04,000", (3.0, 4.0)),
        (" 00: 00: 03, 250 --> 00: 00: 04, 000 ", (3.25, 4.0)),
        ("0:1:03,250 --> 1:0:4,000", (63.25, 3604.0)),
        ("00:03.250 --> 00:04.000 align:start position:0%", (3.25, 4.0)),
        ("00:00:03,250 --> 00:00:04,000  X1:100 X2:200 Y1:0 Y2:9", (3.25, 4.0)),
    ],
)
def test_times_are_read_however_they_are_written(times, span):
    chunks = loaded(f"1\n00:00:00,000 --> 00:00:00,400\nHello\n\n2\n{times}\nWorld\n")
    assert chunks[1:] == [{"timestamp": span, "text": "World"}] and chunks[0]["text"] == "Hello"


def test_tags_are_no_words():
    srt = '1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<i>Hello</i> <font color="#fff">you</font> <3\n'
    assert texts(srt) == ["Hello you <3"]
    vtt = (
        "WEBVTT - a film\nKind: captions\n\nNOTE by hand\nin two lines\n\nSTYLE\n::cue {}\n\n"
        "intro\n00:01.000 --> 00:02.000\n<v Alice>Hello <c.loud>you</c><00:01.500> &amp; me\n\n"
        "NOTE\nthe end\n\n00:03.000 --> 00:04.000\nNOTED\n"
    )
    assert texts(vtt, "vtt") == ["Hello you & me", "NOTED"]


def test_files_of_pysubs2_and_ffmpeg_are_read(tmp_path):
    file = pysubs2.SSAFile()
    file.events = [
        pysubs2.SSAEvent(start=500, end=1250, text="one\\Ntwo"),
        pysubs2.SSAEvent(start=3_600_000, end=3_600_010, text="three"),
    ]
    for name in ("a.srt", "a.vtt"):
        file.save(tmp_path / name)
        assert subtitles.load(tmp_path / name) == [
            {"timestamp": (0.5, 1.25), "text": "one\ntwo"},
            {"timestamp": (3600.0, 3600.01), "text": "three"},
        ]
    if shutil.which("ffmpeg"):
        for new in ("b.srt", "b.vtt"):
            command = ["ffmpeg", "-v", "error", "-i", tmp_path / "a.srt", tmp_path / new]
            subprocess.run(command, check=True)
            assert subtitles.load(tmp_path / new) == subtitles.load(tmp_path / "a.srt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:03,000 -->\ny",
            "line 6: '00:00:03,000 -",
        ),
        ("1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:03 -> later\ny", "line 6: '00:00:03 ->"),
        ("Dear all,\n1\n00:00:01,000 --> 00:00:02,000\nx", "line 1: 'Dear all,' is no time line"),
        ("just a text", "line 1: .* check that these are subtitles"),
    ],
)
def test_lines_that_are_no_subtitles_are_named(tmp_path, text, message):
    path = tmp_path / "a.srt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(subtitles.SubtitleError, match=rf"a\.srt, {message}"):
        subtitles.load(path)
    assert loaded("") == loaded("WEBVTT\n", "vtt") == []
    with pytest.raises(subtitles.SubtitleError, match=r"a\.vtt has no time lines"):
        loaded("just\n\na text", "vtt")
    assert texts("00:01.000 --> 00:02.000\nno head", "vtt") == ["no head"]
    with pytest.raises(subtitles.SubtitleError, match=r"cannot read .*missing\.srt"):
        subtitles.load(tmp_path / "missing.srt")


times = st.lists(st.integers(0, 4_000_000), min_size=2, max_size=8, unique=True).map(sorted)
line = st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters="\\"), min_size=1)


@given(times, st.data())
def test_pysubs2_reads_what_is_written(milliseconds, data):
    spans = list(zip(milliseconds[::2], milliseconds[1::2], strict=False))
    texts = [data.draw(line).replace("-->", "->") for _ in spans]
    chunks = [
        {"timestamp": (start / 1000, end / 1000), "text": text}
        for (start, end), text in zip(spans, texts, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("srt", "vtt"):
            path = subtitles.save(Path(folder, f"a.{suffix}"), chunks)
            read = pysubs2.load(path, format_=suffix, keep_html_tags=True)
            assert [(cue.start, cue.end) for cue in read] == spans
            found = [html.unescape(cue.text) if suffix == "vtt" else cue.text for cue in read]
            assert found == texts


def test_files_that_cannot_be_written_are_named(tmp_path):
    with pytest.raises(subtitles.SubtitleError, match=r"c\.txt ends in neither"):
        subtitles.save(tmp_path / "c.txt", CHUNKS)
    with pytest.raises(subtitles.SubtitleError, match=r"a\.srt: cannot be written"):
        subtitles.save(tmp_path / "missing" / "a.srt", CHUNKS)


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe of ffmpeg is not installed")
@pytest.mark.parametrize("name", ["a.srt", "a.vtt"])
def test_ffmpeg_reads_the_same_times(tmp_path, name):
    path = subtitles.save(tmp_path / name, CHUNKS)
    command = ["ffprobe", "-v", "error", "-show_packets", "-of", "json", str(path)]
    packets = json.loads(subprocess.check_output(command))["packets"]
    assert [float(packet["pts_time"]) for packet in packets] == [0.0, 1.5]
    assert [float(packet["duration_time"]) for packet in packets] == [1.25, 3723.5]
