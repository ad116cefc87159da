import numpy as np
import pytest
import torch
from transformers import AutoModelForSpeechSeq2Seq, AutoProcessor, pipeline

from foundry.recognition import train_whisper
from foundry.speech.feature_cache import FeatureCache

SENTENCES = ["turn the lights off", "it's nine oh eight", "zebras can't xylophone"]


@pytest.fixture(scope="module")
def model():
    return train_whisper.new_model().eval()


def speech_like(seconds):
    return np.random.default_rng(0).standard_normal(round(16_000 * seconds)).astype("f") * 0.1


def test_the_tokenizer_gives_every_text_back():
    tokenizer = train_whisper.tokenizer()
    for text in SENTENCES:
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.decode(ids, skip_special_tokens=True).strip() == text
        named = tokenizer.convert_ids_to_tokens(ids)
        assert named[:2] == ["<|startoftranscript|>", "<|notimestamps|>"]
        assert named[-1] == "<|endoftext|>"
        assert ids[2:-1] == train_whisper.encode(text)


def test_the_short_encoder_equals_the_models_own_on_a_whole_window(model):
    mel = train_whisper.extractor()(speech_like(7), sampling_rate=16_000, return_tensors="pt")
    features = mel["input_features"]
    with torch.inference_mode():
        expected = model.model.encoder(features).last_hidden_state
        assert torch.allclose(train_whisper.encode_short(model, features.transpose(1, 2)), expected)


def test_padding_looks_like_the_extractors(model):
    samples = speech_like(2)
    mel = train_whisper.extractor()(samples, sampling_rate=16_000, return_tensors="pt")
    whole = mel["input_features"].transpose(1, 2)
    ours = train_whisper.features_of(samples)
    features = torch.nn.functional.pad(ours, (0, 0, 0, 50))[None]
    padded = train_whisper.pad_silence(features, torch.tensor([len(ours)]), torch.Generator())
    assert len(ours) == 100
    assert torch.allclose(padded[0, 101:150], whole[0, 101:150], atol=1e-4)


def test_without_phones_the_loss_is_the_models_own(model):
    guided = train_whisper.WhisperWithPhoneHead(model).eval()
    unknown = np.full(2 * train_whisper.POSITIONS, -100)
    clips = [
        (torch.randn(len(unknown), train_whisper.MELS), unknown, train_whisper.encode(text))
        for text in SENTENCES
    ]
    batch, _, labels, phones = FeatureCache.of(clips).batch([0, 1, 2])
    tokenizer = train_whisper.tokenizer()
    whole = [torch.tensor(tokenizer(text)["input_ids"][1:]) for text in SENTENCES]
    whole = torch.nn.utils.rnn.pad_sequence(whole, batch_first=True, padding_value=-100)
    with torch.inference_mode():
        logits = model(input_features=batch.transpose(1, 2), labels=whole).logits
        expected = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), whole.flatten(), ignore_index=-100, label_smoothing=0.1
        )
        assert torch.allclose(guided.loss(batch, None, labels, phones), expected, atol=1e-4)
        assert guided.loss(batch, None, labels, phones.clamp_min(0)) > expected + 1


def test_the_end_of_a_text_follows_its_last_token(model):
    head = train_whisper.WhisperWithPhoneHead(model)
    inputs, targets = head.tokens(torch.tensor([[7, 0, 8], [9, -100, -100]]))
    start, plain, end = head.start, head.plain, head.end
    assert inputs.tolist() == [[start, plain, 7, 0, 8], [start, plain, 9, end, end]]
    assert targets.tolist() == [[plain, 7, 0, 8, end], [plain, 9, end, -100, -100]]


def test_clips_without_speech_teach_an_empty_transcript(learn_nothing):
    torch.manual_seed(0)
    head = train_whisper.WhisperWithPhoneHead(train_whisper.new_model())
    features, labels = learn_nothing(head, train_whisper.MELS, steps=20)
    with torch.no_grad():
        states = train_whisper.encode_short(head.model, features)
        inputs, _ = head.tokens(labels)
        logits = head.logits(inputs, states)
    assert logits.argmax(-1)[:, 1].tolist() == [head.end] * 4


def test_the_exported_folder_opens_with_the_auto_classes(model, tmp_path):
    train_whisper.export(train_whisper.new_model(), tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    assert processor(text="it's me").input_ids == train_whisper.tokenizer()("it's me")["input_ids"]
    assert AutoModelForSpeechSeq2Seq.from_pretrained(tmp_path).dtype == torch.float32
    recognise = pipeline("automatic-speech-recognition", model=str(tmp_path), device="cpu")
    answer = recognise({"array": speech_like(2), "sampling_rate": 16_000})
    assert isinstance(answer["text"], str)


def test_the_halves_of_a_cache_are_all_of_it():
    rows = [(torch.full((2, 1), float(n)), np.zeros(2), [n]) for n in range(6)]
    cache = FeatureCache.of(rows)
    first, second = train_whisper.halves(cache)
    assert len(first) == len(second) == 3
    assert np.array_equal(FeatureCache.join([first, second]).features, cache.features)
