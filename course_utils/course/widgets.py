"""Cells that answer back: explore a spectrogram, guess before the model answers, take a quiz.

They work in JupyterLab and on Colab, with ipywidgets 7.7 and 8, and need no network. A cell that
nobody touches does not stop "Run all".
"""

import html
import io

import ipywidgets

from course_utils import audio, plotting
from course_utils.course.quiz import quiz
from course_utils.listening import PLAIN

__all__ = ["explore", "guess", "quiz"]

_VIEW = "application/vnd.jupyter.widget-view+json"
_WINDOWS = (64, 128, 256, 512, 1024, 2048, 4096)
_HOPS = (16, 32, 64, 128, 256, 512, 1024)
_CONTROL = {"style": {"description_width": "10.5em"}, "layout": {"width": "28em"}}
_SLIDER = _CONTROL | {"continuous_update": False}
_WRAPPED = {"flex_flow": "row wrap"}


def _status(marked):
    """Return HTML for a line below a widget; screen readers read it out when it changes."""
    return f'<p {PLAIN} role="status" style="margin:0.4em 0;line-height:1.4">{marked}</p>'


class _Cell:
    """Something that a notebook shows as ipywidgets, and all else as one line of text."""

    def __init__(self, children):
        # The margin keeps buttons' focus rings inside the output area.
        self._box = ipywidgets.VBox(children, layout={"padding": "4px"})

    def _repr_mimebundle_(self, include=None, exclude=None):
        view = {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}
        return {"text/plain": repr(self), _VIEW: view}


class Explorer(_Cell):
    """A spectrogram with controls for window, hop, mel bands and dynamic range.

    It shows itself as the last line of a cell. ``sentence`` states the resolution in time and
    frequency, in ms and Hz.

    Parameters
    ----------
    samples : numpy.ndarray of float, shape (n,) or (channels, n)
        Amplitudes in [-1, 1]; channels are averaged. Clips of a few seconds redraw at once.
    sampling_rate : int
        In Hz.
    title : str, optional
        Title of the picture.
    """

    def __init__(self, samples, sampling_rate, title=None):
        self._samples, self._sampling_rate = audio.to_mono(samples), sampling_rate
        self._title = title
        self.window = self._lengths("Window (samples)", _WINDOWS, 1024)
        self.hop = self._lengths("Hop (samples)", _HOPS, 256)
        self.dynamic_range = self._slider("Range (dB)", 80, 20, 120, 5)
        self.mel = ipywidgets.Checkbox(False, description="Mel bands", **_CONTROL)
        self.bands = self._slider("Number of bands", 64, 16, 128, 8)
        self.image = ipywidgets.Image(format="webp", layout={"max_width": "100%"})
        self._note = ipywidgets.HTML()
        left, right = (self.window, self.hop, self.dynamic_range), (self.mel, self.bands)
        controls = ipywidgets.HBox([*map(ipywidgets.VBox, (left, right))], layout=_WRAPPED)
        super().__init__([controls, self.image, self._note])
        for control in (*left, *right):
            control.observe(self._draw, names="value")
        self._draw()

    def _lengths(self, description, lengths, value):
        lengths = [n for n in lengths if n <= len(self._samples)] or [lengths[0]]
        return ipywidgets.SelectionSlider(
            options=[(str(n), n) for n in lengths],
            value=min(value, lengths[-1]),
            description=description,
            **_SLIDER,
        )

    @staticmethod
    def _slider(description, value, low, high, step):
        return ipywidgets.IntSlider(value, low, high, step, description=description, **_SLIDER)

    def _draw(self, _=None):
        self.bands.disabled = not self.mel.value
        try:
            self.image.value = self._picture()
            self.image.layout.visibility = "visible"
            self.sentence = self._resolution()
        except ValueError as error:  # plotting refuses this combination
            self.image.layout.visibility = "hidden"  # keeps its height, so the page does not jump
            self.sentence = str(error)
        self._note.value = _status(html.escape(self.sentence))

    def _picture(self):
        from matplotlib.figure import Figure

        # Not a figure of pyplot: a notebook would show it a second time below the cell.
        figure = Figure(figsize=(9, 3.4), dpi=80, layout="constrained")
        options = {"ax": figure.subplots(), "title": self._title}
        options |= {"window_length": self.window.value, "hop_length": self.hop.value}
        options |= {"dynamic_range": self.dynamic_range.value}
        if self.mel.value:
            options["n_mels"] = self.bands.value
        draw = plotting.mel_spectrogram if self.mel.value else plotting.spectrogram
        draw(self._samples, self._sampling_rate, **options)
        picture = io.BytesIO()
        # A notebook stores the picture in its widget state, and WebP is a sixth of PNG here.
        figure.savefig(picture, format="webp", pil_kwargs={"quality": 80})
        return picture.getvalue()

    def _resolution(self):
        window, hop, rate = self.window.value, self.hop.value, self._sampling_rate
        bands = f", gathered into {self.bands.value} mel bands" if self.mel.value else ""
        gaps = " The hop is longer than the window: some samples are in no frame."
        return (
            f"Time resolution {1000 * window / rate:.1f} ms (the window), "
            f"with a new frame every {1000 * hop / rate:.1f} ms (the hop). "
            f"Bin spacing {rate / window:.1f} Hz: "
            f"{window // 2 + 1} bins from 0 to {rate / 2:.0f} Hz{bands}."
            f"{gaps if hop > window else ''}"
        )

    def __repr__(self):
        return f"Spectrogram explorer (run this cell to use it). {self.sentence}"


