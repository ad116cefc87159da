"""What will hurt in training: the kinds of faults that a check-up looks for, one function each.

A rule takes the clips of a data set, and yields a `Finding` if it applies.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from course_utils.data.measures import Facts
from course_utils.data.splits import SPLITS
from course_utils.data.tables import look_alikes
from course_utils.errors import shown
from course_utils.formats import speaker_turns

SHORTEST = 0.025
"""Length of the shortest clip that a model takes, in seconds: the window of its first layer."""
FEW = 4
"""Number of clips below which a class is too small: two to learn from and two to hold out."""
_SILENT, _QUIET = 1e-3, 0.01  # peak amplitude, -60 and -40 dB of full scale
_OFFSET = 0.02  # mean amplitude, and at least a tenth of the level
_FLAT = 1e-4  # share of samples that are flat at a peak
_BEYOND = 1.2  # peak amplitude; lossy decoders overshoot 1 by less
_CHARACTERS = (2.0, 30.0)  # characters in a second of sound; people speak 10 to 20
_SPOKEN = 2.0  # seconds with sound from which a text may be too short for them
_UNEVEN = 10  # times as many clips in the largest class as in the smallest
_EXPORTED = {"nan", "null", "none", "n/a", "#n/a", "#ref!", "undefined"}
_ODD = re.compile(
    r"<[^<>]*>|\[[^][]*\]|\{[^{}]*\}|https?://|\.(wav|mp3|flac|ogg)\b|[\ufffd\0-\x08]"
)
_DOUBTS = (
    ("cancel out", "channels cancel", "ffmpeg -i FILE -af pan=mono|c0=c0 NEW keeps the first"),
    ("beyond ±1", "integers as floats", "divide the samples by 32768 and write the files again"),
    ("header", "header without the length", "ffmpeg -i FILE -c copy NEW writes the header anew"),
)
"""Warnings of `audio` by a part of them: the kind of fault, and what mends it."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A row of the data set: what its table says, and what its sound is like."""

    name: str
    split: str | None
    facts: Facts
    known: dict
    """Values by column: text, label, speaker, turns, as far as the data set has them."""

    @property
    def label(self):
        """Its label without white space at the ends, or None."""
        return (str(self.known.get("label") or "")).strip() or None

    @property
    def text(self):
        """Its transcript in one line, or an empty text."""
        return " ".join(str(self.known.get("text") or "").split())


@dataclass(frozen=True)
class Finding:
    """One kind of fault: which files have it, and what mends it.

    ``hurts`` is False for what may be as it should be, and is only worth a look.
    """

    kind: str
    text: str
    fix: str
    files: list = field(default_factory=list)
    hurts: bool = True

    def __str__(self):
        named = f" ({_listed(self.files)})" if self.files else ""
        mark = "[fix] " if self.hurts else "[look]"
        return f"{mark} {self.kind}: {self.text}{named}\n       {self.fix}"


def _listed(files):
    names = ", ".join(map(shown, files[:3]))
    return f"{names} and {len(files) - 3} more" if len(files) > 3 else names


def _of(kind, clips, text, fix, hurts=True):
    """Yield a finding about clips if there are any; ``{n}`` in the text is their number."""
    if clips:
        files = [clip.name for clip in clips]
        yield Finding(kind, text.replace("{n}", _count(clips), 1), fix, files, hurts)


def _count(clips):
    return f"{len(clips)} clip{'s' * (len(clips) != 1)}"


# ------------------------------------------------------------------------------ files and sound


def of_files(clips):
    """Yield what is wrong with single files: their headers, their level, their channels."""
    broken = [clip for clip in clips if clip.facts.error]
    if broken:
        reasons = "; ".join(clip.facts.error for clip in broken[:3])
        text = f"{_count(broken)} cannot be read: {reasons}"
        fix = "copy, download or convert them again; until then they are left out"
        yield Finding("unreadable", text, fix, [clip.name for clip in broken])
    for part, kind, fix in _DOUBTS:
        doubted = {c: d for c in clips for d in c.facts.doubts if part in d}
        text = f"{{n}}: {next(iter(doubted.values()), '')}"
        yield from _of(kind, list(doubted), text, fix)


