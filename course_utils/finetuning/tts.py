"""Text to speech: how long each phoneme of a recording lasts, its pitch and loudness, batches."""

import librosa
import numpy as np

from course_utils.scoring.speech import frame_pitch

HOP = 256
"""Samples from one frame of a spectrogram to the next, at 16 kHz: 16 ms."""

PITCH, ENERGY = (np.log(160.0), 0.4), (-2.2, 0.8)
"""Mean and spread by which the logarithm of the pitch, and the energy, come to one scale: that of
`pocket-tts`."""


def aligned_durations(said, durations, recorded):
    """Find out how long each token lasts in a recording, by what a model says to the same text.

    The model's spectrogram is warped onto the recording's (dynamic time warping, Sakoe and Chiba
    1978): where the model's frames of a token come to lie, there the token is. Voices and
    microphones differ, so each band's mean is taken out of both first.

    Parameters
    ----------
    said : array, shape (frames, bands)
        Log-mel spectrogram that the model makes of the text.
    durations : array of int, shape (tokens,)
        How many of these frames each token takes; their sum is ``frames``.
    recorded : array, shape (n, bands)
        Log-mel spectrogram of the recording.

    Returns
    -------
    numpy.ndarray
        int64, shape ``(tokens,)``: frames of the recording; their sum is ``n``.

    Raises
    ------
    ValueError
        If the durations do not add up to the frames of `said`, or the bands differ.

    Examples
    --------
    >>> said = np.array([[0.0], [4.0], [0.0]])
    >>> aligned_durations(said, [1, 1, 1], np.repeat(said, [2, 3, 1], axis=0)).tolist()
    [2, 3, 1]
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
    # Where several frames of the model lie on one of the recording, the first of them counts.
    frames, first = np.unique(path[::-1, 1], return_index=True)
    assert len(frames) == len(recorded)
    return np.bincount(tokens[path[::-1][first, 0]], minlength=len(durations))


def prosody(samples, mel, durations):
    """Give the mean pitch and energy of each token.

    Parameters
    ----------
    samples : numpy.ndarray
        Mono at 16 kHz, shape ``(n,)``.
    mel : numpy.ndarray
        Its log-mel spectrogram, a frame every `HOP` samples, shape ``(frames, bands)``.
    durations : array of int, shape (tokens,)
        Frames of each token; their sum is ``frames``.

    Returns
    -------
    pitch, energy : numpy.ndarray
        float32, shape ``(tokens,)``, on the scale of `PITCH` and `ENERGY`. A token without a
        voiced frame has the pitch 0, one without frames has both 0.
    """
    places = np.repeat(np.arange(len(durations)), durations)
    height = (np.log(frame_pitch(samples)[: len(mel)]) - PITCH[0]) / PITCH[1]
    voiced = np.flatnonzero(np.isfinite(height))
    energy = (mel.mean(1) - ENERGY[0]) / ENERGY[1]
    return (
        _means(places[voiced], height[voiced], len(durations)),
        _means(places, energy, len(durations)),
    )


def _means(places, values, count):
    """Average the values at each place; 0 at places without any."""
    sums = np.bincount(places, values, minlength=count)
    return (sums / np.maximum(np.bincount(places, minlength=count), 1)).astype(np.float32)


class SpeechCollator:
    """Pad what a FastSpeech2Conformer learns from, each part to the longest of its batch.

    Parameters
    ----------
    pad_token_id : int
        ``tokenizer.pad_token_id``, which fills up the tokens.
    """

    def __init__(self, pad_token_id):
        self.pad = pad_token_id

    def __call__(self, rows):
        """Make a batch.

        Parameters
        ----------
        rows : list of dict
            Each with ``input_ids`` and ``durations``, ``pitch``, ``energy`` of the same length,
            ``mel`` of shape ``(frames, bands)``, and where the model knows voices by vectors
            ``speaker_embedding``.

        Returns
        -------
        dict of torch.Tensor
            The arguments of the model by their names; -100 in the padding of the spectrograms.

        Raises
        ------
        ValueError
            If the durations of a row do not add up to its frames.
        """
        import torch

        for place, row in enumerate(rows):
            if int(np.sum(row["durations"])) != len(row["mel"]):
                raise ValueError(
                    f"row {place} of the batch: its durations add up to {np.sum(row['durations'])},"
                    f" its spectrogram has {len(row['mel'])} frames."
                )

        def padded(name, value, dtype=torch.float32):
            parts = [torch.as_tensor(np.asarray(row[name]), dtype=dtype) for row in rows]
            return torch.nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=value)

        durations = padded("durations", -1, torch.int64)
        batch = {
            "input_ids": padded("input_ids", self.pad, torch.int64),
            "attention_mask": (durations >= 0).long(),
            "duration_labels": durations.clamp(min=0),
            "pitch_labels": padded("pitch", 0.0)[..., None],
            "energy_labels": padded("energy", 0.0)[..., None],
            "spectrogram_labels": padded("mel", -100.0),
        }
        if "speaker_embedding" in rows[0]:
            vectors = np.stack([row["speaker_embedding"] for row in rows])
            batch["speaker_embedding"] = torch.as_tensor(vectors, dtype=torch.float32)
        return batch
