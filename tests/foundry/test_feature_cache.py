import numpy as np
import pytest
import torch

from course_utils import audio
from foundry.speech import feature_cache, kokoro
from foundry.speech.feature_cache import FeatureCache


def pairs(count, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        frames, letters = int(rng.integers(20, 60)), int(rng.integers(1, 9))
        features = torch.from_numpy(rng.standard_normal((frames, 320))).float()
        yield features, rng.integers(0, 99, frames), rng.integers(0, 30, letters).tolist()


def assert_holds(cache, rows, made):
    features, ends, labels, phones = cache.batch(rows)
    for row, (expected, spoken, tokens) in enumerate(made):
        assert phones[row][phones[row] >= 0].tolist() == spoken.tolist()
        assert ends[row] == len(expected)
        assert torch.allclose(features[row, : ends[row]], expected, atol=2e-3)
        assert not features[row, ends[row] :].any()
        assert labels[row][labels[row] >= 0].tolist() == list(tokens)


def test_banks_give_back_what_went_in(tmp_path):
    made = list(pairs(7))
    FeatureCache.of(made[:4]).save(tmp_path / "features.npz")
    cache = FeatureCache.join(
        [FeatureCache.load(tmp_path / "features.npz"), FeatureCache.of(made[4:])]
    )
    assert len(cache) == 7
    assert_holds(cache, [5, 0], [made[5], made[0]])
    assert_holds(cache.select([6, 2]), [0, 1], [made[6], made[2]])


def test_every_utterance_is_in_one_batch_and_batches_keep_their_size():
    lengths = np.random.default_rng(1).integers(10, 300, 500)
    groups = feature_cache.batches(lengths, 0, 1600)
    assert sorted(row for group in groups for row in group) == list(range(500))
    for group in groups:
        assert max(lengths[group]) * len(group) <= 1600
    assert groups != feature_cache.batches(lengths, 1, 1600)


def test_a_schedule_goes_through_epoch_after_epoch():
    lengths = np.random.default_rng(1).integers(10, 300, 50)
    first, second = (feature_cache.batches(lengths, epoch, 1600) for epoch in (0, 1))
    steps = len(first) + 2
    assert feature_cache.schedule(lengths, steps, 1600) == first + second[:2]


def mean_of(samples):
    return torch.full((3, 2), float(samples.mean()))


def spell(text):
    return [ord(mark) for mark in text]


def test_a_bank_of_recordings_holds_each_as_it_is_and_varied(tmp_path):
    rows = []
    for number in range(3):
        samples = np.full(8000, 0.1 * (number + 1), np.float32)
        audio.save(tmp_path / f"{number}.flac", samples, 16_000)
        spoken = {"phonemes": "a", "durations": [2, 0, 1]} if number else None
        rows.append((tmp_path / f"{number}.flac", "ab"[: 1 + number % 2], spoken))
    path = tmp_path / "work" / "features.npz"
    cache = feature_cache.cached_features(rows, mean_of, spell, path, copies=2)
    assert len(cache) == 9 and path.is_file()
    features, ends, labels, phones = cache.batch(range(9))
    assert ends.tolist() == [3] * 9
    assert torch.allclose(features[::3, 0, 0], torch.tensor([0.1, 0.2, 0.3]), atol=1e-3)
    assert labels[:, 0].tolist() == [97] * 9
    assert (phones[:3] == -100).all() and (phones[3:] == 0).all()
    again = feature_cache.cached_features([], mean_of, spell, path)
    assert np.array_equal(again.features, cache.features)


def test_phones_share_the_rows_as_their_durations_say():
    spoken = {"phonemes": "həlˈO", "durations": [4, 1, 1, 0, 2, 2, 2]}
    silence, h, schwa, _, stress, o, _ = kokoro.token_ids(spoken["phonemes"])[0].tolist()
    wanted = [silence] * 4 + [h, schwa] + [stress] * 2 + [o] * 2 + [silence] * 2
    assert feature_cache.phones_per_frame(spoken, 12).tolist() == wanted
    assert feature_cache.phones_per_frame(spoken, 24).tolist() == np.repeat(wanted, 2).tolist()
    assert feature_cache.phones_per_frame(spoken, 4).tolist() == [silence, h, stress, silence]
    assert feature_cache.phones_per_frame(None, 3).tolist() == [-100] * 3


def test_tightening_leaves_the_speech_and_its_phones_in_step():
    samples = np.zeros(400 * 30, np.float32)
    samples[400 * 10 : 400 * 20] = 0.5
    spoken = {"phonemes": "hə", "durations": [10, 4, 6, 10]}
    silence, h, e = kokoro.token_ids("hə")[0][:3]
    lengths = set()
    for seed in range(20):
        part, timed = feature_cache.trim_edges(np.random.default_rng(seed), samples, spoken)
        lengths.add(len(part))
        assert (part != 0).sum() == 400 * 10 and len(part) <= 400 * 18
        assert sum(timed["durations"]) == pytest.approx(len(part) / 400, abs=0.01)
        phones = feature_cache.phones_per_frame(timed, len(part))
        assert set(phones[part != 0][3:-3]) == {h, e} and set(phones[part == 0][:-3]) <= {
            silence,
            h,
            e,
        }
        assert abs((phones == h).sum() - 1600) < 10
    assert len(lengths) > 10
    assert spoken["durations"] == [10, 4, 6, 10]
    assert feature_cache.trim_edges(None, samples, None) == (samples, None)


def test_recordings_in_a_row_hold_all_their_texts_and_pauses(tmp_path):
    rows = []
    for number in range(4):
        samples = np.full(8000, 0.1 * (number + 1), np.float32)
        audio.save(tmp_path / f"{number}.flac", samples, 16_000)
        rows.append((tmp_path / f"{number}.flac", "abcd"[number], None))
    drawn = feature_cache.concatenated(rows, 20)
    assert {len(paths) for paths, _, _ in drawn} == {2, 3}
    assert drawn == feature_cache.concatenated(rows, 20)
    for paths, text, spoken in drawn:
        assert text.split() == ["abcd"[int(path.stem)] for path in paths] and spoken is None
        assert len(set(paths)) == len(paths)
        samples = feature_cache.load_joined(np.random.default_rng(0), paths)
        levels = [round(10 * samples[place]) for place in np.flatnonzero(np.diff(samples))]
        assert [level for level in levels if level] == [int(path.stem) + 1 for path in paths[:-1]]
        pauses = len(paths) - 1
        assert 0.2 * pauses <= (samples == 0).sum() / 16_000 <= pauses