def of_sound(clips):
    """Yield what is wrong with the sound of single clips."""
    audible = [clip for clip in clips if not clip.facts.error]
    silent = [clip for clip in audible if clip.facts.peak < _SILENT]
    text, fix = "{n} without any sound", "delete them, or record them again"
    yield from _of("silent", silent, text, fix)
    audible = [clip for clip in audible if clip.facts.peak >= _SILENT]
    chosen = [clip for clip in audible if clip.facts.peak < _QUIET]
    fix = "scale them: audio.save(NEW, samples / abs(samples).max(), rate)"
    yield from _of("quiet", chosen, "{n} with a peak below -40 dB", fix, hurts=False)
    chosen = [c for c in audible if c.facts.flat > _FLAT and c.facts.peak >= _QUIET]
    fix = "record them again at a lower level; no program brings back what was cut off"
    yield from _of("clipped", chosen, "{n} with peaks that are cut off flat", fix)
    chosen = [c for c in audible if c.facts.peak > _BEYOND and not c.facts.doubts]
    fix = "scale them: audio.save(NEW, samples / abs(samples).max(), rate)"
    yield from _of("beyond full scale", chosen, "{n} with a peak above 1.2", fix, hurts=False)
    chosen = [c for c in audible if abs(c.facts.offset) > max(_OFFSET, 0.1 * c.facts.level)]
    text = "{n} whose mean is not 0, as of a faulty sound card"
    yield from _of("DC offset", chosen, text, "ffmpeg -i FILE -af highpass=f=20 NEW")
    chosen = [clip for clip in audible if clip.facts.dead]
    text = "{n} with a silent channel, which makes their average quieter"
    yield from _of("dead channel", chosen, text, 'ffmpeg -i FILE -af "pan=mono|c0=c0+c1" NEW')


def of_lengths(clips):
    """Yield clips that are too short, or hold hardly any sound."""
    readable = [clip for clip in clips if not clip.facts.error]
    chosen = [clip for clip in readable if clip.facts.seconds < SHORTEST]
    text = f"{{n}} below {1000 * SHORTEST:.0f} ms, less than a model takes"
    yield from _of("too short", chosen, text, "delete them and their rows")
    chosen = [clip for clip in readable if clip.facts.seconds > 2 and clip.facts.peak >= _SILENT]
    chosen = [clip for clip in chosen if clip.facts.sounding < 0.1 * clip.facts.seconds]
    text = "{n} with sound in less than a tenth of their time"
    fix = "audio.trim_silence(samples, rate) cuts off the silence at both ends"
    yield from _of("mostly silence", chosen, text, fix, hurts=False)


def of_formats(clips):
    """Yield rates and channels that differ, and classes with a format of their own."""
    readable = [clip for clip in clips if not clip.facts.error]
    for kind, fix, key in (
        ("mixed rates", "ffmpeg -i FILE -ar 16000 NEW; finetune resamples too", "rate"),
        ("mixed channels", "ffmpeg -i FILE -ac 1 NEW; finetune mixes down too", "channels"),
    ):
        counts = Counter(getattr(clip.facts, key) for clip in readable)
        usual = max(counts, key=counts.get, default=None)
        rare = [clip for clip in readable if getattr(clip.facts, key) != usual]
        unit = " Hz" if key == "rate" else ""
        others = ", ".join(f"{value}{unit}" for value in sorted(counts) if value != usual)
        text = f"{{n}} with {others}, the others {usual}{unit}"
        yield from _of(kind, rare, text, fix, hurts=False)
    groups = defaultdict(list)
    for clip in readable:
        groups[clip.label].append(clip)
    groups.pop(None, None)
    ways = {label: {_way(clip) for clip in group} for label, group in groups.items()}
    for label, group in groups.items():
        others = set().union(*(way for other, way in ways.items() if other != label))
        if len(groups) > 1 and len(group) >= FEW and len(ways[label]) == 1:
            rate, channels, suffix = next(iter(ways[label]))
            text = f"all {len(group)} of {shown(label)} are {suffix} at {rate} Hz with {channels} "
            text += "channel(s), and no other class is: a model can learn the format"
            fix = "bring all classes into one format: ffmpeg -i FILE -ac 1 -ar 16000 NEW.wav"
            if not ways[label] & others:
                yield Finding("format tells the class", text, fix, [c.name for c in group])


