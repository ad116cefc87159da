import json
import shutil
import subprocess

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


def test_vtt_by_hand():
    assert subtitles.to_vtt(CHUNKS) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.250\nHello, Alice.\n\n"
        "00:00:01.500 --> 01:02:05.000\nFish &amp; chips &lt;now&gt;?\n"
    )


def test_open_ends_are_closed_and_empty_chunks_go():
    chunks = [
        {"timestamp": (0.0, None), "text": "one"},
        {"timestamp": (2.0, 2.5), "text": "  "},
        {"timestamp": (3.0, None), "text": "two"},
    ]
    read = subtitles.parse(subtitles.to_srt(chunks))
    assert [chunk["timestamp"] for chunk in read] == [(0.0, 2.0), (3.0, 5.0)]


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([{"text": "no time"}], "chunk 1 is no"),
        (["a text"], "return_timestamps=True"),
        ([{"timestamp": (2.0, 1.0), "text": "x"}], "from 2.0 s to 1.0 s"),
        ([{"timestamp": (None, 1.0), "text": "x"}], "chunk 1 has no start"),
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
line = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1)


@given(times, st.data())
def test_what_is_written_is_read_back(milliseconds, data):
    pairs = zip(milliseconds[::2], milliseconds[1::2], strict=False)
    chunks = [
        {"timestamp": (start / 1000, end / 1000), "text": data.draw(line).replace("-->", "->")}
        for start, end in pairs
    ]
    assert subtitles.parse(subtitles.to_srt(chunks)) == chunks
    assert subtitles.parse(subtitles.to_vtt(chunks)) == chunks


def test_files_of_other_programs_are_read():
    windows = "\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\nOne\r\ntwo\r\n\r\n"
    assert subtitles.parse(windows) == [{"timestamp": (1.0, 2.0), "text": "One\ntwo"}]
    web = "WEBVTT - title\n\nNOTE a remark\n\nintro\n00:01.500 --> 00:02.000 align:start\nHi\n"
    assert subtitles.parse(web) == [{"timestamp": (1.5, 2.0), "text": "Hi"}]


def test_files(tmp_path):
    for name in ("a.srt", "b.vtt"):
        assert subtitles.load(subtitles.save(tmp_path / name, CHUNKS))[1]["timestamp"][1] == 3725.0
    with pytest.raises(subtitles.SubtitleError, match=r"c\.txt ends in neither"):
        subtitles.save(tmp_path / "c.txt", CHUNKS)
    with pytest.raises(subtitles.SubtitleError, match=r"cannot read .*missing\.srt"):
        subtitles.load(tmp_path / "missing.srt")
    (tmp_path / "d.srt").write_text("nothing here")
    with pytest.raises(subtitles.SubtitleError, match=r"d\.srt: no subtitles"):
        subtitles.load(tmp_path / "d.srt")
    (tmp_path / "e.srt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(subtitles.SubtitleError, match="UTF-8"):
        subtitles.load(tmp_path / "e.srt")


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe of ffmpeg is not installed")
@pytest.mark.parametrize("name", ["a.srt", "a.vtt"])
def test_ffmpeg_reads_the_same_times(tmp_path, name):
    path = subtitles.save(tmp_path / name, CHUNKS)
    command = ["ffprobe", "-v", "error", "-show_packets", "-of", "json", str(path)]
    packets = json.loads(subprocess.check_output(command))["packets"]
    assert [float(packet["pts_time"]) for packet in packets] == [0.0, 1.5]
    assert [float(packet["duration_time"]) for packet in packets] == [1.25, 3723.5]
