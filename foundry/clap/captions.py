"""Captions of sounds and music, made from the parameters of the synthesis, and what they claim.

A caption mentions some facts of a clip. `relation` compares what a caption says with the facts of
any clip, so that training takes neither an equal clip nor one with unknown facts for a wrong one.
"""

import re
import tomllib
import zlib
from pathlib import Path

import numpy as np
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from foundry.common.sound_synthesis import CELLS
from foundry.music.genre_data import GENRES
from foundry.music.music_prompts import players, words_of
from foundry.sounds.sound_data import LABELS

WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))

UNSEEN = ("bell", "siren", "swing", "waltz")
"""Sounds and genres that no training caption names and no training clip contains."""

UNSEEN_PAIRS = {
    ("dog", "far", "radio"),
    ("cat", "near", "live"),
    ("rooster", "near", "radio"),
    ("baby_cry", "far", "live"),
    ("bird", "far", "radio"),
    ("phone", "near", "live"),
    ("chainsaw", "far", "live"),
    ("helicopter", "near", "radio"),
    ("rock", "fast", "radio"),
    ("chiptune", "slow", "live"),
}
"""Combinations left out of training: a sound and its distance, or a genre and its pace; and whether
it comes from a radio."""

FRAMES = ("{}", "this is a sound of {}.", "the sound of {}", "a recording of {}", "i hear {}")
"""Sentences around a name or a description."""

WHERE = {
    "near": ("nearby", "close by", "very close"),
    "far": ("far away", "in the distance", "a long way off"),
}
VIA = {
    "radio": ("on the radio", "from an old radio", "through a small radio"),
    "live": ("live", "heard live"),
}
OPPOSITE = {
    "near": "far",
    "live": "radio",
    "low": "high",
    "slow": "fast",
    "with drums": "no drums",
}
OPPOSITE |= {value: key for key, value in OPPOSITE.items()}
"""Value of an attribute to the value that contradicts it."""

PLAYERS = tuple(players())
"""Instruments of music."""

COUNT = {
    1: ("once",),
    2: ("twice", "two times"),
    3: ("three times",),
    4: ("many times", "again and again"),
}
JOINTS = ("{} and {}", "{} with {}", "{} over {}", "{}, and also {}")
"""Sentences for two sounds at the same time."""

HEADS = (
    "{pace} {genre}",
    "{genre} at a {pace} tempo",
    "{pace} {genre} music",
    "a {pace} piece of {genre}",
)
CLAUSES = {
    "mode": ("in a {mode} key", "in {mode}"),
    "instrument": ("with {instrument}", "played on {instrument}"),
    "drums": ("{drums}",),
}

APART = {
    "where": ("a sound {}", "something {}"),
    "via": ("a sound {}", "something {}"),
    "level": ("{} music", "a {} piece of music"),
}
"""Sentences that say how far a sound is, whether it comes from a radio, or the pace of music, but
not what it is."""

KINDS, SHARES = ("name", "clause", "described", "apart"), (0.2, 0.55, 0.15, 0.1)
"""Kinds of captions and how often each is drawn by default."""

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
"""Special tokens, at the ids of RoBERTa."""

VOCABULARY = 800
"""Number of tokens at most."""


def level_of(label, parameters):
    """Return "low", "high" or "" (between): where the parameter of a level lies in its range."""
    entry = WORDS["sounds"][label]
    low, high = entry["range"]
    share = np.log(parameters[entry["parameter"]] / low) / np.log(high / low)
    return "low" if share < 5 / CELLS else "high" if share > 7 / CELLS else ""


def sound_facts(label, parameters, where, via):
    """Return the facts ``sound``, ``level``, ``where``, ``via`` and ``count`` (0: not counted)."""
    counted = WORDS["sounds"][label].get("counted")
    count = min(parameters["events"], 4) if counted else 0
    level = level_of(label, parameters)
    return {"sound": label, "level": level, "where": where, "via": via, "count": count}


def music_facts(parameters, via):
    """Return the facts of a piece of music: ``sound`` (genre), ``level`` (pace), mode, players."""
    words = words_of(parameters)
    return {
        "sound": parameters["genre"],
        "level": words["pace"],
        "via": via,
        "mode": words["mode"],
        "instrument": words["instrument"],
        "drums": words["drums"],
    }


