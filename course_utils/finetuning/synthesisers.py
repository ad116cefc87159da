"""What differs between the synthesisers that can be trained: FastSpeech2Conformer and SpeechT5."""

import inspect


def takes_durations(model):
    """Return True if a synthesiser is trained with the duration of each token.

    FastSpeech2Conformer is, and with pitch and energy; SpeechT5 learns the alignment by attention.
    """
    return "duration_labels" in inspect.signature(model.forward).parameters


def reading_parts(model):
    """Return the modules that read the text and time it, which a few clips make worse.

    They are the encoder and, of a model with durations, the duration predictor and the projection
    that makes its input.
    """
    if not takes_durations(model):
        return [model.get_encoder()]
    return [model.encoder, model.projection, model.duration_predictor]
