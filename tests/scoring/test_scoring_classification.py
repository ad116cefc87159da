import os
import subprocess
import sys

import numpy as np
import pytest
import sklearn.metrics

from course_utils import scoring

NAMES = np.array(["bell", "cat", "dog", "rain", "7"])


@pytest.fixture(scope="module", params=["numbers", "names"])
def random_classes(request):
    rng = np.random.default_rng(7)
    references = rng.integers(0, 5, 200)
    predictions = np.where(rng.random(200) < 0.6, references, rng.integers(0, 5, 200))
    if request.param == "names":
        return NAMES[references], NAMES[predictions]
    return references, predictions


def test_accuracy_by_hand():
    score = scoring.load("accuracy").compute(predictions=[0, 1, 1, 0], references=[0, 1, 0, 0])
    assert score == {"accuracy": 0.75}


def test_macro_f1_by_hand():
    # Class 0: precision 1, recall 1/2, F1 2/3. Class 1: precision 2/3, recall 1, F1 4/5.
    score = scoring.load("macro_f1").compute(predictions=[0, 1, 1, 1], references=[0, 0, 1, 1])
    assert score == {"macro_f1": pytest.approx((2 / 3 + 4 / 5) / 2)}


def test_macro_f1_counts_classes_that_are_only_predicted_unless_labels_say_otherwise():
    metric = scoring.load("macro_f1")
    answers = {"references": ["waltz", "rock"], "predictions": ["waltz", "dog"]}
    assert metric.compute(**answers)["macro_f1"] == pytest.approx(1 / 3)
    assert metric.compute(**answers, labels=["waltz", "rock"])["macro_f1"] == pytest.approx(1 / 2)


def test_confusion_matrix_has_references_in_rows():
    metric = scoring.load("confusion_matrix")
    result = metric.compute(references=[0, 0, 2], predictions=[0, 1, 2], labels=range(4))
    expected = [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(result["confusion_matrix"], expected)


def test_metrics_equal_scikit_learn(random_classes):
    references, predictions = random_classes
    answers = {"references": references, "predictions": list(predictions)}
    assert scoring.load("accuracy").compute(**answers)["accuracy"] == pytest.approx(
        sklearn.metrics.accuracy_score(references, predictions)
    )
    assert scoring.load("macro_f1").compute(**answers)["macro_f1"] == pytest.approx(
        sklearn.metrics.f1_score(references, predictions, average="macro")
    )
    np.testing.assert_array_equal(
        scoring.load("confusion_matrix").compute(**answers)["confusion_matrix"],
        sklearn.metrics.confusion_matrix(references, predictions),
    )


def test_batches_and_single_clips_add_up():
    metric = scoring.load("accuracy")
    metric.add_batch(predictions=[0, 1], references=[0, 0])
    metric.add(prediction=2, reference=2)
    metric.add(prediction=2, reference=1)
    assert metric.compute() == {"accuracy": 0.5}
    assert metric.compute(predictions=[1], references=[1]) == {"accuracy": 1.0}


def test_lazy_columns_of_a_data_set_are_accepted():
    datasets = pytest.importorskip("datasets")
    clips = datasets.Dataset.from_dict({"label": [0, 1, 1], "guess": [0, 1, 0]})
    score = scoring.load("accuracy").compute(references=clips["label"], predictions=clips["guess"])
    assert score["accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        ([0], [0, 1], "1 predictions for 2 references"),
        ([], [], "empty"),
        ([0], None, "references is missing"),
        ([[0.1, 0.9]], [1], "argmax"),
        ([0.7], [1], "must hold class numbers"),
        (["dog"], [1], "numbers and the other names"),
        ([None], [1], "must hold class numbers"),
        (None, None, "nothing to score"),
    ],
)
def test_bad_input_is_explained_and_leaves_the_metric_usable(predictions, references, message):
    metric = scoring.load("accuracy")
    with pytest.raises(ValueError, match=message):
        metric.compute(predictions=predictions, references=references)
    assert metric.compute(predictions=[3], references=[3]) == {"accuracy": 1.0}


def test_labels_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="labels must be numbers"):
        scoring.load("macro_f1").compute(predictions=[0], references=[0], labels=["cat"])


