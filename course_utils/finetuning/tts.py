"""Text to speech: durations of phonemes in a recording, their pitch and energy, batches."""

import librosa
import numpy as np

from course_utils.scoring.speech import frame_pitch


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
    hertz = frame_pitch(samples)[: len(mel)]
    pitch = (np.log(hertz) - extractor.pitch_mean) / extractor.pitch_std
    energy = (mel.mean(1) - extractor.energy_mean) / extractor.energy_std
    voiced = np.flatnonzero(np.isfinite(pitch))
    return (
        _means(tokens[voiced], pitch[voiced], len(durations)),
        _means(tokens, energy, len(durations)),
    )


def _means(tokens, values, count):
    """Return the mean of the values of each token, 0 for tokens without values."""
    sums = np.bincount(tokens, values, minlength=count)
    return (sums / np.maximum(np.bincount(tokens, minlength=count), 1)).astype(np.float32)


class SpeechCollator:
    """Pad training examples of FastSpeech2Conformer to the longest of the batch.

    Parameters
    ----------
    pad_token_id : int
        ``tokenizer.pad_token_id``, with which token ids are padded.
    """

    def __init__(self, pad_token_id):
        self.pad = pad_token_id

    def __call__(self, rows):
        """Return a batch.

        Parameters
        ----------
        rows : list of dict
            Each with ``input_ids``, ``durations``, ``pitch`` and ``energy`` of one length, ``mel``
            of shape ``(frames, bands)``, and ``speaker_embedding`` if the model takes one.

        Returns
        -------
        dict of torch.Tensor
            Arguments of the model by name; spectrograms are padded with -100.

        Raises
        ------
        ValueError
            If the durations of a row do not add up to its frames.
        """
        import torch

        for index, row in enumerate(rows):
            if int(np.sum(row["durations"])) != len(row["mel"]):
                raise ValueError(
                    f"row {index} of the batch: its durations add up to {np.sum(row['durations'])},"
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
            batch["speaker_embedding"] = padded("speaker_embedding", 0.0)
        return batch
