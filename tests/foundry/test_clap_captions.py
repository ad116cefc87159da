"""Captions of pocket-clap: what they claim, and that nothing left out of training slips in."""

import numpy as np
import pytest

from foundry.clap import captions, clap_data
from foundry.clap.captions import UNSEEN, UNSEEN_PAIRS, relation

EVEN = dict.fromkeys(["level", "drums", "instrument", "where", "via"], 1)
DOG = {"sound": "dog", "level": "low", "where": "far", "via": "radio", "count": 2}


@pytest.mark.parametrize(
    ("said", "facts", "wanted"),
    [
        ([{"sound": "dog"}], [DOG], 1),
        ([{"sound": "dog", "level": "low"}], [DOG], 1),
        ([{"sound": "dog", "level": "high"}], [DOG], 0),
        ([{"sound": "cat"}], [DOG], 0),
        ([{"sound": "dog", "level": "low"}], [{"sound": "dog"}], None),
        ([{"sound": "dog", "where": "near"}], [DOG | {"where": ""}], None),
        ([{"sound": "dog", "count": 1}], [DOG | {"count": 0}], None),
        ([{"sound": "dog"}], [DOG, {"sound": "rain"}], None),
        ([{"sound": "rain"}, {"sound": "dog"}], [DOG, {"sound": "rain"}], 1),
        ([{"sound": "rain"}, {"sound": "dog"}], [DOG], 0),
        ([{"sound": "rain"}, {"sound": "cat"}], [DOG, {"sound": "rain"}], 0),
        ([{"where": "far"}], [DOG], 1),
        ([{"where": "near"}], [DOG], 0),
        ([{"via": "radio"}], [DOG], 1),
        ([{"via": "live"}], [{"sound": "rock", "level": "slow", "via": "radio"}], 0),
        ([{"via": "live"}], [{"sound": "dog"}], None),
        ([{"where": "far"}], [{"sound": "dog"}], None),
        ([{"where": "far"}], [{"sound": "rock", "level": "slow"}], 0),
        ([{"level": "slow"}], [{"sound": "rock", "level": "slow"}], 1),
        ([{"level": "slow"}], [{"sound": "clock_tick", "level": "slow"}], 0),
    ],
)
def test_a_caption_is_true_false_or_unknown_of_a_clip(said, facts, wanted):
    assert relation(said, facts) is wanted or relation(said, facts) == wanted


def test_a_caption_is_true_of_its_own_clip():
    rng = np.random.default_rng(0)
    for label in clap_data.SEEN_SOUNDS + clap_data.SEEN_GENRES:
        _, facts = clap_data.clip(label, "train", 0)
        for _ in range(20):
            text, said = captions.caption(rng, facts)
            assert relation([said], [facts]) == 1
            assert "{" not in text and "  " not in text and " ," not in text, text


def test_the_caption_says_what_the_facts_are():
    rng = np.random.default_rng(1)
    text, said = captions.caption(rng, DOG, "clause", full=True)
    assert said == DOG
    assert any(word in text for word in ("large", "big"))
    assert any(words in text for words in captions.WHERE["far"])
    assert any(words in text for words in captions.COUNT[2])
    assert any(words in text for words in captions.VIA["radio"])


def test_twins_differ_in_one_attribute():
    rng, differ = np.random.default_rng(0), set()
    for _ in range(200):
        two = captions.twins(rng, DOG, EVEN)
        assert not any(map(captions.held_out, two))
        true, false = ([some in text for some in (*captions.WHERE["far"], *captions.VIA["radio"],
                                                 "large", "big")] for text in two)  # fmt: skip
        assert sum(true) == 3 and sum(false) == 2
        differ.add(next(n for n in range(len(true)) if true[n] and not false[n]))
    assert differ == set(range(8))
    assert captions.twins(rng, {"sound": "dog"}, EVEN) is None
    assert captions.twins(rng, {"sound": "dog", "where": ""}, EVEN) is None


def test_twins_of_music_differ_in_pace_way_drums_or_instrument():
    rng, differ = np.random.default_rng(0), set()
    music = {
        "sound": "rock",
        "level": "slow",
        "via": "live",
        "mode": "minor",
        "instrument": "organ",
        "drums": "no drums",
    }
    for _ in range(200):
        two = captions.twins(rng, music, EVEN)
        said = [[word in text for word in ("slow", "live", "organ", "no drums")] for text in two]
        assert all(said[0]) and sum(said[1]) == 3
        assert all("minor" in text and "rock" in text for text in two)
        differ.add(said[1].index(False))
    assert differ == set(range(4))


