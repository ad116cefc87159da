import random
from collections import Counter

from course_utils.scoring import normalise_text
from foundry.speech import book_phrases, sentences

TEXTS = [book_phrases.draw(random.Random(number)) for number in range(2_000)]
CLAUSES = [normalise_text(" ".join(clause)) for clause in book_phrases.clauses()]
BOOKS = f" {' | '.join(CLAUSES)} "


def in_a_row(words):
    """Tell whether the words are in a row in a clause of the books."""
    return f" {' '.join(words)} " in BOOKS


def test_the_file_has_clauses_with_spellable_words_only():
    assert len(book_phrases.clauses()) > 12_000
    assert min(map(len, book_phrases.clauses())) >= 2
    assert set(BOOKS) <= {*sentences.ALPHABET, "|"}


def test_a_phrase_is_words_in_a_row_or_random_words():
    rows = [text for text in TEXTS if in_a_row(normalise_text(text).split())]
    assert 0.80 < len(rows) / len(TEXTS) < 0.90
    assert {len(text.split()) for text in rows} == set(range(2, 13))
    assert all(normalise_text(text) in CLAUSES for text in rows if len(text.split()) == 2)
    others = [normalise_text(text).split() for text in TEXTS if text not in rows]
    assert {len(part) for part in others} == set(range(2, 7))
    counts = Counter(BOOKS.split())
    assert all(counts[word] > 1 for part in others for word in part)


def test_a_phrase_can_begin_and_end_anywhere_in_a_clause():
    found = [f" {normalise_text(text)} " for text in TEXTS[:200]]
    first = [any(f" {clause} ".startswith(text) for clause in CLAUSES) for text in found]
    last = [any(f" {clause} ".endswith(text) for clause in CLAUSES) for text in found]
    for where in (first, last):
        assert 0.2 < sum(where) / len(where) < 0.8


def test_phrases_are_of_the_training_split_and_begin_and_end_like_sentences():
    assert {sentences.split_of(normalise_text(text)) for text in TEXTS} == {"train"}
    assert all(text[0].isupper() and text[-1] in ".?!" and text[-2].isalpha() for text in TEXTS)
    assert {text[-1] for text in TEXTS} == set(".?!")


def test_a_seed_gives_one_phrase():
    assert TEXTS[:50] == [book_phrases.draw(random.Random(number)) for number in range(50)]
    assert len(set(TEXTS)) > 1_850
