"""How recordings and what is known of them lie in folders: the layouts that are recognised."""

import os
import posixpath
import re
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from course_utils.data import tables
from course_utils.data.columns import DataError
from course_utils.data.splits import SPLITS
from course_utils.data.tables import composed, is_audio
from course_utils.errors import shown
from course_utils.formats import rttm

SPAN = "#span"
"""Column with the start and the end, in seconds, of a row that is part of a file, else None."""
_SPLITS = dict(zip(SPLITS, ("training", "valid val dev", "testing eval evaluation"), strict=True))
_SPLIT_OF = {word: name for name, words in _SPLITS.items() for word in (name, *words.split())}
_BESIDE = frozenset((".csv", ".json", ".jsonl", ".lock", ".md", ".rttm", ".srt", ".tsv", ".txt"))
"""Suffixes of files that lie beside recordings, and that nobody takes for one."""
_PATHS = ("audio_filepath", "file_name", "audio_file", "audio_path", "audio", "path", "wav")
_TEXTS = ("text", "sentence", "transcript", "transcription")
_SPEAKERS = ("speaker", "speaker_id", "client_id")
"""Keys in JSON Lines; the first one that a row has counts."""


class Layout(NamedTuple):
    """What was recognised: its name, and columns (lists by name) for each split; None is all."""

    name: str
    splits: dict