def test_candidates_differ_in_their_label_alone():
    rng, kinds = np.random.default_rng(0), set()
    labels = clap_data.SEEN_SOUNDS + clap_data.SEEN_GENRES
    names = {name for label in UNSEEN for name in captions.names_of(label)}
    words = captions.WHERE | captions.VIA
    for _ in range(60):
        texts = captions.candidates(rng, labels)
        assert len(set(texts)) == len(labels)
        assert not names & {word for text in texts for word in text.strip(".").split()}
        found = [{k for k, some in words.items() if any(w in text for w in some)} for text in texts]
        sounds = set.union(*found[: len(clap_data.SEEN_SOUNDS)])
        assert len(sounds) < 2 and sounds >= set.union(*found)
        kinds |= sounds or {"name"}
    assert kinds == {"name", *words}


def test_training_sentences_leave_a_tenth_out_and_name_nothing_unseen():
    texts = captions.sample_texts(60)
    names = {name for label in UNSEEN for name in captions.names_of(label)}
    said = [text.replace("bell synth", "") for text in texts]  # an instrument; the card says so
    assert not [text for text in said if set(text.strip(".").split()) & names]
    rng, drawn = np.random.default_rng(0), []
    for _ in range(500):
        text, said = captions.training_caption(rng, DOG)
        assert len(said) == 1 or not captions.held_out(text)
        drawn.append(captions.caption(rng, DOG, "clause")[0])
    share = np.mean([captions.held_out(text) for text in set(drawn)])
    assert 0.03 < share < 0.2


@pytest.mark.parametrize("pair", sorted(UNSEEN_PAIRS))
def test_combinations_left_out_are_recognised_in_rendered_clips(pair):
    label, first, via = pair
    _, facts = clap_data.clip(label, "test", 0, first, via)
    assert captions.is_unseen(facts)
    assert not captions.is_unseen(facts | {"via": captions.OPPOSITE[via]})
    name = "level" if label in captions.GENRES else "where"
    assert not captions.is_unseen(facts | {name: captions.OPPOSITE[first]})


def test_training_clips_contain_no_combination_that_is_left_out():
    labels = {label for label, _, _ in UNSEEN_PAIRS}
    for label in labels:
        every = list(clap_data.clips(label, "train", range(6), unseen=True))
        kept = list(clap_data.clips(label, "train", range(6)))
        assert len(kept) < len(every)
        for _, facts in kept:
            first = facts["level"] if label in captions.GENRES else facts["where"]
            assert (label, first, facts["via"]) not in UNSEEN_PAIRS


def test_a_radio_keeps_the_middle_of_the_spectrum():
    live, _ = clap_data.clip("rain", "test", 0, "near", "live")
    heard, _ = clap_data.clip("rain", "test", 0, "near", "radio")
    edges = np.fft.rfftfreq(len(live), 1 / 16_000)
    outside = (edges < 200) | (edges > 6000)
    shares = [np.sum(np.abs(np.fft.rfft(x)[outside]) ** 2) / np.sum(np.abs(np.fft.rfft(x)) ** 2)
              for x in (live, heard)]  # fmt: skip
    assert shares[1] < 0.01 < shares[0]
    assert np.abs(heard).max() == pytest.approx(np.abs(live).max())


def test_the_splits_share_no_clip():
    for label in ("dog", "rock"):
        first = [clap_data.clip(label, split, 0)[0] for split in ("train", "validation", "test")]
        assert len({samples[:4000].tobytes() for samples in first}) == 3


def test_the_level_of_a_clip_is_where_its_parameter_lies():
    for pitch, level in ((180, "low"), (420, ""), (950, "high")):
        assert captions.level_of("dog", {"pitch": pitch}) == level


def test_unknown_words_have_tokens_and_known_words_come_back():
    tokenizer = captions.tokenizer_of(captions.sample_texts(30))
    assert tokenizer.decode(tokenizer("A Dog")["input_ids"], skip_special_tokens=True) == " a dog"
    ids = tokenizer("xylophone ünknown")["input_ids"]
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.pad_token_id == 1  # the position embeddings of RoBERTa count from it
