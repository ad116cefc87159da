"""Exercises of lesson 05: the alphabet, new words, and how much of the errors is gone."""

from course_utils.course.exercises import solution

ALPHABET = "aAbB09 "


def texts(rng, pieces="abcdefghijklmnopq"):
    """Draw three texts of four words."""
    return [" ".join(row) for row in rng.choice(list(pieces), (3, 4)).tolist()]


@solution(
    "05.1",
    [(["it's 9", "nine."], "'abcdefghijklmnopqrstuvwxyz "), (["Abba"], "ab")],
    draw=lambda rng: (texts(rng, ALPHABET), "".join(rng.choice(list(ALPHABET), 4))),
)
def cannot_be_written(texts, alphabet):
    """Return a sorted list of characters in the texts that the alphabet lacks, each once."""
    return sorted(set("".join(texts)) - set(alphabet))


@solution(
    "05.2",
    [
        (["pay the bill", "the card is lost"], ["pay the rent", "the card the bank"]),
        (["a"], ["a b b b"]),
    ],
    draw=lambda rng: (texts(rng), texts(rng)),
)
def out_of_vocabulary(train, test):
    """Return the share of words in test that are not in train; each occurrence counts."""
    known, words = set(" ".join(train).split()), " ".join(test).split()
    return sum(word not in known for word in words) / len(words)


@solution("05.3", [(0.5, 0.4)], draw=lambda rng: tuple(rng.uniform(0.1, 1, 2).round(2)))
def relative_reduction(before, after):
    """Return the share of the errors that is gone; it is negative where there are more."""
    return (before - after) / before
