"""Cells that answer back: explore a spectrogram, guess before the model speaks, take a quiz.

They work in JupyterLab and in Colab, with ipywidgets 7.7 and 8, and fetch nothing from the
network. A cell that nobody touches never holds up "Run all".
"""

import html
import io

import ipywidgets

from course_utils import audio, plotting
from course_utils.course.quiz import Quiz, quiz
from course_utils.listening import PLAIN

__all__ = ["Explorer", "Guess", "Quiz", "Reveal", "explore", "guess", "quiz"]

_VIEW = "application/vnd.jupyter.widget-view+json"
_WINDOWS = (64, 128, 256, 512, 1024, 2048, 4096)
_HOPS = (16, 32, 64, 128, 256, 512, 1024)

_CONTROL = {"style": {"description_width": "10.5em"}, "layout": {"width": "28em"}}


def _status(marked):
    """Return a line below a widget, which a screen reader reads out when it changes."""
    return f'<p {PLAIN} role="status" style="margin:0.4em 0;line-height:1.4">{marked}</p>'


class _Cell:
    """Something that a notebook shows as ipywidgets, and everything else as one line of text."""

    def __init__(self, children):
        # The margin keeps buttons' focus rings inside the output area.
        self._box = ipywidgets.VBox(children, layout={"padding": "4px"})

    def _repr_mimebundle_(self, include=None, exclude=None):
        view = {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}
        return {"text/plain": repr(self), _VIEW: view}


class Explorer(_Cell):
    """A spectrogram with controls; made by `explore`.

    Attributes
    ----------
    window, hop : ipywidgets.SelectionSlider
        Length and step of the window, in samples.
    mel : ipywidgets.Checkbox
        Whether the frequencies are gathered into mel bands.
    bands, dynamic_range : ipywidgets.IntSlider
        How many mel bands, and how many dB below the loudest point are drawn.
    image : ipywidgets.Image
        The picture.
    sentence : str
        What the window and hop resolve, in ms and Hz.
    """

    def __init__(self, samples, sampling_rate, title=None):
        self._samples = audio.to_mono(samples)
        self._sampling_rate = sampling_rate
        self._title = title
        self.window = self._lengths("Window (samples)", _WINDOWS, 1024)
        self.hop = self._lengths("Hop (samples)", _HOPS, 256)
        self.dynamic_range = self._slider("Range (dB)", 80, 20, 120, 5)
        self.mel = ipywidgets.Checkbox(False, description="Mel bands", **_CONTROL)
        self.bands = self._slider("Number of bands", 64, 16, 128, 8)
        self.image = ipywidgets.Image(format="webp", layout={"max_width": "100%"})
        self._note = ipywidgets.HTML()
        left = ipywidgets.VBox([self.window, self.hop, self.dynamic_range])
        right = ipywidgets.VBox([self.mel, self.bands])
        # Beside each other where there is room, otherwise below each other.
        controls = ipywidgets.HBox([left, right], layout={"flex_flow": "row wrap"})
        super().__init__([controls, self.image, self._note])
        for control in (self.window, self.hop, self.dynamic_range, self.mel, self.bands):
            control.observe(self._draw, names="value")
        self._draw()

    def _lengths(self, description, lengths, value):
        lengths = [n for n in lengths if n <= len(self._samples)] or [lengths[0]]
        return ipywidgets.SelectionSlider(
            options=[(str(n), n) for n in lengths],
            value=min(value, lengths[-1]),
            description=description,
            continuous_update=False,
            **_CONTROL,
        )

    @staticmethod
    def _slider(description, value, low, high, step):
        return ipywidgets.IntSlider(
            value, low, high, step, description=description, continuous_update=False, **_CONTROL
        )

    def _draw(self, _=None):
        self.bands.disabled = not self.mel.value
        try:
            self.image.value = self._picture()
            self.image.layout.visibility = "visible"
            self.sentence = self._resolution()
        except ValueError as error:  # a combination that plotting refuses, and says why
            self.image.layout.visibility = "hidden"  # keeps its place, so the page does not jump
            self.sentence = str(error)
        self._note.value = _status(html.escape(self.sentence))

    def _picture(self):
        from matplotlib.figure import Figure

        # Not from pyplot: a notebook would show its figure a second time below the cell.
        figure = Figure(figsize=(9, 3.4), dpi=80, layout="constrained")
        options = {
            "window_length": self.window.value,
            "hop_length": self.hop.value,
            "dynamic_range": self.dynamic_range.value,
            "ax": figure.subplots(),
            "title": self._title,
        }
        if self.mel.value:
            draw, options["n_mels"] = plotting.mel_spectrogram, self.bands.value
        else:
            draw = plotting.spectrogram
        draw(self._samples, self._sampling_rate, **options)
        picture = io.BytesIO()
        # A notebook keeps the picture in its widget state: WebP is a sixth of PNG here.
        figure.savefig(picture, format="webp", pil_kwargs={"quality": 80})
        return picture.getvalue()

    def _resolution(self):
        window, hop, rate = self.window.value, self.hop.value, self._sampling_rate
        sentence = (
            f"Time resolution {1000 * window / rate:.1f} ms (the window), "
            f"with a new frame every {1000 * hop / rate:.1f} ms (the hop). "
            f"Frequency resolution {rate / window:.1f} Hz: "
            f"{window // 2 + 1} bins from 0 to {rate / 2:.0f} Hz"
        )
        if self.mel.value:
            sentence += f", gathered into {self.bands.value} mel bands"
        sentence += "."
        if hop > window:
            sentence += " The hop is longer than the window: what happens between is not seen."
        return sentence

    def __repr__(self):
        return f"Spectrogram explorer (run this cell to use it). {self.sentence}"


