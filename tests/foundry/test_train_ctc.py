import numpy as np
import torch
from transformers import AutoModelForCTC, AutoProcessor, pipeline

from foundry.recognition import train_ctc
from foundry.recognition.phone_head import PHONES
from foundry.speech.feature_cache import FeatureCache
from foundry.speech.sentences import ALPHABET


def some_speech(count):
    rng = np.random.default_rng(0)
    for _ in range(count):
        features = torch.from_numpy(rng.standard_normal((int(rng.integers(20, 60)), 160))).float()
        phones = rng.integers(0, PHONES, len(features))
        yield (
            features,
            phones,
            train_ctc.encode("".join(rng.choice(list(ALPHABET), 8)).strip() or "a"),
        )


def test_the_network_has_a_loss_and_three_million_parameters():
    model = train_ctc.new_model()
    assert 2e6 < model.num_parameters() < 4e6
    features, ends, labels, phones = FeatureCache.of(list(some_speech(3))).batch([0, 1, 2])
    attention = (torch.arange(features.shape[1]) < ends[:, None]).long()
    loss = model(input_features=features, attention_mask=attention, labels=labels).loss
    assert torch.isfinite(loss) and loss > 0
    assert model.config.inputs_to_logits_ratio == 320  # two frames of 10 ms at 16 kHz
    model.eval()
    guided = train_ctc.CtcWithPhoneHead(model).eval()
    alone = model(input_features=features, attention_mask=attention, labels=labels).loss
    unknown = torch.full_like(phones, -100)
    assert torch.allclose(guided.loss(features, ends, labels, unknown), alone)
    assert guided.loss(features, ends, labels, phones) > alone + 1


def test_silence_is_transcribed_as_some_text():
    model = train_ctc.new_model().eval()
    (text,) = train_ctc.transcribe(model, [np.zeros(16_000, np.float32)])
    assert isinstance(text, str) and set(text) <= set(ALPHABET + "<unk>")


def test_the_exported_folder_opens_with_the_auto_classes_and_says_the_same(tmp_path):
    model = train_ctc.new_model().eval()
    samples = np.random.default_rng(0).standard_normal(20_000).astype(np.float32) * 0.1
    (before,) = train_ctc.transcribe(model, [samples])
    train_ctc.export(model, tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    assert processor(text="it's me").input_ids == train_ctc.encode("it's me")
    assert AutoModelForCTC.from_pretrained(tmp_path).dtype == torch.float32
    recognise = pipeline("automatic-speech-recognition", model=str(tmp_path), device="cpu")
    after = recognise({"array": samples, "sampling_rate": 16_000})["text"]
    # Half precision may turn a close decision of an untrained network.
    assert abs(len(after) - len(before)) <= 0.2 * len(before)
