"""What `pocket-music` is told: prompts in varied wording, made from a clip's parameters."""

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from foundry.music.genre_data import GENRES, KEYS
from foundry.music.styles import STYLES

PACES = ((95, "slow"), (130, "moderate"), (1_000, "fast"))
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
KEPT = 0.6
"""How often a prompt mentions each of the clauses."""

SPECIAL = ("<pad>", "</s>", "<unk>")


def words_of(parameters):
    """Name a clip's parameters.

    Parameters
    ----------
    parameters : dict
        As :func:`~foundry.music.genre_data.render` gives them.

    Returns
    -------
    dict
        What `HEADS` and `CLAUSES` have gaps for.

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
    """Word a prompt; the generator decides how, and what is left out."""
    words = words_of(parameters)
    clauses = [rng.choice(clause) for clause in CLAUSES if rng.uniform() < KEPT]
    rng.shuffle(clauses)
    return ", ".join([rng.choice(HEADS), *clauses]).format(**words)


def vocabulary():
    """List the tokens: special ones, then every word that a prompt may hold, in order."""
    players = (style.leads | style.comps for style in STYLES.values())
    names = [name for names in players for name in names]
    fixed = " ".join([*HEADS, *(text for clause in CLAUSES for text in clause)])
    words = [word for word in fixed.replace(",", " ").split() if "{" not in word]
    words += [*GENRES, *(pace for _, pace in PACES), "major", "minor", "sharp", "no", "drums", ","]
    words += [key[0].lower() for key in KEYS] + [str(beats) for beats in range(50, 210, 10)]
    words += " ".join(names).replace("_", " ").split()
    return [*SPECIAL, *sorted(set(words))]


def new_tokenizer():
    """Make the tokenizer: one token a word, in lower case; other words become ``<unk>``."""
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
