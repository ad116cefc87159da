"""What models learn: speaker activity of frames; durations, pitch and energy of phonemes."""

import librosa
import numpy as np

from course_utils.formats import speaker_turns
from course_utils.scoring.speech import frame_pitch


def frame_labels(turns, frames, seconds_per_frame, tracks, start=0.0):
    """Return a 0/1 table of which speakers are active at the middle of each frame.

    Parameters
    ----------
    turns : list of dict
        ``{"speaker", "start", "end"}`` in seconds.
    frames, tracks : int
        Shape of the result. If there are more speakers, those with the least speech are dropped.
    seconds_per_frame, start : float
        Time from one frame to the next, and time at which the first one begins, in seconds.

    Returns
    -------
    numpy.ndarray
        0 or 1, float32, shape ``(frames, tracks)``: one speaker a column, in order of their first
        frame; zeros in columns without a speaker.

    Examples
    --------
    >>> turns = [{"speaker": "a", "start": 0, "end": 2}, {"speaker": "b", "start": 1, "end": 3}]
    >>> frame_labels(turns, frames=4, seconds_per_frame=1.0, tracks=2).T
    array([[1., 1., 0., 0.],
           [0., 1., 1., 0.]], dtype=float32)
    """
    middles = start + (np.arange(frames) + 0.5) * seconds_per_frame
    columns = {}
    for turn in speaker_turns.checked(turns, "turns"):
        active = (middles >= turn["start"]) & (middles < turn["end"])
        if active.any():
            name = turn["speaker"]
            columns[name] = columns.get(name, False) | active
    kept = sorted(columns.values(), key=np.sum, reverse=True)[:tracks]
    labels = np.zeros((frames, tracks), np.float32)
    for column, active in enumerate(sorted(kept, key=np.argmax)):
        labels[:, column] = active
    return labels


def aligned_durations(said, durations, recorded):
    """Return how many frames each token lasts in a recording, by aligning a model's speech to it.

    The spectrogram that the model makes of the same text is warped onto the recording's (dynamic
    time warping, Sakoe and Chiba 1978), and the borders of the tokens move along. Each band's mean
    is subtracted from both first, since voices and microphones differ.

    Parameters
    ----------
    said : array, shape (frames, bands)
        Log-mel spectrogram that the model makes of the text.
    durations : array of int, shape (tokens,)
        Frames of each token in `said`; their sum is ``frames``.
    recorded : array, shape (n, bands)
        Log-mel spectrogram of the recording.

    Returns
    -------
    numpy.ndarray
        int64, shape ``(tokens,)``: frames of each token in `recorded`; their sum is ``n``.
    """
    said, recorded = np.asarray(said, np.float32), np.asarray(recorded, np.float32)
    durations = np.asarray(durations, np.int64)
    if durations.sum() != len(said):
        raise ValueError(f"durations add up to {durations.sum()}, but said has {len(said)} frames.")
    if said.shape[1:] != recorded.shape[1:]:
        raise ValueError(
            f"said has the shape {said.shape}, recorded {recorded.shape}: both need the same bands."
        )
    _, path = librosa.sequence.dtw((said - said.mean(0)).T, (recorded - recorded.mean(0)).T)
    tokens = np.repeat(np.arange(len(durations)), durations)
    # If several frames of the model are aligned with one of the recording, the first one counts.
    _, first = np.unique(path[::-1, 1], return_index=True)
    return np.bincount(tokens[path[::-1][first, 0]], minlength=len(durations))


def prosody(samples, mel, durations, extractor):
    """Return the mean pitch and energy of each token, normalised.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``.
    mel : numpy.ndarray
        Its log-mel spectrogram from `extractor`, a frame every 16 ms, shape ``(frames, bands)``.
    durations : array of int, shape (tokens,)
        Frames of each token; their sum is ``frames``.
    extractor : transformers.SpeechT5FeatureExtractor
        The synthesiser's. Its ``pitch_mean`` and ``pitch_std`` normalise the logarithm of the pitch
        in hertz, ``energy_mean`` and ``energy_std`` the mean of a frame of `mel`.

    Returns
    -------
    pitch, energy : numpy.ndarray
        float32, shape ``(tokens,)``, normalised. The pitch of a token without voiced frames is 0,
        as are pitch and energy of one without frames.
    """
    tokens = np.repeat(np.arange(len(durations)), durations)
    pitch = (np.log(frame_pitch(samples)[: len(mel)]) - extractor.pitch_mean) / extractor.pitch_std
    energy = (mel.mean(1) - extractor.energy_mean) / extractor.energy_std

    def means(values):
        known = np.flatnonzero(np.isfinite(values))
        counts = np.bincount(tokens[known], minlength=len(durations))
        sums = np.bincount(tokens[known], values[known], minlength=len(durations))
        return (sums / np.maximum(counts, 1)).astype(np.float32)

    return means(pitch), means(energy)
