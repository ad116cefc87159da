"""Convert Kokoro's phonemes and plain text to ARPAbet, the input of the text-to-speech model.

Training uses the phonemes and exact durations of the rendering (`tokens_of`). The course has only
text, so the tokenizer (`tokenizer`) contains the whole conversion: lower case, a lexicon of the
words of the plans, and `letter_rules` for all other words. It is saved as ``tokenizer.json`` of the
library ``tokenizers``, which ``AutoTokenizer`` opens.
"""

from collections import Counter, defaultdict

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from foundry.speech.letter_rules import RULES

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
"""Kokoro's vowels to ARPAbet; OH, not part of ARPAbet, is the British vowel of "hot"."""

CONSONANTS = {
    "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "h": "HH", "ʤ": "JH", "k": "K", "l": "L",
    "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "ɾ": "DX", "s": "S", "ʃ": "SH", "t": "T",
    "θ": "TH", "ʧ": "CH", "v": "V", "w": "W", "j": "Y", "z": "Z", "ʒ": "ZH", "ʔ": "Q",
}  # fmt: skip
PAUSES = {" ": "|", ".": ".", ",": ",", "?": "?", "!": "!", ";": ",", ":": ",", "—": ","}
"""Separators of words to tokens; "|" is a word boundary without punctuation."""

STRESS = {"ˈ": "1", "ˌ": "2"}
PAD, UNKNOWN, BEGIN, END = "<pad>", "<unk>", "<s>", "</s>"
TOKENS = [
    *(PAD, UNKNOWN, BEGIN, END),
    *dict.fromkeys(PAUSES.values()),
    *CONSONANTS.values(),
    *(vowel + stress for vowel in dict.fromkeys(VOWELS.values()) for stress in "012"),
]
"""Vocabulary. The digit of a vowel is its stress: 0 none, 1 primary, 2 secondary."""


def tokens_of(phonemes, durations=None):
    """Convert a rendered phoneme string to ARPAbet tokens with their durations.

    Parameters
    ----------
    phonemes : str
        Phonemes from :func:`foundry.speech.kokoro.phonemize`.
    durations : sequence of int, optional
        Durations of the silence before, of each phoneme, and of the silence after (default: zeros).

    Returns
    -------
    tokens : list of str
        Tokens, with `BEGIN` and `END`.
    durations : list of int
        Duration of each token; the sum does not change. Stress marks, length marks and symbols
        without a token add their duration to a neighbour.
    """
    if durations is None:
        durations = [0] * (len(phonemes) + 2)
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
        if token == "R" and tokens[-1] in ("AH0", "ER0", "ER1", "ER2"):  # a single vowel: "her"
            tokens[-1], token = "ER" + tokens[-1][2], None
        if token is None:
            lengths[-1] += waiting + length
        else:
            tokens.append(token)
            lengths.append(waiting + length)
        waiting = 0
    return [*tokens, END], [*lengths, int(durations[-1]) + waiting]


def lexicon(spoken, alone):
    """Return the most frequent pronunciation of each word.

    Parameters
    ----------
    spoken : iterable of (str, str)
        Texts and their phonemes; texts whose words are not separated in the phonemes are skipped.
    alone : dict
        Word to its isolated pronunciation, for words that are in no text.

    Returns
    -------
    dict
        Word to phonemes in Kokoro's alphabet.
    """
    votes = defaultdict(Counter)
    for text, phonemes in spoken:
        words, parts = text.split(), phonemes.split(" ")
        if len(words) == len(parts):
            for word, part in zip(words, parts, strict=True):
                votes[word][part.strip(".,?!;:—")] += 1
    return alone | {word: counts.most_common(1)[0][0] for word, counts in votes.items()}


def tokenizer(words):
    """Return the tokenizer that converts text to phonemes.

    Parameters
    ----------
    words : dict
        Result of `lexicon`.

    Returns
    -------
    transformers.PreTrainedTokenizerFast
        ``tokenizer.tokenize("Hello")`` returns ``['HH', 'AH0', 'L', 'OW1', '.']``: a text without
        final punctuation gets a full stop.
    """
    apart = r"(?<![a-z']){}(?![a-z'])"
    steps = [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace("\u2019", "'")]
    for word, phonemes in sorted(words.items()):
        tokens, _ = tokens_of(phonemes)
        # Underscores join the phonemes of a word until word boundaries are marked.
        steps.append(_replace(apart.format(word.replace("'", "['\u2019]")), "_".join(tokens[1:-1])))
    steps += [_replace(pattern, "_" + tokens + "_" if tokens else "") for pattern, tokens in RULES]
    steps += [_replace(r"\s*([—;:]|\s-+\s)", ","), _replace(r"[\"()“”-]", " ")]
    steps += [_replace(rf"\s*\{sign}[\s.,?!]*", f"_{sign}_|_") for sign in ".,?!"]
    steps += [_replace(r"\s+", "_|_"), _replace("_+", " "), _replace(r"^[| ]+|[| ]+$", "")]
    # All training texts end in punctuation; without it, the model stretches the last word.
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
