"""Splits that never leak a group and keep the mix of classes."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from course_utils import data

datasets = pytest.importorskip("datasets")


# ----------------------------------------------------------------------------------------- splits


def table(groups, labels):
    return datasets.Dataset.from_dict(
        {"source": groups, "label": labels, "row": list(range(len(groups)))}
    )


@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=40),
    classes=st.integers(1, 4),
    test_size=st.floats(0.05, 0.95),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40)
def test_no_group_is_on_both_sides(sizes, classes, test_size, seed):
    """Each group belongs to one class, as with recordings cut into clips."""
    groups = [f"g{index}" for index, size in enumerate(sizes) for _ in range(size)]
    labels = [index % classes for index, size in enumerate(sizes) for _ in range(size)]
    assume(len(sizes) >= classes)
    clips = table(groups, labels)
    try:
        parts = data.grouped_split(clips, "source", test_size=test_size, seed=seed)
    except data.DataError as error:
        assert "too few groups" in str(error)
        assert len(sizes) < 6 * classes or not 0.2 <= test_size <= 0.8
        return
    train, test = parts["train"], parts["test"]
    assert not set(train["source"][:]) & set(test["source"][:])
    assert sorted(train["row"][:] + test["row"][:]) == list(range(len(groups)))
    assert train["row"][:] == sorted(train["row"][:])
    assert set(train["label"][:]) == set(test["label"][:]) == set(labels)
    again = data.grouped_split(clips, "source", test_size=test_size, seed=seed)
    assert again["test"]["row"][:] == test["row"][:]


@given(test_size=st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 0.7]), seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_proportions_are_kept_with_many_groups(test_size, seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(120), rng.integers(1, 5, 120))
    labels = np.where(groups < 72, 0, np.where(groups < 108, 1, 2))  # 6 : 3 : 1
    parts = data.grouped_split(table(groups, labels), "source", test_size=test_size, seed=seed)
    counts, whole = np.bincount(parts["test"]["label"][:]), np.bincount(labels)
    assert len(parts["test"]) / len(groups) == pytest.approx(test_size, abs=0.04)
    np.testing.assert_allclose(counts / whole, test_size, atol=0.2)


def test_classes_of_one_row_each_cannot_be_on_both_sides():
    with pytest.raises(data.DataError, match="too few groups in 'source' to have label 0, 1"):
        data.grouped_split(table([0, 1], [0, 1]), "source", test_size=0.5)


def test_speakers_who_say_everything():
    """Groups that hold every class, as with speakers: half the speakers, half of each class."""
    speakers, words = np.repeat(np.arange(10), 6), np.tile([0, 1, 2], 20)
    parts = data.grouped_split(table(speakers, words), "source", test_size=0.3)
    assert len(set(parts["test"]["source"][:])) == 3
    assert np.bincount(parts["test"]["label"][:]).tolist() == [6, 6, 6]


def test_split_without_classes():
    clips = table(["a", "a", "b", "c"], [0, 1, 2, 3])
    parts = data.grouped_split(clips, "source", stratify=None, test_size=0.5)
    assert len(parts["train"]) + len(parts["test"]) == 4
    assert not set(parts["train"]["source"][:]) & set(parts["test"]["source"][:])


def test_split_refuses():
    clips = table(["a", "a", "b", "b"], [0, 0, 1, 1])
    with pytest.raises(data.DataError, match="too few groups in 'source' to have label 0, 1"):
        data.grouped_split(clips, "source")
    with pytest.raises(data.DataError, match="fewer than two groups"):
        data.grouped_split(table(["a", "a"], [0, 1]), "source")
    with pytest.raises(data.DataError, match="fewer than two groups"):
        data.grouped_split(clips.select([]), "source")
    with pytest.raises(data.DataError, match="no column 'speaker'; there are source, label, row"):
        data.grouped_split(clips, "speaker")
    with pytest.raises(data.DataError, match="empty cells"):
        data.grouped_split(table(["a", None], [0, 0]), "source")
    for share in (0, 1, -0.2, 1.5, True, float("nan")):
        with pytest.raises(data.DataError, match="test_size"):
            data.grouped_split(clips, "source", test_size=share)
