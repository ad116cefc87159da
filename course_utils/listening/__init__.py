"""Hear it: players that live inside the notebook, and the learner's own voice or file.

`play`, `grid` and `transcript` embed MP3 in the page, so an executed notebook still plays without
its data.
`record` and `upload` bring audio the other way, from the learner's browser to the kernel.
"""

import base64
import html
from dataclasses import dataclass

import numpy as np

from course_utils import audio, errors
from course_utils.formats import speaker_turns

PLAIN = 'class="tex2jax_ignore mathjax_ignore"'
"""Attribute of HTML in which dollar signs stay dollar signs: notebooks set formulas elsewhere."""
# A half-transparent grey line is visible on a light and on a dark page alike.
_CARD = (
    "box-sizing:border-box;margin:0;padding:0.5em 0.7em;min-width:0;"
    "border:1px solid rgba(128,128,128,0.4);border-radius:6px"
)
_TITLE = "margin:0 0 0.35em;font-weight:600;overflow-wrap:anywhere"
_LINE = (
    "display:block;width:100%;margin:0.3em 0 0;padding:0.3em 0.6em;text-align:left;font:inherit;"
    "color:inherit;background:none;border:0;cursor:pointer;overflow-wrap:anywhere"
)
# Handlers in the tags work in Jupyter, on Colab and in a saved page; scripts do not everywhere.
_SEEK = (
    "const a=this.closest('figure').querySelector('audio');a.currentTime=this.dataset.start;"
    "a.dataset.end=this.dataset.end;a.play()"
)
_STOP = "if(this.currentTime>=this.dataset.end){this.pause();delete this.dataset.end}"
_CAPTION = "margin:0.35em 0 0;opacity:0.85;overflow-wrap:anywhere"


