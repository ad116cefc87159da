"""Diarization by clustering: where there is speech, which pieces of it, whose they are."""

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from course_utils import pipelines
from course_utils.pipelines import clustering
from tests.pipelines import scripted
from tests.pipelines.scripted import voice

RATE = 16_000


def bursts(times, seconds=4.0, noise=0.001, seed=0):
    """Noise with a loud tone in some stretches of time."""
    time = np.arange(int(seconds * RATE)) / RATE
    samples = noise * np.random.default_rng(seed).standard_normal(time.size)
    for start, end in times:
        inside = (time >= start) & (time < end)
        samples[inside] += 0.2 * np.sin(2 * np.pi * 700 * time[inside])
    return samples.astype(np.float32)


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.02])
def test_speech_is_where_the_level_is_high(noise):
    times = [(0.5, 1.2), (1.9, 2.5), (3.0, 3.7)]
    found = pipelines.speech_regions(bursts(times, noise=noise), RATE)
    # The level of 10 ms is smoothed over 70 ms, so a region begins up to three frames early.
    wider = 0.03 if noise < 0.02 else 0.02
    expected = [(start - wider, end + wider) for start, end in times]
    assert np.allclose(found, expected, atol=0.0101)


def test_pauses_up_to_0_3_seconds_stay_within_a_region():
    # 60 ms of each pause are lost to smoothing.
    times = [(0.5, 1.0), (1.34, 1.8), (2.18, 2.6)]
    found = pipelines.speech_regions(bursts(times), RATE)
    assert np.allclose(found, [(0.47, 1.83), (2.15, 2.63)], atol=0.0101)


def test_regions_shorter_than_0_1_seconds_are_left_out():
    found = pipelines.speech_regions(bursts([(0.5, 1.0), (2.0, 2.02), (3.0, 3.06)]), RATE)
    assert np.allclose(found, [(0.47, 1.03), (2.97, 3.09)], atol=0.0101)


def steps(*levels, hertz=700.0):
    """Return a tone with one level after the other, in dB, a second each."""
    time = np.arange(RATE * len(levels)) / RATE
    amplitude = 10 ** (np.repeat(levels, RATE) / 20)
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def seconds_of_speech(samples):
    return [round(start) for start, _ in pipelines.speech_regions(samples, RATE)]


def test_speech_stands_out_by_0_4_of_the_range_of_levels_and_3_db_at_least():
    assert seconds_of_speech(steps(-40, -34, -40, -30, -40, -20, -40)) == [3, 5]
    assert seconds_of_speech(steps(-40, -33, -40, -20, -40)) == [3]
    assert seconds_of_speech(steps(-40, -31, -40, -20, -40)) == [1, 3]
    assert seconds_of_speech(steps(-40, -37.5, -40, -35.5, -40)) == [3]


def test_a_recording_whose_level_varies_by_less_than_4_db_holds_no_speech():
    assert seconds_of_speech(steps(-40, -36.2, -40)) == []
    assert seconds_of_speech(steps(-40, -35.8, -40)) == [1]


def test_sound_below_60_db_of_full_scale_is_silence():
    # The level of a tone is 3 dB below that of its peak.
    assert seconds_of_speech(steps(-90, -58, -90)) == []
    assert seconds_of_speech(steps(-90, -56, -90)) == [1]


def test_half_a_second_of_speech_sets_the_loudness_of_a_long_recording():
    # The 50th loudest frame, 10 dB down, counts for more than a percentile of the silence.
    time = np.arange(60 * RATE) / RATE
    hum = 0.001 * np.sin(2 * np.pi * 700 * time)
    for length, heard in ((0.4, []), (0.6, [30])):
        here = (time >= 30) & (time < 30 + length)
        loud = np.where(here, 0.2 * np.sin(2 * np.pi * 700 * time), 0)
        assert seconds_of_speech((hum + loud).astype(np.float32)) == heard


@pytest.mark.parametrize(
    ("hertz", "heard"), [(12, 0), (50, 0), (150, 1), (3_500, 1), (7_000, 0), (7_900, 0)]
)
def test_rumble_below_100_hz_and_hiss_above_4_khz_are_no_speech(hertz, heard):
    # A tone of -27 dB is 5 dB above the threshold; at half or twice the edge it loses 12 dB.
    samples = steps(-40, -40, -40, -20, -40)
    samples[RATE : 2 * RATE] += steps(-27, hertz=hertz)
    assert seconds_of_speech(samples) == [1] * heard + [3]


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(RATE, np.float32),
        np.zeros(0, np.float32),
        np.zeros(100, np.float32),
        (0.1 * np.random.default_rng(0).standard_normal(3 * RATE)).astype(np.float32),
    ],
)
def test_silence_and_steady_noise_hold_no_speech(samples):
    assert pipelines.speech_regions(samples, RATE) == []


