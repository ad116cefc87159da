"""cpWER, against meeteval and by hand."""

import json
import random
from pathlib import Path

import pytest

from course_utils import scoring

FROZEN = Path(__file__).with_name("cpwer_of_meeteval.json")
"""What meeteval 0.4.3 counted in `cases`: ``errors`` and ``words`` of each. It needs a compiler, so
it is no dependency; with it installed, this file counts again when it is run as a script."""


def spoken(rng, speakers):
    """Draw a recording; some of its speakers say nothing that is heard."""
    words = ["a", "an", "the", "cat", "dog", "sat", "on", "mat", "and", "ran"]
    return [
        {
            "speaker": f"{rng.choice('xyz')}{rng.randrange(speakers)}",
            "start": (start := rng.uniform(0, 30)),
            "end": start + rng.uniform(0.1, 3),
            "text": " ".join(rng.choices(words, k=rng.randrange(0, 8))),
        }
        for _ in range(rng.randrange(1, 12))
    ]


def cases(count=200):
    rng = random.Random(11)
    pairs = []
    while len(pairs) < count:
        reference, prediction = spoken(rng, 2), spoken(rng, 2)
        if rng.random() < 0.5:  # mostly right, as a system would be
            prediction = [
                row | {"speaker": row["speaker"].upper(), "text": row["text"].replace("cat", "hat")}
                for row in reference
                if rng.random() < 0.9
            ] or prediction
        if any(row["text"] for row in reference):  # meeteval divides by the number of words
            pairs.append((reference, prediction))
    return pairs


def of_meeteval(reference, prediction):
    import meeteval

    def streams(rows):
        texts = {}
        for row in sorted(rows, key=lambda row: (row["start"], row["end"], row["speaker"])):
            texts.setdefault(row["speaker"], []).append(row["text"])
        return {speaker: " ".join(parts) for speaker, parts in texts.items()}

    rate = meeteval.wer.cp_word_error_rate(streams(reference), streams(prediction))
    return rate.errors, rate.length


def test_errors_and_words_equal_those_of_meeteval():
    wanted = json.loads(FROZEN.read_text(encoding="utf-8"))
    pairs = cases(len(wanted["errors"]))
    references, predictions = zip(*pairs, strict=True)
    metric = scoring.load("cpwer")
    found = metric.counts(*metric.pair(references, predictions))
    assert found.T.tolist() == [wanted["errors"], wanted["words"]]
    whole = metric.compute(references=references, predictions=predictions)["cpwer"]
    assert whole == pytest.approx(sum(wanted["errors"]) / sum(wanted["words"]))


def rows(*spoken):
    return [
        {"speaker": who, "start": n, "end": n + 1, "text": text}
        for n, (who, text) in enumerate(spoken)
    ]


SAID = rows(
    ("Alice", "good morning everyone"), ("Bob", "hello"), ("Alice", "shall we begin at last")
)


@pytest.mark.parametrize(
    ("heard", "errors"),
    [
        (rows(("1", "good morning everyone"), ("2", "hello"), ("1", "shall we begin at last")), 0),
        # Pairing the other way round is cheaper than to move a sentence: 2 + 4 words.
        (rows(("1", "good morning everyone"), ("2", "hello"), ("2", "shall we begin at last")), 6),
        (rows(("1", "good morning everyone"), ("1", "hello"), ("1", "shall we begin at last")), 2),
        (rows(("1", "good morning everyone"), ("2", "hello"), ("3", "shall we begin at last")), 6),
        ([], 9),
    ],
)
def test_words_of_the_wrong_speaker_count_twice(heard, errors):
    found = scoring.load("cpwer").compute(references=[SAID], predictions=[heard])
    assert found == {"cpwer": pytest.approx(errors / 9)}


def test_the_order_is_by_start_and_names_do_not_matter():
    shuffled = [row | {"speaker": row["speaker"][::-1]} for row in reversed(SAID)]
    assert scoring.load("cpwer").compute(references=[SAID], predictions=[shuffled])["cpwer"] == 0


def test_the_interval_holds_the_rate():
    references, predictions = zip(*cases(), strict=True)
    rate = scoring.load("cpwer").compute(references=references, predictions=predictions)["cpwer"]
    low, high = scoring.confidence_interval(references, predictions, metric="cpwer")
    assert low < rate < high and high - low < 0.3


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"speaker": "1", "start": 0, "end": 1}, r"predictions\[0\]\[0\] has the text None"),
        ({"speaker": "1", "start": 2, "end": 1, "text": "no"}, "runs from 2 s to 1 s"),
    ],
)
def test_what_is_no_utterance_is_named(row, message):
    with pytest.raises(ValueError, match=message):
        scoring.load("cpwer").compute(references=[SAID], predictions=[[row]])


if __name__ == "__main__":
    errors, words = zip(*(of_meeteval(*case) for case in cases()), strict=True)
    FROZEN.write_text(json.dumps({"errors": errors, "words": words}) + "\n", encoding="utf-8")
