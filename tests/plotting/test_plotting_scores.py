"""Pictures of scores: counts and shares, curves by epoch, probabilities in order."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils import plotting


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_confusion_matrix_shows_counts_and_shares_of_rows():
    ax = plotting.confusion_matrix([[8, 2, 0], [1, 3, 0], [0, 0, 0]], ["cat", "dog", "rain"])
    shares = np.asarray(ax.images[0].get_array())
    np.testing.assert_allclose(shares, [[0.8, 0.2, 0], [0.25, 0.75, 0], [0, 0, 0]])
    np.testing.assert_allclose(shares.sum(axis=1), [1, 1, 0])
    cells = {text.get_position(): text.get_text() for text in ax.texts if text.get_text()}
    assert cells == {(0, 0): "8", (1, 0): "2", (0, 1): "1", (1, 1): "3"}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog", "rain"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Predicted class", "True class")
    many = plotting.confusion_matrix(np.eye(21))
    assert not any(text.get_text() for text in many.texts)  # they could not be read


LOG = [
    {"loss": 2.0, "grad_norm": 1.0, "learning_rate": 1e-4, "epoch": 0.5, "step": 5},
    {"loss": 1.0, "grad_norm": 1.0, "learning_rate": 5e-5, "epoch": 1.0, "step": 10},
    {
        "eval_loss": 1.5,
        "eval_accuracy": 0.6,
        "eval_macro_f1": 0.5,
        "eval_runtime": 3.0,
        "eval_samples_per_second": 9.0,
        "eval_steps_per_second": 2.0,
        "eval_model_preparation_time": 0.1,
        "epoch": 1.0,
        "step": 10,
    },
    {"train_runtime": 9.0, "train_loss": 1.5, "total_flos": 1.0, "epoch": 1.0, "step": 10},
]


def curves(ax):
    lines = [line for each in ax.figure.axes for line in each.lines]
    return {line.get_label(): [list(map(float, xy)) for xy in line.get_data()] for line in lines}


def test_training_curves_draw_losses_and_metrics_by_epoch():
    ax = plotting.training_curves(LOG, title="Genres")
    assert curves(ax) == {
        "Training loss": [[0.5, 1.0], [2.0, 1.0]],
        "Validation loss": [[1.0], [1.5]],
        "Validation accuracy": [[1.0], [0.6]],
        "Validation macro-F1": [[1.0], [0.5]],
    }
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("Epoch", "Loss", "Genres")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(curves(ax))


def test_training_curves_cope_with_what_is_missing():
    assert list(curves(plotting.training_curves(LOG[:2]))) == ["Training loss"]
    ax = plotting.training_curves([{"eval_wer": 1.4, "step": 10}, {"eval_wer": 0.6, "step": 20}])
    assert curves(ax) == {"Validation WER": [[10, 20], [1.4, 0.6]]}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Step", "Metric")
    undated = plotting.training_curves([{"loss": 3.0}, {"loss": 2.0}])
    assert curves(undated) == {"Training loss": [[1, 2], [3, 2]]}


def test_probabilities_keep_the_order_of_the_pipeline():
    answer = [{"label": "dog", "score": 0.9}, {"label": "cat", "score": 0.1}]
    ax = plotting.probabilities(answer, title="Which?")
    assert [bar.get_width() for bar in ax.patches] == [0.9, 0.1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["dog", "cat"]
    assert ax.yaxis_inverted()  # the first answer is on top
    assert ax.get_xlabel() == "Score"  # a model may be far too sure of its answer
