import numpy as np
from transformers import pipeline

from course_utils import catalog, conversations, data, pipelines, scoring
from course_utils.pipelines import linking


def grouped(own, angles, alone, most=None, threshold=0.2):
    """Group pieces whose voices lie in the plane, given by their angles in degrees."""
    angles = np.deg2rad(angles)
    voices = np.stack([np.cos(angles), np.sin(angles)], 1)
    found = linking._grouped(np.array(own), voices, np.array(alone), most, threshold)
    _, numbers = np.unique(found, return_index=True)
    return [int(np.flatnonzero(found[np.sort(numbers)] == group)[0]) for group in found]


def test_two_voices_of_one_speaker_become_two_and_one_voice_of_two_becomes_one():
    assert grouped([0, 0, 0, 0], [0, 120, 5, 125], [3.0] * 4) == [0, 1, 0, 1]
    assert grouped([0, 1, 0, 1], [0, 10, 5, 15], [3.0] * 4) == [0, 0, 0, 0]


def test_who_was_one_speaker_stays_one_unless_the_voices_say_otherwise():
    # The cosine of 80 degrees is 0.17: below the threshold, but not by 0.2.
    assert grouped([0, 0], [0, 80], [3.0] * 2) == [0, 0]
    assert grouped([0, 1], [0, 80], [3.0] * 2) == [0, 1]


def test_what_is_too_short_to_tell_goes_where_most_of_its_speaker_went():
    own, angles = [0, 0, 0, 1, 1], [0, 0, 180, 5, 90]
    assert grouped(own, angles, [3.0, 3.0, 0.2, 3.0, 0.0]) == [0] * 5
    assert grouped([0, 1, 1], [0, 90, 0], [3.0, 0.3, 0.1]) == [0, 1, 1]
    assert grouped([0, 1], [0, 0], [0.1, 0.1]) == [0, 1]


def test_no_more_groups_than_asked_for():
    assert len(set(grouped([0, 0, 0], [0, 120, 240], [3.0] * 3, most=2))) == 2
    # The second speaker has too little to say for a voice, the first has two.
    assert len(set(grouped([0, 0, 1], [0, 180, 90], [3.0, 3.0, 0.1]))) == 3
    assert len(set(grouped([0, 0, 1], [0, 180, 90], [3.0, 3.0, 0.1], most=2))) == 2


def test_a_speaker_model_takes_confusion_away():
    rows = data.load("speech", split="validation")
    talks = [conversations.simulate(rows, 500_000 + seed) for seed in range(12)]
    recordings = [{"array": talk["audio"], "sampling_rate": 16_000} for talk in talks]
    confusion = []
    for options in ({}, {"speaker_model": catalog.model("pocket-speaker")}):
        diarize = pipeline(
            pipelines.TASK, model=catalog.model("pocket-diarizer"), device="cpu", **options
        )
        parts = scoring.load("der").compute(
            references=[talk["turns"] for talk in talks],
            predictions=diarize(recordings, batch_size=8),
            collar=0.25,
        )
        confusion.append(parts["confusion"] / parts["total"])
    assert confusion[1] < 0.75 * confusion[0], confusion
