"""Segmentation in windows: scripted frame probabilities, turns that are known by hand."""

import numpy as np
import pytest
import torch
from transformers import PreTrainedConfig

from course_utils.pipelines import segmentation
from tests.pipelines import scripted
from tests.pipelines.scripted import RATE, local_speaker, voice

A, B = voice(0), voice(90)


def turns(seconds, says, options=None, **config):
    """Return the turns of a recording in which there is sound everywhere."""
    recording = scripted.lively(seconds)
    diarize = scripted.by_segmentation(recording, says, **config)
    return scripted.listed(diarize(recording, **options or {}))


def near(wanted):
    """Compare turns to the frame."""
    return [(speaker, pytest.approx(s, abs=0.025), pytest.approx(e, abs=0.025))
            for speaker, s, e in wanted]  # fmt: skip


def test_windows_of_15_seconds_begin_every_2_5_and_the_last_one_ends_with_the_recording():
    recording = scripted.lively(22.0)
    diarize = scripted.by_segmentation(recording, lambda start: [])
    assert diarize(recording) == []
    assert [start for start, _ in diarize.model.heard] == [0.0, 2.5, 5.0, 7.0]
    for start, window in diarize.model.heard:
        assert np.array_equal(window, recording[round(start * RATE) :][: 15 * RATE])


def test_a_short_recording_is_one_window_that_repeats_it():
    recording = scripted.lively(6.01)  # half a frame more than 300 frames
    diarize = scripted.by_segmentation(recording, lambda start: [local_speaker(A, (1, 15))])
    # What is heard in the repetitions is nobody's.
    assert scripted.listed(diarize(recording)) == [(1, 1.0, 6.01)]
    ((_, window),) = diarize.model.heard
    assert np.array_equal(window, np.concatenate([recording] * 3)[: 15 * RATE])


def test_windows_of_silence_are_left_out():
    recording = scripted.spoken(60, [(A, 40.5, 42)])
    diarize = scripted.by_segmentation(recording, lambda start: [])
    assert diarize(recording) == [] and diarize(np.zeros(60 * RATE, np.float32)) == []
    assert [start for start, _ in diarize.model.heard] == [27.5, 30, 32.5, 35, 37.5, 40]


@pytest.mark.parametrize(
    ("seconds", "who_says_so", "wanted"),
    [
        # Two windows begin at 0 and 2.5 s. The first hears somebody up to 10 s, the second nobody:
        # until it has been running for a second, it counts for less than half.
        (17.5, {0.0: (0, 10)}, (0, 3.5)),
        # The second hears somebody, and the first, which ends at 15 s, fades from 14 s on.
        (17.5, {2.5: (10, 17.5)}, (14, 17.5)),
        # A third begins at 3.2 s. With weights 1, t - 2.5 and t - 3.2, the first is outvoted when
        # the others sum to 1, at 3.35 s.
        (18.2, {0.0: (0, 10)}, (0, 3.35)),
        # Two of three.
        (18.2, {0.0: (8, 9), 3.2: (8, 9)}, (8, 9)),
        (18.2, {3.2: (8, 9)}, None),
    ],
)  # fmt: skip
def test_near_its_edges_a_window_counts_for_less(seconds, who_says_so, wanted):
    def says(start):
        return [local_speaker(A, who_says_so[start])] if start in who_says_so else []

    assert turns(seconds, says) == near([] if wanted is None else [(1, *wanted)])


def test_whose_moment_it_is_depends_on_probabilities_times_weights():
    # From 2.5 to 8 s, windows agree that one speaks and not who: A with 0.6, B with 0.9, which is
    # more where the weight of the second window, t - 2.5, is above 2 / 3.
    def says(start):
        if start == 0.0:
            return [local_speaker(B, (9, 12)), local_speaker(A, (0, 8), probability=0.6)]
        return [local_speaker(A, (14.0, 17)), local_speaker(B, (2.5, 8), (9, 12), probability=0.9)]

    assert turns(17.5, says) == near([(1, 0, 3.17), (2, 3.17, 8), (2, 9, 12), (1, 14, 17)])


def test_speech_is_what_has_a_probability_above_a_half():
    def says(start):
        return [
            local_speaker(A, (1, 2), probability=0.52), local_speaker(B, (4, 5), probability=0.48)
        ]  # fmt: skip

    assert turns(8.0, says) == [(1, 1.0, 2.0)]