def _way(clip):
    suffix = clip.name.partition("#t=")[0].rpartition(".")[2].lower()
    return clip.facts.rate, clip.facts.channels, suffix


# ------------------------------------------------------------------------------ texts and labels


def of_texts(clips):
    """Yield what is wrong with transcripts, by themselves and beside their sound."""
    if not any("text" in clip.known for clip in clips):
        return
    empty = [clip for clip in clips if not re.search(r"\w", clip.text)]
    fix = "write what is said, or delete the rows; training leaves them out"
    yield from _of("empty text", empty, "{n} whose text has no letter", fix)
    said = [clip for clip in clips if re.search(r"\w", clip.text)]
    chosen = [c for c in said if _ODD.search(c.text) or c.text.lower() in _EXPORTED]
    text = f"{{n}} with marks, addresses or exported empty cells, such as {_example(chosen)}"
    fix = "write what is heard and nothing else; delete what nobody says"
    yield from _of("odd text", chosen, text, fix)
    chosen = [clip for clip in said if _misread(clip.text)]
    text = f"{{n}} with letters that were read in another encoding, such as {_example(chosen)}"
    fix = 'text.encode("cp1252").decode("utf-8") brings them back; save the table as UTF-8'
    yield from _of("wrong encoding", chosen, text, fix)
    low, high = _CHARACTERS
    heard = [clip for clip in said if not clip.facts.error and clip.facts.seconds >= SHORTEST]
    chosen = [clip for clip in heard if len(clip.text) > high * clip.facts.seconds]
    text = f"{{n}} with more than {high:.0f} characters a second, such as {_example(chosen)}"
    fix = "compare with the sound: a row may have slipped, or the end of the clip may be missing"
    yield from _of("text too long", chosen, text, fix)
    chosen = [c for c in heard if c.facts.sounding >= _SPOKEN and c.facts.peak >= _SILENT]
    chosen = [clip for clip in chosen if len(clip.text) < low * clip.facts.sounding]
    text = f"{{n}} with fewer than {low:.0f} characters in a second of sound, such as "
    fix = "compare with the sound: a part may be untranscribed, or be no speech"
    yield from _of("text too short", chosen, text + _example(chosen), fix)
    groups = defaultdict(list)
    for clip in said:
        if clip.text.count(" ") >= 2:
            groups[clip.text.casefold()].append(clip)
    chosen = [clip for group in groups.values() if len(group) > 1 for clip in group]
    text = f"{{n}} share their text of three words or more, such as {_example(chosen)}"
    fix = "keep the takes of a sentence in one split, or its score is too good"
    yield from _of("repeated text", chosen, text, fix, hurts=False)


def _example(clips):
    return shown(clips[0].text[:60]) if clips else ""


def _misread(text):
    """Tell whether a text in UTF-8 was read as Windows' encoding."""
    try:
        return text.encode("cp1252").decode("utf-8") != text
    except UnicodeError:
        return False


def of_labels(clips):
    """Yield what is wrong with labels and with the names of speakers."""
    for column, kind in (("label", "labels that look alike"), ("speaker", "speakers look alike")):
        names = [str(clip.known.get(column) or "").strip() for clip in clips]
        for same in look_alikes(names):
            chosen = [clip for clip, name in zip(clips, names, strict=True) if name in same]
            text = f"{{n}} of {', '.join(map(shown, same))}, which differ by case or spaces only"
            yield from _of(kind, chosen, text, "write the name in one way, or rename the folders")
    if not any("label" in clip.known for clip in clips):
        return
    empty = [clip for clip in clips if clip.label is None]
    fix = "fill the cells, or delete the rows; training leaves them out"
    yield from _of("no label", empty, "{n} without a label", fix)
    counts = Counter(clip.label for clip in clips if clip.label and not clip.facts.error)
    if len(counts) == 1:
        text, fix = f"all clips are {shown(*counts)}", "record a second class, such as 'other'"
        yield Finding("one class", text, fix)
    few = [label for label, count in sorted(counts.items()) if count < FEW]
    if few:
        text = ", ".join(f"{shown(label)} has {_count(range(counts[label]))}" for label in few)
        fix = f"record more, at least {FEW}, or join classes"
        files = [clip.name for clip in clips if clip.label in few]
        yield Finding("few clips in a class", text, fix, files)
    elif counts and max(counts.values()) > _UNEVEN * min(counts.values()):
        most, least = max(counts, key=counts.get), min(counts, key=counts.get)
        text = f"{counts[most]} of {shown(most)}, but {counts[least]} of {shown(least)}"
        fix = "score with macro-F1, which counts each class the same"
        yield Finding("uneven classes", text, fix, hurts=False)