class Tree:
    """The files below a folder; hidden ones and links out of it are left out."""

    def __init__(self, root):
        self.root, self.names, self.notes = Path(root), [], []
        for parent, folders, files in os.walk(self.root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for file in sorted(name for name in files if not name.startswith(".")):
                path = Path(parent, file)
                name = path.relative_to(self.root).as_posix()
                if path.is_symlink() and not inside(self.root, name):
                    self.notes.append(f"{shown(name)}: is a link to a file outside the folder")
                else:
                    self.names.append(name)
        self.by_composed = {composed(name): name for name in self.names}
        self.by_composed |= {name: name for name in self.names}

    def start(self, base):
        """Return what the names of the files below a subfolder begin with."""
        return "" if base == self.root else f"{base.relative_to(self.root).as_posix()}/"

    def below(self, base):
        """Return the names of the files below a subfolder."""
        return [name for name in self.names if name.startswith(self.start(base))]

    def audio(self, base):
        """Return the names of the recordings below a subfolder."""
        return [name for name in self.below(base) if is_audio(name)]

    @cached_property
    def turns(self):
        """Turns of the RTTM files: recordings by the file's name, and turns by recording."""
        names = [name for name in self.names if name.lower().endswith(".rttm")]
        by_file = {name[:-5]: rttm.load(self.root / name) for name in names}
        return by_file, {name: turns for file in by_file.values() for name, turns in file.items()}

    def turns_of(self, name):
        """Return the turns of a recording from the RTTM file beside it or another one, or None."""
        by_file, by_recording = self.turns
        stem, beside = PurePosixPath(name).stem, by_file.get(name.rpartition(".")[0])
        if beside is None:
            same = [file for file in by_file if PurePosixPath(file).name == stem]
            if len(same) != 1:
                return by_recording.get(stem)
            beside = by_file[same[0]]
        if len(beside) > 1 and stem not in beside:
            title, holds = shown(f"{stem}.rttm"), ", ".join(map(shown, beside))
            raise DataError(f"{title}: holds {holds}, but nothing of {shown(stem)}")
        return beside.get(stem) or next(iter(beside.values()), [])

    def find(self, base, table, names):
        """Return the names, below the folder, of files that a table names, or raise DataError.

        Both kinds of slash are read, and letters with accents in both forms of Unicode. If the
        paths are those of another machine or folder, what they have in common is taken away.
        """
        title = shown(base / table)
        paths = [posixpath.normpath(composed(name).replace("\\", "/")) for name in names]
        pairs = zip(names, paths, strict=True)
        found = [self._known(base, path) or self._behind(base, name) for name, path in pairs]
        if None not in found:
            return found
        first = PurePosixPath(paths[found.index(None)]).parts
        for depth in range(1, len(first)):
            start = PurePosixPath(*first[:depth])
            same = all(PurePosixPath(path).is_relative_to(start) for path in paths)
            if ".." in start.parts or not same:
                break
            rests = [PurePosixPath(path).relative_to(start).as_posix() for path in paths]
            moved = [self._known(base, rest) for rest in rests]
            if None not in moved:
                self.notes.append(f"{title}: paths are read without {shown(start)} at the front")
                return moved
        wrong = [name for name, file in zip(names, found, strict=True) if file is None]
        outside = [n for n in wrong if not n.strip() or not inside(base, n.replace("\\", "/"))]
        if outside:
            reason = f"file_name must be a path inside the folder, not {listed(outside)}"
            raise DataError(f"{title}: {reason}; copy the files into it")
        reason = f"names files that do not exist: {listed(wrong)}"
        raise DataError(f"{title}: {reason}; correct or remove the rows")

    def _known(self, base, path):
        """Return the name of a file by its path below a subfolder, or else below the folder."""
        places = (posixpath.normpath(f"{start}{path}") for start in (self.start(base), ""))
        return next((self.by_composed[p] for p in places if p in self.by_composed), None)

    def _behind(self, base, path):
        """Return the name of a file that is hidden, behind a linked folder or named in full."""
        if not path.strip() or not inside(self.root, base / path):
            return None
        if not os.path.isfile(base / path):
            return None
        return Path(os.path.relpath(base / path, self.root)).as_posix()


def inside(folder, name):
    """Tell whether a path stays within a folder, links followed."""
    try:
        return (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL in the name, a loop of links
        return False


def listed(names):
    """Return the first five names for a message."""
    names = [shown(name) if name.strip() else "an empty cell" for name in names]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def read(folder, check=True):
    """Return the `Layout` of a folder and notes on what was left out or guessed.

    ``file_name`` holds paths below the folder. Without `check`, recordings of which nothing is
    known are a layout too. Raise DataError if nothing is recognised.
    """
    tree = Tree(folder)
    found = _tables(tree, tree.root) or _split_folders(tree, check)
    found = found or _without_table(tree, tree.root, check)
    if None in found.splits:
        found = found._replace(splits=_by_top_folder(found.splits[None]))
    for columns in found.splits.values():
        if any(tree.turns):
            columns["turns"] = [tree.turns_of(name) for name in columns["file_name"]]
    return found, tree.notes


def _tables(tree, base):
    """Return the layout that a table in a folder describes, or None."""
    # A reader returns None where its layout is not the folder's; another one is a line here.
    for reader in (_kaldi, _common_voice, _lj_speech, _metadata, _json_lines):
        if found := reader(tree, base):
            named = {name for part in found.splits.values() for name in part["file_name"]}
            rest = [name for name in tree.audio(base) if name not in named]
            if rest and reader is not _common_voice:  # where most clips are in no split
                tree.notes.append(f"recordings that are not in the table: {listed(rest)}")
            return found
    return None


def _split_folders(tree, check):
    """Read folders called train, test and the like, each with a layout of its own."""
    tops = sorted({name.split("/")[0] for name in tree.names if "/" in name})
    splits = {top: _SPLIT_OF[top.lower()] for top in tops if top.lower() in _SPLIT_OF}
    known = {top: _tables(tree, tree.root / top) for top in splits}
    known = {top: found for top, found in known.items() if found or tree.audio(tree.root / top)}
    others = [top for top in tops if top not in known and tree.audio(tree.root / top)]
    if not known or (others and not all(known.values())):
        return None
    if len({splits[top] for top in known}) < len(known):
        names = ", ".join(f"{shown(top)}/" for top in known)
        raise DataError(f"{shown(tree.root)}: of {names} two are one split; join or rename them")
    if any("/" not in name for name in tree.audio(tree.root)):
        tree.notes.append("files beside the folders of the splits: belong to none of them")
    names, parts = {}, {}
    for top, found in known.items():
        found = found or _without_table(tree, tree.root / top, check)
        if set(found.splits) != {None}:
            raise DataError(f"{shown(tree.root / top)}: holds splits itself; load it alone")
        names[found.name], parts[splits[top]] = True, found.splits[None]
    return Layout(" and ".join(names), parts)


def _by_top_folder(columns):
    """Divide rows whose files all lie in folders called train, test and the like."""
    tops = [name.split("/")[0].lower() if "/" in name else "" for name in columns["file_name"]]
    if not tops or not set(tops) <= set(_SPLIT_OF):
        return {None: columns}
    splits = {}
    for place, top in enumerate(tops):
        part = splits.setdefault(_SPLIT_OF[top], {name: [] for name in columns})
        for name, values in columns.items():
            part[name].append(values[place])
    return splits


# ------------------------------------------------------------------------------ with tables


def _kaldi(tree, base):
    """wav.scp, and beside it text, utt2spk and segments, as far as they exist."""
    if not (base / "wav.scp").is_file():
        return None
    files = _kaldi_file(base, "wav.scp")
    for name, path in files.items():
        if path.endswith("|") or path.startswith("|"):
            reason = f"{shown(name)} is a command, which is never run here"
            raise DataError(f"{shown(base / 'wav.scp')}: {reason}; write the path of an audio file")
    paths = dict(zip(files, tree.find(base, "wav.scp", list(files.values())), strict=True))
    segments = {name: (name, None) for name in paths}
    if (base / "segments").is_file():
        segments = {}
        for name, rest in _kaldi_file(base, "segments").items():
            try:
                recording, start, end = rest.split()[:3]
                segments[name] = recording, _checked_span(float(start), float(end))
                paths[recording]
            except (ValueError, KeyError) as error:
                reason = f"{shown(name)} has no recording of wav.scp with a start and an end"
                raise DataError(f"{shown(base / 'segments')}: {reason}; correct it") from error
    columns = {"file_name": [], "utterance": [], SPAN: []}
    texts, speakers = _kaldi_file(base, "text"), _kaldi_file(base, "utt2spk")
    lost = [name for name in segments if texts and name not in texts]
    for name, (recording, span) in segments.items():
        if name not in lost:
            columns["file_name"].append(paths[recording])
            columns["utterance"].append(name)
            columns[SPAN].append(span)
    for column, values in (("text", texts), ("speaker", speakers)):
        if values:
            columns[column] = [values.get(name) for name in columns["utterance"]]
    unheard = [name for name in texts if name not in segments]
    if lost:
        tree.notes.append(f"utterances without a line in text: {listed(lost)}")
    if unheard:
        tree.notes.append(f"lines of text without a recording: {listed(unheard)}")
    return Layout("Kaldi folder", {None: columns})


def _kaldi_file(base, name):
    """Return the lines of a file, without their first words, by these."""
    if not (base / name).is_file():
        return {}
    parts = [line.strip().split(maxsplit=1) for line in tables.lines_of(base / name)]
    return {part[0]: part[1] if len(part) > 1 else "" for part in parts if part}


def _checked_span(start, end):
    if not 0 <= start < end < float("inf"):
        raise ValueError(f"it goes from {start} s to {end} s")
    return start, end


def _common_voice(tree, base):
    """clips/ beside train.tsv, dev.tsv and test.tsv, or else beside validated.tsv."""
    names = [name for name in ("train", "dev", "test") if (base / f"{name}.tsv").is_file()]
    if "train" not in names and (base / "validated.tsv").is_file():
        names = ["validated"]
    if not names or not (base / "clips").is_dir():
        return None
    splits = {}
    for name in names:
        head, *lines = tables.lines_of(base / f"{name}.tsv")
        head = ["speaker" if n == "client_id" else n for n in head.split("\t")]
        rows = [line.split("\t") for line in lines if line]  # without quotes, as it is published
        if not {"path", "sentence"} <= set(head) or any(len(row) != len(head) for row in rows):
            title = shown(base / f"{name}.tsv")
            reason = "is no table of Common Voice, with path and sentence"
            raise DataError(f"{title}: {reason}; download it again")
        columns = {column: [row[n].strip() for row in rows] for n, column in enumerate(head)}
        columns["text"] = columns.pop("sentence")
        paths = columns.pop("path")
        paths = [f"clips/{path}" if is_audio(path) else f"clips/{path}.mp3" for path in paths]
        columns = {"file_name": tree.find(base, f"{name}.tsv", paths), **columns}
        splits[_SPLIT_OF.get(name) if "train" in names else None] = columns
    return Layout("Common Voice", splits)


def _metadata(tree, base):
    """AudioFolder of Hugging Face: metadata.csv or metadata.tsv with a column file_name."""
    names = ("metadata.csv", "metadata.tsv", "metadata.jsonl")
    found = [name for name in names if (base / name).is_file()]
    if not found or found[0] == "metadata.jsonl":  # which is read as JSON Lines
        return None
    table, *others = found
    if others:
        tree.notes.append(f"other tables than {table}: {listed(others)}")
    columns = tables.read_csv(base / table)
    columns["file_name"] = tree.find(base, table, columns["file_name"])
    return Layout(f"AudioFolder with {table}", {None: columns})


def _lj_speech(tree, base):
    """wavs/ beside a table without a head: name, text, normalised text, with bars between."""
    table = base / "metadata.csv"
    if not table.is_file() or not (base / "wavs").is_dir():
        return None
    lines = tables.lines_of(table)
    if "|" not in lines[0] or tables.separator(table):
        return None
    start = len(f"{tree.start(base)}wavs/")
    stems = {composed(n[start:].rpartition(".")[0]): n for n in tree.audio(base / "wavs")}
    columns = {"file_name": [], "text": []}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("|")]
        if not 2 <= len(cells) <= 3:
            reason = f"line {number}: has {len(cells)} columns, not 2 or 3 with bars between"
            raise DataError(f"{shown(table)}, {reason}; correct it")
        known = stems.get(composed(cells[0]))
        columns["file_name"].append(known[len(tree.start(base)) :] if known else f"wavs/{cells[0]}")
        columns["text"].append(cells[-1] or cells[1])
    columns["file_name"] = tree.find(base, table.name, columns["file_name"])
    return Layout("LJ Speech", {None: columns})


def _json_lines(tree, base):
    """One object a line, in one file or in one for each split, such as train.jsonl."""
    files = {}
    for path in sorted(base.glob("*.json*")):
        first = _first_object(path)
        key = next((key for key in _PATHS if key in first), None)
        if key is not None:
            words = re.split("[^a-z]+", path.stem.lower())
            split = next((_SPLIT_OF[word] for word in words if word in _SPLIT_OF), None)
            files.setdefault(split, []).append(path)
    if not files:
        return None
    for paths in files.values():
        if len(paths) > 1 or (len(files) > 1 and None in files):
            names = listed([path.name for paths in files.values() for path in paths])
            way_out = "keep one, or one each for train, validation and test"
            raise DataError(f"{shown(base)}: holds several manifests: {names}; {way_out}")
    splits = {split: _manifest(tree, base, path) for split, (path,) in files.items()}
    return Layout("JSON Lines manifest", splits)


def _first_object(path):
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            line = next((line for line in file if line.strip()), "")
        (row,) = tables.json_lines(path, [line])
        return row
    except (DataError, OSError, ValueError):
        return {}


def _manifest(tree, base, path):
    rows, title = tables.json_lines(path, tables.lines_of(path)), shown(path)
    columns = {"file_name": [], SPAN: []}
    for number, row in enumerate(rows, 1):
        key = next((key for key in _PATHS if row.get(key)), None)
        value = row.pop(key, None)
        value = value.get("path") if isinstance(value, dict) else value
        if not isinstance(value, str):
            reason = f"row {number} names no audio file"
            raise DataError(f"{title}: {reason}; add it as audio_filepath")
        if "audio" in row or "file_name" in row:
            raise DataError(f"{title}: row {number} names two audio files; remove one key")
        columns["file_name"].append(value)
        try:
            span = (float(row["offset"]), float(row["offset"]) + float(row["duration"]))
            columns[SPAN].append(_checked_span(*span))
        except KeyError:
            columns[SPAN].append(None)
        except (TypeError, ValueError) as error:
            reason = f"row {number} has no offset and duration in seconds"
            raise DataError(f"{title}: {reason}; correct or remove both") from error
        for name, keys in (("text", _TEXTS), ("speaker", _SPEAKERS), ("label", ["label"])):
            key = next((key for key in keys if key in row), None)
            if key is not None:
                value = row.pop(key)
                row[name] = value if value is None else str(value).strip()
    columns["file_name"] = tree.find(base, path.name, columns["file_name"])
    for name in dict.fromkeys(name for row in rows for name in row):
        columns[name] = [row.get(name) for row in rows]
    return columns


# ------------------------------------------------------------------------------ without tables


def _without_table(tree, base, check):
    """Return pairs; recordings with RTTM files, or without anything; or class folders."""
    audio, depth = tree.audio(base), tree.start(base).count("/")
    inner = [name for name in audio if name.count("/") > depth]
    below = set(tree.below(base))
    texts = {name: f"{name.rpartition('.')[0]}.txt" for name in audio}
    paired = [name for name in audio if texts[name] in below]
    spoken = any(name.lower().endswith(".rttm") for name in below)
    if paired and 2 * len(paired) >= len(audio):
        if alone := [name for name in audio if texts[name] not in below]:
            tree.notes.append(f"recordings without a text beside them: {listed(alone)}")
        said = [" ".join(" ".join(tables.lines_of(tree.root / texts[n])).split()) for n in paired]
        return Layout("pairs of audio and text", {None: {"file_name": paired, "text": said}})
    if audio and (spoken or (not inner and not check)):
        _report(tree, [name for name in sorted(below) if PurePosixPath(name).suffix not in _BESIDE])
        title = "recordings with RTTM files" if spoken else "recordings"
        return Layout(title, {None: {"file_name": audio}})
    if not inner:
        found = "audio files, but" if audio else "no audio files and"
        raise DataError(
            f"{shown(base)}: holds {found} neither metadata.csv nor class folders; put each "
            "class into a subfolder, or write a metadata.csv with a column file_name"
        )
    _report(tree, [name for name in sorted(below) if name.count("/") > depth])
    if check and len(inner) < len(audio):
        tree.notes.append("files beside the class folders: belong to no class")
    names = inner if check else audio
    labels = [name.split("/")[depth] if name.count("/") > depth else "" for name in names]
    return Layout("class folders", {None: {"file_name": names, "label": labels}})


def _report(tree, names):
    strange = [name for name in names if not is_audio(name)]
    tree.notes += [f"{shown(name)}: its suffix is not one of audio or video" for name in strange]