def test_pauses_up_to_a_fifth_of_a_second_do_not_end_a_turn():
    own = [(1.0, 2.0), (2.18, 3.0), (3.22, 4.0)]
    assert turns(8.0, lambda start: [local_speaker(A, *own)]) == [(1, 1.0, 3.0), (1, 3.22, 4.0)]


def test_turns_shorter_than_0_15_seconds_are_left_out():
    own = [(1.0, 2.0), (3.0, 3.14), (4.0, 4.16), (5.0, 5.04), (5.2, 5.24)]
    assert turns(8.0, lambda start: [local_speaker(A, *own)]) == [
        (1, 1.0, 2.0), (1, 4.0, 4.16), (1, 5.0, 5.24),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "spoken", "counts"),
    [(8.0, 0.38, 0), (8.0, 0.42, 1), (1.0, 0.24, 0), (1.0, 0.26, 1)],
)
def test_who_speaks_less_than_0_4_seconds_or_a_quarter_of_a_short_recording_is_nobody(
    seconds, spoken, counts
):
    found = turns(seconds, lambda start: [local_speaker(A, (0.5, 0.5 + spoken))])
    assert found == near([(1, 0.5, 0.5 + spoken)] * counts)


def people(shared, other, angle, alone=0.5):
    """Return how many people there are if two windows of 15 s have a local speaker each.

    In what both windows hear, the first one's speaks at `shared` and the second one's at `other`.
    Their voices differ by `angle` degrees; beside that, each speaks `alone` seconds where the other
    window does not reach. The cosine threshold is 0.5.
    """

    def says(start):
        if start == 0.0:
            return [local_speaker(voice(0), (0, alone), shared)]
        return [local_speaker(voice(angle), other, (17.5 - alone, 17.5))]

    found = turns(17.5, says)
    return len({speaker for speaker, *_ in found})


def just_below(distance):
    """Return the angle of two voices whose cosine is that much below the threshold."""
    return float(np.rad2deg(np.arccos(0.5 - distance)))


def test_agreement_of_windows_counts_from_0_4_shared_seconds_on():
    # The voices speak slightly against it: 1.4 s * 1.4 s * -0.01 against half of 0.42 s.
    assert people((5.0, 5.42), (5.0, 5.42), just_below(0.01), alone=1.0) == 1
    assert people((5.0, 5.38), (5.0, 5.38), just_below(0.01), alone=1.0) == 2


def test_windows_agree_if_more_than_half_of_what_they_share_coincides():
    assert people((5.0, 7.0), (5.9, 7.9), just_below(1e-3)) == 1
    assert people((5.0, 7.0), (6.1, 8.1), just_below(-1e-3)) == 2


def test_a_voice_has_its_full_weight_from_four_seconds_on():
    # Of 5.5 seconds, four count: half of the five shared ones against 4 * 4 times the distance.
    assert people((5.0, 10.0), (5.0, 10.0), just_below(0.15)) == 1
    assert people((5.0, 10.0), (5.0, 10.0), just_below(0.16)) == 2
    # Half of 1.5 seconds against 2 * 2 times the distance.
    assert people((5.0, 6.5), (5.0, 6.5), just_below(0.18)) == 1
    assert people((5.0, 6.5), (5.0, 6.5), just_below(0.2)) == 2


@pytest.mark.parametrize(
    ("cosine", "config", "options", "count"),
    [
        (0.52, {}, {}, 1),
        (0.48, {}, {}, 2),
        (0.32, {"diarization_threshold": 0.3}, {}, 1),
        (0.28, {"diarization_threshold": 0.3}, {}, 2),
        (0.72, {"diarization_threshold": 0.3}, {"threshold": 0.7}, 1),
        (0.68, {"diarization_threshold": 0.3}, {"threshold": 0.7}, 2),
        (-0.1, {}, {"num_speakers": 1}, 1),
        (0.1, {}, {"threshold": 0.0}, 1),
    ],
)  # fmt: skip
def test_who_comes_back_after_a_long_silence_is_known_by_voice(cosine, config, options, count):
    angle = float(np.rad2deg(np.arccos(cosine)))

    def says(start):
        return [local_speaker(voice(0), (1, 4)), local_speaker(voice(angle), (30, 34))]

    found = turns(35.0, says, options, **config)
    assert found == [(1, 1.0, 4.0), (count, 30.0, 34.0)]