def is_unseen(facts):
    """Whether training must not contain a clip: its sound or its combination is left out."""
    pair = facts["sound"], facts.get("where", facts["level"]), facts["via"]
    return facts["sound"] in UNSEEN or pair in UNSEEN_PAIRS


def held_out(text):
    """Whether a sentence is kept for tests: a tenth of all sentences, by their checksum."""
    return zlib.crc32(text.encode()) % 10 == 0


def names_of(label):
    """Return the names of a sound or genre, first the one that its data set uses."""
    if label in GENRES:
        return [label, f"{label} music", f"a piece of {label}"]
    return WORDS["sounds"][label]["names"]


def description_of(label, number=0):
    """Return one of the two descriptions of a sound or genre in words that others share."""
    return WORDS["genres" if label in GENRES else "sounds"][label]["described"][number]


def caption(rng, facts, kind=None, full=False, shares=SHARES):
    """Return a random caption of a clip, and the facts that it mentions.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the wording.
    facts : dict
        Result of `sound_facts` or `music_facts`; for a recording, ``{"sound": label}``.
    kind : {"name", "clause", "described", "apart"}, optional
        What the caption is made of; by default random with `shares`. "apart" is an attribute
        without the sound, or a name where no attribute is known.
    full : bool
        Mention every attribute with a word, not a random part of them.
    shares : tuple of float
        Probability of each of `KINDS`.

    Returns
    -------
    text : str
        Caption in lower case.
    said : dict
        The facts that the caption mentions.
    """
    kind = kind or str(rng.choice(KINDS, p=shares))
    label = facts["sound"]
    if kind == "apart" and (found := _apart(rng, facts)):
        return found
    if kind in ("name", "apart"):
        return _framed(rng, names_of(label)), {"sound": label}
    if kind == "described":
        return _framed(rng, [description_of(label, 0), description_of(label, 1)]), {"sound": label}
    text, said = (_music_clause if label in GENRES else _sound_clause)(rng, facts, full)
    if facts.get("via") and (full or rng.uniform() < 0.7):
        return f"{text}, {rng.choice(VIA[facts['via']])}", said | {"via": facts["via"]}
    return text, said


def _apart(rng, facts):
    words = {"via": VIA.get(facts.get("via"), ())}
    if facts["sound"] in GENRES:
        words["level"] = (facts["level"],)
    else:
        words["where"] = WHERE.get(facts.get("where"), ())
    known = [name for name, some in words.items() if some]
    if not known:
        return None
    name = str(rng.choice(known))
    return tidy(str(rng.choice(APART[name])).format(rng.choice(words[name]))), {name: facts[name]}


def _framed(rng, texts):
    return str(rng.choice(FRAMES)).format(rng.choice(texts))


def _sound_clause(rng, facts, full):
    entry = WORDS["sounds"][facts["sound"]]
    choices = {
        "level": entry.get(facts.get("level") or "none", ()),
        "where": WHERE.get(facts.get("where"), ()),
        "count": COUNT.get(facts.get("count"), ()),
    }
    said, words = {"sound": facts["sound"]}, {}
    for name, options in choices.items():
        mention = options and (full or rng.uniform() < 0.7)
        words[name] = str(rng.choice(options)) if mention else ""
        if mention:
            said[name] = facts[name]
    clauses = [
        clause
        for clause in entry["clauses"]
        if all(f"{{{k}}}" in clause for k in said if k != "sound")
    ]
    return tidy(str(rng.choice(clauses)).format_map({"count": ""} | words)), said


def _music_clause(rng, facts, full):
    head = str(rng.choice(HEADS)).format(pace=facts["level"], genre=facts["sound"])
    said, parts = {"sound": facts["sound"], "level": facts["level"]}, []
    for name, options in CLAUSES.items():
        if name in facts and (full or rng.uniform() < 0.5):
            parts.append(str(rng.choice(options)).format(**facts))
            said[name] = facts[name]
    rng.shuffle(parts)
    return tidy(", ".join([head, *parts])), said