class Guess(_Cell):
    """A question to answer before the model does; made by `guess`.

    Attributes
    ----------
    choice : str or None
        What the learner chose, or None as long as nothing was chosen. It is final.
    """

    def __init__(self, choices, question, player):
        choices = [str(choice) for choice in choices]
        if len(set(choices)) < 2 or len(set(choices)) < len(choices):
            raise ValueError(f"choices is {choices}: give at least two, each of them once.")
        self.choice = None
        self._question = question
        self._reveals = []
        self._buttons = [
            ipywidgets.Button(description=choice, layout={"width": "auto", "min_width": "6em"})
            for choice in choices
        ]
        for button in self._buttons:
            button.on_click(self._choose)
        self._note = ipywidgets.HTML(_status("Choose one: your first answer counts."))
        row = ipywidgets.HBox(self._buttons, layout={"flex_flow": "row wrap"})
        shown = [] if player is None else [ipywidgets.HTML(player._repr_html_())]
        heading = ipywidgets.HTML(f"<b {PLAIN}>{html.escape(question)}</b>")
        super().__init__([heading, *shown, row, self._note])

    def reveal(self, truth=None, model=None):
        """Compare the learner's guess with the model's answer and with the truth.

        Nothing is given away before the learner has guessed; after that, what is shown fills in
        by itself.

        Parameters
        ----------
        truth : optional
            The right answer, where somebody knows it.
        model : str or dict, optional
            The model's answer: a text, or one prediction of an audio-classification pipeline
            (``{"label": ..., "score": ...}``).

        Returns
        -------
        Reveal
            Shows itself as the last line of a cell.

        Raises
        ------
        ValueError
            If both `truth` and `model` are missing: there is nothing to compare with.
        """
        if truth is None and model is None:
            raise ValueError("reveal() needs the truth, the model's answer, or both.")
        score = None
        if isinstance(model, dict):
            model, score = model["label"], model["score"]
        shown = Reveal(self, truth, model, score)
        self._reveals.append(shown)
        return shown

    def _choose(self, button):
        if self.choice is not None:
            return
        self.choice = button.description
        for other in self._buttons:
            other.disabled = True
        button.button_style, button.icon = "info", "check"
        chosen = html.escape(self.choice)
        self._note.value = _status(f"Your guess: <b>{chosen}</b>. Now see what the model says.")
        for shown in self._reveals:
            shown.update()

    def __repr__(self):
        choices = ", ".join(button.description for button in self._buttons)
        state = "run this cell to guess" if self.choice is None else f"your guess: {self.choice}"
        return f"{self._question} {choices} ({state})"


class Reveal(_Cell):
    """The comparison that `Guess.reveal` shows.

    Attributes
    ----------
    sentence : str
        What it says now.
    """

    def __init__(self, guess, truth, model, score):
        self._guess, self._truth, self._model, self._score = guess, truth, model, score
        self._note = ipywidgets.HTML()
        super().__init__([self._note])
        self.update()

    def update(self):
        """Say what can be said now."""
        self.sentence = self._compare(str)
        marked = self._compare(lambda answer: f"<b>{html.escape(str(answer))}</b>")
        self._note.value = _status(marked)

    def _compare(self, mark):
        if self._guess.choice is None:
            return "You have not guessed yet: choose an answer above."
        text = f"You said {mark(self._guess.choice)}"
        if self._model is not None:
            text += f", the model says {mark(self._model)}"
        if self._score is not None:
            text += f" ({self._score:.2f})"
        if self._truth is not None:
            text += f", the right answer is {mark(self._truth)}"
        return f"{text}."

    def __repr__(self):
        return self.sentence


def explore(samples, sampling_rate, title=None):
    """Show a spectrogram with controls for window, hop, mel bands and dynamic range.

    Parameters
    ----------
    samples : numpy.ndarray of float, shape (n,) or (channels, n)
        Amplitudes in [-1, 1]; channels are averaged. A few seconds redraw in a blink.
    sampling_rate : int
        In Hz.
    title : str, optional
        Title of the picture.

    Returns
    -------
    Explorer
        Shows itself as the last line of a cell.
    """
    return Explorer(samples, sampling_rate, title)


def guess(choices, question="What do you hear?", player=None):
    """Ask for a guess, once, before the model speaks.

    Parameters
    ----------
    choices : sequence
        The answers, one button each.
    question : str
        Shown above.
    player : course_utils.listening.Player, optional
        What the guess is about, where it is not in the cell before.

    Returns
    -------
    Guess
        Shows itself as the last line of a cell; `Guess.reveal` in a later cell compares.

    Raises
    ------
    ValueError
        If there are fewer than two choices, or one of them twice.

    Examples
    --------
    In one cell::

        first_guess = widgets.guess(["dog", "cat"])
        first_guess

    and after the model has run::

        first_guess.reveal("dog", model=classifier(clip)[0])
    """
    return Guess(choices, question, player)