def test_unknown_metric_lists_the_known_ones():
    known = "accuracy, cer, confusion_matrix, cpwer, der, jer, macro_f1, wer"
    with pytest.raises(ValueError, match=f"'bleu'.*{known}"):
        scoring.load("bleu")


def test_a_metric_knows_its_direction():
    better = {"accuracy": True, "macro_f1": True, "confusion_matrix": None}
    worse = dict.fromkeys(("cer", "cpwer", "der", "jer", "wer"), False)
    for name, wanted in (better | worse).items():
        assert scoring.higher_is_better(name) is wanted
        assert scoring.load(name).higher_is_better is wanted
    with pytest.raises(ValueError, match=r"'bleu'.*accuracy"):
        scoring.higher_is_better("bleu")


def test_report_equals_scikit_learn(random_classes):
    references, predictions = random_classes
    table = scoring.report(references, predictions)
    expected = sklearn.metrics.classification_report(references, predictions, output_dict=True)
    expected["macro average"] = expected["macro avg"]
    assert list(table.index) == [*sorted(set(map(str, references))), "macro average"]
    for name, row in table.iterrows():
        assert row["precision"] == pytest.approx(expected[name]["precision"], abs=5e-4)
        assert row["recall"] == pytest.approx(expected[name]["recall"], abs=5e-4)
        assert row["f1"] == pytest.approx(expected[name]["f1-score"], abs=5e-4)
        assert row["support"] == expected[name]["support"]


def test_report_names_the_classes_and_keeps_those_that_never_occur():
    table = scoring.report([0, 0, 1, 1], [0, 1, 1, 1], labels=["cat", "dog", "rain"])
    assert list(table.index) == ["cat", "dog", "rain", "macro average"]
    assert table.loc["dog"].tolist() == [0.667, 1.0, 0.8, 2]
    assert table.loc["rain"].tolist() == [0, 0, 0, 0]
    assert table.loc["macro average", "f1"] == pytest.approx((2 / 3 + 4 / 5) / 3, abs=5e-4)
    assert table["support"].dtype.kind == "i"


def test_report_counts_a_foreign_prediction_as_a_miss():
    table = scoring.report(["rock", "rock"], ["rock", "dog"], labels=["rock"])
    assert table.loc["rock", "recall"] == 0.5
    assert "dog" not in table.index


@pytest.mark.parametrize(
    ("references", "predictions", "labels"),
    [([0, 2], [0, 0], ["cat", "dog"]), ([0], [2], ["cat", "dog"]), (["cow"], ["cat"], ["cat"])],
)
def test_report_refuses_classes_without_a_label(references, predictions, labels):
    with pytest.raises(ValueError, match="not among them"):
        scoring.report(references, predictions, labels)


SCORE = """
import sys
from course_utils import scoring
assert "torch" not in sys.modules and "evaluate" not in sys.modules
metric = scoring.load("accuracy")
metric.add_batch(predictions=[0] * 4, references=[0] * 4)
print("ready", flush=True)
sys.stdin.readline()
print(metric.compute(predictions=[int(sys.argv[1])] * 4, references=[0] * 4))
"""


@pytest.mark.long
def test_two_processes_score_at_once_where_nothing_can_be_written(tmp_path):
    home = tmp_path / "home"
    home.write_text("a file, so that no folder can be made in it", encoding="utf-8")
    environment = {**os.environ, "HOME": f"{home}/a", "HF_HOME": f"{home}/b", "HF_HUB_OFFLINE": "1"}
    for name in ("HF_METRICS_CACHE", "HF_EVALUATE_CACHE", "HF_DATASETS_CACHE", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    scorers = [
        subprocess.Popen(
            [sys.executable, "-c", SCORE, guess],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for guess in "01"
    ]
    try:
        # Both hold clips of their own before either of them computes.
        assert [scorer.stdout.readline() for scorer in scorers] == ["ready\n", "ready\n"]
        outputs = [scorer.communicate("\n")[0] for scorer in scorers]
    finally:
        for scorer in scorers:
            scorer.kill()
    assert outputs == ["{'accuracy': 1.0}\n", "{'accuracy': 0.5}\n"]
    assert list(tmp_path.iterdir()) == [home]
