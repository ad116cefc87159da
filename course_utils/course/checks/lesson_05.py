"""Exercises of lesson 05: the alphabet, new words, and how much of the errors is gone."""

from course_utils.course.exercises import Exercise, returns

TRAIN = ["pay the bill", "the card is lost"]
TEST = ["pay the rent", "the card the bank"]


def _by_distinct_words(train, test):
    known, words = set(" ".join(train).split()), set(" ".join(test).split())
    return len(words - known) / len(words)


EXERCISES = (
    Exercise(
        "05.1",
        difficulty=2,
        minutes=5,
        verify=returns(
            (
                {"texts": ["it's 9", "nine."], "alphabet": "'abcdefghijklmnopqrstuvwxyz "},
                [".", "9"],
            ),
            ({"texts": ["Abba"], "alphabet": "ab"}, ["A"]),
            ({"texts": ["abba"], "alphabet": "abc"}, []),
        ),
        wrong=(
            lambda texts, alphabet: sorted(set(alphabet) - set("".join(texts))),
            lambda texts, alphabet: sorted(set("".join(texts))),
            lambda texts, alphabet: [c for text in texts for c in text if c not in alphabet],
            lambda texts, alphabet: sorted(set("".join(texts).lower()) - set(alphabet)),
        ),
    ),
    Exercise(
        "05.2",
        difficulty=2,
        minutes=5,
        verify=returns(
            ({"train": TRAIN, "test": TEST}, 2 / 7),
            ({"train": TRAIN, "test": TRAIN}, 0.0),
            ({"train": ["a"], "test": ["a b b b"]}, 0.75),
        ),
        wrong=(
            _by_distinct_words,
            lambda train, test: _by_distinct_words(test, train),
            lambda train, test: 1 - _by_distinct_words(train, test),
            lambda train, test: sum(text not in train for text in test) / len(test),
        ),
    ),
    Exercise(
        "05.3",
        difficulty=1,
        minutes=3,
        verify=returns(
            ({"before": 0.5, "after": 0.4}, 0.2),
            ({"before": 0.4, "after": 0.1}, 0.75),
            ({"before": 0.2, "after": 0.3}, -0.5),
        ),
        wrong=(
            lambda before, after: before - after,
            lambda before, after: (before - after) / after,
            lambda before, after: after / before,
        ),
    ),
)
