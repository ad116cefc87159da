"""Phonemes of the shipped voices: ARPAbet, from what Kokoro spoke and from plain text.

Training takes phonemes and their exact durations from the rendering (`tokens_of`). The course has
plain text only, so the whole way from text to phonemes lies in the tokenizer (`tokenizer`): lower
case, a lexicon of the words of the corpus, :mod:`foundry.text_to_speech.letter_rules` for all others. It is one file of
the ``tokenizers`` library, ``tokenizer.json``, which any ``AutoTokenizer`` opens.
"""

from collections import Counter, defaultdict

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from foundry.text_to_speech.letter_rules import RULES

VOWELS = {
    "ɑ": "AA",
    "æ": "AE",
    "a": "AE",
    "ʌ": "AH",
    "ə": "AH",
    "ᵊ": "AH",
    "ɔ": "AO",
    "W": "AW",
    "I": "AY",
    "ɛ": "EH",
    "e": "EH",
    "ɜ": "ER",
    "A": "EY",
    "ɪ": "IH",
    "ᵻ": "IH",
    "i": "IY",
    "ɒ": "OH",
    "O": "OW",
    "Q": "OW",
    "Y": "OY",
    "ʊ": "UH",
    "u": "UW",
}
"""Kokoro's vowels in ARPAbet; OH is the British vowel of "hot", for which it has no sign."""

CONSONANTS = {
    "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "h": "HH", "ʤ": "JH", "k": "K", "l": "L",
    "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "ɾ": "DX", "s": "S", "ʃ": "SH", "t": "T",
    "θ": "TH", "ʧ": "CH", "v": "V", "w": "W", "j": "Y", "z": "Z", "ʒ": "ZH", "ʔ": "Q",
}  # fmt: skip
PAUSES = {" ": "|", ".": ".", ",": ",", "?": "?", "!": "!", ";": ",", ":": ",", "—": ","}
"""Signs between words; "|" is the border of two words."""

STRESS = {"ˈ": "1", "ˌ": "2"}
PAD, UNKNOWN, BEGIN, END = "<pad>", "<unk>", "<s>", "</s>"
TOKENS = [
    *(PAD, UNKNOWN, BEGIN, END),
    *dict.fromkeys(PAUSES.values()),
    *CONSONANTS.values(),
    *(vowel + stress for vowel in dict.fromkeys(VOWELS.values()) for stress in "012"),
]
"""The vocabulary; vowels end in their stress: 0 none, 1 primary, 2 secondary."""


def tokens_of(phonemes, durations):
    """Rewrite a rendered phoneme string in ARPAbet and add up the durations.

    Parameters
    ----------
    phonemes : str
        In Kokoro's alphabet, as :func:`~foundry.speech.kokoro.phonemize` gives them.
    durations : sequence of int
        For the silence before, each phoneme, and the silence after.

    Returns
    -------
    tokens : list of str
        With `BEGIN` and `END`.
    durations : list of int
        One a token; their sum is as before. Marks of stress and length, and signs that ARPAbet
        does not have, count for their neighbour.
    """
    if len(durations) != len(phonemes) + 2:
        raise ValueError(f"{len(phonemes)} phonemes have {len(durations)} durations, not two more")
    tokens, lengths, mark, waiting = [BEGIN], [int(durations[0])], "0", 0
    for symbol, length in zip(phonemes, map(int, durations[1:]), strict=False):
        if symbol in STRESS:
            mark, waiting = STRESS[symbol], waiting + length
            continue
        token = CONSONANTS.get(symbol) or PAUSES.get(symbol)
        if symbol in VOWELS:
            token, mark = VOWELS[symbol] + mark, "0"
        if token == "R" and tokens[-1] in ("AH0", "ER0", "ER1", "ER2"):  # one vowel, as in "her"
            tokens[-1], token = "ER" + tokens[-1][2], None
        if token is None:
            lengths[-1] += waiting + length
        else:
            tokens.append(token)
            lengths.append(waiting + length)
        waiting = 0
    return [*tokens, END], [*lengths, int(durations[-1]) + waiting]


def lexicon(spoken, alone):
    """Find out how each word is pronounced.

    Parameters
    ----------
    spoken : iterable of (str, str)
        Texts and their phonemes; where words ran together, the text tells nothing.
    alone : dict
        Pronunciation of each word on its own, for those that no text tells of.

    Returns
    -------
    dict
        From word to phonemes in Kokoro's alphabet: what is spoken most often.
    """
    votes = defaultdict(Counter)
    for text, phonemes in spoken:
        words, parts = text.split(), phonemes.split(" ")
        if len(words) == len(parts):
            for word, part in zip(words, parts, strict=True):
                votes[word][part.strip(".,?!;:—")] += 1
    return alone | {word: heard.most_common(1)[0][0] for word, heard in votes.items()}


def tokenizer(words):
    """Make the tokenizer that turns text into phonemes.

    Parameters
    ----------
    words : dict
        From `lexicon`.

    Returns
    -------
    transformers.PreTrainedTokenizerFast
        ``tokenizer.tokenize("Hello")`` gives ``['HH', 'AH0', 'L', 'OW1', '.']``: a text without a
        sign at its end gets a full stop.
    """
    apart = r"(?<![a-z']){}(?![a-z'])"
    steps = [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace("\u2019", "'")]
    for word, phonemes in sorted(words.items()):
        said, _ = tokens_of(phonemes, [0] * (len(phonemes) + 2))
        # Underscores keep a word's phonemes together until its borders are marked.
        steps.append(_replace(apart.format(word.replace("'", "['\u2019]")), "_".join(said[1:-1])))
    steps += [_replace(pattern, "_" + said + "_" if said else "") for pattern, said in RULES]
    steps += [_replace(r"\s*([—;:]|\s-+\s)", ","), _replace(r"[\"()“”-]", " ")]
    steps += [_replace(rf"\s*\{sign}[\s.,?!]*", f"_{sign}_|_") for sign in ".,?!"]
    steps += [_replace(r"\s+", "_|_"), _replace("_+", " "), _replace(r"^[| ]+|[| ]+$", "")]
    # All that was rendered ends with a sign; without one, a model would stretch the last word.
    steps += [_replace(r"(?<=[A-Z0-9])$", " .")]
    made = Tokenizer(models.WordLevel({t: n for n, t in enumerate(TOKENS)}, unk_token=UNKNOWN))
    made.normalizer = normalizers.Sequence(steps)
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = [(sign, TOKENS.index(sign)) for sign in (BEGIN, END)]
    made.post_processor = processors.TemplateProcessing(f"{BEGIN} $A {END}", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=BEGIN,
        eos_token=END,
        model_input_names=["input_ids", "attention_mask"],
    )


def _replace(pattern, content):
    return normalizers.Replace(Regex(pattern), content)
