"""Wrong answers to the exercises of lesson 15, the usual mistakes first."""

import unicodedata


def _without_marks(text):
    split = unicodedata.normalize("NFD", text)
    return "".join(c for c in split if not unicodedata.combining(c))


WRONG = {
    "15.1": (
        lambda texts, tokenize: (
            sum(len(tokenize(text)) / len(text.split()) for text in texts) / len(texts)
        ),
        lambda texts, tokenize: (
            sum(len(text.split()) for text in texts) / sum(len(tokenize(text)) for text in texts)
        ),
        lambda texts, tokenize: sum(len(tokenize(text)) for text in texts) / len(texts),
        lambda texts, tokenize: (
            sum(len(text) for text in texts) / sum(len(text.split()) for text in texts)
        ),
    ),
    "15.2": (
        _without_marks,
        lambda text: text.translate(str.maketrans("áíóü", "aiou")),
        lambda text: unicodedata.normalize("NFD", text).replace("\u0301", ""),
        lambda text: text.encode("ascii", "ignore").decode(),
        lambda text: _without_marks(text).lower(),
    ),
    "15.3": (
        lambda sizes, alpha: [size / sum(sizes) for size in sizes],
        lambda sizes, alpha: [(size / sum(sizes)) ** alpha for size in sizes],
        lambda sizes, alpha: [size * alpha / sum(sizes) for size in sizes],
        lambda sizes, alpha: [1 / len(sizes) for _ in sizes],
    ),
}
