"""Figures of speakers: who speaks when, errors of a diarization, speaker embeddings."""

from itertools import cycle, groupby, pairwise

import numpy as np
from matplotlib.patches import Patch

from course_utils.formats import speaker_turns
from course_utils.plotting import style

_ERRORS = {
    "miss": ("missed", style.MISSED),
    "false_alarm": ("false alarm", style.ADDED),
    "confusion": ("confused", style.CONFUSED),
}
_UNPAIRED = "#999999"
_MARKERS = "osD^vP"
_BAR = 0.8  # height of a turn in rows; an error of one speaker is as high
_HEADING = 0.75  # height of a heading in rows


def turns(reference, hypothesis=None, ax=None, title=None):
    """Draw who speaks when, one row per speaker, and the errors of a hypothesis.

    Speakers of the hypothesis are paired with those of the reference so that the most speech
    agrees; pairs share a colour, and speakers without a counterpart are grey. In the strip of
    errors at the bottom, a bar is as high as the number of speakers concerned, so that its area is
    its part of the diarization error rate, without collar. The legend gives it in seconds.

    Parameters
    ----------
    reference : list of dict
        Turns, ``{"speaker": str, "start": float, "end": float}`` in seconds, of at most 40
        speakers together with those of `hypothesis`.
    hypothesis : list of dict, optional
        Turns that were found in the same recording; by default only `reference` is drawn.
    ax, title
        As for `waveform`; the axes are returned.
    """
    reference = speaker_turns.checked(reference, "reference")
    speakers = _by_speaker(reference)
    colours = dict(zip(speakers, cycle(style.COLOURS), strict=False))
    groups = {"": [(name, colours[name], spans) for name, spans in speakers.items()]}
    if hypothesis is not None:
        from course_utils.scoring.diarization import diarization_errors, match_speakers

        hypothesis = speaker_turns.checked(hypothesis, "hypothesis")
        found = _by_speaker(hypothesis)
        pairs = dict.fromkeys(found, "no one") | match_speakers(reference, hypothesis)
        # In the order of their counterparts in the reference, those without one last.
        order = {name: index for index, name in enumerate(speakers)}
        groups = {"Reference": groups[""], "Hypothesis": []}
        for name in sorted(found, key=lambda name: order.get(pairs[name], len(order))):
            colour = colours.get(pairs[name], _UNPAIRED)
            groups["Hypothesis"].append((f"{name} → {pairs[name]}", colour, found[name]))
        pieces, levels = _stacked(diarization_errors(reference, hypothesis))
    count = sum(map(len, groups.values()))
    if not 0 < count <= 40:
        raise ValueError(f"There are turns of {count} speakers; 1 to 40 can be drawn.")
    height = count + (0 if hypothesis is None else 4 * _HEADING + levels)
    ax = style.axes_or_new(ax, height=0.95 + 0.26 * height, width=8.5)

    ticks, names, top = [], [], 0.0
    for heading, rows in groups.items():
        top += _head(ax, heading if rows else f"{heading}: no speech", top)
        for name, colour, spans in rows:
            starts, ends = np.array(spans).T
            ax.barh(top + 0.5, ends - starts, _BAR, left=starts, color=colour, label=name)
            ax.axhline(top + 0.5, color="#dddddd", linewidth=0.8, zorder=0)
            ticks.append(top + 0.5)
            names.append(name)
            top += 1
    if hypothesis is not None:
        top += _head(ax, "Errors", top) + levels
        floor = top - (1 - _BAR) / 2
        ax.axhline(floor, color="#777777", linewidth=0.8)
        handles = []
        for kind, (name, colour) in _ERRORS.items():
            bars = np.array([piece[1:] for piece in pieces if piece[0] == kind]).reshape(-1, 4)
            start, length, below, speakers = bars.T
            tops = floor - _BAR * (below + speakers)  # the axis is inverted
            ax.bar(start, _BAR * speakers, length, tops, align="edge", color=colour, label=name)
            handles.append(Patch(color=colour, label=f"{name} ({length @ speakers:.1f} s)"))
        style.legend(ax, handles, below=0.45)
    ax.set_yticks(ticks, names, fontsize=8, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    end = max(turn["end"] for turn in reference + (hypothesis or []))
    ax.set(xlim=(0, end), ylim=(top + 0.1, -0.1))
    return style.label(ax, title, "Time (s)", "")


def similarity_matrix(similarities, names, ax=None, title=None):
    """Draw the similarity of every pair of speaker embeddings as a matrix.

    Parameters
    ----------
    similarities : array of float, shape (n, n)
        Cosine similarities of the embeddings, from -1 to 1.
    names : list of str, shape (n,)
        Speaker of each embedding. Equal neighbours share one label, and lines separate speakers.
    ax, title
        As for `waveform`; the axes are returned.
    """
    similarities = np.asarray(similarities, dtype=float)
    if similarities.ndim != 2 or len(set(similarities.shape)) != 1 or not similarities.size:
        raise ValueError(f"similarities has shape {similarities.shape}, but must be square.")
    if not np.isfinite(similarities).all() or abs(similarities).max() > 1.001:
        raise ValueError("similarities lie between -1 and 1: divide each embedding by its length.")
    size = len(similarities)
    names = style.one_each(names, size, "embeddings")
    square = min(max(0.5 * size, 2.0), 6.0)
    beside = 0.6 + 0.08 * max(map(len, names))  # about the length of the names in inches
    ax = style.axes_or_new(ax, height=square + beside, width=square + beside + 1.0)
    # From 0, unless some are negative: otherwise even unrelated voices would look alike.
    low = min(0.0, similarities.min())
    cells = [[f"{value:.2f}" for value in row] for row in similarities]
    shown, lengths = zip(*((name, len(list(run))) for name, run in groupby(names)), strict=True)
    ends = np.cumsum(lengths)
    middles = ends - (np.array(lengths) + 1) / 2
    style.heatmap(ax, similarities, cells, shown, middles, low, "Cosine similarity")
    for border in ends[:-1] - 0.5 if len(shown) < size else ():
        ax.axhline(border, color="#777777", linewidth=0.8)
        ax.axvline(border, color="#777777", linewidth=0.8)
    return style.label(ax, title, "", "")


def embedding_map(vectors, names, ax=None, title=None):
    """Draw speaker embeddings as points in the plane of their first two principal components.

    The axis labels say how much of the variance each component explains. Points far apart are
    different embeddings; points close together may still differ in a direction that is not drawn.

    Parameters
    ----------
    vectors : array of float, shape (n, dimensions)
        Speaker embeddings, at least two, with at least two dimensions.
    names : list of str, shape (n,)
        Speaker of each embedding.
    ax, title
        As for `waveform`; the axes are returned.
    """
    from sklearn.decomposition import PCA

    vectors = np.asarray(vectors, dtype=float)
    if vectors.ndim != 2 or min(vectors.shape) < 2:
        raise ValueError(f"vectors has shape {vectors.shape}: give at least two embeddings by row.")
    if not np.isfinite(vectors).all() or not np.ptp(vectors, axis=0).any():
        raise ValueError("vectors must be finite and not all the same.")
    names = np.array(style.one_each(names, len(vectors), "embeddings"))
    pca = PCA(2, svd_solver="full")
    points = pca.fit_transform(vectors)
    ax = style.axes_or_new(ax, height=4.2, width=6.2)
    handles = []
    for number, speaker in enumerate(dict.fromkeys(names)):
        # A pair of colour and marker repeats only after 6 x 6 speakers.
        colour, marker = style.COLOURS[number % 6], _MARKERS[(number + number // 6) % 6]
        look = {"s": 48, "color": colour, "marker": marker, "edgecolor": "white", "linewidth": 0.5}
        handles.append(ax.scatter(*points[names == speaker].T, label=speaker, **look))
    ax.set_aspect("equal", adjustable="datalim")  # one scale for both directions
    ax.grid(alpha=0.3)
    style.legend(ax, handles, columns=1 + (len(handles) - 1) // 16)
    shares = pca.explained_variance_ratio_
    x, y = (f"Principal component {n + 1} ({shares[n]:.0%} of variance)" for n in (0, 1))
    return style.label(ax, title, x, y)


def _by_speaker(turns):
    """Return the (start, end) of the turns of each speaker, in order of first turns."""
    spans = {}
    for turn in turns:
        spans.setdefault(turn["speaker"], []).append((turn["start"], turn["end"]))
    return spans


def _stacked(errors):
    """Return errors as bars, (kind, start, length, speakers below, speakers), and the height."""
    edges = sorted({error[key] for error in errors for key in ("start", "end")})
    pieces, height = [], 1
    for start, end in pairwise(edges):
        below = 0
        here = [error for error in errors if error["start"] <= start < error["end"]]
        for error in sorted(here, key=lambda error: error["kind"]):
            pieces.append((error["kind"], start, end - start, below, error["speakers"]))
            below += error["speakers"]
        height = max(height, below)
    return pieces, height


def _head(ax, heading, top):
    """Write the heading of a group of rows, if there is one, and return its height in rows."""
    if not heading:
        return 0
    ax.text(0, top + 0.45, heading, fontsize=8, fontweight="bold", color="#555555", va="center")
    return _HEADING
