"""Pictures of sound, of speakers and of scores: data first, ``ax=None``, axes in seconds and hertz.

Every function draws on the axes that it is given, or on a new figure, and returns the axes.
Frames are centred: frame ``k`` is the window around sample ``k * hop_length``, and its column is
drawn around that moment, for every window and hop. Colour maps are readable without colour vision.
"""

from course_utils.plotting.diarization import turns, voice_map, voices
from course_utils.plotting.grid import side_by_side
from course_utils.plotting.journey import journey
from course_utils.plotting.scores import confusion_matrix, probabilities, training_curves
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
