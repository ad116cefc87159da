import json
from collections import Counter

import numpy as np
import torch
from transformers import AutoModelForCTC, AutoProcessor, pipeline

from foundry.recognition import last_stage, train_ctc
from foundry.recognition.phone_head import PHONES
from foundry.speech.feature_cache import COPIES, FeatureCache
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


def test_the_exported_folder_opens_with_the_auto_classes_and_says_the_same(tmp_path):
    model = train_ctc.new_model().eval()
    samples = np.random.default_rng(0).standard_normal(20_000).astype(np.float32) * 0.1
    features = train_ctc.features_of(samples)[None]
    with torch.inference_mode():
        before = model(input_features=features).logits
        train_ctc.export(model, tmp_path)
        after = AutoModelForCTC.from_pretrained(tmp_path)(input_features=features).logits
    assert after.dtype == torch.float32
    assert torch.allclose(before, after, atol=0.05)
    processor = AutoProcessor.from_pretrained(tmp_path)
    assert processor(text="it's me").input_ids == train_ctc.encode("it's me")
    recognise = pipeline("automatic-speech-recognition", model=str(tmp_path), device="cpu")
    text = recognise({"array": samples, "sampling_rate": 16_000})["text"]
    assert set(text) <= set(ALPHABET + "<unk>")


def texts_of(calls):
    """Return the texts in the batches that the loss was computed of."""
    return Counter(
        "".join(train_ctc.VOCABULARY[token] for token in row if token >= 0).replace("|", " ")
        for call in calls
        for row in call.given[3].tolist()
    )


def test_it_learns_the_training_sentences_and_no_others(
    rendered, recogniser_texts, tmp_path, monkeypatch, run_step, spy
):
    for stage in (train_ctc.STUDIO, train_ctc.TRAIN, train_ctc.LONG):
        monkeypatch.setitem(stage, "steps", 1)
    monkeypatch.setattr(train_ctc, "LONG_COUNT", 3)
    monkeypatch.setattr(train_ctc.CtcWithPhoneHead, "max_vectors", 100_000)  # an epoch is a step
    folders = {"work": tmp_path / "work", "cache": rendered}
    run_step(train_ctc, "features", **folders)
    steps = spy(train_ctc.CtcWithPhoneHead, "loss")
    run_step(train_ctc, "train", **folders)
    studio, everything, long = steps
    assert texts_of([studio]) == recogniser_texts
    copies = Counter({text: (1 + COPIES) * n for text, n in recogniser_texts.items()})
    assert texts_of([everything]) == copies
    single = [text for text in texts_of([long]) if text in recogniser_texts]
    joined = set(texts_of([long])) - set(single)
    assert len(joined) == 3 and len(single) >= 6
    words = {word for text in recogniser_texts for word in text.split()}
    assert all(set(text.split()) <= words for text in joined)

    run_step(train_ctc, "export", **folders)
    assert len(steps) == 3  # a finished run is not trained again
    trained = tmp_path / "work" / last_stage.TRAINED
    results = json.loads((trained / "results.json").read_text(encoding="utf-8"))
    assert results["training"]["studio"] == recogniser_texts.total()
    assert results["parameters"] == AutoModelForCTC.from_pretrained(trained).num_parameters()


def test_clips_without_speech_teach_an_empty_transcript(learn_nothing):
    torch.manual_seed(0)
    recogniser = train_ctc.CtcWithPhoneHead(train_ctc.new_model())
    features, _ = learn_nothing(recogniser, 160, steps=30)
    assert (recogniser.model.eval()(input_features=features).logits.argmax(-1) == 0).all()
