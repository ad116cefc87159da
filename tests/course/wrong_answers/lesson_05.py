"""Wrong answers to the exercises of lesson 05, the usual mistakes first."""


def _by_distinct_words(train, test):
    known, words = set(" ".join(train).split()), set(" ".join(test).split())
    return len(words - known) / len(words)


WRONG = {
    "05.1": (
        lambda texts, alphabet: sorted(set(alphabet) - set("".join(texts))),
        lambda texts, alphabet: sorted(set("".join(texts))),
        lambda texts, alphabet: [c for text in texts for c in text if c not in alphabet],
        lambda texts, alphabet: sorted(set("".join(texts).lower()) - set(alphabet)),
    ),
    "05.2": (
        _by_distinct_words,
        lambda train, test: _by_distinct_words(test, train),
        lambda train, test: 1 - _by_distinct_words(train, test),
        lambda train, test: sum(text not in train for text in test) / len(test),
    ),
    "05.3": (
        lambda before, after: before - after,
        lambda before, after: (before - after) / after,
        lambda before, after: after / before,
    ),
}
