"""Figures of speech recognition: alignments, errors word by word, token probabilities.

Matplotlib 3.11 draws Arabic and Hebrew words from right to left; 3.10, as on Colab, does not.
"""

import unicodedata

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import FancyBboxPatch, Patch

from course_utils.plotting import style

_KINDS = {
    "equal": ("correct", "#e6e6e6"),
    "substitute": ("substituted", style.CONFUSED),
    "delete": ("deleted", style.MISSED),
    "insert": ("inserted", style.ADDED),
}
_MAX_WORDS = 60
_LINE = 80  # letters in a line of an alignment
_FONTS = ["monospace", "sans-serif"]  # the latter for letters that the former lacks


def alignment(pairs, ax=None, title=None):
    """Draw a reference above a hypothesis, word under word, each pair coloured by its kind.

    The first word is on the right if the words are Arabic, Hebrew or of another such script.

    Parameters
    ----------
    pairs : list of (str, str, str)
        ``scoring.align(reference, prediction)``; at most 60 pairs.
    ax, title
        As for `waveform`; the axes are returned.
    """
    pairs = [tuple(pair) for pair in pairs]
    if not pairs or len(pairs) > _MAX_WORDS:
        raise ValueError(f"pairs holds {len(pairs)} words; 1 to {_MAX_WORDS} can be drawn.")
    cells, line, left = [], 0, 0.0
    for pair in pairs:
        if len(pair) != 3 or pair[0] not in _KINDS:
            raise ValueError(f"{pair} is no pair of scoring.align, such as ('equal', 'a', 'a').")
        width = max(len(pair[1]), len(pair[2]), 1) + 1.2
        if left and left + width > _LINE:
            line, left = line + 1, 0.0
        cells.append((pair, line, left, width))
        left += width
    ax = style.axes_or_new(ax, height=0.45 + 0.75 * (line + 1), width=8.5)
    shape = {"boxstyle": "round,pad=0,rounding_size=0.2", "edgecolor": "none", "alpha": 0.75}
    word = {"ha": "center", "va": "center", "fontsize": 9, "family": _FONTS}
    from_right = _reads_from_right("".join(text for _, *words in pairs for text in words))
    side = {"ha": "left" if from_right else "right", "va": "center", "fontsize": 8}
    side["color"] = "#555555"
    for (kind, *words), number, left, width in cells:
        for row, (name, text) in enumerate(zip(("reference", "hypothesis"), words, strict=True)):
            bottom = -2.6 * number - row
            if not left:
                ax.text(-0.6, bottom + 0.42, name, **side)
            if text:
                colour = _KINDS[kind][1]
                box = FancyBboxPatch((left, bottom), width - 0.2, 0.9, facecolor=colour, **shape)
                ax.add_patch(box)
                middle = (left + width / 2 - 0.1, bottom + 0.42)
                ax.text(*middle, text, parse_math=False, **word)
    right = max(left + width for *_, left, width in cells)
    limits = (-8, max(right, 40))
    ax.set(xlim=limits[::-1] if from_right else limits, ylim=(-2.6 * line - 1.2, 1.1))
    ax.axis("off")
    _name_colours(ax, {kind for kind, *_ in pairs}, below=0.0)
    return style.label(ax, title, "", "")


def _reads_from_right(text):
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    return sum(kind in ("R", "AL") for kind in kinds) > kinds.count("L")


