"""Figures of sound, speakers, transcripts and scores, with axes in seconds and hertz.

Functions take the data first, then options, ``ax`` and ``title``; they draw on ``ax``, or on a new
figure, and return the axes: ``ax = plotting.waveform(samples, sampling_rate, title="A dog")``.
Frames are centred: column ``k`` of a spectrogram lies around sample ``k * hop_length``.
Colours can be told apart without colour vision.
"""

from course_utils.plotting.diarization import turns, voice_map, voices
from course_utils.plotting.grid import side_by_side
from course_utils.plotting.scores import confusion_matrix, journey, probabilities, training_curves
from course_utils.plotting.sound import features, mel_spectrogram, spectrogram, spectrum, waveform
from course_utils.plotting.synthesis import phonemes
from course_utils.plotting.transcription import alignment, ctc_posteriors, error_strip

__all__ = [
    "alignment",
    "confusion_matrix",
    "ctc_posteriors",
    "error_strip",
    "features",
    "journey",
    "mel_spectrogram",
    "phonemes",
    "probabilities",
    "side_by_side",
    "spectrogram",
    "spectrum",
    "training_curves",
    "turns",
    "voice_map",
    "voices",
    "waveform",
]
