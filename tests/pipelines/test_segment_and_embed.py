import numpy as np
import pytest
from scipy import stats
from transformers import pipeline

from course_utils import catalog, data, pipelines, scoring
from course_utils.pipelines import segment_and_embed
from course_utils.pipelines.segment_and_embed import cluster_segments
from course_utils.simulation import conversations

pipelines.register()


def in_plane(angles):
    angles = np.deg2rad(angles)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def grouped(own, angles, alone, max_speakers=None, threshold=segment_and_embed.REFERENCE_THRESHOLD):
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


@pytest.mark.parametrize("seed", range(5))
def test_two_pieces_merge_where_the_two_covariance_model_finds_one_speaker_likelier(
    seed, monkeypatch
):
    monkeypatch.setattr(segment_and_embed, "SAME_SPEAKER_BONUS", 0)
    monkeypatch.setattr(segment_and_embed, "MERGE_BONUS", 0)
    rng = np.random.default_rng(seed)
    merged = []
    for _ in range(20):
        angles, alone = rng.uniform(0, 180, 2), rng.uniform(0.5, 6, 2)
        # Speakers lie around 0 with variance 1 in each of two dimensions, pieces around them.
        noise = segment_and_embed.NOISE_SECONDS / alone
        heard = in_plane(angles) * np.sqrt(2 * (1 + noise))[:, None]
        apart, together = np.diag(1 + noise), np.ones((2, 2)) + np.diag(noise)
        one, two = (
            sum(stats.multivariate_normal(cov=cov).logpdf(column) for column in heard.T)
            for cov in (together, apart)
        )
        merged.append(one > two)
        assert (grouped([0, 1], angles, alone) == [0, 0]) == merged[-1]
    assert 0 < sum(merged) < 20


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


def test_a_long_recording_is_grouped_block_by_block(monkeypatch):
    rng = np.random.default_rng(0)
    who = rng.integers(0, 3, 60)
    own, angles = rng.integers(0, 2, 60), 120 * who + rng.normal(0, 10, 60)
    monkeypatch.setattr(segment_and_embed, "BLOCK", 7)
    assert grouped(own, angles, [3.0] * 60) == first_of(who)
    assert len(set(grouped(own, angles, [3.0] * 60, max_speakers=2))) == 2


def test_what_is_too_short_to_tell_goes_where_most_of_its_speaker_went():
    own, angles = [0, 0, 0, 1, 1], [0, 0, 180, 5, 90]
    assert grouped(own, angles, [3.0, 3.0, 0.2, 3.0, 0.0]) == [0] * 5
    assert grouped([0, 1], [0, 0], [0.1, 0.1]) == [0, 1]


def test_who_is_nowhere_heard_alone_goes_to_the_piece_beside():
    own, angles = [0, 1, 2, 2, 0, 1], [0, 120, 60, 60, 0, 120]
    assert grouped(own, angles, [3.0, 3.0, 0.3, 0.1, 3.0, 3.0]) == [0, 1, 1, 0, 0, 1]


def test_no_more_groups_than_asked_for():
    assert len(set(grouped([0, 0, 0], [0, 120, 240], [3.0] * 3, max_speakers=2))) == 2
    assert len(set(grouped([0, 0, 1], [0, 180, 90], [3.0, 3.0, 3.0], max_speakers=2))) == 2
    assert grouped([0, 1, 2, 0], [0, 90, 180, 0], [0.1] * 4, max_speakers=2) == [0, 1, 1, 0]


def test_a_speaker_model_takes_confusion_away():
    rows = data.load("speech", split="validation")
    talks = [conversations.simulate(rows, 500_000 + seed) for seed in range(12)]
    recordings = [{"array": talk["audio"], "sampling_rate": 16_000} for talk in talks]
    confusion = []
    for options in ({}, {"speaker_model": catalog.model("speaker-encoder")}):
        diarize = pipeline(pipelines.TASK, model=catalog.model("diarizer"), device="cpu", **options)
        parts = scoring.load("der").compute(
            references=[talk["turns"] for talk in talks],
            predictions=diarize(recordings, batch_size=8),
            collar=0.25,
        )
        confusion.append(parts["confusion"] / parts["total"])
    assert confusion[1] < 0.75 * confusion[0], confusion
