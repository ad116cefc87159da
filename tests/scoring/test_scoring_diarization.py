import subprocess
import sys
import warnings

import numpy as np
import pytest
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_curve

from course_utils import scoring
from course_utils.scoring.diarization import match_speakers

OPTIONS = [
    {},
    {"collar": 0.5},
    {"skip_overlap": True},
    {"collar": 0.25, "skip_overlap": True},
]


def turn(speaker, start, end):
    return {"speaker": speaker, "start": start, "end": end}


def random_turns(rng, names):
    """Return turns of some of the names; those of one speaker neither overlap nor touch."""
    turns = []
    for name in rng.permutation(names)[: rng.integers(0, len(names) + 1)]:
        times = np.unique(rng.integers(0, 100, size=2 * rng.integers(1, 4))) / 10
        turns += [turn(str(name), *pair) for pair in zip(times[::2], times[1::2], strict=False)]
    return [turns[place] for place in rng.permutation(len(turns))]


def random_pairs(count, seed):
    rng = np.random.default_rng(seed)
    sides = ["Alice", "Bob", "Cleo"], ["Bob", "0", "1"]
    return [tuple(random_turns(rng, names) for names in sides) for _ in range(count)]


def annotation(turns):
    """Return turns as pyannote's own, one track each and nothing merged."""
    made = Annotation()
    for track, one in enumerate(turns):
        made[Segment(one["start"], one["end"]), track] = one["speaker"]
    return made


def pyannote(metric, pairs, **options):
    """Return the components that pyannote.metrics finds in each pair and its pooled rate."""
    scorer = metric(**options)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'uem' was approximated")
        found = [
            scorer(annotation(said), annotation(heard), detailed=True) for said, heard in pairs
        ]
    return found, abs(scorer)


@pytest.mark.parametrize("options", OPTIONS)
def test_five_hundred_random_recordings_score_as_with_pyannote(options):
    pairs = random_pairs(500, seed=0)
    said, heard = (list(side) for side in zip(*pairs, strict=True))
    assert sum(not turns for turns in said) > 20 and sum(not turns for turns in heard) > 20
    found, pooled = pyannote(DiarizationErrorRate, pairs, **options)
    table = scoring.der_parts(said, heard, **options)
    assert table.index[-1] == "all recordings" and len(table) == 501
    columns = {
        "der": "diarization error rate",
        "miss": "missed detection",
        "false_alarm": "false alarm",
        "confusion": "confusion",
        "total": "total",
    }
    for ours, theirs in columns.items():
        np.testing.assert_allclose(
            table[ours].to_numpy()[:-1], [parts[theirs] for parts in found], atol=0.0006
        )
    result = scoring.load("der").compute(references=said, predictions=heard, **options)
    assert set(result) == set(columns) and result["der"] == pytest.approx(pooled)
    for ours, theirs in list(columns.items())[1:]:
        assert result[ours] == pytest.approx(sum(parts[theirs] for parts in found))
        assert (
            result[ours] > 50
        )  # seconds: each part occurs, so that none can be mistaken for another
    _, pooled = pyannote(JaccardErrorRate, pairs, **options)
    result = scoring.load("jer").compute(references=said, predictions=heard, **options)
    assert result == {"jer": pytest.approx(pooled)}


def test_single_recordings_score_as_with_pyannote():
    der, jer = scoring.load("der"), scoring.load("jer")
    for said, heard in random_pairs(12, seed=1):
        sides = {"references": [said], "predictions": [heard]}
        for options in OPTIONS:
            _, rate = pyannote(DiarizationErrorRate, [(said, heard)], **options)
            assert der.compute(**sides, **options)["der"] == pytest.approx(rate)
            _, rate = pyannote(JaccardErrorRate, [(said, heard)], **options)
            assert jer.compute(**sides, **options)["jer"] == pytest.approx(rate)


# Alice 0 to 10, Bob 8 to 14 (2 s of overlap), 16 s in all.
SAID = [turn("Alice", 0, 10), turn("Bob", 8, 14)]


