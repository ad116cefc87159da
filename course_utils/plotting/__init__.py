"""Figures of sound, speakers, transcripts and scores, with axes in seconds and hertz.

Functions take the data first, then options, ``ax`` and ``title``; they draw on ``ax``, or on a new
figure, and return the axes: ``ax = plotting.waveform(samples, sampling_rate, title="A dog")``.
Arguments that cannot be drawn raise ``ValueError``; the message says what to change.
Frames are centred: column ``k`` of a spectrogram lies around sample ``k * hop_length``.
Colours can be told apart without colour vision.
"""

from course_utils.plotting.diarization import embedding_map, similarity_matrix, turns
from course_utils.plotting.grid import side_by_side
from course_utils.plotting.scores import confusion_matrix, journey, probabilities, training_curves
from course_utils.plotting.sound import features, mel_spectrogram, spectrogram, spectrum, waveform
from course_utils.plotting.synthesis import phonemes
from course_utils.plotting.transcription import alignment, ctc_posteriors, error_strip

__all__ = ["confusion_matrix", "journey", "probabilities", "side_by_side", "training_curves"]
__all__ += ["features", "mel_spectrogram", "spectrogram", "spectrum", "waveform"]
__all__ += ["alignment", "ctc_posteriors", "error_strip", "phonemes"]
__all__ += ["embedding_map", "similarity_matrix", "turns"]

_RENAMED = {"voices": "similarity_matrix", "voice_map": "embedding_map"}


def __getattr__(name):
    """Say what a function of an earlier version is called now."""
    if name in _RENAMED:
        raise AttributeError(f"plotting.{name} is now called plotting.{_RENAMED[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
