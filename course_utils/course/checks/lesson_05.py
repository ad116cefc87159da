"""Exercises of lesson 05: the alphabet, new words, and how much of the errors is gone."""

from course_utils.course.exercises import solution

ALPHABET = "aAbB09 "


def texts(rng, pieces="abcdefghijklmnopq"):
    """Draw three texts of four words."""
    return [" ".join(row) for row in rng.choice(list(pieces), (3, 4)).tolist()]


@solution(
    "05.1",
    *((["it's 9", "nine."], "'abcdefghijklmnopqrstuvwxyz "), (["Abba"], "ab")),
    draw=lambda rng: (texts(rng, ALPHABET), "".join(rng.choice(list(ALPHABET), 4))),
)
def cannot_be_written(texts, alphabet):
    """Return the sorted characters that an alphabet lacks."""
    return sorted(set("".join(texts)) - set(alphabet))


@solution(
    "05.2",
    (["pay the bill", "the card is lost"], ["pay the rent", "the card the bank"]),
    (["a"], ["a b b b"]),
    draw=lambda rng: (texts(rng), texts(rng)),
    hint="Each occurrence of a word in test counts.",
)
def out_of_vocabulary(train, test):
    """Return the share of word occurrences in `test` that are not in `train`."""
    known, words = set(" ".join(train).split()), " ".join(test).split()
    return sum(word not in known for word in words) / len(words)


@solution("05.3", (0.5, 0.4), draw=lambda rng: tuple(rng.uniform(0.1, 1, 2).round(2)))
def relative_reduction(before, after):
    """Return the relative reduction, which is negative where the WER grows."""
    return (before - after) / before
