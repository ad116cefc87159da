"""Segmentation, then clustering of its segments by voice: scripted models with a known answer."""

import tracemalloc

import numpy as np
import pytest
from scipy import optimize, stats
from transformers import pipeline

from course_utils import catalog, data, pipelines, scoring
from course_utils.pipelines.segment_and_embed import cluster_segments
from course_utils.simulation import conversations
from tests.pipelines import scripted
from tests.pipelines.scripted import RATE, local_speaker, voice

pipelines.register()

THRESHOLD = 0.3  # cosine; of the speaker model that the constants were tuned with


def in_plane(angles):
    angles = np.deg2rad(angles)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def grouped(own, angles, alone, max_speakers=None, threshold=THRESHOLD):
    """Group pieces whose voices lie in the plane, given by their angles in degrees."""
    return first_of(
        cluster_segments(np.array(own), in_plane(angles), np.array(alone), max_speakers, threshold)
    )


def first_of(found):
    """Number groups as they come."""
    _, numbers = np.unique(found, return_index=True)
    return [int(np.flatnonzero(found[np.sort(numbers)] == group)[0]) for group in found]


def test_two_voices_of_one_speaker_become_two_and_one_voice_of_two_becomes_one():
    assert grouped([0, 0, 0, 0], [0, 120, 5, 125], [3.0] * 4) == [0, 1, 0, 1]
    assert grouped([0, 1, 0, 1], [0, 10, 5, 15], [3.0] * 4) == [0, 0, 0, 0]


def test_who_was_one_speaker_stays_one_unless_the_voices_say_otherwise():
    assert grouped([0, 0], [0, 80], [3.0] * 2) == [0, 0]
    assert grouped([0, 1], [0, 80], [3.0] * 2) == [0, 1]


def test_the_same_difference_weighs_more_in_longer_speech():
    assert grouped([0, 0], [0, 100], [1.0] * 2) == [0, 0]
    assert grouped([0, 0], [0, 100], [3.0] * 2) == [0, 1]
    # Many short pieces are as good as a long one.
    assert grouped([0] * 12, [0, 100] * 6, [1.0] * 12) == [0, 1] * 6


def two_covariance(cosine, seconds):
    """Return by how much one speaker is likelier than two, per dimension, for two segments.

    Speakers lie around 0 with variance 1 in each of two dimensions, segments around them with a
    variance of 1 after two seconds and less after more.
    """
    noise = 2.0 / np.array(seconds)
    angles = np.array([0, np.rad2deg(np.arccos(cosine))])
    heard = in_plane(angles) * np.sqrt(2 * (1 + noise))[:, None]
    apart, together = np.diag(1 + noise), np.ones((2, 2)) + np.diag(noise)
    one, two = (
        sum(stats.multivariate_normal(cov=cov).logpdf(column) for column in heard.T)
        for cov in (together, apart)
    )
    return (one - two) / 2


def border(seconds, same_speaker):
    """Return the cosine at which two segments of a number of seconds are as well one as two."""
    bonus = 0.25 + (0.2 if same_speaker else -0.2)
    return optimize.brentq(lambda cosine: two_covariance(cosine, seconds) + bonus, -0.99, 0.99)


@pytest.mark.parametrize("seconds", [(3, 3), (6, 6), (3, 8), (1.5, 12)])
@pytest.mark.parametrize("same_speaker", [True, False])
def test_two_segments_merge_where_the_two_covariance_model_finds_one_speaker_likelier(
    seconds, same_speaker
):
    own = [0, 0] if same_speaker else [0, 1]
    cosine = border(seconds, same_speaker)
    for distance, merged in ((0.01, [0, 0]), (-0.01, [0, 1])):
        angle = np.rad2deg(np.arccos(cosine + distance))
        assert grouped(own, [0, angle], seconds) == merged


def test_a_speaker_model_with_other_cosines_is_brought_to_the_scale_by_its_threshold():
    rng = np.random.default_rng(0)
    own, alone, angles = rng.integers(0, 4, 40), rng.uniform(0.5, 3, 40), rng.uniform(0, 270, 40)
    plain = in_plane(angles)
    # A part that all voices have in common lifts each cosine from c to 0.6 + 0.4 c.
    common = np.full((40, 1), 0.6**0.5)
    lifted = np.concatenate([common, 0.4**0.5 * plain], 1)
    expected = cluster_segments(own, plain, alone, None, 0.4)
    assert len(set(expected)) > 2
    found = cluster_segments(own, lifted, alone, None, 0.6 + 0.4 * 0.4)
    assert first_of(found) == first_of(expected)
    for threshold in (-1.0, 1.0):
        assert np.isfinite(cluster_segments(own, plain, alone, None, threshold)).all()