class Guess(_Cell):
    """A question to answer, once, before the model does; the last line of a cell shows it.

    ``choice`` is the learner's answer, or None before there is one; `reveal` compares it.

    Parameters
    ----------
    choices : sequence
        The answers, at least two, one button each.
    question : str
        Shown above the buttons.
    player : course_utils.listening.Player, optional
        Sound to guess about, where the cell before does not show it.
    """

    def __init__(self, choices, question="What do you hear?", player=None):
        choices = [str(choice) for choice in choices]
        if len(set(choices)) < 2 or len(set(choices)) < len(choices):
            raise ValueError(f"choices is {choices}: give at least two, each of them once.")
        self.choice, self._question, self._reveals = None, question, []
        self._buttons = [
            ipywidgets.Button(description=choice, layout={"width": "auto", "min_width": "6em"})
            for choice in choices
        ]
        for button in self._buttons:
            button.on_click(self._choose)
        self._note = ipywidgets.HTML(_status("Choose one: your first answer counts."))
        row = ipywidgets.HBox(self._buttons, layout=_WRAPPED)
        shown = [] if player is None else [ipywidgets.HTML(player._repr_html_())]
        heading = ipywidgets.HTML(f"<b {PLAIN}>{html.escape(question)}</b>")
        super().__init__([heading, *shown, row, self._note])

    def reveal(self, truth=None, model=None):
        """Return a :class:`Reveal`, which compares the guess with one or both of these answers.

        Parameters
        ----------
        truth : optional
            The right answer, where it is known.
        model : str or dict, optional
            The model's answer: a text, or one prediction of an audio-classification pipeline
            (``{"label": ..., "score": ...}``).
        """
        if truth is None and model is None:
            raise ValueError("reveal() needs the truth, the model's answer, or both.")
        self._reveals.append(Reveal(self, truth, model))
        return self._reveals[-1]

    def _choose(self, button):
        if self.choice is not None:
            return
        self.choice = button.description
        for other in self._buttons:
            other.disabled = True
        button.button_style, button.icon = "info", "check"
        chosen = html.escape(self.choice)
        self._note.value = _status(f"Your guess: <b>{chosen}</b>. Now read on.")
        for shown in self._reveals:
            shown.update()

    def __repr__(self):
        choices = ", ".join(button.description for button in self._buttons)
        state = "run this cell to guess" if self.choice is None else f"your guess: {self.choice}"
        return f"{self._question} {choices} ({state})"


class Reveal(_Cell):
    """The comparison that `Guess.reveal` shows and each guess updates; ``sentence`` is its text."""

    def __init__(self, guess, truth, model):
        self._guess, self._truth, self._model, self._score = guess, truth, model, ""
        if isinstance(model, dict):
            self._model, self._score = model["label"], f" ({model['score']:.2f})"
        self._note = ipywidgets.HTML()
        super().__init__([self._note])
        self.update()

    def update(self):
        """Show the comparison if there is a guess by now."""
        self.sentence = self._compare(str)
        self._note.value = _status(self._compare(lambda text: f"<b>{html.escape(str(text))}</b>"))

    def _compare(self, mark):
        if self._guess.choice is None:
            return "You have not guessed yet: choose an answer above."
        text = f"You said {mark(self._guess.choice)}"
        if self._model is not None:
            text += f", the model says {mark(self._model)}{self._score}"
        if self._truth is not None:
            text += f", the right answer is {mark(self._truth)}"
        return f"{text}."

    def __repr__(self):
        return self.sentence


explore, guess = Explorer, Guess