def of_turns(clips):
    """Yield recordings without turns, and turns behind the end of their recording."""
    rows = [clip for clip in clips if "turns" in clip.known]
    missing = [clip for clip in rows if clip.known["turns"] is None]
    yield from _of("no turns", missing, "{n} without turns", "put an RTTM file beside each")
    read = [clip for clip in rows if clip.known["turns"] and not clip.facts.error]
    late = {c: speaker_turns.beyond(c.known["turns"], c.facts.seconds) for c in read}
    late = {name: problem for name, problem in late.items() if problem}
    text = f"{{n}}: {next(iter(late.values()), '')}"
    yield from _of("turns beyond the end", list(late), text, "correct the RTTM files")


# ------------------------------------------------------------------------------ copies and splits


def of_copies(clips, equal, near):
    """Yield clips that are one sound; `equal` and `near` are those of `copies.groups`."""
    for kind, groups, words in (
        ("same sound", equal, "the same samples"),
        ("copied sound", near, "one sound, at another level, rate or coding"),
    ):
        both, inside, torn = [], [], []
        for group in ([clips[number] for number in numbers] for numbers in groups):
            if len({clip.split for clip in group}) > 1:
                both += group
            else:
                inside += group
            if len({(clip.label, clip.text.casefold()) for clip in group}) > 1:
                torn += group
        fix = "delete them from the training split; the score is too good by them"
        yield from _of(f"{kind} in two splits", both, f"{{n}} in two splits hold {words}", fix)
        fix = "keep one of each, or both sides of a split may get the same clip"
        yield from _of(kind, inside, f"{{n}} hold {words}", fix)
        fix = "listen, and keep the row that is right"
        text = f"{{n}} hold {words}, but differ in label or text"
        yield from _of(f"{kind}, other label", torn, text, fix)


def of_splits(clips):
    """Yield what two splits share, and classes that one of them lacks."""
    splits = [split for split in SPLITS if any(clip.split == split for clip in clips)]
    if len(splits) < 2:
        return
    parts = {split: [clip for clip in clips if clip.split == split] for split in splits}
    train, rest = parts[splits[0]], [clip for split in splits[1:] for clip in parts[split]]
    people = {clip.known.get("speaker") for clip in train} - {None, ""}
    chosen = [clip for clip in rest if clip.known.get("speaker") in people]
    names = _listed(sorted({str(clip.known["speaker"]) for clip in chosen}))
    text = f"{{n}} outside of {splits[0]} of speakers who are in it too: {names}"
    fix = 'data.grouped_split(rows, "speaker") makes splits that share none'
    yield from _of("speakers in two splits", chosen, text, fix)
    texts = {clip.text.casefold() for clip in train if clip.text.count(" ") >= 2}
    chosen = [clip for clip in rest if clip.text.casefold() in texts]
    text = f"{{n}} outside of {splits[0]} with a text that is in it too, {_example(chosen)}"
    fix = "a score on sentences that the model has learned is too good: move them to one split"
    yield from _of("texts in two splits", chosen, text, fix, hurts=False)
    labels = {split: {clip.label for clip in part} - {None} for split, part in parts.items()}
    for split in splits:
        if missing := sorted(set().union(*labels.values()) - labels[split]):
            text = f"{split} has no {', '.join(map(shown, missing))}"
            yield Finding("class missing in a split", text, "divide each class among all splits")