def among_others(count, *angles):
    """Return the groups of six-second segments in the plane, with others in between.

    The angles but the last come first, the last one at the end of `count` segments.
    """
    vectors = np.zeros((count, 3))
    vectors[:, 2] = 1
    here = [*range(len(angles) - 1), count - 1]
    vectors[here] = np.pad(in_plane(angles), [(0, 0), (0, 1)])
    found = cluster_segments(np.arange(count), vectors, np.full(count, 6.0), None, THRESHOLD)
    return found[here].tolist()


def test_400_segments_are_clustered_at_once():
    # The second voice is nearer to the third, which takes it from the first if it comes in time.
    first, second, third = among_others(400, 0, 55, 105)
    assert first != second == third
    first, second, third = among_others(401, 0, 55, 105)
    assert first == second != third


def test_a_long_recording_is_clustered_without_a_matrix_of_all_pairs():
    rng = np.random.default_rng(0)
    who = rng.integers(0, 3, 1_000)
    tracemalloc.start()
    found = grouped(who % 2, 120 * who + rng.normal(0, 10, 1_000), [3.0] * 1_000)
    assert tracemalloc.get_traced_memory()[1] < 8 * 1_000**2
    tracemalloc.stop()
    assert found == first_of(who)


def test_what_is_too_short_to_tell_goes_where_most_of_its_speaker_went():
    # Three seconds in one voice and six in another; the first is also that of somebody else, who
    # has a lot to say.
    own, angles = [0, 0, 0, 0, *[1] * 20, 1], [0, 120, 120, 60, *[0] * 20, 120]
    seconds = [3.0, 3.0, 3.0, 0.2, *[3.0] * 20, 0.0]
    assert grouped(own, angles, seconds) == [0, 1, 1, 1, *[0] * 21]
    assert grouped([0, 1], [0, 0], [0.1, 0.1]) == [0, 1]


def test_who_is_nowhere_heard_alone_goes_to_the_piece_beside():
    own, angles = [0, 1, 2, 2, 0, 0], [0, 120, 60, 60, 0, 0]
    assert grouped(own, angles, [3.0, 3.0, 0.3, 0.1, 3.0, 3.0]) == [0, 1, 1, 0, 0, 0]


def test_no_more_groups_than_asked_for():
    assert len(set(grouped([0, 0, 0], [0, 120, 240], [3.0] * 3, max_speakers=2))) == 2
    assert len(set(grouped([0, 0, 1], [0, 180, 90], [3.0, 3.0, 3.0], max_speakers=2))) == 2
    assert grouped([0, 1, 2, 0], [0, 90, 180, 0], [0.1] * 4, max_speakers=2) == [0, 1, 1, 0]


A, B = voice(0), voice(90)


def diarized(folder, seconds, spoken, tracks, options=None, **config):
    """Return the turns found in a recording, and the clips that the speaker model heard.

    `spoken` says whose voice is when in the recording, `tracks` what segmentation makes of it.
    """
    recording = scripted.spoken(seconds, spoken)
    speaker_model = scripted.voices_folder(folder, **config)
    diarize = scripted.by_segmentation(recording, lambda start: tracks, speaker_model)
    found = scripted.listed(diarize(recording, **options or {}))
    return found, diarize.method.embed.model.heard


def lengths(clips):
    """Return the seconds of clips, to compare to two frames."""
    return pytest.approx([len(clip) / RATE for clip in clips], abs=0.02)


def test_turns_are_embedded_in_segments_of_about_three_seconds(tmp_path):
    times = [(0.2, 9.2), (10.0, 14.4)]
    found, heard = diarized(
        tmp_path, 15, [(A, *span) for span in times], [local_speaker(A, *times)]
    )
    assert found == [(1, 0.2, 9.2), (1, 10.0, 14.4)]
    assert lengths(heard) == [3.0, 3.0, 3.0, 4.4]
    times = [(1.0, 5.6), (7.0, 14.4)]
    _, heard = diarized(tmp_path, 15, [(A, *span) for span in times], [local_speaker(A, *times)])
    assert lengths(heard) == [2.3, 2.3, 3.7, 3.7]


