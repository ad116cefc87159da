"""Pictures of sound, of speakers and of scores: data first, ``ax=None``, axes in seconds and hertz.

Every function draws on the axes that it is given, or on a new figure, and returns the axes.
Frames are centred: frame ``k`` is the window around sample ``k * hop_length``, and its column is
drawn around that moment, for every window and hop. Colour maps are readable without colour vision.
"""

from .diarization import turns, voice_map, voices
from .grid import side_by_side
from .journey import journey
from .scores import confusion_matrix, probabilities, training_curves
from .sound import features, mel_spectrogram, spectrogram, spectrum, waveform
from .synthesis import phonemes
from .transcription import alignment, ctc_posteriors, error_strip

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
