"""Players for clips and transcripts inside the notebook, and the learner's own voice or file.

`play`, `grid` and `transcript` embed MP3 in the page, so an executed notebook still plays without
its data. `record` and `upload` bring audio from the learner's browser to the kernel.
"""

import base64
import html
from dataclasses import dataclass

import numpy as np

from course_utils import audio, errors
from course_utils.formats import speaker_turns

PLAIN = 'class="tex2jax_ignore mathjax_ignore"'
"""HTML attribute that keeps dollar signs as they are; notebooks set formulas elsewhere."""
# A half-transparent grey line is visible on a light and on a dark page alike.
_CARD = (
    "box-sizing:border-box;margin:0;padding:0.5em 0.7em;min-width:0;"
    "border:1px solid rgba(128,128,128,0.4);border-radius:6px"
)
_TITLE = "margin:0 0 0.35em;font-weight:600;overflow-wrap:anywhere"
_AUDIO = "display:block;width:100%;height:2.5em"
_CAPTION = "margin:0.35em 0 0;opacity:0.85;overflow-wrap:anywhere"
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
_HINT = "(open the notebook in Jupyter or Colab to listen)"


@dataclass(frozen=True)
class Player:
    """One player or a grid of them: HTML with the audio inside, and text for a terminal."""

    html: str
    text: str

    def _repr_html_(self):
        return self.html

    def __repr__(self):
        return self.text

    def save(self, path):
        """Write a page that any browser opens without network, or raise an ``OSError``."""
        title = html.escape(self.text.splitlines()[0])
        head = f"<!doctype html><meta charset='utf-8'><title>{title}</title>"
        errors.write(path, f"{head}{self.html}\n")


def play(samples, sampling_rate, title=None, caption=None, normalize=False):
    """Return a player for a clip.

    Unlike ``IPython.display.Audio``, which scales every clip to full volume, this plays the clip as
    it is: a quiet clip stays quiet, so loudness can be compared by ear. The clip is embedded as
    a small mono MP3 (about 4 kB a second), meant for listening and not for measuring.

    Parameters
    ----------
    samples : array_like of float, shape (n,) or (channels, n)
        Amplitudes in [-1, 1]; a clip that goes beyond is scaled down, with a warning. Channels
        are averaged.
    sampling_rate : int
        In hertz.
    title : str, optional
        Shown above the player.
    caption : str, optional
        Shown below it: the transcript, or a description for those who cannot hear the clip.
    normalize : bool, default False
        Scale the clip to a peak of 1 first.

    Returns
    -------
    Player
        Shows itself as the last line of a cell, or with ``IPython.display.display``.

    Examples
    --------
    >>> import numpy as np
    >>> play(0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000), 16_000, "A4")
    A4: 1.00 s of audio at 16000 Hz (open the notebook in Jupyter or Colab to listen)
    """
    title = None if title is None else str(title)
    seconds, source = _embedded(samples, sampling_rate, normalize)
    below = f'<p dir="auto" style="{_CAPTION}">{html.escape(str(caption))}</p>' if caption else ""
    label = title or f"Audio clip of {seconds:.1f} seconds"
    page = _figure(title, label, source, below, width="30em")
    text = f"{title or 'Player'}: {seconds:.2f} s of audio at {sampling_rate} Hz"
    return Player(page, f"{text} {_HINT}")