def test_what_is_embedded_is_half_a_second_or_more_without_others(tmp_path):
    # B speaks from 3.96 to 6.46 s, so 2.96 and 0.54 s are left of A's segments from 1 to 4 and from
    # 4 to 7 s. Of the two turns after that, the second is too short. Clips below 2 s are repeated.
    a, b = [(1.0, 7.0), (9.0, 9.54), (11.0, 11.46)], [(3.96, 6.46)]
    spoken = [(A, *span) for span in a] + [(B, *span) for span in b]
    tracks = [local_speaker(A, *a), local_speaker(B, *b)]
    found, heard = diarized(tmp_path, 13, spoken, tracks)
    assert lengths(heard) == [2.96, 2.0, 2.0]
    for clip in heard[1:]:
        length = round(0.54 * RATE)
        assert np.array_equal(clip[:length], clip[length : 2 * length])
    # B is nowhere alone, and becomes whoever speaks beside.
    assert found == [(1, 1.0, 7.0), (1, 9.0, 9.54), (1, 11.0, 11.46)]


def test_one_speaker_of_segmentation_with_two_voices_becomes_two(tmp_path):
    a, b = [(1.0, 6.0), (9.0, 11.0)], [(6.2, 8.8), (11.2, 14.0)]
    spoken = [(A, *span) for span in a] + [(B, *span) for span in b]
    found, _ = diarized(tmp_path, 15, spoken, [local_speaker(A, (1, 6), (6.3, 8.8), (9.1, 14))])
    assert [speaker for speaker, *_ in found] == [1, 2, 1, 2]
    assert scripted.der([(1, 1.0, 6.0), (2, 6.3, 8.8), (1, 9.1, 11.0), (2, 11.2, 14.0)],
                        [{"speaker": str(w), "start": s, "end": e} for w, s, e in found],
                        ) < 0.06  # fmt: skip


def test_two_speakers_of_segmentation_with_one_voice_become_one(tmp_path):
    times = [(1.0, 4.0), (4.18, 7.0), (7.22, 10.0)]
    tracks = [local_speaker(A, times[0], times[2]), local_speaker(B, times[1])]
    found, _ = diarized(tmp_path, 15, [(A, *span) for span in times], tracks)
    # Pauses up to 0.2 s do not end a turn.
    assert found == [(1, 1.0, 7.0), (1, 7.22, 10.0)]


@pytest.mark.parametrize(
    ("config", "options", "threshold"),
    [
        ({}, {}, 0.5),
        ({"diarization_threshold": 0.2}, {}, 0.2),
        ({"diarization_threshold": 0.2}, {"threshold": 0.7}, 0.7),
    ],
)
def test_cosines_are_rescaled_so_that_the_speaker_models_threshold_becomes_0_3(
    tmp_path, config, options, threshold
):
    # Cosine 1 stays 1, and what is 0.3 in the scale of the constants is the threshold.
    cosine = 1 - (1 - border((3, 3), same_speaker=False)) * (1 - threshold) / (1 - 0.3)
    times = [(1.0, 4.0), (6.0, 9.0)]
    for distance, speakers in ((0.04, [1, 1]), (-0.04, [1, 2])):
        other = voice(float(np.rad2deg(np.arccos(cosine + distance))))
        spoken = [(A, *times[0]), (other, *times[1])]
        tracks = [local_speaker(A, times[0]), local_speaker(B, times[1])]
        found, _ = diarized(tmp_path, 10, spoken, tracks, options, **config)
        assert [speaker for speaker, *_ in found] == speakers


def test_at_most_as_many_speakers_as_asked_for(tmp_path):
    voices = [voice(0), voice(70), voice(0, plane=1)]
    spoken = [(one, 4.0 * n + 1, 4.0 * n + 4) for n, one in enumerate(voices)]
    tracks = [local_speaker(one, span) for one, *span in spoken]
    for limit, speakers in ((None, [1, 2, 3]), (3, [1, 2, 3]), (2, [1, 1, 2]), (1, [1, 1, 1])):
        found, _ = diarized(tmp_path, 14, spoken, tracks, {"num_speakers": limit})
        assert [speaker for speaker, *_ in found] == speakers


def test_a_speaker_model_takes_confusion_away():
    rows = data.load("speech", split="validation")
    # Of twelve conversations, the one in which segmentation alone confuses most.
    talk = conversations.simulate(rows, 500_004)
    confusion = []
    for options in ({}, {"speaker_model": catalog.model("speaker-encoder")}):
        diarize = pipeline(pipelines.TASK, model=catalog.model("diarizer"), device="cpu", **options)
        parts = scoring.load("der").compute(
            references=[talk["turns"]],
            predictions=[diarize(talk["audio"], batch_size=8)],
            collar=0.25,
        )
        confusion.append(parts["confusion"] / parts["total"])
    assert confusion[1] < 0.25 * confusion[0], confusion
