"""The widget of `listening.record` and `listening.upload`; it needs anywidget, as in notebooks."""

import contextlib
from pathlib import Path

import numpy as np

from course_utils import audio

with contextlib.suppress(ImportError):
    # On Colab anywidget turns the custom widget manager on by itself, once this is imported.
    import google.colab.output  # noqa: F401

try:
    import anywidget
    import traitlets
except ImportError as error:
    raise ImportError(
        "Recording and uploading need the package anywidget: run `pip install anywidget`, "
        "or put a file beside the notebook and open it with course_utils.audio.load()."
    ) from error

_HERE = Path(__file__).parent
_BYTES_MAX = 8_000_000  # Jupyter's websocket silently refuses messages above 10 MiB
_SILENT_PEAK = 1e-3  # -60 dBFS: below, the microphone is off or muted


class Recorder(anywidget.AnyWidget):
    """A recorder and file chooser; made by `listening.record` and `listening.upload`.

    Attributes
    ----------
    seconds_max : float
        Maximum length of a recording, in seconds.
    microphone : bool
        Whether to offer recording beside the file.
    source : dict or None
        What the learner recorded or uploaded, ``{"bytes": ..., "path": name}``, or None.
    """

    _esm = _HERE / "recorder.js"
    _css = _HERE / "recorder.css"

    seconds_max = traitlets.Float(10.0).tag(sync=True)
    microphone = traitlets.Bool(True).tag(sync=True)
    bytes_max = traitlets.Int(_BYTES_MAX).tag(sync=True)

    def __init__(self, seconds_max=10, microphone=True):
        if seconds_max <= 0:
            raise ValueError(f"seconds_max is {seconds_max}, but a recording needs some time.")
        super().__init__(seconds_max=seconds_max, microphone=microphone)
        self.source = None
        self.on_msg(self._receive)

    def load(self, sampling_rate=None, default=None):
        """Return the recording or the uploaded file, or else the default.

        Parameters
        ----------
        sampling_rate : int, optional
            Resample to this rate, in hertz. By default the file keeps its own.
        default : optional
            A clip ``(samples, sampling_rate)``, or anything that `course_utils.audio.load` takes,
            for "Run all" without a recording; a printed line says that it is used.

        Returns
        -------
        samples : numpy.ndarray of float32, shape (n,)
            Mono.
        sampling_rate : int
            In hertz.

        Raises
        ------
        course_utils.audio.AudioError
            If there is neither a recording nor a default.
        """
        source = self.source
        if source is None:
            act = "Record something" if self.microphone else "Choose a file"
            if default is None:
                raise audio.AudioError(f"{act} above first, then run this cell again.")
            print(f"Using the example clip. {act} above and run this cell again to use your own.")
            source = default
        if isinstance(source, tuple):
            source = dict(zip(("array", "sampling_rate"), source, strict=True))
        return audio.load(source, sampling_rate=sampling_rate)

    def _receive(self, _, content, buffers):
        """Check one message from the browser, keep it if it is audio, and answer."""
        if not buffers:
            return
        source = {"bytes": bytes(buffers[0]), "path": str(content.get("name", "upload"))}
        try:
            samples, sampling_rate = audio.load(source)
        except audio.AudioError as error:
            self.send({"ok": False, "text": str(error)})
            return
        self.source = source
        seconds = len(samples) / sampling_rate
        text = f"Received {source['path']}: {seconds:.1f} s at {sampling_rate} Hz."
        if np.abs(samples).max() < _SILENT_PEAK:
            text += " It is silent: check which microphone the browser uses."
        self.send({"ok": True, "text": text})

    def __repr__(self):
        what = "Recorder" if self.microphone else "Upload"
        if self.source is not None:
            return f"{what}: holds {self.source['path']}"
        return f"{what}: run this cell in Jupyter or Colab to use it"
