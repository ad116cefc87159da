"""Pictures of speakers: who speaks when, where that was got wrong, whose voices are alike."""

from collections import Counter
from itertools import groupby, pairwise

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch

from course_utils.formats import speaker_turns
from course_utils.plotting._common import COLOURS, axes_or_new, label

# The colours that words have which were lost, inserted and taken for others, in `transcription`.
_ERRORS = {
    "miss": ("missed", COLOURS[4]),
    "false_alarm": ("false alarm", COLOURS[2]),
    "confusion": ("confused", COLOURS[1]),
}
_NO_ONE = "#999999"
_MARKERS = "osD^vP"
_MOST_ROWS = 40
_BAR = 0.8  # height of a turn in rows; errors of one speaker are as high
_HEADING = 0.75  # height of a heading in rows


def turns(reference, hypothesis=None, ax=None, title=None):
    """Draw who speaks when, a row a speaker, and where a diarization differs from the truth.

    Speakers of the hypothesis have the colour of the true speaker whom they are paired with, so
    that the most speech agrees, and grey if there is none. In the strip of errors below, a colour
    is as high as the number of speakers whom it concerns: its area is its share of the diarization
    error rate, without collar. The legend gives it in seconds.

    Parameters
    ----------
    reference : list of dict
        Turns, ``{"speaker": str, "start": float, "end": float}`` in seconds.
    hypothesis : list of dict, optional
        Turns that were found in the same recording. Without them, `reference` is all that is drawn.
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
        If something is no turn, there are none at all, or there are more than 40 speakers.

    Examples
    --------
    >>> said = [{"speaker": "Alice", "start": 0, "end": 3}]
    >>> ax = turns(said, [{"speaker": "1", "start": 0.5, "end": 3}])
    """
    reference = speaker_turns.checked(reference, "reference")
    if hypothesis is None:
        groups, errors = {"": _rows(reference)}, None
    else:
        hypothesis = speaker_turns.checked(hypothesis, "hypothesis")
        groups, errors = _compared(reference, hypothesis)
    count = sum(map(len, groups.values()))
    if not 0 < count <= _MOST_ROWS:
        raise ValueError(f"There are turns of {count} speakers; 1 to {_MOST_ROWS} can be read.")
    pieces, most = _stacked(errors or [])
    height = count + (0 if errors is None else 3 * _HEADING + max(most, 1))
    ax = axes_or_new(ax, height=0.9 + 0.26 * height + (0.3 if errors is not None else 0), width=8.5)
    end = max(turn["end"] for turn in reference + (hypothesis or []))

    ticks, names, top = [], [], 0.0
    for heading, rows in groups.items():
        top += _head(ax, heading if rows else f"{heading}: no one speaks", top)
        for name, colour, spans in rows:
            bars = [(start, stop - start) for start, stop in spans]
            ax.broken_barh(bars, (top + (1 - _BAR) / 2, _BAR), facecolors=colour, label=name)
            ax.axhline(top + 0.5, color="#dddddd", linewidth=0.8, zorder=0)
            ticks.append(top + 0.5)
            names.append(name)
            top += 1
    if errors is not None:
        top += _head(ax, "Errors", top)
        top += max(most, 1)
        _strip(ax, pieces, bottom=top - 0.1)
        ax.axhline(top - 0.1, color="#777777", linewidth=0.8)
        _legend(ax, errors)
    ax.set_yticks(ticks, names, fontsize=8, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set(xlim=(0, end), ylim=(top + 0.1, -0.1))
    return label(ax, title, "Time (s)", "")


def voices(similarities, names, ax=None, title=None):
    """Draw how alike voices are, each with each.

    Parameters
    ----------
    similarities : array of float, shape (n, n)
        Cosine similarities of the voices' vectors, at most 1.
    names : list of str, shape (n,)
        Whose voices they are. Equal names in a row share one label, and lines divide the names.
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
        If the similarities are not square, not finite or above 1, or do not match the names.

    Examples
    --------
    >>> ax = voices([[1.0, 0.2], [0.2, 1.0]], ["Alice", "Bob"])
    """
    similarities = np.asarray(similarities, dtype=float)
    if similarities.ndim != 2 or len(set(similarities.shape)) != 1 or not similarities.size:
        raise ValueError(
            f"similarities has shape {similarities.shape}, but needs a row and a column for each "
            "voice: unit_vectors @ unit_vectors.T."
        )
    if not np.isfinite(similarities).all() or abs(similarities).max() > 1.001:
        raise ValueError(
            "similarities must lie between -1 and 1: divide each vector by its length before "
            "vectors @ vectors.T."
        )
    names, size = _names(names, len(similarities)), len(similarities)
    square = min(max(0.5 * size, 2.0), 6.0)
    beside = 0.6 + 0.08 * max(map(len, names))  # names are as long in inches, more or less
    ax = axes_or_new(ax, height=square + beside, width=square + beside + 1.0)
    # From 0, unless some lie below: what two strangers share would else look like a likeness.
    low = min(0.0, similarities.min())
    image = ax.imshow(similarities, cmap="Blues", vmin=low, vmax=1)
    ax.figure.colorbar(image, ax=ax, label="Cosine similarity", shrink=0.9)
    if size <= 12:  # beyond that, numbers would be too small to read
        for (row, column), value in np.ndenumerate(similarities):
            colour = "white" if value - low > 0.6 * (1 - low) else "black"
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8)
    runs = [(name, len(list(group))) for name, group in groupby(names)]
    ends = np.cumsum([length for _, length in runs])
    middles = ends - (np.array([length for _, length in runs]) + 1) / 2
    for place in ends[:-1] - 0.5 if len(runs) < size else ():
        ax.axhline(place, color="#777777", linewidth=0.8)
        ax.axvline(place, color="#777777", linewidth=0.8)
    shown = [name for name, _ in runs]
    ax.set_xticks(middles, shown, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
    ax.set_yticks(middles, shown, parse_math=False)
    return label(ax, title, "", "")


def voice_map(vectors, names, ax=None, title=None):
    """Draw voices as points, those with similar vectors close together, a colour a speaker.

    The plane is the one along which the vectors spread most: the first two principal components,
    from the singular value decomposition of the centred vectors. The axes say how much of the
    variance they hold; what the others hold is not seen. Points far apart are different voices;
    points close together may still differ in a direction that is not drawn.

    Parameters
    ----------
    vectors : array of float, shape (n, dimensions)
        A vector a recording, at least two of at least two dimensions.
    names : list of str, shape (n,)
        Whose voices they are.
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
        If the vectors are too few, all alike or not finite, or do not match the names.

    Examples
    --------
    >>> ax = voice_map([[1.0, 0.0, 0.1], [0.9, 0.1, 0.0], [0.0, 1.0, 0.2]], ["Al", "Al", "Bo"])
    """
    vectors = np.asarray(vectors, dtype=float)
    if vectors.ndim != 2 or min(vectors.shape) < 2:
        raise ValueError(
            f"vectors has shape {vectors.shape}, but a map needs at least two vectors, as rows, of "
            "at least two dimensions."
        )
    if not np.isfinite(vectors).all() or not np.ptp(vectors, axis=0).any():
        raise ValueError("vectors must be finite and not all the same.")
    names = _names(names, len(vectors))
    centred = vectors - vectors.mean(0)
    _, strengths, directions = np.linalg.svd(centred, full_matrices=False)
    # The sign of a direction is arbitrary; its largest entry is positive, so that maps can be
    # compared.
    largest = np.abs(directions[:2]).argmax(1)
    directions = directions[:2] * np.sign(directions[[0, 1], largest])[:, None]
    points = centred @ directions.T
    shares = strengths**2 / (strengths**2).sum()
    ax = axes_or_new(ax, height=4.2, width=6.2)
    speakers = list(dict.fromkeys(names))
    handles = []
    for number, speaker in enumerate(speakers):
        chosen = points[[name == speaker for name in names]]
        handles.append(
            ax.scatter(
                *chosen.T, s=48, color=COLOURS[number % len(COLOURS)], linewidth=0.5,
                # Colours and markers come round together only after 6 x 6 speakers.
                marker=_MARKERS[(number + number // len(COLOURS)) % len(_MARKERS)],
                edgecolor="white", label=speaker,
            )
        )  # fmt: skip
    ax.set_aspect("equal", adjustable="datalim")  # a centimetre is as far in any direction
    ax.grid(alpha=0.3)
    legend = ax.legend(
        handles, speakers, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8,
        ncols=1 + (len(speakers) - 1) // 16,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    axes = [f"Direction {place + 1} ({shares[place]:.0%} of the variance)" for place in (0, 1)]
    return label(ax, title, *axes)


def _rows(group, colours=None, labels=None):
    """Return name, colour and spans of each speaker, in order of first speaking."""
    rows = {}
    for turn in group:
        rows.setdefault(turn["speaker"], []).append((turn["start"], turn["end"]))
    if colours is None:
        colours = _colours(rows)
    labels = labels or {}
    return [
        (labels.get(speaker, speaker), colours[speaker], spans) for speaker, spans in rows.items()
    ]


def _colours(speakers):
    colours = speaker_turns.COLOURS  # rows tell speakers apart where they come round again
    return {speaker: colours[n % len(colours)] for n, speaker in enumerate(speakers)}


def _compared(reference, hypothesis):
    """Return the rows under their headings, and the errors."""
    from course_utils.scoring import diarization as scoring  # which takes seconds to import

    pairs = scoring.match_speakers(reference, hypothesis)
    true = list(dict.fromkeys(turn["speaker"] for turn in reference))
    found = dict.fromkeys(turn["speaker"] for turn in hypothesis)
    colours = {speaker: _colours(true).get(pairs.get(speaker), _NO_ONE) for speaker in found}
    labels = {speaker: f"{speaker} → {pairs.get(speaker, 'no one')}" for speaker in found}
    # Counterparts in the order of the true speakers, those without one last.
    order = {speaker: place for place, speaker in enumerate(true)}
    hypothesis = sorted(
        hypothesis, key=lambda turn: order.get(pairs.get(turn["speaker"]), len(order))
    )
    groups = {"Reference": _rows(reference), "Hypothesis": _rows(hypothesis, colours, labels)}
    return groups, scoring.diarization_errors(reference, hypothesis)


def _stacked(errors):
    """Cut errors so that they stack: (kind, start, end, speakers below, speakers), and the most."""
    edges = sorted({error[key] for error in errors for key in ("start", "end")})
    pieces, most = [], 0
    for start, end in pairwise(edges):
        below = 0
        here = [error for error in errors if error["start"] <= start < error["end"]]
        for error in sorted(here, key=lambda error: error["kind"]):
            pieces.append((error["kind"], start, end, below, error["speakers"]))
            below += error["speakers"]
        most = max(most, below)
    return pieces, most


def _head(ax, heading, top):
    """Write the heading of a group of rows, if there is one, and return its height in rows."""
    if not heading:
        return 0
    ax.text(0, top + 0.45, heading, fontsize=8, fontweight="bold", color="#555555", va="center")
    return _HEADING


def _strip(ax, pieces, bottom):
    """Draw errors upwards from `bottom`, which on an inverted axis is towards lower numbers."""
    for kind, (name, colour) in _ERRORS.items():
        corners = []
        for start, end, below, speakers in (piece[1:] for piece in pieces if piece[0] == kind):
            low, high = bottom - _BAR * below, bottom - _BAR * (below + speakers)
            corners.append([(start, low), (start, high), (end, high), (end, low)])
        ax.add_collection(
            PolyCollection(corners, facecolors=colour, edgecolors="none", label=name),
            autolim=False,
        )


def _legend(ax, errors):
    """Name the colours of the errors and say how many seconds each takes, below the axes."""
    seconds = Counter()
    for error in errors:
        seconds[error["kind"]] += (error["end"] - error["start"]) * error["speakers"]
    handles = [
        Patch(color=colour, label=f"{name} ({seconds[kind]:.1f} s)")
        for kind, (name, colour) in _ERRORS.items()
    ]
    height = ax.get_position().height * ax.figure.get_figheight()
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.45 / height), ncols=3,
        frameon=False, fontsize=8,
    )  # fmt: skip


def _names(names, count):
    names = [str(name) for name in names]
    if len(names) != count:
        raise ValueError(f"There are {len(names)} names for {count} voices.")
    return names