@dataclass(frozen=True)
class Player:
    """One player or a grid of them, as HTML for a notebook and as text for everything else.

    Attributes
    ----------
    html : str
        Self-contained HTML: the audio is inside, text from outside is escaped.
    text : str
        One line that says what would be heard.
    """

    html: str
    text: str

    def _repr_html_(self):
        return self.html

    def __repr__(self):
        return self.text

    def save(self, path):
        """Write it as a page of its own, which any browser opens without network.

        Parameters
        ----------
        path : path-like
            An ``.html`` file.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        title = html.escape(self.text.splitlines()[0])
        head = f"<!doctype html><meta charset='utf-8'><title>{title}</title>"
        errors.write(path, f"{head}{self.html}\n")


def play(samples, sampling_rate, title=None, caption=None, normalize=False):
    """Make a player for a clip.

    Unlike ``IPython.display.Audio``, which scales every clip to full volume, this plays what is
    there: a quiet clip stays quiet, so loudness can be compared by ear. The clip is embedded as
    a small mono MP3 (about 4 kB a second), meant for listening and not for measuring.

    Parameters
    ----------
    samples : array_like of float, shape (n,) or (channels, n)
        Amplitudes in [-1, 1]; a clip that goes beyond is scaled down, with a warning. Channels
        are averaged.
    sampling_rate : int
        Samples per second, in Hz.
    title : str, optional
        Shown above the player.
    caption : str, optional
        Shown below it: the transcript, or a description for those who cannot hear the clip.
    normalize : bool
        Scale the clip to a peak of 1 first.

    Returns
    -------
    Player
        Shows itself as the last line of a cell, or with ``IPython.display.display``.

    Raises
    ------
    course_utils.audio.AudioError
        If the clip is empty, or not finite, or not a clip.

    Examples
    --------
    >>> import numpy as np
    >>> play(0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000), 16_000, "A4")
    A4: 1.00 s of audio at 16000 Hz (open the notebook in Jupyter or Colab to listen)
    """
    title = None if title is None else str(title)
    seconds, source = _embed(samples, sampling_rate, normalize)
    name = title or f"Audio clip of {seconds:.1f} seconds"
    text = (
        f"{title or 'Player'}: {seconds:.2f} s of audio at {sampling_rate} Hz "
        "(open the notebook in Jupyter or Colab to listen)"
    )
    parts = [f'<figure {PLAIN} style="{_CARD};max-width:30em">']
    if title:
        parts.append(f'<figcaption style="{_TITLE}">{html.escape(title)}</figcaption>')
    parts.append(
        f'<audio controls aria-label="{html.escape(name)}" src="{source}" '
        'style="display:block;width:100%;height:2.5em">'
        f"{html.escape(name)}</audio>"
    )
    if caption:
        parts.append(f'<p style="{_CAPTION}">{html.escape(str(caption))}</p>')
    return Player("".join([*parts, "</figure>"]), text)


def grid(clips, titles=None, captions=None, columns=4, normalize=False):
    """Lay out several players side by side, each with its title.

    Parameters
    ----------
    clips : sequence of (samples, sampling_rate)
        What `course_utils.audio.load` returns, once for each player.
    titles, captions : sequence of str, optional
        One for each clip, as in `play`.
    columns : int
        Players in a row where the page is wide enough; fewer on a narrow one.
    normalize : bool
        Scale each clip to a peak of 1, which hides how loud one is beside another.

    Returns
    -------
    Player
        All players together.

    Raises
    ------
    ValueError
        If there is no clip, if titles or captions are not one for each clip, or if
        `columns` < 1.
    course_utils.audio.AudioError
        If a clip cannot be played.

    Examples
    --------
    >>> import numpy as np
    >>> tones = [(np.sin(np.arange(8_000) * step), 16_000) for step in (0.1, 0.2)]
    >>> grid(tones, titles=["low", "high"])
    2 players: low, high (open the notebook in Jupyter or Colab to listen)
    """
    clips = list(clips)
    if not clips:
        raise ValueError("grid() was given no clips: pass a list of (samples, sampling_rate).")
    if columns < 1:
        raise ValueError(f"columns is {columns}, but a grid needs at least 1.")
    titles = _one_each("titles", titles, [f"Clip {n}" for n in range(1, len(clips) + 1)])
    captions = _one_each("captions", captions, [None] * len(clips))
    players = [
        play(samples, sampling_rate, title, caption, normalize)
        for (samples, sampling_rate), title, caption in zip(clips, titles, captions, strict=True)
    ]
    # At most `columns` in a row, and never narrower than a usable player.
    width = f"max(12em,calc((100% - {columns - 1} * 0.6em) / {columns}))"
    cells = "".join(f'<div role="listitem">{player.html}</div>' for player in players)
    return Player(
        '<div role="list" style="display:grid;gap:0.6em;align-items:start;'
        f'grid-template-columns:repeat(auto-fit,minmax({width},1fr))">{cells}</div>',
        f"{len(players)} players: {', '.join(map(str, titles))} "
        "(open the notebook in Jupyter or Colab to listen)",
    )


def transcript(samples, sampling_rate, utterances, title=None):
    """Make a player with what is said below it; a click on an utterance plays that stretch.

    Parameters
    ----------
    samples : array_like of float, shape (n,) or (channels, n)
        The whole recording, as for :func:`play`.
    sampling_rate : int
        Samples per second, in Hz.
    utterances : list of dict
        ``{"speaker": str, "start": float, "end": float, "text": str}``, in seconds.
    title : str, optional
        Shown above.

    Returns
    -------
    Player
        Its ``save`` writes the page into a file.

    Raises
    ------
    ValueError
        If something is no utterance.
    course_utils.audio.AudioError
        If the recording is empty, or not finite, or not a clip.
    """
    from course_utils.plotting.style import COLOURS

    utterances = speaker_turns.checked(utterances, "utterances", texts=True)
    title = "Transcript" if title is None else str(title)
    seconds, source = _embed(samples, sampling_rate, normalize=False)
    speakers = list(dict.fromkeys(row["speaker"] for row in utterances))
    rows = []
    for row in utterances:
        colour = COLOURS[speakers.index(row["speaker"]) % len(COLOURS)]
        minutes, rest = divmod(int(row["start"]), 60)
        rows.append(
            f'<button style="{_LINE};border-left:4px solid {colour}" onclick="{_SEEK}" '
            f'data-start="{row["start"]:.3f}" data-end="{row["end"]:.3f}">'
            f"<b>{html.escape(row['speaker'])}</b> <small>{minutes}:{rest:02d}</small> "
            f"{html.escape(row['text'])}</button>"
        )
    page = (
        f'<figure {PLAIN} style="{_CARD};max-width:50em">'
        f'<figcaption style="{_TITLE}">{html.escape(title)}</figcaption>'
        f'<audio controls aria-label="{html.escape(title)}" src="{source}" '
        f'style="display:block;width:100%;height:2.5em" ontimeupdate="{_STOP}"></audio>'
        f"{''.join(rows)}</figure>"
    )
    lines = [f"{row['start']:7.2f} s  {row['speaker']}: {row['text']}" for row in utterances]
    return Player(page, "\n".join([f"{title} ({seconds:.1f} s)", *lines]))


def record(seconds_max=10):
    """Show a recorder: the learner's browser records, the kernel gets 16 kHz mono audio.

    Works in JupyterLab and in Colab, where the kernel itself has no microphone. A file can be
    given instead in the same widget, so nobody is left out where the microphone is missing or
    refused. The recording goes to the kernel only: it is not saved in the notebook.

    Parameters
    ----------
    seconds_max : float
        The recording stops by itself after this many seconds.

    Returns
    -------
    course_utils.listening.recorder.Recorder
        Ask it for the audio in the **next** cell, with ``load``.

    Examples
    --------
    In one cell::

        recorder = listening.record(seconds_max=5)
        recorder

    and in the next, which also works when nothing was recorded::

        samples, sampling_rate = recorder.load(16_000, default=(example, 16_000))
    """
    from course_utils.listening.recorder import Recorder

    return Recorder(seconds_max=seconds_max)


def upload():
    """Show a button that takes an audio file from the learner's computer.

    The same widget as `record`, without the microphone.

    Returns
    -------
    course_utils.listening.recorder.Recorder
        Ask it for the audio in the next cell, with ``load``.
    """
    from course_utils.listening.recorder import Recorder

    return Recorder(microphone=False)


def _embed(samples, sampling_rate, normalize):
    """Return the length in seconds and a ``data:`` address with the clip as MP3."""
    samples = audio.to_mono(np.asarray(samples, dtype=np.float32))
    peak = np.abs(samples).max()
    if normalize and peak > 0:
        samples = samples / peak
    mp3 = audio.encode(samples, sampling_rate, format="mp3")
    address = f"data:audio/mpeg;base64,{base64.b64encode(mp3).decode('ascii')}"
    return len(samples) / sampling_rate, address


def _one_each(name, given, default):
    """Return what was given as a list, or the default; both have one item for each clip."""
    if given is None:
        return default
    given = list(given)
    if len(given) != len(default):
        raise ValueError(f"There are {len(default)} clips but {len(given)} {name}: give one each.")
    return given
