"""The picture of an utterance's phonemes."""

import numpy as np
import pytest

from course_utils import plotting

MEL = np.random.default_rng(0).normal(size=(30, 8))


def test_borders_lie_where_the_durations_end_and_pitch_where_the_tokens_are():
    ax = plotting.phonemes(
        MEL, ["HH", "AY1", "</s>"], [10, 15, 5], 0.1, pitch=[np.nan, 120, 90], title="Hi"
    )
    lines, *_ = (c for c in ax.collections if len(c.get_segments()) == 2)
    assert [segment[0, 0] for segment in lines.get_segments()] == pytest.approx([0.95, 2.45])
    assert [text.get_text() for text in ax.texts] == ["HH", "AY1", "</s>"]
    right = next(other for other in ax.figure.axes if other.get_ylabel() == "Pitch (Hz)")
    drawn = right.collections[0].get_segments()
    assert [segment[:, 1].tolist() for segment in drawn] == [[120, 120], [90, 90]]
    assert drawn[0][:, 0] == pytest.approx([0.95, 2.45])
    assert ax.get_title().strip() == "Hi" and ax.get_xlabel() == "Time (s)"


def test_a_name_without_room_is_left_out():
    ax = plotting.phonemes(MEL, ["a", "long name"], [29, 1], 0.1)
    assert [text.get_text() for text in ax.texts] == ["a"]


@pytest.mark.parametrize(
    ("tokens", "durations", "pitch", "message"),
    [
        (["a"], [10, 20], None, "1 tokens, but 2 durations"),
        (["a", "b"], [10, 10], None, "add up to 20 frames, but mel has 30"),
        (["a", "b"], [10, 20], [100.0], "2 tokens, but 1 values of pitch"),
    ],
)
def test_parts_that_do_not_match_are_refused(tokens, durations, pitch, message):
    with pytest.raises(ValueError, match=message):
        plotting.phonemes(MEL, tokens, durations, 0.1, pitch=pitch)
