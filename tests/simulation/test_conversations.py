from itertools import pairwise

import numpy as np
import pytest
from scipy import signal

from course_utils import audio, data
from course_utils.simulation import conversations


@pytest.fixture(scope="module")
def rows():
    return data.load("speech", split="test")


def frames(turns, name, count):
    """Whether somebody speaks, in each frame of 10 ms."""
    times = (np.arange(count) + 0.5) / 100
    own = [turn for turn in turns if turn["speaker"] == name]
    return np.any([(turn["start"] <= times) & (times < turn["end"]) for turn in own], axis=0)


def test_overlap_by_hand():
    turns = [
        {"speaker": "a", "start": 0.0, "end": 4.0},
        {"speaker": "b", "start": 3.0, "end": 5.0},
        {"speaker": "c", "start": 3.5, "end": 4.0},
        {"speaker": "a", "start": 7.0, "end": 12.0},
    ]
    assert conversations.overlap_of(turns) == pytest.approx(1 / 10)
    assert conversations.overlap_of([]) == 0


def test_speech_is_found_where_there_is_sound():
    samples = np.zeros(32_000, np.float32)
    samples[1_600:8_000] = 0.3
    samples[11_200:12_800] = 0.2  # 0.2 s later: the same stretch
    samples[24_000:28_800] = 0.3
    assert conversations.speech_in(samples, 16_000) == [
        pytest.approx((0.1, 0.8)),
        pytest.approx((1.5, 1.8)),
    ]
    assert conversations.speech_in(np.zeros(1600, np.float32), 16_000) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_conversation_keeps_what_was_asked_for(rows, seed):
    made = conversations.simulate(rows, seed, speakers=(2, 3), seconds=20, overlap=(0.1, 0.2))
    turns, length = made["turns"], len(made["audio"]) / 16_000
    assert made["audio"].dtype == np.float32 and np.abs(made["audio"]).max() <= 0.91
    names = {turn["speaker"] for turn in turns}
    assert 2 <= len(names) <= 3
    assert all(0 <= turn["start"] < turn["end"] <= length for turn in turns)
    assert [turn["start"] for turn in turns] == sorted(turn["start"] for turn in turns)
    count = np.sum([frames(turns, name, round(100 * length)) for name in names], axis=0)
    # Pauses within an utterance end a turn, so the turns overlap a little less than arranged.
    assert 0.07 < np.mean(count[count > 0] > 1) < 0.21
    assert np.mean(count[count > 0] > 1) == pytest.approx(conversations.overlap_of(turns), abs=0.01)


def test_nobody_speaks_over_themselves_and_everything_said_is_a_sentence_of_theirs(rows):
    said = {(row["speaker"], row["text"]) for row in rows.remove_columns("audio")}
    for seed in range(3):
        made = conversations.simulate(rows, seed, seconds=20)
        for texts in (made["texts"], made["turns"]):
            for name in {text["speaker"] for text in texts}:
                own = [text for text in texts if text["speaker"] == name]
                assert all(after["start"] >= before["end"] for before, after in pairwise(own))
        assert all((text["speaker"], text["text"]) in said for text in made["texts"])


def test_outside_of_the_turns_there_is_silence(rows):
    made = conversations.simulate(rows, 5, seconds=20, scene="studio")
    count = len(made["audio"]) // 160
    level = np.sqrt(np.square(made["audio"][: count * 160].reshape(-1, 160)).mean(1))
    speaking = np.any(
        [frames(made["turns"], turn["speaker"], count) for turn in made["turns"]], axis=0
    )
    near = np.convolve(speaking, np.ones(5), "same") > 0  # 20 ms around
    assert level[~near].max() < 0.03 * level.max()
    assert level[speaking].mean() > 20 * level[~near].mean()


def test_a_conference_call_has_echo_noise_and_the_band_of_a_telephone(rows):
    spectra, floors = [], []
    for scene in ("studio", "conference call"):
        made = conversations.simulate(rows, 5, seconds=20, scene=scene)
        frequencies, power = signal.welch(made["audio"], 16_000, nperseg=1024)
        inside = power[(frequencies > 500) & (frequencies < 3_000)].mean()
        spectra.append(power[frequencies > 4_300].mean() / inside)
        count = len(made["audio"]) // 160
        levels = np.square(made["audio"][: count * 160].reshape(-1, 160)).mean(1)
        floors.append(np.percentile(levels, 2) / np.percentile(levels, 95))
    assert spectra[1] < 1e-4 < spectra[0]
    assert floors[0] < 1e-5 and floors[1] > 3e-4


