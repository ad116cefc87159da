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


def test_a_blank_line_or_an_arrow_in_a_text_does_not_end_its_subtitle():
    chunks = [{"timestamp": (0.0, 1.0), "text": "one\n\n 2 --> 3 "}]
    assert subtitles.to_srt(chunks) == "1\n00:00:00,000 --> 00:00:01,000\none\n2 -> 3\n"


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([{"text": "no time"}], "chunk 1 is no"),
        (["a text"], "return_timestamps=True"),
        ([{"timestamp": (2.0, 1.0), "text": "x"}], "from 2.0 s to 1.0 s"),
        ([{"timestamp": (None, 1.0), "text": "x"}], "chunk 1 is no .* with a start"),
        (
            [{"timestamp": (5.0, 6.0), "text": "x"}, {"timestamp": (1.0, 2.0), "text": "y"}],
            "chunk 2 starts at 1.0 s",
        ),
    ],
)
def test_wrong_chunks_are_named(chunks, message):
    with pytest.raises(subtitles.SubtitleError, match=message):
        subtitles.to_srt(chunks)


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
