import tracemalloc

import numpy as np
import pytest

from course_utils.pipelines import correlation_clustering

FRAME = 0.1


def window(*spans, frames=100, count=3):
    """Activity of a window: a span of frames for each track that is active."""
    active = np.zeros((frames, count), np.float32)
    for track, (first, last) in enumerate(spans):
        active[first:last, track] = 0.9
    return active


def told(windows, voices, starts, **options):
    """Who is who, given a voice in the plane for each track, by its angle in degrees."""
    angles = np.deg2rad(voices)
    vectors = np.stack([np.cos(angles), np.sin(angles)], 2)
    alone = np.stack([(active > 0.5).sum(0) for active in windows]) * FRAME
    return correlation_clustering.match_local_speakers(
        windows, vectors, alone, np.array(starts), FRAME, **options
    ).tolist()


@pytest.mark.parametrize(("angle", "second"), [(10, 0), (100, 1)])
def test_whom_activity_does_not_tell_is_known_by_voice(angle, second):
    windows = [window((0, 40)), window((50, 90))]
    assert told(windows, [[0, 0, 0], [angle, 0, 0]], [0, 60]) == [[0, -1, -1], [second, -1, -1]]


def test_who_is_active_at_the_same_moments_is_one_speaker():
    # Tracks change places from one window to the next; the voices hint that they do not.
    windows = [window((40, 60), (60, 100)), window((20, 60), (0, 20))]
    assert told(windows, [[0, 30, 0], [0, 30, 0]], [0, 40]) == [[0, 1, -1], [1, 0, -1]]


def test_two_tracks_of_a_window_are_two_people_however_alike():
    windows = [window((0, 40), (50, 90)), window((0, 40))]
    first, second = told(windows, [[0, 1, 0], [0, 0, 0]], [0, 500])
    assert sorted(first) == [-1, 0, 1] and second[0] in (0, 1)


def test_a_track_of_a_moment_is_nobodys():
    assert told([window((0, 40), (50, 53))], [[0, 90, 0]], [0]) == [[0, -1, -1]]


def test_who_is_too_many_is_left_out_or_joins_the_likeliest_who_is_not_there():
    windows = [window((0, 50), (50, 90)), window((0, 40)), window((0, 40), (40, 70), (70, 90))]
    voices = [[0, 90, 0], [70, 0, 0], [0, 90, 180]]
    found = told(windows, voices, [0, 500, 1_000], max_speakers=2)
    assert found == [[0, 1, -1], [1, -1, -1], [0, 1, -1]]


def far_apart(*angles):
    """Return the speakers of windows that do not overlap, each with one voice for four seconds.

    Angles are in the plane of two coordinates; None is somebody else, in a third one.
    """
    voices = [[0, 0, 1] if a is None else [np.cos(np.deg2rad(a)), np.sin(np.deg2rad(a)), 0]
              for a in angles]  # fmt: skip
    activity = np.full((len(angles), 40, 1), 0.9, np.float32)
    starts = 1_000 * np.arange(len(angles))
    found = correlation_clustering.match_local_speakers(
        activity, np.array(voices)[:, None], np.full((len(angles), 1), 4.0), starts, FRAME
    )
    return found[:, 0].tolist()


@pytest.mark.parametrize(("windows", "count"), [(240, 2), (241, 3)])
def test_240_windows_are_clustered_at_once(windows, count):
    # The first two voices are one speaker's only for those who know the last two, which lie
    # between: 60 degrees is the threshold.
    found = far_apart(0, 80, *[None] * (windows - 4), 40, 40)
    assert len(set(found)) == count
    if count == 2:
        assert found[0] == found[1] == found[-1] == found[-2] == 0


def test_speakers_of_earlier_blocks_are_recognised():
    angles = [0, 80] * 200
    found = far_apart(*angles, 40, 160)
    assert found[:400] == [0, 1] * 200
    assert found[400] in (0, 1) and found[401] == 2


def test_memory_does_not_grow_with_the_square_of_the_windows():
    def peak(windows):
        tracemalloc.start()
        far_apart(*[0, 90] * (windows // 2))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak(960) < 1.5 * peak(480)


def test_a_voice_that_is_hardly_heard_decides_little():
    # Evidence is the product of both weights: 4 s * 4 s * 0.1 for the first two, 4 s * 1 s against.
    angles = np.deg2rad([[0.0], [float(np.rad2deg(np.arccos(0.6)))], [120.0]])
    vectors = np.concatenate([np.cos(angles), np.sin(angles)], 1)[:, None]
    activity = np.full((3, 40, 1), 0.9, np.float32)
    seconds = np.array([[4.0], [4.0], [0.5]])
    found = correlation_clustering.match_local_speakers(
        activity, vectors, seconds, 1_000 * np.arange(3), FRAME
    )
    assert found.tolist() == [[0], [0], [1]]


def test_the_longest_keep_a_number_where_there_are_too_many_who_cannot_be_merged():
    # Three local speakers of one window are three people; the shortest one is nobody.
    windows = [window((0, 30), (30, 50), (50, 90))]
    assert told(windows, [[0, 0, 0]], [0], max_speakers=2) == [[0, -1, 1]]
    assert told(windows, [[0, 0, 0]], [0], max_speakers=3) == [[0, 1, 2]]


def test_who_is_too_many_becomes_somebody_who_is_not_in_the_window():
    # Each two of three people meet in a window, so no two can be one; the third has least to say.
    windows = [window((0, 40), (50, 70)), window((0, 40), (50, 70)), window((0, 40), (40, 80))]
    voices = [[0, 200, 0], [90, 200, 0], [0, 90, 0]]
    found = told(windows, voices, [0, 500, 1_000], max_speakers=2)
    assert found == [[0, 1, -1], [1, 0, -1], [0, 1, -1]]


def test_merging_ends_where_no_two_groups_gain_by_it():
    rng = np.random.default_rng(0)
    for size in (1, 2, 5, 12):
        for _ in range(20):
            evidence = rng.standard_normal((size, size))
            evidence += evidence.T
            apart = rng.uniform(size=(size, size)) < 0.1
            apart |= apart.T
            groups = correlation_clustering.contract(np.where(apart, -np.inf, evidence), None)
            members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
            within = [evidence[np.ix_(own, own)][np.triu_indices(len(own), 1)] for own in members]
            assert all(len(said) == 0 or said.sum() > 0 for said in within)
            for n, own in enumerate(members):
                assert not apart[np.ix_(own, own)][np.triu_indices(len(own), 1)].any()
                for others in members[:n]:
                    between = np.ix_(own, others)
                    assert apart[between].any() or evidence[between].sum() <= 0
