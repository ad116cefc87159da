"""A check-up as a page: what is there in histograms, what will hurt with players."""

import html
import warnings
from collections import Counter

import numpy as np

from course_utils import audio, errors, listening
from course_utils.errors import shown

_PLAYERS = (3, 40)  # most players of a finding, and of the page
_SECONDS = 10  # of a clip that are embedded
_NAMED = 200  # files that are listed for a finding
_BINS = 24
_STYLE = """
:root { color-scheme: light dark }
body { max-width: 60em; margin: 2em auto; padding: 0 1em; font: 16px/1.5 system-ui, sans-serif }
body { overflow-wrap: anywhere } figure { margin: 0 }
section { margin: 1.5em 0; padding: 0 1em; border-left: 4px solid #56b4e9 }
section.hurts { border-color: #d55e00 }
.plots { display: flex; flex-wrap: wrap; gap: 1.5em }
svg { width: 18em; max-width: 100%; height: auto } rect { fill: #0072b2 }
text { fill: currentColor; font-size: 11px }
td { padding-right: 1em } meter { max-width: 6em }
"""


def save(path, checkup):
    """Write a page about a `data.checkup.Checkup` that any browser opens without a network.

    The first ten seconds of up to three clips of each finding are embedded, 40 in all, as MP3 that
    is decoded when somebody plays it. All names and texts are escaped.
    """
    title = html.escape(f"Check-up of {shown(checkup.folder)}")
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in checkup.summary())
    left, sections = _PLAYERS[1], []
    by_name = {clip.name: clip for clip in checkup.clips}
    spans = {clip.name: span for clip, span in zip(checkup.clips, checkup.spans, strict=True)}
    for finding in checkup.findings:
        clips = [by_name[name] for name in finding.files if name in by_name]
        players = [_player(checkup.path(c), c, spans[c.name]) for c in clips[: _PLAYERS[0]] if left]
        players = list(filter(None, players))[:left]
        left -= len(players)
        sections.append(_section(finding, players))
    none = "" if sections else "<p>Nothing to fix.</p>"
    page = (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style>"
        f"<h1>{title}</h1><ul>{lines}</ul>{_plots(checkup)}<h2>Findings</h2>{none}"
        f"{''.join(sections)}</html>\n"
    )
    errors.write(path, page)


def _section(finding, players):
    named = "".join(f"<li dir='auto'>{html.escape(shown(n))}</li>" for n in finding.files[:_NAMED])
    rest = len(finding.files) - _NAMED
    more = f"<li>and {rest} more</li>" if rest > 0 else ""
    files = (
        f"<details><summary>Files: {len(finding.files)}</summary><ul>{named}{more}</ul></details>"
    )
    return (
        f"<section class='{'hurts' if finding.hurts else 'look'}'>"
        f"<h3>{html.escape(finding.kind)}</h3><p dir='auto'>{html.escape(finding.text)}</p>"
        f"<p><code>{html.escape(finding.fix)}</code></p>{files if finding.files else ''}"
        f"{''.join(players)}</section>"
    )


def _player(path, clip, span):
    """Return the HTML of a player of a clip's beginning, or None for one that cannot be read."""
    if clip.facts.error:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the findings have them
        try:
            samples, rate = audio.load(path)
        except audio.AudioError:  # too long at its own rate
            return None
        start, end = span or (0, len(samples) / rate)
        end = min(end, start + _SECONDS)
        samples = samples[round(start * rate) : round(end * rate)]
        samples = samples[:1] if not samples.size else samples
        played = listening.play(samples, rate, shown(clip.name), clip.text or clip.label)
    return played.html.replace("<audio controls ", "<audio controls preload='none' ", 1)


def _plots(checkup):
    facts = [clip.facts for clip in checkup.clips if not clip.facts.error and clip.facts.seconds]
    levels = [20 * np.log10(max(each.level, 1e-5)) for each in facts]
    plots = [_histogram("Length of the clips", "seconds", [each.seconds for each in facts])]
    plots.append(_histogram("Level", "dB of full scale", levels))
    if "text" in checkup.columns:
        pairs = [(clip.text, clip.facts.seconds) for clip in checkup.clips if clip.facts.seconds]
        rates = [len(text) / seconds for text, seconds in pairs]
        plots.append(_histogram("Text beside its sound", "characters a second", rates))
    labels = Counter(clip.label for clip in checkup.clips if clip.label)
    rows = "".join(
        f"<tr><td dir='auto'>{html.escape(shown(label))}<td>{count}"
        f"<td><meter max='{max(labels.values())}' value='{count}'>{count}</meter>"
        for label, count in sorted(labels.items())
    )
    table = f"<table><caption>Clips of each class</caption>{rows}</table>" if labels else ""
    return f"<div class='plots'>{''.join(plots)}{table}</div>"


def _histogram(title, unit, values):
    """Return a histogram as SVG, with the number of clips in each bin as its description."""
    if not values:
        return ""
    counts, edges = np.histogram(values, _BINS)
    bars = "".join(
        f"<rect x='{20 + 10 * n}' width='9' y='{110 - 90 * count / counts.max():.1f}' "
        f"height='{90 * count / counts.max():.1f}'><title>{edges[n]:.2f} to {edges[n + 1]:.2f} "
        f"{unit}, clips: {count}</title></rect>"
        for n, count in enumerate(counts)
    )
    return (
        f"<figure><figcaption>{title}</figcaption><svg viewBox='0 0 280 150' role='img' "
        f"aria-label='Histogram of {title.lower()}: {edges[0]:.2f} to {edges[-1]:.2f} {unit}, "
        f"most clips in a bin: {counts.max()}'>{bars}<text x='20' y='125'>{edges[0]:.2f}</text>"
        f"<text x='260' y='125' text-anchor='end'>{edges[-1]:.2f}</text><text x='140' y='142' "
        f"text-anchor='middle'>{unit}</text><text x='20' y='15'>clips: {counts.max()}</text></svg>"
        "</figure>"
    )