def test_only_speech_without_others_tells_a_voice():
    # From 2 to 6 s both speak, and the states are those of B.
    def says(start):
        return [local_speaker(A, (1, 6), (31, 33)), local_speaker(B, (2, 7))]

    assert turns(36.0, says) == [(1, 1.0, 6.0), (2, 2.0, 7.0), (1, 31.0, 33.0)]


def conversation(rng, speakers, seconds, lengths, gaps):
    """Return random turns (speaker, start, end): everybody in turn, some over each other."""
    made, time = [], 0.0
    while time < seconds:
        who = len(made) % speakers
        end = min(time + rng.uniform(*lengths), seconds)
        made.append((who, round(time / 0.02) * 0.02, round(end / 0.02) * 0.02))
        time = max(end + rng.uniform(*gaps), 0)
    return made


@pytest.mark.parametrize(
    ("speakers", "seconds", "lengths", "gaps"),
    [
        (1, 9.0, (0.8, 4), (0.25, 0.8)),
        (2, 15.0, (2, 4), (-0.7, 0.8)),
        (3, 31.7, (2, 4), (-0.7, 0.8)),
        (3, 90.0, (2, 4), (-0.7, 0.8)),
        (8, 140.0, (8, 8.5), (-0.5, 0.5)),  # no window hears more than three of them
    ],
)
def test_a_conversation_is_given_back_from_windows_with_local_speakers_in_any_order(
    speakers, seconds, lengths, gaps
):
    for seed in range(2):
        rng = np.random.default_rng(seed)
        truth = conversation(rng, speakers, seconds, lengths, gaps)
        directions = np.linalg.qr(rng.standard_normal((9, 9)))[0]

        def says(start, rng=rng, truth=truth, directions=directions):
            here = {}
            for who, first, last in truth:
                if first < start + 15 and last > start:
                    here.setdefault(who, []).append((first, last))
            order = rng.permutation(list(here))
            return [local_speaker(directions[who], *here[who]) for who in order]

        recording = scripted.lively(seconds)
        found = scripted.by_segmentation(recording, says)(recording, batch_size=4)
        assert len({turn["speaker"] for turn in found}) == speakers
        assert scripted.der(truth, found) < 0.01
        assert found[0]["speaker"] == "speaker_1"


def test_at_most_as_many_speakers_as_asked_for_and_the_nearest_voices_become_one():
    def says(start):
        return [
            local_speaker(voice(0), (1, 4)) if start < 1 else local_speaker(voice(0)),
            local_speaker(voice(80), (20, 24)), local_speaker(voice(180), (38, 42)),
        ]  # fmt: skip

    assert [speaker for speaker, *_ in turns(45.0, says)] == [1, 2, 3]
    limited = turns(45.0, says, {"num_speakers": 2})
    assert [speaker for speaker, *_ in limited] == [1, 1, 2]


def test_a_voice_is_the_mean_of_the_moments_that_it_has_to_itself():
    active = torch.tensor([[[1.0, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0, 0]]])
    states = torch.tensor([[[1.0, 0], [9, 9], [0, 2], [0, 1]]])
    vectors, moments = segmentation.local_speaker_embeddings(active, [9 * states, states, -states])
    assert moments.tolist() == [[1.5, 1.0, 0.0]]
    first = torch.tensor([1, 0.5]) / 1.25**0.5
    assert torch.allclose(vectors[0], torch.stack([first, torch.tensor([0.0, 1]), torch.zeros(2)]))


def test_a_moment_about_whose_name_windows_disagree_is_still_somebodys():
    # Three windows; in the second frame one of them calls the speaker by another name.
    sums = np.array([[3, 0, 0], [2, 1, 0], [3, 0, 3], [0, 0, 0]] * 10, np.float32)
    sums = sums.reshape(10, 4, 3).swapaxes(0, 1).reshape(40, 3)
    counts = np.repeat([1.0, 1.0, 2.0, 0.0], 10)
    assert segmentation.turns_in(sums, counts, 0.1) == [[0, 0.0, 3.0], [2, 2.0, 3.0]]


def test_seconds_behind_a_voice_are_those_of_its_frames():
    class Outputs:
        logits = torch.full((1, 4, 2), -9.0)
        hidden_states = (torch.zeros(1, 4, 3),) * 3

    Outputs.logits[0, [0, 1, 2], [0, 0, 1]] = 9.0
    Outputs.logits[0, 1, 1] = 9.0  # both speak in the second frame
    kept = segmentation.Segmentation(PreTrainedConfig(), RATE).reduce(Outputs)
    assert kept["seconds"].numpy() == pytest.approx(15 / 4, rel=0.01)
