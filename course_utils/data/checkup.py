"""A check-up of a folder of recordings before training: what is there, and what will hurt."""

import os
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from course_utils.data import copies, faults, layouts
from course_utils.data.columns import DataError
from course_utils.data.faults import Clip, Finding
from course_utils.data.folder import part_name
from course_utils.data.measures import measure
from course_utils.data.splits import SPLITS
from course_utils.errors import shown

_KNOWN = ("text", "label", "speaker", "turns")
"""Columns that the rules of `faults` look at."""
_AT_ONCE = 16  # files that a process gets at a time


@dataclass
class Checkup:
    """The result of `check_folder`; as text, it is the report.

    ``clips`` are `faults.Clip`, ``findings`` are `faults.Finding`; the places of the sounds are
    ``path(clip)`` and the span of a part, in ``spans``.
    """

    folder: Path
    layout: str
    clips: list
    spans: list
    findings: list

    @property
    def columns(self):
        """Names of the columns that are known: some of text, label, speaker, turns."""
        return [name for name in _KNOWN if any(name in clip.known for clip in self.clips)]

    @property
    def hurts(self):
        """Number of findings that will hurt."""
        return sum(finding.hurts for finding in self.findings)

    def path(self, clip):
        """Return the path of the file of a clip, or of which it is a part."""
        return self.folder / clip.name.partition("#t=")[0]

    def summary(self):
        """Return lines that say what is there: hours, clips, speakers, rates, channels, lengths."""
        facts = [clip.facts for clip in self.clips if not clip.facts.error]
        seconds = np.array([each.seconds for each in facts] or [0.0])
        parts = [f"{len(self.clips)} clips", f"{seconds.sum() / 3600:.2f} hours"]
        for column in ("speaker", "label"):
            names = {clip.known.get(column) for clip in self.clips} - {None, ""}
            parts += [f"{len(names)} {column}s"] if names else []
        splits = Counter(clip.split for clip in self.clips if clip.split)
        parts += [f"{splits[split]} {split}" for split in SPLITS if split in splits]
        rates = Counter(f"{each.rate} Hz" for each in facts)
        channels = Counter(f"{each.channels}" for each in facts)
        return [
            f"{shown(self.folder)}: {self.layout}",
            ", ".join(parts),
            f"seconds: {seconds.min():.2f} to {seconds.max():.2f}, median {np.median(seconds):.2f}",
            f"sampling rates: {_counted(rates)}; channels: {_counted(channels)}",
        ]

    def __str__(self):
        counts = f"{self.hurts} to fix, {len(self.findings) - self.hurts} to look at"
        lines = [*self.summary(), *map(str, self.findings)]
        return "\n".join([*lines, counts if self.findings else "Nothing to fix."])


def _counted(counts):
    return ", ".join(f"{value} (clips: {count})" for value, count in counts.most_common(5))


def check_folder(path, jobs=1, track=None):
    """Read a folder of recordings once, and find what will hurt in training.

    Parameters
    ----------
    path : str or Path
        A folder that `load_folder` recognises.
    jobs : int, default 1
        Number of processes that decode files.
    track : callable, optional
        ``track(results, total)`` passes an iterable on, with the number of files; for a progress
        bar.

    Returns
    -------
    Checkup
        Print it for the report. Its memory grows by about 2 kB with each clip; sounds are decoded
        one at a time.

    Raises
    ------
    DataError
        As `load_folder` does for a folder without a known layout.

    Examples
    --------
    >>> print(check_folder("my-clips"))  # doctest: +SKIP
    """
    folder = Path(path)
    if not folder.is_dir():
        raise DataError(f"{shown(folder)}: no such folder; check the name")
    layout, notes = layouts.read(folder)
    rows, spans, places = [], [], defaultdict(list)
    for split in (None, *SPLITS):
        columns = layout.splits.get(split, {"file_name": []})
        known = [name for name in _KNOWN if name in columns]
        parts = columns.get(layouts.SPAN) or [None] * len(columns["file_name"])
        for row, (name, span) in enumerate(zip(columns["file_name"], parts, strict=True)):
            places[name].append(len(rows))
            rows.append((part_name(name, span), split, {c: columns[c][row] for c in known}))
            spans.append(span)
    tasks = [(str(folder), name, [spans[row] for row in own]) for name, own in places.items()]
    facts = dict.fromkeys(range(len(rows)))
    for own, measured in zip(places.values(), _measured(tasks, jobs, track), strict=True):
        facts |= zip(own, measured, strict=True)
    clips = [Clip(*row[:2], facts[number], row[2]) for number, row in enumerate(rows)]
    found = Checkup(folder, layout.name, clips, spans, [])
    found.findings += [*_noted(notes), *_findings(found)]
    return found


def _measured(tasks, jobs, track):
    """Yield the facts of each task, in their order."""
    track = track or (lambda results, total: results)
    if jobs < 2 or len(tasks) < 2 * _AT_ONCE:
        yield from track((measure(*task) for task in tasks), len(tasks))
        return
    # Processes that begin anew: a fork would copy the threads of libraries that are loaded.
    with ProcessPoolExecutor(min(jobs, os.cpu_count() or 1), get_context("spawn")) as pool:
        results = pool.map(measure, *zip(*tasks, strict=True), chunksize=_AT_ONCE)
        yield from track(results, len(tasks))


def _noted(notes):
    """Yield a finding for each note of the reader of the folder."""
    fix = "enter, rename or move them; until then they are left out"
    for note in notes:
        hurts = "are read without" not in note
        yield Finding("left out", note, fix if hurts else "nothing to do if it is right", [], hurts)


def _findings(found):
    clips = found.clips
    for rule in (faults.of_files, faults.of_sound, faults.of_lengths, faults.of_formats):
        yield from rule(clips)
    for rule in (faults.of_texts, faults.of_labels, faults.of_turns, faults.of_splits):
        yield from rule(clips)
    places = [((found.path(c), span), c.facts) for c, span in zip(clips, found.spans, strict=True)]
    yield from faults.of_copies(clips, *copies.groups(places))
