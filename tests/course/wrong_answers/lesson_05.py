"""Wrong answers to the exercises of lesson 05, the usual mistakes first."""


def _by_distinct_words(train, test):
    known, words = set(" ".join(train).split()), set(" ".join(test).split())
    return len(words - known) / len(words)


def _padded(rows, start, value=-100, front=False):
    rows = [row[1:] if row[0] == start else row for row in rows]
    longest = max(map(len, rows))
    return [
        [value] * (longest - len(row)) * front + row + [value] * (longest - len(row)) * (not front)
        for row in rows
    ]


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
        lambda train, test: (
            sum(word not in " ".join(train) for word in " ".join(test).split())
            / len(" ".join(test).split())
        ),
    ),
    "05.3": (
        lambda rows, start: _padded(rows, start, value=0),
        lambda rows, start: _padded(rows, start, front=True),
        lambda rows, start: _padded(rows, start=None),
        lambda rows, start: [row[1:] for row in rows],
        lambda rows, start: [row[1 : min(map(len, rows))] for row in rows],
    ),
    "05.4": (
        lambda before, after: before - after,
        lambda before, after: (before - after) / after,
        lambda before, after: after / before,
    ),
}
