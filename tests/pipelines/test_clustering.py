import numpy as np
import pytest
from transformers import PreTrainedConfig

from course_utils import pipelines
from course_utils.pipelines import clustering

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
    assert np.allclose(found, times, atol=0.06)


def test_short_pauses_stay_within_a_region_and_clicks_are_left_out():
    found = pipelines.speech_regions(bursts([(0.5, 1.0), (1.2, 1.8), (3.0, 3.005)]), RATE)
    assert np.allclose(found, [(0.5, 1.8)], atol=0.06)


def test_a_sentence_in_a_long_silence_is_found():
    found = pipelines.speech_regions(bursts([(100.0, 102.0)], seconds=180), RATE)
    assert np.allclose(found, [(100.0, 102.0)], atol=0.06)


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


def test_more_pieces_than_are_clustered_find_their_group(monkeypatch):
    monkeypatch.setattr(clustering, "MAX_PIECES", 50)
    vectors, spans, labels = voices([120, 90, 40])
    assert agree(clustering.cluster(vectors, spans, None, 0.5), labels)


def test_pieces_cover_the_speech_and_a_moment_goes_to_the_nearest_middle():
    method = clustering.Clustering(PreTrainedConfig(), RATE)
    assert method.threshold == 0.5
    samples = bursts([(0.5, 4.6), (6.0, 6.4)], seconds=8)
    spans = np.array(method.spans(samples))
    assert spans[0, 0] / RATE == pytest.approx(0.5, abs=0.06)
    assert (np.diff(spans, axis=1) <= method.window).all()
    assert spans[-2, 1] / RATE == pytest.approx(4.6, abs=0.06)
    assert spans[-1] / RATE == pytest.approx([6.0, 6.4], abs=0.06)
    spans = np.array([[0, 32_000], [16_000, 48_000], [52_000, 60_000]])
    outputs = {"embeddings": np.eye(2)[[0, 1, 1]]}
    turns = method.turns(samples, spans, outputs, 2, None)
    # Middles at 1 and 2 s: the border lies between them. Then a pause of 0.25 s.
    assert [tuple(turn[1:]) for turn in turns] == [(0.0, 1.5), (1.5, 3.75)]


def test_without_speech_there_is_nobody_and_the_threshold_is_the_configurations():
    method = clustering.Clustering(PreTrainedConfig(diarization_threshold=0.3), RATE)
    assert method.threshold == 0.3
    assert method.spans(np.zeros(RATE, np.float32)) == []