@pytest.mark.parametrize(
    ("heard", "parts", "jer"),
    [
        ([turn("1", 0, 10), turn("2", 8, 14)], (0, 0, 0, 16), 0),
        # Bob's last 4 s missed; nobody added. Bob: intersection 2, union 6.
        ([turn("1", 0, 10), turn("2", 8, 10)], (4, 0, 0, 16), (0 + 4 / 6) / 2),
        # 2 s added after the end. Bob: intersection 6, union 8.
        ([turn("1", 0, 10), turn("2", 8, 16)], (0, 2, 0, 16), (0 + 2 / 8) / 2),
        # All of it one speaker, Alice's: the overlap lacks a speaker (2 s), Bob alone is confused
        # (4 s). Alice: intersection 10, union 14; Bob has no counterpart.
        ([turn("1", 0, 14)], (2, 0, 4, 16), (4 / 14 + 1) / 2),
        # Nothing found, and someone else's silence.
        ([], (16, 0, 0, 16), 1),
        ([turn("1", 20, 23)], (16, 3, 0, 16), 1),
    ],
)
def test_toy_recordings_by_hand(heard, parts, jer):
    sides = {"references": [SAID], "predictions": [heard]}
    expected = dict(zip(("miss", "false_alarm", "confusion", "total"), parts, strict=True))
    expected["der"] = sum(parts[:3]) / parts[3]
    assert scoring.load("der").compute(**sides) == pytest.approx(expected)
    assert scoring.load("jer").compute(**sides) == {"jer": pytest.approx(jer)}


def test_the_collar_is_split_between_both_sides_of_an_edge():
    said, heard = [turn("Alice", 10, 20)], [turn("1", 9.8, 20.3)]
    result = scoring.load("der").compute(references=[said], predictions=[heard], collar=0.5)
    # 0.25 s go on each side of 10 and of 20; what is left of the errors lies from 20.25 to 20.3.
    assert result == pytest.approx(
        {"der": 0.05 / 9.5, "miss": 0, "false_alarm": 0.05, "confusion": 0, "total": 9.5}
    )


def test_overlap_that_is_skipped_counts_neither_as_speech_nor_as_error():
    result = scoring.load("der").compute(
        references=[SAID], predictions=[[turn("1", 0, 8)]], skip_overlap=True
    )
    assert result == {"der": 4 / 12, "miss": 4, "false_alarm": 0, "confusion": 0, "total": 12}


def test_recordings_are_pooled_by_seconds_and_speakers_by_heads():
    said = [[turn("Alice", 0, 90)], [turn("Alice", 0, 5), turn("Bob", 5, 10)]]
    heard = [[turn("1", 0, 90)], [turn("1", 0, 5)]]
    sides = {"references": said, "predictions": heard}
    assert scoring.load("der").compute(**sides)["der"] == pytest.approx(5 / 100)
    assert scoring.load("jer").compute(**sides)["jer"] == pytest.approx(1 / 3)
    metric = scoring.load("der")
    for one, other in zip(said, heard, strict=True):
        metric.add(reference=one, prediction=other)
    assert metric.compute()["der"] == pytest.approx(5 / 100)


def test_silence_scores_as_pyannote_defines_it():
    def score(said, heard):
        sides = {"references": [said], "predictions": [heard]}
        return scoring.load("der").compute(**sides), scoring.load("jer").compute(**sides)["jer"]

    assert score([], []) == (
        {"der": 0.0, "miss": 0, "false_alarm": 0, "confusion": 0, "total": 0},
        1.0,
    )
    assert score([], [turn("1", 1, 3)])[0] == {
        "der": 1.0, "miss": 0, "false_alarm": 2, "confusion": 0, "total": 0,
    }  # fmt: skip


def test_turns_of_one_speaker_that_overlap_or_touch_are_one():
    said = [turn("Alice", 0, 6), turn("Alice", 4, 10), turn("Alice", 10, 12)]
    heard = [turn("1", 0, 12), turn("1", 3, 5)]
    for options in ({}, {"skip_overlap": True}, {"collar": 1.0}):
        result = scoring.load("der").compute(references=[said], predictions=[heard], **options)
        assert result["der"] == 0 and result["total"] == (11 if "collar" in options else 12)


def test_no_warning_is_raised():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for options in OPTIONS:
            scoring.der_parts([SAID, []], [[], SAID], **options)
        scoring.load("der").compute(references=[[]], predictions=[[]])


def test_the_table_names_its_recordings():
    table = scoring.der_parts([SAID, SAID], [SAID, []], names=["morning", "evening"])
    assert table["der"].to_dict() == {"morning": 0.0, "evening": 1.0, "all recordings": 0.5}
    assert table["miss"].tolist() == [0, 16, 16] and table["total"].tolist() == [16, 16, 32]
    assert scoring.der_parts([SAID], [SAID]).index[0] == "0"
    with pytest.raises(ValueError, match="1 names for 2 recordings"):
        scoring.der_parts([SAID, SAID], [SAID, []], names=["morning"])


