import numpy as np
import pytest
import torch
from transformers import PreTrainedConfig

from course_utils import finetuning, scoring
from course_utils.pipelines import correlation_clustering, segmentation

RATE = 16_000
FRAMES = 375
FRAME = segmentation.WINDOW_SECONDS / FRAMES


def talk(rng, speakers, seconds):
    """Random turns: everybody in turn, now and then over each other."""
    turns, time, last = [], 0.0, None
    while time < seconds:
        who = rng.choice([n for n in range(speakers) if n != last or speakers == 1])
        length = rng.uniform(0.8, 4)
        turns.append({"speaker": f"s{who}", "start": time, "end": min(time + length, seconds)})
        time, last = max(time + length + rng.uniform(-0.8, 0.8), 0), who
    return turns


def oracle(rng, turns, spans, voices, noise=0.1):
    """What a perfect model would say of each window, its tracks in random order."""
    for start, _ in spans:
        labels = finetuning.frame_labels(turns, FRAMES, FRAME, 3, start / RATE)
        names = []
        for column in labels.T:
            own = [
                name
                for name in voices
                if column.any()
                and np.array_equal(
                    column,
                    finetuning.frame_labels(
                        [t for t in turns if t["speaker"] == name], FRAMES, FRAME, 1, start / RATE
                    )[:, 0],
                )
            ]
            names.append(own[0] if own else None)
        order = rng.permutation(3)
        vectors = [voices.get(names[n], rng.standard_normal(8)) for n in order]
        vectors = np.array(vectors) + noise * rng.standard_normal((3, 8))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        activity = np.where(labels[:, order] > 0, 0.9, 0.1).astype(np.float32)
        alone = ((activity > 0.5) & (labels.sum(1) == 1)[:, None]).sum(0) * FRAME
        yield {"activity": activity, "embeddings": vectors, "seconds": alone}


