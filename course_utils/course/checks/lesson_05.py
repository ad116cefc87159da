"""Exercises of lesson 05: the alphabet, new words, padded labels, the share of errors gone."""

from types import SimpleNamespace

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
        (["my cards are lost"], ["my card is lost"]),
    ],
    draw=lambda rng: (texts(rng), texts(rng)),
)
def out_of_vocabulary(train, test):
    """Return the share of words in test that are no whole word in train; each occurrence counts."""
    known, words = set(" ".join(train).split()), " ".join(test).split()
    return sum(word not in known for word in words) / len(words)


def labels(rng):
    """Draw four rows of labels that begin with the start token, and that token."""
    lengths, start = rng.integers(1, 6, 4), int(rng.integers(90, 99))
    return [[start, *rng.integers(1, 90, length).tolist()] for length in lengths], start


@solution("05.3", [([[9, 4, 5, 2], [9, 7, 2]], 9), ([[8, 2]], 8)], draw=labels)
def pad_labels(rows, start):
    """Return rows of one length: without the start token, and with -100 at the end."""
    from course_utils.finetuning import TranscriptCollator

    extractor = SimpleNamespace(model_input_names=["features"], pad=lambda rows, **options: {})
    processor = SimpleNamespace(
        feature_extractor=extractor, tokenizer=SimpleNamespace(pad_token_id=0)
    )
    collate = TranscriptCollator(processor, start)
    return collate([{"features": [], "labels": row} for row in rows])["labels"].tolist()


@solution("05.4", [(0.5, 0.4)], draw=lambda rng: tuple(rng.uniform(0.1, 1, 2).round(2)))
def relative_reduction(before, after):
    """Return the share of the errors that is gone; it is negative where there are more."""
    return (before - after) / before