def test_speakers_are_matched_by_the_speech_they_share():
    # Greedily, "1" would get Alice for their 6 s, which leaves "2" without anyone; together, "1"
    # with Bob (5 s) and "2" with Alice (4 s) share 9 s.
    said = [turn("Alice", 0, 10), turn("Bob", 10, 15)]
    heard = [turn("1", 4, 15), turn("2", 0, 4), turn("3", 20, 21)]
    assert match_speakers(said, heard) == {"2": "Alice", "1": "Bob"}
    assert list(match_speakers(said, heard)) == ["2", "1"]  # by first speaking
    assert match_speakers([], heard) == {} == match_speakers(said, [])


def test_listed_errors_add_up_to_the_parts():
    for said, heard in random_pairs(60, seed=2):
        errors = scoring.diarization_errors(said, heard)
        sums = dict.fromkeys(("miss", "false_alarm", "confusion"), 0.0)
        for error in errors:
            sums[error["kind"]] += (error["end"] - error["start"]) * error["speakers"]
        result = scoring.load("der").compute(references=[said], predictions=[heard])
        assert sums == pytest.approx({kind: result[kind] for kind in sums})
        assert [error["start"] for error in errors] == sorted(error["start"] for error in errors)
        ends = {(error["kind"], error["speakers"], error["end"]) for error in errors}
        starts = {(error["kind"], error["speakers"], error["start"]) for error in errors}
        assert not ends & starts  # no error ends where the same one goes on


def test_a_found_speaker_named_like_another_is_not_taken_for_them():
    said = [turn("Alice", 0, 5), turn("Bob", 5, 10)]
    heard = [turn("Bob", 0, 4), turn("Alice", 12, 13)]  # "Bob" is Alice, "Alice" is no one
    assert match_speakers(said, heard) == {"Bob": "Alice"}
    assert scoring.diarization_errors(said, heard) == [
        {"kind": "miss", "start": 4.0, "end": 10.0, "speakers": 1},
        {"kind": "false_alarm", "start": 12.0, "end": 13.0, "speakers": 1},
    ]


@pytest.mark.parametrize(
    ("references", "predictions", "message"),
    [
        ([SAID], [SAID, SAID], "2 predictions for 1 references"),
        ([], [], "references is empty"),
        (None, [SAID], "references is missing"),
        ([SAID], SAID, r"predictions holds the turns of one recording.*\[turns\]"),
        ({"call": SAID}, [SAID], "references is a dict"),
        ([SAID], [{"call": SAID}], "one recording"),
        ([SAID], [[("Alice", 0, 1)]], r"predictions\[0\]\[0\] is no turn"),
        ([[turn("Alice", 0, 1), turn("Bob", 2, 2)]], [SAID], r"references\[0\]\[1\] runs from 2"),
        ([SAID], [[turn(0, 0, 1)]], "speaker 0: name speakers with a str"),
    ],
)
def test_wrong_input_is_named(references, predictions, message):
    for name in ("der", "jer"):
        with pytest.raises(ValueError, match=message):
            scoring.load(name).compute(references=references, predictions=predictions)
    with pytest.raises(ValueError, match=message):
        scoring.der_parts(references, predictions)
    with pytest.raises(ValueError, match=message):
        scoring.confidence_interval(references, predictions, metric="der")


@pytest.mark.parametrize("collar", [-0.1, float("nan"), float("inf")])
def test_wrong_collars_are_named(collar):
    with pytest.raises(ValueError, match=f"collar is {collar}"):
        scoring.load("der").compute(references=[SAID], predictions=[SAID], collar=collar)


def test_the_interval_of_the_der_covers_the_truth_about_as_often_as_it_says():
    rng, covered = np.random.default_rng(3), 0
    said = [[turn("Alice", 0, 10)]] * 30
    for trial in range(50):
        missed = rng.binomial(10, 0.2, size=30)  # true rate 20 %
        heard = [[turn("1", 0, 10 - seconds)] if seconds < 10 else [] for seconds in missed]
        low, high = scoring.confidence_interval(
            said, heard, metric="der", resamples=300, seed=trial
        )
        covered += low <= 0.2 <= high
    assert 0.85 <= covered / 50 <= 1.0


