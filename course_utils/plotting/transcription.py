"""Pictures of recognised speech: alignments, errors word by word, what a CTC network hears when."""

import matplotlib.colors
import numpy as np
from matplotlib.patches import FancyBboxPatch, Patch

from course_utils.plotting._common import COLOURS, axes_or_new, label

_KINDS = {
    "equal": ("right", "#e6e6e6"),
    "substitute": ("substituted", COLOURS[1]),
    "delete": ("deleted", COLOURS[4]),
    "insert": ("inserted", COLOURS[2]),
}
_MOST_UTTERANCES = 40
_MOST_WORDS = 60


def alignment(pairs, ax=None, title=None):
    """Draw a reference above a transcript, word under word, each pair coloured by what happened.

    Parameters
    ----------
    pairs : list of (str, str, str)
        ``scoring.align(reference, prediction)``; at most 60 pairs.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Title of the picture.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is nothing to draw or too much to read, or a pair is of an unknown kind.

    Examples
    --------
    >>> ax = alignment([("equal", "the", "the"), ("substitute", "light", "night")])
    """
    pairs = [tuple(pair) for pair in pairs]
    if not pairs or len(pairs) > _MOST_WORDS:
        raise ValueError(f"pairs holds {len(pairs)} words; 1 to {_MOST_WORDS} can be read.")
    for pair in pairs:
        if len(pair) != 3 or pair[0] not in _KINDS:
            raise ValueError(f"{pair} is no pair of scoring.align, such as ('equal', 'a', 'a').")
    widths = [max(len(said), len(heard), 1) + 1.2 for _, said, heard in pairs]
    rows, used = [[]], 0.0
    for pair, width in zip(pairs, widths, strict=True):
        if used + width > 80:
            rows.append([])
            used = 0.0
        rows[-1].append((pair, used, width))
        used += width
    ax = axes_or_new(ax, height=0.45 + 0.75 * len(rows), width=8.5)
    for number, cells in enumerate(rows):
        for (kind, said, heard), left, width in cells:
            top = -2.6 * number
            for text, bottom in ((said, top), (heard, top - 1)):
                if text:
                    ax.add_patch(
                        FancyBboxPatch(
                            (left, bottom), width - 0.2, 0.9, alpha=0.75, edgecolor="none",
                            boxstyle="round,pad=0,rounding_size=0.2", facecolor=_KINDS[kind][1],
                        )
                    )  # fmt: skip
                    ax.text(left + width / 2 - 0.1, bottom + 0.42, text, ha="center", va="center",
                            fontsize=9, family="monospace", parse_math=False)  # fmt: skip
        for bottom, name in ((top, "said"), (top - 1, "heard")):
            ax.text(-0.6, bottom + 0.42, name, ha="right", va="center", fontsize=8, color="#555555")
    extent = max(left + width for cells in rows for _, left, width in cells)
    ax.set(xlim=(-5.5, max(extent, 40)), ylim=(-2.6 * len(rows) + 1.4, 1.1))
    ax.axis("off")
    _legend(ax, {kind for kind, *_ in pairs}, below=0.0)
    return label(ax, title, "", "")