def lively(seconds):
    """Noise that rises and falls twice a second, as speech does."""
    samples = np.random.default_rng(0).standard_normal(int(seconds * RATE)).astype(np.float32)
    samples[np.arange(len(samples)) % RATE < RATE // 2] *= 0.01
    return samples


def stitched(turns, seconds, speakers, seed=0, num_speakers=None, voices=None):
    rng = np.random.default_rng([9, seed])
    method = segmentation.Segmentation(PreTrainedConfig(), RATE)
    samples = lively(seconds)
    spans = np.array(method.spans(samples))
    if voices is None:
        directions = np.linalg.qr(rng.standard_normal((8, 8)))[0]
        voices = {f"s{n}": directions[n] for n in range(speakers)}
    kept = list(oracle(rng, turns, spans, voices))
    outputs = {name: np.stack([window[name] for window in kept]) for name in kept[0]}
    found = method.turns(samples, spans, outputs, num_speakers, None)
    found = [{"speaker": str(who), "start": start, "end": end} for who, start, end in found]
    return sorted(found, key=lambda turn: turn["start"])


@pytest.mark.parametrize("speakers", [1, 2, 3])
@pytest.mark.parametrize("seconds", [9.0, 15.0, 31.7, 90.0])
def test_windows_with_shuffled_tracks_give_the_conversation_back(speakers, seconds):
    for seed in range(5):
        turns = talk(np.random.default_rng(seed), speakers, seconds)
        found = stitched(turns, seconds, speakers, seed)
        parts = scoring.load("der").compute(references=[turns], predictions=[found], collar=0.25)
        assert parts["der"] < 0.03, parts
        assert {t["speaker"] for t in found} <= {str(n) for n in range(speakers)}


def test_who_comes_back_after_a_long_silence_is_known_by_voice():
    turns = [
        {"speaker": "s0", "start": 0.5, "end": 4.0},
        {"speaker": "s1", "start": 30.0, "end": 34.0},
        {"speaker": "s0", "start": 70.0, "end": 74.0},
    ]
    found = stitched(turns, 80.0, 2)
    assert [t["speaker"] for t in found] == ["0", "1", "0"]


def test_a_recording_of_many_blocks_is_put_together_as_a_whole_one_is(monkeypatch):
    turns = talk(np.random.default_rng(5), 3, 90.0)
    whole = stitched(turns, 90.0, 3)
    monkeypatch.setattr(correlation_clustering, "BLOCK", 5)
    parts = scoring.load("der").compute(references=[whole], predictions=[stitched(turns, 90.0, 3)])
    assert parts["der"] < 0.01


def test_at_most_as_many_speakers_as_asked_for():
    turns = talk(np.random.default_rng(3), 3, 60.0)
    found = stitched(turns, 60.0, 3, num_speakers=2)
    assert len({t["speaker"] for t in found}) == 2


def test_windows_overlap_and_reach_the_end():
    method = segmentation.Segmentation(PreTrainedConfig(), RATE)
    for seconds in (1.0, 15.0, 16.0, 47.3):
        spans = method.spans(lively(seconds))
        assert spans[0][0] == 0 and spans[-1][1] == int(seconds * RATE)
        assert all(end - start <= method.window for start, end in spans)
        starts = [start for start, _ in spans]
        assert np.diff(starts).max(initial=0) <= segmentation.HOP_SECONDS * RATE
        assert len(set(starts)) == len(starts)


def test_windows_of_silence_are_left_out():
    method = segmentation.Segmentation(PreTrainedConfig(), RATE)
    samples = np.zeros(60 * RATE, np.float32)
    assert method.spans(samples) == []
    samples[40 * RATE : 42 * RATE] = lively(2)
    spans = np.array(method.spans(samples)) / RATE
    assert 40 <= spans[0, 1] <= 40 + segmentation.HOP_SECONDS
    assert 42 - segmentation.HOP_SECONDS <= spans[-1, 0] <= 42


def test_what_is_kept_of_a_window_is_activity_and_the_voice_of_single_speakers():
    class Outputs:
        logits = torch.full((1, 4, 2), -9.0)
        hidden_states = (torch.zeros(1, 4, 3), torch.zeros(1, 4, 3), torch.zeros(1, 4, 3))

    Outputs.logits[0, [0, 1, 2], [0, 0, 1]] = 9.0
    Outputs.logits[0, 1, 1] = 9.0  # both speak in the second frame
    Outputs.hidden_states[1][0] = torch.tensor([[2.0, 0, 0], [5, 5, 5], [0, 3, 0], [0, 0, 7]])
    kept = segmentation.Segmentation(PreTrainedConfig(), RATE).reduce(Outputs)
    assert torch.equal(kept["activity"] > 0.5, Outputs.logits > 0)
    assert torch.allclose(kept["embeddings"][0], torch.eye(3)[:2], atol=0.02)
    assert kept["seconds"].numpy() == pytest.approx(segmentation.WINDOW_SECONDS / 4, rel=0.01)


def test_a_moment_about_whose_name_windows_disagree_is_still_somebodys():
    # Three windows; in the second frame one of them calls the speaker by another name.
    sums = np.array([[3, 0, 0], [2, 1, 0], [3, 0, 3], [0, 0, 0]] * 10, np.float32)
    sums = sums.reshape(10, 4, 3).swapaxes(0, 1).reshape(40, 3)
    counts = np.repeat([1.0, 1.0, 2.0, 0.0], 10)
    assert segmentation.turns_in(sums, counts, 0.1) == [[0, 0.0, 3.0], [2, 2.0, 3.0]]


def test_a_voice_is_the_mean_of_the_moments_that_it_has_to_itself():
    active = torch.tensor([[[1.0, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0, 0]]])
    states = torch.tensor([[[1.0, 0], [9, 9], [0, 2], [0, 1]]])
    vectors, moments = segmentation.local_speaker_embeddings(active, [9 * states, states, -states])
    assert moments.tolist() == [[1.5, 1.0, 0.0]]
    first = torch.tensor([1, 0.5]) / 1.25**0.5
    assert torch.allclose(vectors[0], torch.stack([first, torch.tensor([0.0, 1]), torch.zeros(2)]))
