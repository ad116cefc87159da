"""What a turn is, one stretch of speech of one speaker, and which pauses end it."""

import math
from collections.abc import Mapping
from numbers import Real


def checked(turns, name, texts=False):
    """Return turns by start, as new dicts with plain floats, or raise ValueError.

    Parameters
    ----------
    turns : iterable of dict
        ``{"speaker": str, "start": float, "end": float}``, in seconds; other keys are dropped.
    name : str
        What to call them in a message.
    texts : bool, default False
        Whether each turn must have a ``text``, which it keeps.

    Returns
    -------
    list of dict
    """
    if isinstance(turns, (str, Mapping)) or not hasattr(turns, "__iter__"):
        raise ValueError(
            f"{name} is {type(turns).__name__}, not a list of turns; of what rttm.load returns, "
            "pick one recording by its name."
        )
    plain = [_turn(turn, f"{name}[{place}]", texts) for place, turn in enumerate(turns)]
    return sorted(plain, key=lambda turn: (turn["start"], turn["end"], turn["speaker"]))


def joined(stretches, pause):
    """Join stretches that are no more than a pause apart.

    Parameters
    ----------
    stretches : iterable of (float, float)
        Start and end in seconds, by start.
    pause : float
        In seconds.

    Returns
    -------
    list of (float, float)
    """
    whole = []
    for start, end in stretches:
        if whole and start - whole[-1][1] <= pause:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((float(start), float(end)))
    return whole


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
    plain = {"speaker": speaker, "start": float(start), "end": float(end)}
    if texts:
        if not isinstance(turn.get("text"), str):
            raise ValueError(f"{name} has the text {turn.get('text')!r}: what is said is a str.")
        plain["text"] = turn["text"]
    return plain
