"""Speaker turns as plain dicts: checking them, and merging what short pauses separate."""

import math
from collections.abc import Mapping
from numbers import Real


def checked(turns, name, texts=False):
    """Return turns sorted by start, as new dicts with plain floats, or raise ValueError.

    A turn is ``{"speaker": str, "start": float, "end": float}``, in seconds. With `texts`, it must
    have a ``text`` too; other keys are dropped. `name` is that of the argument, for messages.
    """
    if isinstance(turns, (str, Mapping)) or not hasattr(turns, "__iter__"):
        raise ValueError(
            f"{name} is {type(turns).__name__}, not a list of turns; from what rttm.load returns, "
            "pick one recording by its name."
        )
    plain = [_turn(turn, f"{name}[{index}]", texts) for index, turn in enumerate(turns)]
    return sorted(plain, key=lambda turn: (turn["start"], turn["end"], turn["speaker"]))


def beyond(turns, seconds):
    """Return what is wrong if turns end more than 1 s after a recording of `seconds`, or None."""
    end = max((turn["end"] for turn in turns), default=0.0)
    if end <= seconds + 1:
        return None
    return (
        f"its turns end at {end:g} s, but the recording lasts {seconds:.1f} s; give times in "
        "seconds, not in milliseconds or samples, and of this recording"
    )


def joined(spans, pause):
    """Return spans as a list of (float, float), merged where the gap is at most ``pause``.

    Spans are (start, end), sorted by start; all times are in seconds.
    """
    merged = []
    for start, end in spans:
        if merged and start - merged[-1][1] <= pause:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((float(start), float(end)))
    return merged


def _turn(turn, name, texts):
    if not isinstance(turn, Mapping) or not {"speaker", "start", "end"} <= turn.keys():
        raise ValueError(f'{name} is no turn, {{"speaker": str, "start": float, "end": float}}.')
    speaker, start, end = turn["speaker"], turn["start"], turn["end"]
    if not isinstance(speaker, str) or not speaker:
        raise ValueError(f"{name} has the speaker {speaker!r}: name speakers with a str.")
    for key, time in (("start", start), ("end", end)):
        if not isinstance(time, Real) or not math.isfinite(time):
            raise ValueError(f"{name} has the {key} {time!r}: times are numbers, in seconds.")
    if not 0 <= start < end:
        raise ValueError(
            f"{name} runs from {start} s to {end} s: a turn starts at 0 s or later and ends after "
            "its start."
        )
    if texts and not isinstance(turn.get("text"), str):
        raise ValueError(f"{name} has the text {turn.get('text')!r}: a transcript is a str.")
    plain = {"speaker": speaker, "start": float(start), "end": float(end)}
    return plain | {"text": turn["text"]} if texts else plain
