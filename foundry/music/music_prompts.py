"""Prompts of ``pocket-music``: random descriptions of a clip, made from its parameters."""

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from foundry.music.genre_data import GENRES, KEYS
from foundry.music.styles import STYLES

PACES = ((95, "slow"), (130, "moderate"), (1_000, "fast"))
"""Upper limit of a tempo in beats per minute, and its word."""

HEADS = (
    "{pace} {genre}",
    "a {pace} {genre}",
    "{genre}, {pace}",
    "{pace} {genre} music",
    "{genre} at a {pace} tempo",
)
CLAUSES = (
    ("in a {mode} key", "in {key} {mode}", "{mode} key"),
    ("{instrument}", "with {instrument}", "played on {instrument}"),
    ("{beats} bpm",),
    ("{drums}",),
)
CLAUSE_PROBABILITY = 0.6
"""Probability of each clause in a prompt."""

SPECIAL = ("<pad>", "</s>", "<unk>")


def words_of(parameters):
    """Return the words for the placeholders in `HEADS` and `CLAUSES`.

    Parameters
    ----------
    parameters : dict
        Parameters of a clip from :func:`foundry.music.genre_data.render`.

    Returns
    -------
    dict
        Name of a placeholder to its text.

    Examples
    --------
    >>> clip = {"genre": "waltz", "tempo": 92.0, "key": "C#", "mode": "minor"}
    >>> words_of(clip | {"instrument": "electric_piano", "drums": ""})["pace"]
    'slow'
    """
    return {
        "genre": parameters["genre"],
        "pace": next(pace for limit, pace in PACES if parameters["tempo"] < limit),
        "beats": str(10 * round(parameters["tempo"] / 10)),
        "key": parameters["key"].lower().replace("#", " sharp"),
        "mode": parameters["mode"],
        "instrument": parameters["instrument"].replace("_", " "),
        "drums": "with drums" if parameters["drums"] else "no drums",
    }


def prompt_of(parameters, rng):
    """Return a prompt for a clip, with random wording and random clauses."""
    words = words_of(parameters)
    clauses = [rng.choice(clause) for clause in CLAUSES if rng.uniform() < CLAUSE_PROBABILITY]
    rng.shuffle(clauses)
    return ", ".join([rng.choice(HEADS), *clauses]).format(**words)


def players():
    """Return the words for the instruments of melody and accompaniment, in alphabetical order."""
    names = {name for style in STYLES.values() for name in style.leads | style.comps}
    return sorted(name.replace("_", " ") for name in names)


def vocabulary():
    """Return the tokens: special ones, then all words of prompts in alphabetical order."""
    fixed = " ".join([*HEADS, *(text for clause in CLAUSES for text in clause)])
    words = [word for word in fixed.replace(",", " ").split() if "{" not in word]
    words += [*GENRES, *(pace for _, pace in PACES), "major", "minor", "sharp", "no", "drums", ","]
    words += [key[0].lower() for key in KEYS] + [str(beats) for beats in range(50, 210, 10)]
    words += " ".join(players()).split()
    return [*SPECIAL, *sorted(set(words))]


def new_tokenizer():
    """Return the tokenizer: one token for each lower-case word, ``<unk>`` for other words."""
    pad, end, unknown = SPECIAL
    entries = {word: number for number, word in enumerate(vocabulary())}
    tokenizer = Tokenizer(models.WordLevel(entries, unk_token=unknown))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, entries[end])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=pad, eos_token=end, unk_token=unknown
    )