def test_where_it_happens_changes_no_turn(rows):
    made = [
        conversations.simulate(rows, 7, seconds=15, scene=name) for name in conversations.SCENES
    ]
    assert made[0]["turns"] == made[1]["turns"] == made[2]["turns"]


def test_a_seed_that_finds_no_arrangement_draws_other_utterances(rows):
    for seed in range(40):  # the first draw of one in ten has no such overlap
        made = conversations.simulate(rows, seed, speakers=(2, 2), seconds=12, overlap=(0.1, 0.2))
        assert 0.05 < conversations.overlap_of(made["turns"]) < 0.22


def test_a_seed_gives_the_same_conversation_again_and_another_another(rows):
    first, again, other = (conversations.simulate(rows, seed, seconds=10) for seed in (1, 1, 2))
    assert np.array_equal(first["audio"], again["audio"]) and first["turns"] == again["turns"]
    assert first["turns"] != other["turns"]


def test_too_few_speakers_an_impossible_overlap_and_an_unknown_scene_are_named(rows):
    with pytest.raises(ValueError, match="rows has 4 speakers"):
        conversations.simulate(rows, 0, speakers=(5, 5))
    with pytest.raises(ValueError, match="overlap of"):
        conversations.simulate(rows, 0, speakers=(2, 2), seconds=10, overlap=(0.9, 1.0))
    with pytest.raises(ValueError, match="no scene 'moon': choose one of studio, room"):
        conversations.simulate(rows, 0, scene="moon")


def test_a_cast_has_much_to_say_and_each_speed_is_somebody_else():
    rng = np.random.default_rng(0)
    rows = [
        {
            "audio": {"array": rng.normal(size=3_200).astype(np.float32), "sampling_rate": 16_000},
            "speaker": name,
            "text": f"{name} {place}",
            "sex": "female",
        }
        for name, count in (("often", 5), ("once", 1))
        for place in range(count)
    ]
    people = conversations.cast(rows)
    assert {row["speaker"] for row in people} == {"often@0.9", "often@1.0", "often@1.1"}
    assert len(people) == 15 and {row["sex"] for row in people} == {"female"}
    slow = people[0]
    assert slow["speaker"] == "often@0.9" and slow["text"] == "often 0"
    heard, _ = audio.load(slow["audio"], 16_000)
    assert heard == pytest.approx(audio.resample(rows[0]["audio"]["array"], 14_400, 16_000))
    assert len(conversations.cast(rows, min_utterances=1)) == 18
    assert {row["speaker"] for row in conversations.cast(rows, speeds=(0.8,))} == {"often@0.8"}
    with pytest.raises(ValueError, match=r"no speaker of 6 utterances or more.*the most are 5"):
        conversations.cast(rows, min_utterances=6)


def test_people_who_sound_alike_are_of_one_sex(rows):
    sexes = dict(zip(rows["speaker"], rows["sex"], strict=True))
    found = set()
    for seed in range(6):
        made = conversations.simulate(rows, seed, speakers=(2, 2), seconds=8, alike=True)
        together = {sexes[turn["speaker"]] for turn in made["turns"]}
        assert len(together) == 1
        found |= together
    assert found == {"female", "male"}
    for unknown in (rows.remove_columns("sex"), [{"speaker": "a", "text": "", "audio": {}}]):
        with pytest.raises(ValueError, match="rows has no column 'sex'"):
            conversations.simulate(unknown, 0, alike=True)


def test_music_plays_beneath_the_voices_and_changes_no_turn(rows):
    tone = np.sin(2 * np.pi * 5_000 * np.arange(8_000) / 16_000).astype(np.float32)
    music = [{"audio": {"array": tone, "sampling_rate": 16_000}}]
    plain, made = (
        conversations.simulate(rows, 3, seconds=10, scene="studio", music=clips)
        for clips in (None, music)
    )
    assert made["turns"] == plain["turns"] and len(made["audio"]) == len(plain["audio"])
    assert made["audio"].dtype == np.float32 and np.abs(made["audio"]).max() <= 0.91
    # What was added is the tone from beginning to end; a gain may have turned both down.
    scale = np.vdot(made["audio"], plain["audio"]) / np.vdot(plain["audio"], plain["audio"])
    added = made["audio"] - scale * plain["audio"]
    ratio = 10 * np.log10(np.mean(np.square(added)) / np.mean(np.square(scale * plain["audio"])))
    assert -25.5 < ratio < -14.5
    assert np.std(added[:1_600]) == pytest.approx(np.std(added[-1_600:]), rel=0.1)
    with pytest.raises(ValueError, match="music has no clips"):
        conversations.simulate(rows, 3, music=[])