def error_strip(alignments, names=None, ax=None, title=None):
    """Draw the errors of many utterances: one row per utterance, one cell per word.

    Parameters
    ----------
    alignments : list of list of (str, str, str)
        ``scoring.align`` of each utterance, at most 40; of each, the first 60 words are drawn.
    names : list of str, optional
        Names of the utterances; their numbers by default.
    ax, title
        As for `waveform`; the axes are returned.
    """
    alignments = [list(pairs) for pairs in alignments]
    if not 0 < len(alignments) <= 40:
        raise ValueError(f"alignments holds {len(alignments)} utterances; 1 to 40 can be drawn.")
    names = style.one_each(names, len(alignments), "utterances")
    kinds = list(_KINDS)
    width = min(max(max(map(len, alignments)), 1), _MAX_WORDS)
    cells = np.full((len(alignments), width), np.nan)
    for row, pairs in enumerate(alignments):
        marks = [kinds.index(kind) for kind, *_ in pairs[:width]]
        cells[row, : len(marks)] = marks
    ax = style.axes_or_new(ax, height=0.9 + 0.2 * len(alignments), width=min(2.5 + 0.22 * width, 9))
    colours = ListedColormap([colour for _, colour in _KINDS.values()])
    edges = np.arange(width + 1) + 0.5  # words are counted from 1
    rows = np.arange(len(names) + 1)
    scale = {"cmap": colours, "vmin": -0.5, "vmax": len(kinds) - 0.5}
    ax.pcolormesh(edges, rows, cells, edgecolors="white", **scale)
    ax.set_yticks(rows[:-1] + 0.5, names, fontsize=8, parse_math=False)
    ax.invert_yaxis()
    ax.spines[["top", "right", "bottom", "left"]].set_visible(False)
    ax.tick_params(length=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    _name_colours(ax, {kind for pairs in alignments for kind, *_ in pairs}, below=0.45)
    return style.label(ax, title, "Word", "Utterance")


def ctc_posteriors(probabilities, tokens, seconds, blank=0, ax=None, title=None):
    """Draw the token probabilities of a CTC model over time, its decoded tokens on top.

    Parameters
    ----------
    probabilities : array of float, shape (frames, tokens)
        Softmax of the logits: rows sum to 1.
    tokens : list of str
        Name of each column: ``tokenizer.convert_ids_to_tokens(range(len(tokenizer)))``.
    seconds : float
        Length of the audio in seconds, which the frames share evenly.
    blank : int, default 0
        Column of the blank, drawn as the lowest row.
    ax, title
        As for `waveform`; the axes are returned.
    """
    probabilities = np.asarray(probabilities, dtype=float)
    if probabilities.ndim != 2 or not probabilities.size:
        shape = probabilities.shape
        raise ValueError(f"probabilities has shape {shape}, not (frames, tokens): pick one by [0].")
    if (probabilities < 0).any() or not np.allclose(probabilities.sum(1), 1, atol=1e-3):
        raise ValueError("The rows of probabilities do not sum to 1: apply softmax to the logits.")
    if len(tokens) != probabilities.shape[1]:
        raise ValueError(f"There are {len(tokens)} tokens for {probabilities.shape[1]} columns.")
    # White space would be an invisible label.
    tokens = ["␣" if token in (" ", "|", "▁") else str(token) for token in tokens]
    best = probabilities.argmax(1)
    shown = [blank, *sorted(set(best.tolist()) - {blank}, key=lambda token: tokens[token])]
    ax = style.axes_or_new(ax, height=1.2 + 0.17 * len(shown), width=8.5)
    times = np.linspace(0, seconds, len(probabilities) + 1)
    rows = np.arange(len(shown) + 1)
    image = ax.pcolormesh(times, rows, probabilities[:, shown].T, cmap="Blues", vmin=0, vmax=1)
    ax.figure.colorbar(image, ax=ax, label="Probability", pad=0.01)
    names = [tokens[token] for token in shown]
    ax.set_yticks(rows[:-1] + 0.5, names, fontsize=8, parse_math=False)
    above = {"ha": "center", "va": "bottom", "fontsize": 7, "family": _FONTS}
    # Equal neighbours are one token, as in CTC decoding.
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(best)], strict=True):
        if best[start] != blank:
            middle, token = (times[start] + times[end]) / 2, tokens[best[start]]
            ax.text(middle, len(shown) + 0.15, token, parse_math=False, **above)
    return style.label(ax, title, "Time (s)", "Token", pad=16)


def _name_colours(ax, kinds, below):
    """Add a legend of the kinds that occur, `below` inches under the axes."""
    handles = [
        Patch(color=colour, label=name, alpha=0.75)
        for kind, (name, colour) in _KINDS.items()
        if kind in kinds
    ]
    style.legend(ax, handles, below=below, columns=4)
