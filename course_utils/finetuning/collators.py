"""Collators for `transformers.Trainer`, which pad examples to a batch."""

import numpy as np
import torch


class TranscriptCollator:
    """Pad the features and the labels of speech recognition to the longest of the batch.

    Parameters
    ----------
    processor : transformers.ProcessorMixin
        From ``AutoProcessor.from_pretrained``.
    decoder_start_token_id : int, optional
        ``model.config.decoder_start_token_id`` of a sequence-to-sequence model. The model prepends
        this token itself, so it is removed from the labels if all of them begin with it.
    """

    def __init__(self, processor, decoder_start_token_id=None):
        self.processor = processor
        self.start = decoder_start_token_id

    def __call__(self, rows):
        """Return a batch of rows with features, under the extractor's name, and ``labels``.

        The labels, int64 of shape ``(batch, tokens)``, are padded with -100. For a
        sequence-to-sequence model there are also ``decoder_input_ids``, the labels shifted right,
        which the Trainer needs for ``label_smoothing_factor``.
        """
        extractor, tokenizer = self.processor.feature_extractor, self.processor.tokenizer
        name = extractor.model_input_names[0]
        for index, row in enumerate(rows):
            if name not in row or "labels" not in row:
                raise ValueError(
                    f"row {index} of the batch has {', '.join(row)}, but needs {name} and labels: "
                    "compute them with the processor, and pass remove_unused_columns=False if the "
                    "Trainer drops them."
                )
            if not len(row["labels"]):
                raise ValueError(
                    f"row {index} of the batch has an empty transcript: filter it out."
                )
        batch = _padded_features(extractor, rows)
        labels = _padded(rows, "labels", -100, torch.int64)
        if self.start is not None:
            if bool((labels[:, 0] == self.start).all()):
                labels = labels[:, 1:]
            shifted = labels[:, :-1].masked_fill(labels[:, :-1] < 0, tokenizer.pad_token_id)
            start = torch.full((len(labels), 1), self.start)
            batch["decoder_input_ids"] = torch.cat([start, shifted], 1)
        return {**batch, "labels": labels}


class ActivityCollator:
    """Pad the features and the frame labels of diarization to the longest of the batch."""

    def __init__(self, feature_extractor):
        self.extractor = feature_extractor

    def __call__(self, rows):
        """Return a batch of rows with features, under the extractor's name, and ``labels``.

        A row's labels have the shape ``(frames, tracks)``. The batch's are padded with -100.
        """
        return {**_padded_features(self.extractor, rows), "labels": _padded(rows, "labels", -100)}


class SpeechCollator:
    """Pad training examples of FastSpeech2Conformer or SpeechT5 to the longest of the batch.

    Parameters
    ----------
    pad_token_id : int
        The tokenizer's.
    config : transformers.PreTrainedConfig, optional
        The model's, for SpeechT5: a spectrogram is cut to a multiple of its ``reduction_factor``.
    """

    def __init__(self, pad_token_id, config=None):
        self.pad = pad_token_id
        self.reduction = getattr(config, "reduction_factor", 1)

    def __call__(self, rows):
        """Return the arguments of the model by name; spectrograms are padded with -100.

        Each row has ``input_ids``, ``mel`` of shape ``(frames, bands)``, and ``speaker_embedding``
        if the model takes one. For FastSpeech2Conformer it also has ``durations``, ``pitch`` and
        ``energy``, each of the length of ``input_ids``.
        """
        ids = _padded(rows, "input_ids", -1, torch.int64)
        batch = {
            "input_ids": ids.masked_fill(ids < 0, self.pad),
            "attention_mask": (ids >= 0).long(),
        }
        timed = "durations" in rows[0]
        batch |= self._timed(rows) if timed else self._attended(rows)
        if "speaker_embedding" in rows[0]:
            name = "speaker_embedding" if timed else "speaker_embeddings"
            batch[name] = _padded(rows, "speaker_embedding", 0)
        return batch

    def _timed(self, rows):
        """Return what FastSpeech2Conformer learns: durations, pitch, energy and spectrogram."""
        for index, row in enumerate(rows):
            if int(np.sum(row["durations"])) != len(row["mel"]):
                raise ValueError(
                    f"row {index} of the batch: its durations add up to {np.sum(row['durations'])},"
                    f" its spectrogram has {len(row['mel'])} frames."
                )
        return {
            "duration_labels": _padded(rows, "durations", 0, torch.int64),
            "pitch_labels": _padded(rows, "pitch", 0)[..., None],
            "energy_labels": _padded(rows, "energy", 0)[..., None],
            "spectrogram_labels": _padded(rows, "mel", -100),
        }

    def _attended(self, rows):
        """Return what SpeechT5 learns: the spectrogram, of which it makes some frames at a step."""
        cut = [
            {"mel": row["mel"][: len(row["mel"]) // self.reduction * self.reduction]}
            for row in rows
        ]
        return {"labels": _padded(cut, "mel", -100)}


def _padded_features(extractor, rows):
    """Return the features of a batch, and their ``attention_mask`` if the extractor makes one."""
    name = extractor.model_input_names[0]
    return extractor.pad([{name: row[name]} for row in rows], padding=True, return_tensors="pt")


def _padded(rows, name, value, dtype=torch.float32):
    """Return one part of all rows as a tensor, padded with a value at the end."""
    parts = [torch.as_tensor(np.asarray(row[name]), dtype=dtype) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=value)