def grid(clips, titles=None, captions=None, columns=4, normalize=False):
    """Return several players side by side, each with its title.

    Parameters
    ----------
    clips : sequence of (samples, sampling_rate)
        As `course_utils.audio.load` returns them, one for each player.
    titles, captions : sequence of str, optional
        One for each clip, as in `play`.
    columns : int, default 4
        Maximum number of players in a row; fewer on a narrow page.
    normalize : bool, default False
        Scale each clip to a peak of 1, which hides differences in loudness.

    Raises
    ------
    ValueError
        If there is no clip, not one title or caption for each clip, or `columns` < 1.

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
    titles = [f"Clip {n + 1}" for n in range(len(clips))] if titles is None else list(titles)
    captions = [None] * len(clips) if captions is None else list(captions)
    for name, given in (("titles", titles), ("captions", captions)):
        if len(given) != len(clips):
            counts = f"{len(clips)} clips but {len(given)} {name}"
            raise ValueError(f"There are {counts}: give one each.")
    players = [
        play(*clip, title, caption, normalize)
        for clip, title, caption in zip(clips, titles, captions, strict=True)
    ]
    # At most `columns` in a row, and never narrower than a usable player.
    width = f"max(12em,calc((100% - {columns - 1} * 0.6em) / {columns}))"
    cells = "".join(f'<div role="listitem">{player.html}</div>' for player in players)
    return Player(
        '<div role="list" style="display:grid;gap:0.6em;align-items:start;'
        f'grid-template-columns:repeat(auto-fit,minmax({width},1fr))">{cells}</div>',
        f"{len(players)} players: {', '.join(map(str, titles))} {_HINT}",
    )


def transcript(samples, sampling_rate, utterances, title="Transcript"):
    """Return a player with the utterances below it; a click on an utterance plays it.

    Parameters
    ----------
    samples : array_like of float, shape (n,) or (channels, n)
        The whole recording, as for :func:`play`.
    sampling_rate : int
        In hertz.
    utterances : list of dict
        ``{"speaker": str, "start": float, "end": float, "text": str}``, in seconds.
    title : str, default "Transcript"
        Shown above.

    Raises
    ------
    ValueError
        If an utterance lacks a key or has an impossible value.
    """
    from course_utils.plotting.style import COLOURS

    utterances = speaker_turns.checked(utterances, "utterances", texts=True)
    title = "Transcript" if title is None else str(title)
    seconds, source = _embedded(samples, sampling_rate, normalize=False)
    speakers = list(dict.fromkeys(row["speaker"] for row in utterances))
    rows = []
    for row in utterances:
        colour = COLOURS[speakers.index(row["speaker"]) % len(COLOURS)]
        minutes, rest = divmod(int(row["start"]), 60)
        rows.append(
            f'<button style="{_LINE};border-left:4px solid {colour}" onclick="{_SEEK}" '
            f'data-start="{row["start"]:.3f}" data-end="{row["end"]:.3f}">'
            f'<b dir="auto">{html.escape(row["speaker"])}</b> <small>{minutes}:{rest:02d}</small> '
            f'<span dir="auto">{html.escape(row["text"])}</span></button>'
        )
    page = _figure(title, title, source, "".join(rows), "50em", f' ontimeupdate="{_STOP}"')
    lines = [f"{row['start']:7.2f} s  {row['speaker']}: {row['text']}" for row in utterances]
    return Player(page, "\n".join([f"{title} ({seconds:.1f} s)", *lines]))


def record(seconds_max=10):
    """Return a recorder: the learner's browser records, the kernel gets 16 kHz mono audio.

    Works in JupyterLab and in Colab, where the kernel itself has no microphone. The same widget
    takes a file, for learners without a microphone or who refuse its use. The recording goes to the
    kernel only: it is not saved in the notebook.

    Parameters
    ----------
    seconds_max : float, default 10
        Maximum length of the recording, in seconds.

    Returns
    -------
    course_utils.listening.recorder.Recorder
        Its ``load`` returns the audio, in the **next** cell.

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
    """Return the widget of `record` without the microphone, to upload an audio file."""
    from course_utils.listening.recorder import Recorder

    return Recorder(microphone=False)


def _embedded(samples, sampling_rate, normalize):
    """Return the length in seconds and a ``data:`` URL with the clip as MP3."""
    samples = audio.to_mono(np.asarray(samples, dtype=np.float32))
    peak = np.abs(samples).max()
    if normalize and peak > 0:
        samples = samples / peak
    mp3 = audio.encode(samples, sampling_rate, format="mp3")
    url = f"data:audio/mpeg;base64,{base64.b64encode(mp3).decode('ascii')}"
    return len(samples) / sampling_rate, url


def _figure(title, label, source, below, width, handlers=""):
    """Return the HTML of a player with a title above it and `below` (HTML) below it."""
    above = ""
    if title:
        above = f'<figcaption dir="auto" style="{_TITLE}">{html.escape(title)}</figcaption>'
    label = html.escape(label)
    return (
        f'<figure {PLAIN} style="{_CARD};max-width:{width}">{above}<audio controls '
        f'aria-label="{label}" src="{source}" style="{_AUDIO}"{handlers}>{label}</audio>'
        f"{below}</figure>"
    )
