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


def test_speakers_of_earlier_blocks_are_recognised(monkeypatch):
    monkeypatch.setattr(correlation_clustering, "BLOCK", 2)
    windows = [window((0, 40), (40, 70))] * 7
    voices = [[0, 80, 0], [80, 0, 0]] * 3 + [[40, 160, 0]]
    found = told(windows, voices, range(0, 3_500, 500))
    assert found[:6] == [[0, 1, -1], [1, 0, -1]] * 3
    assert found[6][1] == 2 and found[6][0] in (0, 1)


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
