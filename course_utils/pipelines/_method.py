"""What the ways to diarize have in common."""

THRESHOLD = 0.5
"""Cosine from which on two vectors are one speaker's, where no configuration says."""


class Method:
    """A way to get from windows of a recording to turns.

    Parameters
    ----------
    config : transformers.PretrainedConfig
        Whose ``diarization_threshold`` is the threshold, if it has one.
    sampling_rate : int
        Of the model, in hertz.
    """

    seconds: float
    """Length of a window."""

    hidden = False
    """Whether the model's hidden states are needed."""

    def __init__(self, config, sampling_rate):
        self.threshold = getattr(config, "diarization_threshold", THRESHOLD)
        self.rate = sampling_rate
        self.window = round(self.seconds * sampling_rate)