def error_strip(alignments, names=None, ax=None, title=None):
    """Draw many transcripts at a glance: a row an utterance, a cell a word, errors in colour.

    Parameters
    ----------
    alignments : list of list of (str, str, str)
        ``scoring.align`` of every utterance; at most 40 are drawn, the longest 60 words wide.
    names : list of str, optional
        What to write beside the rows; their numbers by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Title of the picture.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there are no utterances or too many, or the names do not match.

    Examples
    --------
    >>> ax = error_strip([[("equal", "a", "a")], [("delete", "b", "")]], names=["one", "two"])
    """
    alignments = [list(pairs) for pairs in alignments]
    if not 0 < len(alignments) <= _MOST_UTTERANCES:
        raise ValueError(
            f"There are {len(alignments)} utterances; 1 to {_MOST_UTTERANCES} can be read."
        )
    names = [str(name) for name in (range(len(alignments)) if names is None else names)]
    if len(names) != len(alignments):
        raise ValueError(f"There are {len(names)} names for {len(alignments)} utterances.")
    kinds = list(_KINDS)
    width = min(max(max(map(len, alignments)), 1), _MOST_WORDS)
    cells = np.full((len(alignments), width), np.nan)
    for row, pairs in enumerate(alignments):
        marks = [kinds.index(kind) for kind, *_ in pairs[:width]]
        cells[row, : len(marks)] = marks
    ax = axes_or_new(ax, height=0.9 + 0.2 * len(alignments), width=min(2.5 + 0.22 * width, 9))
    colours = matplotlib.colors.ListedColormap([colour for _, colour in _KINDS.values()])
    ax.pcolormesh(cells, cmap=colours, vmin=-0.5, vmax=len(kinds) - 0.5, edgecolors="white")
    ax.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8, parse_math=False)
    ax.invert_yaxis()
    ax.spines[["top", "right", "bottom", "left"]].set_visible(False)
    ax.tick_params(length=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    _legend(ax, {kind for pairs in alignments for kind, *_ in pairs}, below=0.45)
    return label(ax, title, "Word of the utterance", "")


def ctc_posteriors(probabilities, tokens, seconds, blank=0, ax=None, title=None):
    """Draw what a CTC network hears at each moment, with what it spells on top.

    Parameters
    ----------
    probabilities : array of float, shape (frames, tokens)
        Softmax of the logits: rows sum to 1.
    tokens : list of str
        Name of each column: ``tokenizer.convert_ids_to_tokens(range(len(tokenizer)))``.
    seconds : float
        Length of the audio, which the frames share evenly.
    blank : int, default 0
        Column of the blank, drawn as the lowest row.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Title of the picture.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the rows are no probabilities, or the tokens do not match the columns.

    Examples
    --------
    >>> ax = ctc_posteriors([[0.9, 0.1], [0.2, 0.8]], ["<blank>", "a"], seconds=0.08)
    """
    probabilities = np.asarray(probabilities, dtype=float)
    if probabilities.ndim != 2 or not probabilities.size:
        raise ValueError(
            f"probabilities has shape {probabilities.shape}, not (frames, tokens): take one "
            "utterance of a batch with [0]."
        )
    if (probabilities < 0).any() or not np.allclose(probabilities.sum(1), 1, atol=1e-3):
        raise ValueError("The rows of probabilities do not sum to 1: apply softmax to the logits.")
    if len(tokens) != probabilities.shape[1]:
        raise ValueError(f"There are {len(tokens)} tokens for {probabilities.shape[1]} columns.")
    best = probabilities.argmax(1)
    others = [int(token) for token in dict.fromkeys(best) if token != blank]
    shown = [blank, *sorted(others, key=lambda token: tokens[token])]
    ax = axes_or_new(ax, height=1.2 + 0.17 * len(shown), width=8.5)
    times = np.linspace(0, seconds, len(probabilities) + 1)
    image = ax.pcolormesh(
        times, np.arange(len(shown) + 1), probabilities[:, shown].T, cmap="Blues", vmin=0, vmax=1
    )
    ax.figure.colorbar(image, ax=ax, label="Probability", pad=0.01)
    ax.set_yticks(
        np.arange(len(shown)) + 0.5, [_name(tokens[token]) for token in shown], fontsize=8,
        parse_math=False,
    )  # fmt: skip
    # Equal neighbours are one letter, as CTC reads them.
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(best)], strict=True):
        if best[start] != blank:
            middle = (times[start] + times[end]) / 2
            ax.text(middle, len(shown) + 0.15, _name(tokens[best[start]]), ha="center", va="bottom",
                    fontsize=7, family="monospace", parse_math=False)  # fmt: skip
    return label(ax, title if title is None else f"{title}\n", "Time (s)", "Token")


def _name(token):
    """Show a token that is white space."""
    return "␣" if token in (" ", "|", "▁") else str(token)


def _legend(ax, kinds, below):
    """Name the colours that occur, some inches below the axes."""
    handles = [
        Patch(color=colour, label=name, alpha=0.75)
        for kind, (name, colour) in _KINDS.items()
        if kind in kinds
    ]
    height = ax.get_position().height * ax.figure.get_figheight()
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -below / height), ncols=4,
        frameon=False, fontsize=8,
    )  # fmt: skip