def tidy(text):
    """Return a sentence without the gaps that empty placeholders leave, "an" before a vowel."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"(\s?,)+", ",", text).strip(" ,")
    return re.sub(r"\ba (?=[aeiou])", "an ", text)


def training_caption(rng, facts, **options):
    """Return a `caption` whose sentence is not `held_out`; names and descriptions always may be."""
    while True:
        text, said = caption(rng, facts, **options)
        if len(said) == 1 or not held_out(text):
            return text, said


def twins(rng, facts, changed):
    """Return a true caption of a clip and the same one with a false attribute.

    None if no attribute of the clip is known. Neither sentence is `held_out`. `changed` maps the
    attributes that may be false to how often they are, relative to each other.
    """
    others = {name: _others(facts.get(name)) for name in changed}
    names = [name for name, values in others.items() if values]
    if not names:
        return None
    weights = np.array([changed[name] for name in names])
    name = str(rng.choice(names, p=weights / weights.sum()))
    while True:
        seed = rng.integers(1 << 30)
        two = [
            caption(np.random.default_rng(seed), facts | {name: value}, "clause", full=True)[0]
            for value in (facts[name], str(rng.choice(others[name])))
        ]
        if not any(map(held_out, two)):
            return two


def _others(value):
    """Return the false values of an attribute; none if its value is unknown."""
    if value in PLAYERS:
        return [player for player in PLAYERS if player != value]
    return [OPPOSITE[value]] if value in OPPOSITE else []


def candidates(rng, labels):
    """Return a caption of each label: its name, or a clause; all with the same attribute or none.

    No caption mentions two attributes, so that none is of `UNSEEN_PAIRS`. No clause is `held_out`.
    """
    kind = str(rng.choice(["name", "where", "via"]))
    if kind == "name":
        return [_framed(rng, names_of(label)) for label in labels]
    shared = {kind: str(rng.choice(list({"where": WHERE, "via": VIA}[kind])))}
    clips = [{"sound": label, "level": "moderate"} | shared for label in labels]
    return [training_caption(rng, facts, kind="clause", full=True)[0] for facts in clips]


def relation(said, facts):
    """Return 1 if a caption is true of a clip, 0 if it is false, None if nobody knows.

    Parameters
    ----------
    said : list of dict
        What a caption says of each sound that it mentions.
    facts : list of dict
        The facts of each sound of a clip, "" or missing where a fact is unknown.
    """
    best = [max((_one(claim, own) for own in facts), key=(0, None, 1).index) for claim in said]
    if 0 in best:
        return 0
    return None if None in best or len(said) < len(facts) else 1


def _one(claim, own):
    """Compare what is said of one sound with the facts of one sound."""
    if claim.get("sound", own["sound"]) != own["sound"]:
        return 0
    strange = "where" if own["sound"] in GENRES else "level"
    if "sound" not in claim and strange in claim:
        return 0  # a distance is said of sounds, a pace of music
    found = [
        None if own.get(name) in ("", 0, None) else own[name] == value
        for name, value in claim.items()
    ]
    return 0 if False in found else None if None in found else 1


def tokenizer_of(texts):
    """Return a byte-level BPE tokenizer for lower-cased captions, trained on `texts`."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=ends
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=60,
    )


def sample_texts(count, seed=0):
    """Return training captions of invented clips, to train the tokenizer on."""
    rng = np.random.default_rng(seed)
    texts = []
    for label in [name for name in (*LABELS, *GENRES) if name not in UNSEEN] * count:
        if label in GENRES:
            facts = {
                "sound": label,
                "level": rng.choice(["slow", "moderate", "fast"]),
                "via": rng.choice(["radio", "live"]),
                "mode": rng.choice(["major", "minor"]),
                "instrument": rng.choice(PLAYERS),
                "drums": rng.choice(["with drums", "no drums"]),
            }
        else:
            facts = {
                "sound": label,
                "level": rng.choice(["low", "high", ""]),
                "where": rng.choice(["near", "far", ""]),
                "via": rng.choice(["radio", "live"]),
                "count": int(rng.integers(1, 5)),
            }
            facts["count"] *= bool(WORDS["sounds"][label].get("counted"))
        texts.append(training_caption(rng, facts)[0])
    return texts