def test_the_interval_pools_by_seconds_compares_and_takes_the_options():
    said = [[turn("Alice", 0, 98)], [turn("Alice", 0, 2)]]
    heard = [[turn("1", 0, 98)], []]
    # Drawn are both recordings (2 % of 100 s), the first twice (0 %) or the second twice (100 %).
    assert scoring.confidence_interval(said, heard, metric="der", level=0.4) == (0.02, 0.02)
    assert scoring.confidence_interval(said, heard, metric="jer", level=0.4) == (0.5, 0.5)
    assert scoring.confidence_interval(said, heard, metric="der", level=0.9) == (0.0, 1.0)
    assert scoring.confidence_interval(said, heard, versus=heard, metric="der") == (0.0, 0.0)
    worse = [[turn("1", 0, 49)], [turn("1", 0, 1)]]  # half of each
    low, high = scoring.confidence_interval(said, said, versus=worse, metric="der")
    assert low == high == pytest.approx(-0.5)
    late = [[turn("1", 0, 97.9)], [turn("1", 0, 1.9)]]
    assert scoring.confidence_interval(said, late, metric="der")[0] > 0
    assert scoring.confidence_interval(said, late, metric="der", collar=0.2) == pytest.approx(
        (0, 0)
    )
    same = scoring.confidence_interval(said, said, versus=late, metric="der", collar=0.2)
    assert same == pytest.approx((0, 0))
    with pytest.raises(ValueError, match="wer takes no options, not collar"):
        scoring.confidence_interval(["a"], ["a"], collar=0.5)
    with pytest.raises(ValueError, match="der takes collar and skip_overlap, not uem"):
        scoring.confidence_interval(said, heard, metric="der", uem=None)


def test_the_equal_error_rate_lies_on_the_curve_of_scikit_learn():
    rng = np.random.default_rng(5)
    for trial in range(200):
        same = np.r_[True, False, rng.random(rng.integers(1, 60)) < rng.uniform(0.1, 0.9)]
        scores = rng.normal(size=same.size) + same * rng.uniform(-1, 3)
        if trial % 2:
            scores = scores.round(1)  # ties
        accepted, right, _ = roc_curve(same, scores, drop_intermediate=False)
        # Along the curve, since it may climb straight up, where no function of `accepted` exists.
        along = np.arange(len(accepted))
        gap = interp1d(along, accepted - (1 - right))
        expected = float(np.interp(brentq(gap, 0, along[-1]), along, accepted))
        rate, threshold = scoring.equal_error_rate(scores, same)
        assert rate == pytest.approx(expected, abs=1e-9)
        assert scores.min() <= threshold <= scores.max()


@pytest.mark.parametrize(
    ("scores", "same", "expected"),
    [
        # Apart: nothing goes wrong anywhere between 0.3 and 0.7.
        ([0.9, 0.7, 0.3, 0.1], [1, 1, 0, 0], (0.0, 0.5)),
        # The wrong way round: everything does.
        ([0.9, 0.7, 0.3, 0.1], [0, 0, 1, 1], (1.0, 0.5)),
        # One of each on the wrong side.
        ([0.9, 0.7, 0.5, 0.3], [1, 0, 1, 0], (0.5, 0.6)),
        # All alike: accepting none or all, and half-way between is one half.
        ([0.5, 0.5, 0.5], [1, 0, 0], (0.5, 0.5)),
        # Rejecting 1 of 3 and accepting 0 of 2, then 1 of 2: from (0, 1/3) to (1/2, 1/3); the
        # rates meet at 1/3, two thirds of the way from 0.6 to 0.4.
        ([0.9, 0.7, 0.5, 0.3, 0.1], [1, 1, 0, 1, 0], (1 / 3, 0.6 - 0.2 * 2 / 3)),
        # Not on a scale from 0 to 1.
        ([-20, -10, 5, 10], [0, 0, 1, 1], (0.0, -2.5)),
    ],
)
def test_equal_error_rates_by_hand(scores, same, expected):
    assert scoring.equal_error_rate(scores, same) == pytest.approx(expected)
    assert scoring.equal_error_rate(scores, np.array(same, dtype=bool)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scores", "same", "message"),
    [
        ([0.1, 0.2], [True, True], "All 2 pairs are of one speaker"),
        ([0.1, 0.2], [False, False], "All 2 pairs are of two speakers"),
        ([], [], "finite numbers|both kinds"),
        ([0.1, float("nan")], [True, False], "finite numbers"),
        ([[0.1, 0.2]], [[True, False]], "one for each pair"),
        (["a", "b"], [True, False], "finite numbers"),
        ([0.1, 0.2], [True], r"same has shape \(1,\)"),
        ([0.1, 0.2], [2, 0], "same must be True"),
        ([0.1, 0.2], ["Alice", "Bob"], "same must be True"),
    ],
)
def test_wrong_scores_of_pairs_are_named(scores, same, message):
    with pytest.raises(ValueError, match=message):
        scoring.equal_error_rate(scores, same)


def test_pyannote_is_imported_only_for_scores_of_turns():
    code = (
        "import sys; from course_utils import scoring; "
        "scoring.equal_error_rate([1, 0], [True, False]); scoring.confidence_interval; "
        "sys.exit(any(name.startswith('pyannote') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
