"""Batches of speech and transcripts for `transformers.Trainer`."""


class TranscriptCollator:
    """Pad the features and the labels of speech recognition to the longest of the batch.

    Works for CTC and for sequence-to-sequence models. Labels are padded with -100, which the
    losses of Transformers ignore.

    Parameters
    ----------
    processor : transformers.ProcessorMixin
        From ``AutoProcessor.from_pretrained``: its feature extractor pads the features, its
        tokenizer the labels.
    decoder_start_token_id : int, optional
        ``model.config.decoder_start_token_id`` of a sequence-to-sequence model. The model prepends
        this token itself, so it is removed from the labels if all of them begin with it.

    Examples
    --------
    >>> from transformers import AutoProcessor, Trainer
    >>> collator = TranscriptCollator(AutoProcessor.from_pretrained(name))  # doctest: +SKIP
    >>> Trainer(model, arguments, data_collator=collator, ...)  # doctest: +SKIP
    """

    def __init__(self, processor, decoder_start_token_id=None):
        self.processor = processor
        self.start = decoder_start_token_id

    def __call__(self, rows):
        """Return a batch.

        Parameters
        ----------
        rows : list of dict
            Each with the features under the processor's name for them (``input_features`` or
            ``input_values``) and the token ids under ``labels``. Other columns are ignored.

        Returns
        -------
        dict of torch.Tensor
            Features, ``attention_mask`` if the extractor makes one, and ``labels``, int64, shape
            ``(batch, tokens)``. For a sequence-to-sequence model also ``decoder_input_ids``, the
            labels shifted right, which the Trainer needs for ``label_smoothing_factor``.

        Raises
        ------
        ValueError
            If a row lacks features or labels, or its labels are empty.
        """
        import torch

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
                    f"row {index} of the batch has an empty transcript: filter such rows out."
                )
        features = [{name: row[name]} for row in rows]
        batch = dict(extractor.pad(features, padding=True, return_tensors="pt"))
        padded = tokenizer.pad(
            {"input_ids": [list(map(int, row["labels"])) for row in rows]}, return_tensors="pt"
        )
        labels = padded["input_ids"].masked_fill(padded["attention_mask"] == 0, -100)
        if self.start is not None:
            if bool((labels[:, 0] == self.start).all()):
                labels = labels[:, 1:]
            shifted = labels[:, :-1].masked_fill(labels[:, :-1] < 0, tokenizer.pad_token_id)
            start = torch.full((len(labels), 1), self.start)
            batch["decoder_input_ids"] = torch.cat([start, shifted], 1)
        batch["labels"] = labels
        return batch