def test_a_minute_more_moves_no_region():
    one = bursts([(0.5, 1.2), (1.9, 2.5)], seconds=59.995)
    first = pipelines.speech_regions(one, RATE)
    both = pipelines.speech_regions(np.concatenate([one, one]), RATE)
    later = [(start + 59.995, end + 59.995) for start, end in first]
    assert np.allclose(both, first + later, atol=0.011)


def voices(counts, spread=0.3, dimensions=16, seed=0):
    """Vectors of length 1 around one random direction a speaker, in random order."""
    rng = np.random.default_rng(seed)
    middles = np.linalg.qr(rng.standard_normal((dimensions, len(counts))))[0].T
    labels = rng.permutation(np.repeat(range(len(counts)), counts))
    vectors = middles[labels] + spread * rng.standard_normal((len(labels), dimensions)) / 4
    spans = np.stack([np.arange(len(labels)) * 0.5, np.arange(len(labels)) * 0.5 + 2], 1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), spans, labels


def agree(found, labels):
    """Whether two groupings are the same but for the names."""
    return np.array_equal(found[:, None] == found, labels[:, None] == labels)


@pytest.mark.parametrize("counts", [[12], [9, 5], [8, 8, 4], [5] * 8])
def test_groups_are_found_without_their_number_and_with_it(counts):
    vectors, spans, labels = voices(counts)
    assert agree(clustering.cluster(vectors, spans, None, 0.5), labels)
    assert agree(clustering.cluster(vectors, spans, len(counts), 0.5), labels)


def test_a_piece_that_is_like_nobody_is_no_speaker():
    vectors, spans, labels = voices([10, 10, 1], spread=0.1)
    spans[:, 1] = spans[:, 0] + 1.4  # below the least that makes a speaker
    found = clustering.cluster(vectors, spans, None, 0.5)
    assert len(set(found)) == 2
    kept = labels < 2
    assert agree(found[kept], labels[kept])


def test_two_thousand_pieces_are_clustered_and_the_others_join_the_nearest():
    for count, groups in ((2_000, 2), (2_001, 1)):
        # Of 2,001 pieces, evenly spaced, the last but one is not among 2,000.
        vectors = np.tile(np.eye(3)[0], (count, 1))
        vectors[:, 1] = np.linspace(0, 1e-3, count)
        vectors[-2] = np.eye(3)[2]
        spans = np.stack([np.arange(count) * 0.5, np.arange(count) * 0.5 + 4], 1)
        assert len(set(clustering.cluster(vectors, spans, None, 0.5))) == groups
    vectors, spans, labels = voices([1_200, 900, 400])
    assert agree(clustering.cluster(vectors, spans, None, 0.5), labels)


def test_a_speaker_has_three_seconds_at_least_and_smaller_groups_join_the_nearest():
    # Pieces of one second: two are too few. The third voice is nearer to the second.
    angles = np.deg2rad([0] * 5 + [90] * 4 + [165] * 2)
    for more, groups in ((0, [0] * 5 + [1] * 6), (1, [0] * 5 + [1] * 4 + [2] * 3)):
        turned = np.append(angles, np.deg2rad([165] * more))
        vectors = np.stack([np.cos(turned), np.sin(turned)], 1)
        spans = np.stack([np.arange(len(turned)), np.arange(len(turned)) + 1.0], 1)
        assert agree(clustering.cluster(vectors, spans, None, 0.5), np.array(groups))
    # If nobody speaks that long, the longest one stays.
    one = clustering.cluster(vectors[[0, 0, 7]], spans[:3], None, 0.5)
    assert one.tolist() == [one[0]] * 3


@pytest.mark.parametrize("number", [None, 2])
def test_groups_are_merged_by_their_mean_cosine(number):
    angles = np.deg2rad([0, 40, 70, 170, 180])
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1)
    spans = np.tile([0.0, 4.0], (5, 1))
    # 40 and 70 degrees first, then 0: the mean of cos 40 and cos 70 is 0.554.
    mean = 1 - (cosine(vectors[0], vectors[1]) + cosine(vectors[0], vectors[2])) / 2
    groups = [clustering.cluster(vectors, spans, number, mean + d) for d in (-0.01, 0.01)]
    assert agree(groups[0], np.array([0, 0, 0, 1, 1]))
    assert agree(groups[1], np.array([0, 0, 0, 1, 1] if number else [2, 0, 0, 1, 1]))


