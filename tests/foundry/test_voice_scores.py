import numpy as np
import pytest

from course_utils import audio
from course_utils.formats import rttm
from foundry.voices import voice_scores

TURNS = [
    {"speaker": "a", "start": 0.0, "end": 4.0},
    {"speaker": "b", "start": 4.0, "end": 8.0},
]


def by_first_sample(clips):
    """Vectors that point where a clip's first sample says."""
    return np.stack([np.array([np.cos(clip[0]), np.sin(clip[0])]) for clip in clips])


def test_every_two_clips_of_a_group_are_compared():
    clips = [np.array([angle]) for angle in (0.0, 0.1, 1.5, 1.6)]
    made = voice_scores.verification(by_first_sample, clips, ["a", "a", "b", "b"])
    assert made["pairs"] == 6 and made["clips"] == 4 and made["eer"] == 0
    assert np.cos(1.4) < made["threshold"] < np.cos(0.1)
    made = voice_scores.verification(by_first_sample, clips, ["a", "b", "b", "b"], [0, 0, 1, 1])
    assert made["pairs"] == 2


def test_a_diarizer_is_scored_by_hand():
    recordings = [(np.zeros(8), TURNS), (np.ones(8), TURNS)]
    answers = {
        0.0: [{"speaker": "1", "start": 0.0, "end": 8.0}],  # the second half is confused
        1.0: [
            {"speaker": "x", "start": 0.0, "end": 4.0},
            {"speaker": "y", "start": 4.0, "end": 7.0},
        ],
    }
    made = voice_scores.score(lambda samples: answers[samples[0]], recordings)
    assert made["der0"] == pytest.approx((4 + 1) / 16)
    assert made["speakers"] == 0.5 and made["recordings"] == 2
    # The collar takes an eighth of a second off either side of each edge in the truth.
    speech = 2 * (8 - 4 * 0.125)
    assert made["confusion"] == pytest.approx((4 - 2 * 0.125) / speech)
    assert made["miss"] == pytest.approx((1 - 0.125) / speech)
    assert made["interval"][0] <= made["der"] <= made["interval"][1]


def test_held_out_conversations_have_the_voices_of_their_split():
    talks = voice_scores.held_out("test", "room", count=2)
    again = voice_scores.held_out("test", "conference call", count=1)
    names = {turn["speaker"] for talk in talks for turn in talk["turns"]}
    rows = voice_scores.recognition_scores.shipped("test", ("home",))
    assert names <= {row["speaker"] for row in rows}
    assert talks[0]["turns"] == again[0]["turns"]  # the same talk elsewhere


def test_of_meetings_only_what_one_person_says_alone_is_a_voice(tmp_path):
    folder = tmp_path / "ami"
    folder.mkdir()
    time = np.arange(10 * 16_000) / 16_000
    audio.save(folder / "m1.wav", np.float32(time / 10), 16_000)
    turns = [
        {"speaker": "a", "start": 0.0, "end": 2.0},
        {"speaker": "b", "start": 1.5, "end": 3.0},
        {"speaker": "a", "start": 4.0, "end": 6.5},
        {"speaker": "b", "start": 7.0, "end": 7.5},
    ]
    rttm.save(folder / "ami.rttm", {"m1": turns})
    clips, speakers, groups = voice_scores._meeting_voices(tmp_path)
    # A second of a's first turn and two of the second; b's turns are shared or too short.
    assert speakers == ["a", "a", "a"] and groups == ["m1"] * 3
    assert [len(clip) for clip in clips] == [16_000] * 3
    assert [clip[0] for clip in clips] == pytest.approx([0.0, 0.4, 0.5], abs=1e-3)
