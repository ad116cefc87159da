"""The recipe of Transformers' examples for audio, written anew from what their README documents.

`examples/pytorch/audio-classification`: the feature extractor runs when a row is drawn, in every
epoch anew, on at most so many seconds of it. `examples/pytorch/speech-recognition`: features and
labels once by `Dataset.map`, a row a call, into an Arrow file; batches grouped by length; gradient
checkpointing. What is left out, here and in the recipe that it is compared with, is what happens
beside the training: scores, checkpoints, logs. One process loads the data, as no core is to spare.
"""

import time

import numpy as np
import torch
import transformers
from transformers import Trainer, TrainingArguments, default_data_collator

from course_utils import audio, scoring
from course_utils.finetuning import TranscriptCollator

RATE = 16_000


def arguments(folder, batch_size, epochs, **more):
    return TrainingArguments(
        str(folder), per_device_train_batch_size=batch_size, num_train_epochs=epochs,
        learning_rate=3e-4, save_strategy="no", eval_strategy="no", logging_strategy="no",
        report_to="none", remove_unused_columns=False, use_cpu=True, disable_tqdm=True,
        dataloader_pin_memory=False, **more,
    )  # fmt: skip


def classification(rows, checkpoint, folder, batch_size, epochs, seconds=5):
    """Fine-tune a classifier; return the seconds that it took."""
    extractor = transformers.AutoFeatureExtractor.from_pretrained(checkpoint)
    name = extractor.model_input_names[0]
    names = dict(enumerate(rows.features["label"].names))
    model = transformers.AutoModelForAudioClassification.from_pretrained(
        checkpoint, dtype="float32", id2label=names, ignore_mismatched_sizes=True,
        label2id={label: number for number, label in names.items()},
    )  # fmt: skip
    rng = np.random.default_rng(0)

    def transformed(batch):
        clips = []
        for value in batch["audio"]:
            clip, _ = audio.load(value, sampling_rate=RATE)
            start = rng.integers(max(len(clip) - seconds * RATE, 0) + 1)
            clips.append(clip[start : start + seconds * RATE])
        made = extractor(clips, sampling_rate=RATE)
        return {name: made[name], "labels": list(batch["label"])}

    started = time.perf_counter()
    drawn = rows.with_transform(transformed, output_all_columns=False)
    trainer = Trainer(
        model, arguments(folder, batch_size, epochs), train_dataset=drawn,
        data_collator=default_data_collator,
    )  # fmt: skip
    trainer.train()
    return time.perf_counter() - started


def recognition(rows, checkpoint, folder, batch_size, epochs, kind, checkpointing=True):
    """Fine-tune a recogniser, CTC or sequence to sequence; return the seconds that it took."""
    processor = transformers.AutoProcessor.from_pretrained(checkpoint)
    extractor = processor.feature_extractor
    name = extractor.model_input_names[0]
    ctc = {"ctc_loss_reduction": "mean"} if kind is transformers.AutoModelForCTC else {}
    model = kind.from_pretrained(checkpoint, dtype="float32", **ctc)

    def prepared(row):
        clip, _ = audio.load(row["audio"], sampling_rate=RATE)
        features = extractor(clip, sampling_rate=RATE)[name][0]
        tokens = processor.tokenizer(scoring.normalise_text(row["text"])).input_ids
        return {name: features, "length": len(clip), "labels": tokens}

    started = time.perf_counter()
    vectors = rows.map(
        prepared, remove_columns=rows.column_names, load_from_cache_file=False,
        cache_file_name=f"{folder}/features.arrow", keep_in_memory=False,
    ).with_format("numpy")  # fmt: skip
    start = None if ctc else model.config.decoder_start_token_id
    trainer = Trainer(
        model,
        arguments(
            folder, batch_size, epochs, train_sampling_strategy="group_by_length",
            gradient_checkpointing=checkpointing,
        ),
        train_dataset=vectors, data_collator=TranscriptCollator(processor, start),
    )  # fmt: skip
    trainer.train()
    return time.perf_counter() - started


def ready(model, batches, epochs):
    """Train on batches that are ready: what no recipe can undercut. Return the seconds."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    model.train()
    started = time.perf_counter()
    for _ in range(epochs):
        for batch in batches:
            loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
    return time.perf_counter() - started