A, B = voice(0), voice(90)
"""Two voices that have nothing in common."""


def diarized(seconds, turns, options=None, **config):
    """Return the turns that are found in a recording, and start and length of what was heard."""
    recording = scripted.spoken(seconds, turns)
    diarize = scripted.by_clustering(**config)
    found = scripted.listed(diarize(recording, **options or {}))
    heard = []
    for clip in diarize.model.heard:
        start = recording.tobytes().find(clip[:64].tobytes()) / 4 / scripted.RATE
        heard.append((pytest.approx(start, abs=0.011), len(clip) / scripted.RATE))
    return found, heard


def test_pieces_of_two_seconds_begin_every_half_second_and_reach_the_end():
    _, heard = diarized(12, [(A, 1.0, 4.72), (A, 6.0, 7.1), (A, 8.0, 10.5)])
    # Regions are 0.03 s longer on both sides. What is over by 0.1 s is another piece, and what is
    # shorter than two seconds is repeated.
    assert heard == [
        (0.97, 2.0), (1.47, 2.0), (1.97, 2.0), (2.47, 2.0), (2.75, 2.0),
        (5.97, 2.0),
        (7.97, 2.0), (8.47, 2.0),
    ]  # fmt: skip


def test_where_pieces_overlap_each_moment_goes_to_the_nearest_middle():
    # Of the pieces, which begin at 0.97 s, 1.47 s, …, the one from 3.97 to 5.97 s is the last with
    # more of A than of B. The next one's middle is at 5.47 s, so the border is at 5.22 s.
    found, _ = diarized(10, [(A, 1.0, 5.0), (B, 5.0, 9.04)])
    assert found == [
        (1, pytest.approx(0.97, abs=0.011), pytest.approx(5.22, abs=0.011)),
        (2, pytest.approx(5.22, abs=0.011), pytest.approx(9.04, abs=0.05)),
    ]


def test_a_pause_within_a_turn_is_0_3_seconds_at_most():
    found, _ = diarized(14, [(A, 1.0, 4.0), (A, 4.34, 7.0), (A, 7.4, 9.0), (B, 9.5, 13.0)])
    assert [(who, round(s, 1), round(e, 1)) for who, s, e in found] == [
        (1, 1.0, 7.0), (1, 7.4, 9.0), (2, 9.5, 13.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cosine", "config", "options", "count"),
    [
        (0.53, {}, {}, 1), (0.47, {}, {}, 2),
        (0.89, {"model_type": "wavlm"}, {}, 1), (0.70, {"model_type": "wavlm"}, {}, 2),
        (0.33, {"diarization_threshold": 0.3}, {}, 1),
        (0.27, {"diarization_threshold": 0.3}, {}, 2),
        (0.67, {"diarization_threshold": 0.3}, {"threshold": 0.7}, 2),
        (0.10, {}, {"num_speakers": 1}, 1),
        (0.90, {}, {"num_speakers": 2}, 2),
    ],
)  # fmt: skip
def test_two_voices_are_one_speaker_if_their_cosine_is_above_the_threshold(
    cosine, config, options, count
):
    other = voice(float(np.rad2deg(np.arccos(cosine))))
    found, _ = diarized(12, [(A, 1, 5), (other, 6, 11)], options, **config)
    assert [speaker for speaker, *_ in found] == [1, count]


def test_a_conversation_of_six_voices_is_given_back():
    rng = np.random.default_rng(0)
    directions, turns, time = np.eye(9)[:6], [], 0.5
    for who in [*range(6), *rng.permutation(6), *rng.permutation(6)]:
        length = float(rng.uniform(3, 6))
        turns.append((who, time, time + length))
        time += length + 0.5
    found = scripted.by_clustering()(
        scripted.spoken(time, [(directions[who], *span) for who, *span in turns])
    )
    assert len({turn["speaker"] for turn in found}) == 6
    # Regions are 0.03 s longer on both sides, and up to 0.1 s at their ends are in no piece.
    assert scripted.der(turns, found, collar=0.2) == 0


def test_a_recording_without_speech_has_no_turns():
    assert scripted.by_clustering()(np.zeros(2 * scripted.RATE, np.float32)) == []
