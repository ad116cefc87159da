import json

import numpy as np
import pytest
import torch
from transformers import (
    SeamlessM4TFeatureExtractor,
    Wav2Vec2BertProcessor,
    Wav2Vec2CTCTokenizer,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from course_utils import finetuning

LETTERS = {token: number for number, token in enumerate(["<pad>", "<unk>", "|", *"abcdefg"])}


@pytest.fixture
def processor(tmp_path):
    (tmp_path / "vocab.json").write_text(json.dumps(LETTERS), encoding="utf-8")
    tokenizer = Wav2Vec2CTCTokenizer(str(tmp_path / "vocab.json"), unk_token="<unk>",
                                     pad_token="<pad>", bos_token=None, eos_token=None)  # fmt: skip
    return Wav2Vec2BertProcessor(SeamlessM4TFeatureExtractor(), tokenizer)


def rows_of(processor, texts):
    rng = np.random.default_rng(0)
    for number, text in enumerate(texts):
        samples = rng.standard_normal(8_000 + 1_600 * number).astype(np.float32)
        row = processor(audio=samples, sampling_rate=16_000, text=text)
        yield {"input_features": row["input_features"][0], "labels": row["labels"], "id": number}


def test_features_and_labels_are_padded_and_masked(processor):
    rows = list(rows_of(processor, ["ab", "a bad cab"]))
    batch = finetuning.TranscriptCollator(processor)(rows)
    assert set(batch) == {"input_features", "attention_mask", "labels"}
    lengths = [len(row["input_features"]) for row in rows]
    assert batch["input_features"].shape == (2, max(lengths), 160)
    assert batch["attention_mask"].sum(1).tolist() == lengths
    for row, features, labels in zip(rows, batch["input_features"], batch["labels"], strict=True):
        count = len(row["labels"])
        assert labels[:count].tolist() == list(row["labels"])
        assert (labels[count:] == -100).all()
        expected = torch.tensor(row["input_features"])
        assert torch.allclose(features[: len(expected)], expected)
    assert processor.batch_decode(batch["labels"].clamp_min(0))[0] == "ab"


def test_the_start_token_of_a_decoder_is_cut_where_all_have_it(processor):
    processor.feature_extractor = WhisperFeatureExtractor(chunk_length=1)
    features = np.zeros((80, 100), np.float32)
    rows = [{"input_features": features, "labels": [9, 3, 4]},
            {"input_features": features, "labels": [9, 5]}]  # fmt: skip
    collate = finetuning.TranscriptCollator(processor, decoder_start_token_id=9)
    assert collate(rows)["labels"].tolist() == [[3, 4], [5, -100]]
    assert collate(rows)["decoder_input_ids"].tolist() == [[9, 3], [9, 5]]
    assert collate(rows)["input_features"].shape == (2, 80, 100)
    rows[1]["labels"] = [5, 6]
    assert collate(rows)["labels"].tolist() == [[9, 3, 4], [5, 6, -100]]


def test_the_decoder_is_told_what_a_whisper_would_tell_itself(processor):
    config = WhisperConfig(
        vocab_size=10, num_mel_bins=80, d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, max_source_positions=50, decoder_start_token_id=9, pad_token_id=0,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(config).eval()
    processor.feature_extractor = WhisperFeatureExtractor(chunk_length=1)
    features = np.random.default_rng(0).standard_normal((80, 100)).astype(np.float32)
    rows = [{"input_features": features, "labels": [9, 3, 4, 5]},
            {"input_features": features, "labels": [9, 5]}]  # fmt: skip
    batch = finetuning.TranscriptCollator(processor, decoder_start_token_id=9)(rows)
    told = model(**batch).loss.item()
    batch.pop("decoder_input_ids")
    assert told == pytest.approx(model(**batch).loss.item())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.pop("labels"), "row 1 .* needs input_features and labels"),
        (lambda row: row.pop("input_features"), "remove_unused_columns=False"),
        (lambda row: row.update(labels=[]), "row 1 .* empty transcript"),
    ],
)
def test_wrong_rows_are_named(processor, change, message):
    rows = list(rows_of(processor, ["ab", "bad"]))
    change(rows[1])
    with pytest.raises(ValueError, match=message):
        finetuning.TranscriptCollator(processor)(rows)
