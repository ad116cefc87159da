"""`check_folder`: planted faults are found and named, a clean folder has none, nothing crashes."""

import csv
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal

from course_utils import data
from course_utils.data import copies, measures, tables

RATE = 16_000
CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
TEXTS = ("{} opened the garden gate", "rain fell on {} again", "we saw {} by the river")
NAMES = ("anna", "berta", "carla", "dora", "emma", "frieda", "greta", "hanna", "ida", "jutta")
NAMES += ("klara", "lina", "maria", "nora", "olga")


def sound(seed, seconds=2.0, rate=RATE, peak=0.4):
    """Noise from 150 Hz to 3500 Hz whose level changes a few times a second, as speech does."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(round(seconds * rate))
    noise = signal.sosfilt(signal.butter(4, [150, 3_500], "bandpass", fs=rate, output="sos"), noise)
    knots = rng.uniform(0.05, 1, max(round(8 * seconds), 2))
    noise *= np.interp(np.linspace(0, 1, len(noise)), np.linspace(0, 1, len(knots)), knots)
    return (peak * noise / np.abs(noise).max()).astype(np.float32)


def write(path, samples, rate=RATE, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.asarray(samples).T, rate, **options)


def table(folder, rows):
    names = dict.fromkeys(name for row in rows for name in row)
    with open(folder / "metadata.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def clean(folder):
    """Forty clips of two classes by four people, two of them in each split."""
    rows = []
    for n in range(40):
        split = "train" if n < 30 else "test"
        name = f"{split}/{n:02d}.wav"
        write(folder / name, sound(n, 2 + n / 20))
        text = TEXTS[n % 3].format(NAMES[n // 3])
        speaker = f"{split}-{'ab'[n % 2]}"
        rows.append({"file_name": name, "label": ("low", "high")[n % 2], "text": text})
        rows[-1]["speaker"] = speaker
    return rows


def kinds(found):
    return {finding.kind: finding for finding in found.findings}


@pytest.fixture(scope="module")
def spotless(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    table(folder, clean(folder))
    return folder


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Return a folder, and the files that each kind of fault must name."""
    folder = tmp_path_factory.mktemp("planted")
    rows, wanted, fresh = clean(folder), {}, iter(range(1_000, 2_000))

    def plant(kind, samples=None, rate=RATE, split="train", name=None, **values):
        number = next(fresh)
        name = f"{split}/{name or f'{number}.wav'}"
        if samples is None:
            samples = sound(number)
        if isinstance(samples, bytes):
            (folder / name).write_bytes(samples)
        else:
            write(folder / name, samples, rate)
        text = f"this sentence has {number} in it"
        row = {"file_name": name, "label": "low", "text": text, "speaker": f"{split}-a"}
        rows.append(row | values)
        wanted.setdefault(kind, set()).add(name)
        return name

    plant("silent", np.zeros(RATE))
    plant("quiet", sound(1, peak=0.005))
    plant("clipped", np.clip(8 * sound(2), -0.9, 0.9))
    plant("DC offset", 0.1 + sound(3))
    plant("dead channel", np.stack([sound(4), np.zeros(2 * RATE)]))
    plant("channels cancel", np.stack([sound(5), -sound(5)]))
    plant("too short", sound(6, 0.01), text="a")
    long = sound(7, 1)
    plant("mostly silence", np.concatenate([long, np.zeros(29 * RATE)]))
    plant("mixed rates", sound(8, rate=8_000), rate=8_000)
    whole = (folder / "train/00.wav").read_bytes()
    plant("unreadable", whole[: len(whole) // 2], name="cut.wav")
    plant("unreadable", b"<html>not found</html>", name="page.wav")
    plant("unreadable", b"", name="empty.wav")
    same = folder / "train/02.wav"
    plant("same sound", same.read_bytes(), text=rows[2]["text"])
    wanted["same sound"].add("train/02.wav")
    samples, _ = soundfile.read(folder / "train/04.wav")
    again = 0.5 * signal.resample_poly(samples, 3, 2)
    plant("copied sound", again, rate=24_000, text=rows[4]["text"])
    wanted["copied sound"].add("train/04.wav")
    plant("same sound in two splits", (folder / "train/06.wav").read_bytes(), split="test")
    wanted["same sound in two splits"].add("train/06.wav")
    plant("same sound, other label", (folder / "train/08.wav").read_bytes(), label="high")
    wanted["same sound, other label"].add("train/08.wav")
    plant("empty text", text="")
    plant("empty text", text="...")
    plant("odd text", text="{n} and {noise} and <unk> there")
    plant("odd text", sound(21, 1), text="nan")
    plant("wrong encoding", text="the cafÃ© in KÃ¶ln opened at nine")
    plant("text too long", text="far too many words " * 10)
    plant("text too short", sound(20, 6), text="oh")
    plant("repeated text", text="the very same words")
    plant("repeated text", text="the very same words")
    plant("labels that look alike", label="Low ")
    plant("speakers look alike", speaker="Train-A")
    plant("no label", label="")
    plant("few clips in a class", label="rare")
    plant("speakers in two splits", split="test", speaker="train-b")
    plant("texts in two splits", split="test", text=rows[0]["text"])
    wanted["class missing in a split"] = set()
    unlisted = "train/unlisted.wav"
    write(folder / unlisted, sound(900))
    wanted["left out"] = set()
    table(folder, rows)
    return folder, wanted


def test_a_clean_folder_has_no_finding(spotless):
    found = data.check_folder(spotless)
    assert found.findings == [], str(found)
    assert "40 clips, 0.03 hours, 4 speakers, 2 labels, 30 train, 10 test" in str(found)
    assert str(found).endswith("Nothing to fix.")


def test_every_planted_fault_is_found_with_its_files(planted):
    folder, wanted = planted
    found = kinds(data.check_folder(folder))
    assert len(wanted) >= 25
    for kind, files in wanted.items():
        assert kind in found, kind
        assert files <= set(found[kind].files), (kind, found[kind])
        assert found[kind].fix and found[kind].text
    exact = ("silent", "quiet", "clipped", "DC offset", "dead channel", "channels cancel")
    exact += ("too short", "mostly silence", "unreadable", "same sound in two splits", "no label")
    exact += ("copied sound", "odd text", "wrong encoding", "text too long", "text too short")
    for kind in exact:
        assert set(found[kind].files) == wanted[kind], (kind, found[kind])
    assert "unlisted.wav" in found["left out"].text
    assert set(found) - set(wanted) <= {"mixed channels"}


def test_what_only_some_folders_can_have(tmp_path):
    one = tmp_path / "one"
    for n in range(6):
        write(one / "hum" / f"{n}.wav", sound(n))
    assert "one class" in kinds(data.check_folder(one))
    two = tmp_path / "two"
    for n in range(48):
        write(two / ("rain" if n < 44 else "wind") / f"{n}.wav", sound(n, 0.6))
    assert set(kinds(data.check_folder(two))) == {"uneven classes"}
    for n in range(44, 48):
        write(two / "wind" / f"{n}.wav", sound(n, 0.6, 44_100), 44_100)
    assert "format tells the class" in kinds(data.check_folder(two))


def test_headers_and_scales_that_are_wrong(tmp_path):
    for n in range(4):
        write(tmp_path / "a" / f"{n}.wav", sound(n))
        write(tmp_path / "b" / f"{n}.wav", sound(n + 10))
    write(tmp_path / "a/0.wav", sound(0, 5))
    content = (tmp_path / "a/0.wav").read_bytes()
    size = (len(content) - 44 - 70_000).to_bytes(4, "little")  # as beyond 4 GiB, where it wraps
    (tmp_path / "a/0.wav").write_bytes(content[:40] + size + content[44:])
    write(tmp_path / "b/0.wav", 32_768 * sound(10), subtype="FLOAT")
    found = kinds(data.check_folder(tmp_path))
    assert found["header without the length"].files == ["a/0.wav"]
    assert found["integers as floats"].files == ["b/0.wav"]


def test_turns_without_recordings_and_behind_their_end(tmp_path):
    for name in "abc":
        write(tmp_path / f"{name}.wav", sound(ord(name), 3))
    line = "SPEAKER {} 1 0.5 {} <NA> <NA> x <NA> <NA>\n"
    (tmp_path / "a.rttm").write_text(line.format("a", 2), encoding="utf-8")
    (tmp_path / "b.rttm").write_text(line.format("b", 2_000), encoding="utf-8")
    found = kinds(data.check_folder(tmp_path))
    assert set(found) == {"no turns", "turns beyond the end"}
    assert found["no turns"].files == ["c.wav"]
    assert found["turns beyond the end"].files == ["b.wav"]


def test_parts_of_files_are_checked_one_by_one(tmp_path):
    samples = np.concatenate([sound(1, 3), np.zeros(2 * RATE), sound(2, 3)])
    write(tmp_path / "long.wav", samples)
    spans = [(0, 3), (3.2, 1.5), (5, 3), (6, 9)]
    objects = [
        {"audio_filepath": "long.wav", "offset": start, "duration": seconds, "text": f"part {n}"}
        for n, (start, seconds) in enumerate(spans)
    ]
    lines = "\n".join(map(json.dumps, objects))
    (tmp_path / "manifest.jsonl").write_text(lines, encoding="utf-8")
    found = kinds(data.check_folder(tmp_path))
    assert found["silent"].files == ["long.wav#t=3.2,4.7"]
    assert found["unreadable"].files == ["long.wav#t=6,15"]
    assert "lasts 8.00 s" in found["unreadable"].text


def test_names_that_look_alike():
    names = [
        "Car horn",
        "car_horn",
        "carhorn",
        "cat",
        "Cat",
        "1-2",
        "12",
        "a1",
        "a 1",
        "é",
        "e",
        "-",
    ]
    found = tables.look_alikes([*names, None, ""])
    wanted = [["Car horn", "car_horn", "carhorn"], ["Cat", "cat"], ["a 1", "a1"]]
    assert sorted(found) == wanted


def test_processes_find_the_same(planted):
    folder, _ = planted
    followed = []

    def track(results, total):
        for result in results:
            followed.append(total)
            yield result

    assert str(data.check_folder(folder, 2, track)) == str(data.check_folder(folder))
    assert len(followed) == followed[0] > 60


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda x: 0.1 * x, True),
        (lambda x: -x, True),
        (lambda x: signal.resample_poly(x, 441, 160), True),
        (lambda x: np.concatenate([np.zeros(160), x]), True),
        (lambda x: x + 0.05 * np.random.default_rng(0).standard_normal(len(x)) * x.std(), True),
        (lambda x: x[::-1], False),
        (lambda x: sound(99, 4.0), False),
        (lambda x: np.roll(x, len(x) // 2), False),
    ],
)
def test_copies_are_told_from_other_sounds(change, same, tmp_path):
    samples = sound(1, 4.0)
    other = change(samples)
    rate = 44_100 if len(other) > 2 * len(samples) else RATE
    write(tmp_path / "one.wav", samples)
    write(tmp_path / "other.wav", other, rate)
    facts = [measures.measure(str(tmp_path), n, [None])[0] for n in ("one.wav", "other.wav")]
    paths = [(tmp_path / name, None) for name in ("one.wav", "other.wav")]
    equal, near = copies.groups(list(zip(paths, facts, strict=True)))
    assert equal == [] and near == ([[0, 1]] if same else [])


def test_peaks_that_are_cut_off_on_one_side_only_are_flat(tmp_path):
    samples = np.maximum(sound(1), -0.1)  # cut off at the bottom
    write(tmp_path / "bottom.wav", samples)
    write(tmp_path / "top.wav", -samples)
    bottom, top = (
        measures.measure(str(tmp_path), name, [None])[0].flat for name in ("bottom.wav", "top.wav")
    )
    cut = samples == -0.1
    assert bottom == top == np.count_nonzero(cut[:-2] & cut[1:-1] & cut[2:]) / len(cut) > 0.005


@pytest.mark.parametrize("kind", [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")])
def test_lossy_copies_are_found(kind, tmp_path):
    write(tmp_path / "one.wav", sound(1, 3))
    soundfile.write(tmp_path / "other", sound(1, 3), RATE, format=kind[0], subtype=kind[1])
    paths = [(tmp_path / name, None) for name in ("one.wav", "other")]
    facts = [measures.measure(str(tmp_path), path.name, [None])[0] for path, _ in paths]
    assert copies.groups(list(zip(paths, facts, strict=True))) == ([], [[0, 1]])


def odd_contents():
    """Files that decoders refuse, mend or read in part."""
    rng = np.random.default_rng(0)
    good = measures.audio.encode(sound(1, 0.7), RATE)
    for kind in ("flac", "ogg", "opus", "mp3"):
        content = measures.audio.encode(sound(1, 0.7), RATE, kind)
        yield content
        yield content[: len(content) // 2]
        yield content + bytes(1_000)
        yield content + content
    for size in (0, 1, 12, 43, 44, 45, 46, 60, 10_000):
        yield good[:size]
    yield good[:40] + bytes(4) + good[44:]
    yield good[:22] + b"\0\0" + good[24:]
    yield good[:24] + b"\xff\xff\xff\xff" + good[28:]
    yield b"version https://git-lfs.github.com/spec/v1\n"
    yield rng.bytes(5_000)
    for _ in range(20):
        place = int(rng.integers(len(good) - 4))
        yield good[:place] + rng.bytes(4) + good[place + 4 :]
    for samples in ([0.5], [0, 0], np.full(20_000, 0.3), np.tile([1, -1], 9_000)):
        yield measures.audio.encode(np.asarray(samples, np.float32), 8_000)
    yield measures.audio.encode(np.tile(sound(1), (8, 1)), RATE, "flac")


def test_odd_files_never_stop_a_check(tmp_path):
    for n, content in enumerate(odd_contents()):
        path = tmp_path / ("odd", "even")[n % 2] / f"{n}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = data.check_folder(tmp_path)
    assert len(found.clips) == n + 1
    for clip in found.clips:
        known = clip.facts.seconds > 0 and np.isfinite(clip.facts.level)
        assert known != bool(clip.facts.error), clip


@pytest.mark.parametrize("name", ["semicolon", "tab", "backslash", "decomposed", "spaces"])
def test_tables_of_the_shared_cases_are_read(name, tmp_path):
    if not CASES.is_dir():
        pytest.skip(f"no files at {CASES}")
    content = (CASES / f"metadata_{name}.csv").read_bytes()
    (tmp_path / "metadata.csv").write_bytes(content)
    for cell in content.decode().replace("\\", "/").replace("\t", ",").replace(";", ",").split(","):
        for word in cell.split("\n"):
            if word.strip().endswith(".wav"):
                write(tmp_path / word.strip(), sound(len(word)))
    found = data.check_folder(tmp_path)
    assert found.clips and "text" in found.columns
    assert not any(clip.facts.error for clip in found.clips)


@pytest.mark.skipif(os.name != "posix", reason="measures peak memory with resource")
def test_memory_does_not_grow_with_the_number_of_clips(tmp_path):
    code = (
        "import resource, sys; from course_utils import data; data.check_folder(sys.argv[1]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for count in (4, 40):
        for n in range(count):
            write(tmp_path / str(count) / "ab"[n % 2] / f"{n}.wav", sound(n, 30))
        command = [sys.executable, "-c", code, str(tmp_path / str(count))]
        peaks.append(int(subprocess.run(command, capture_output=True, encoding="utf-8").stdout))
    # 36 clips more, of 1.9 MB each as float32.
    assert peaks[1] - peaks[0] < 20_000
