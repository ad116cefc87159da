import json
import shutil
from collections import Counter

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCTC, AutoProcessor, pipeline

from course_utils.catalog import POCKET
from foundry.recognition import new_speech, no_speech, recognition_scores, train_ctc
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
    trained = tmp_path / "work" / no_speech.TRAINED
    results = json.loads((trained / "results.json").read_text(encoding="utf-8"))
    assert results["training"]["studio"] == recogniser_texts.total()
    assert results["parameters"] == AutoModelForCTC.from_pretrained(trained).num_parameters()


def test_clips_without_speech_teach_an_empty_transcript():
    torch.manual_seed(0)
    recogniser = train_ctc.CtcWithPhoneHead(train_ctc.new_model())
    features, lengths = torch.randn(4, 60, 160), torch.full((4,), 60)
    given = features, lengths, torch.zeros(4, 0, dtype=torch.long), torch.full((4, 60), -100)
    optimizer = torch.optim.Adam(recogniser.parameters(), 1e-3)
    for _ in range(30):
        optimizer.zero_grad()
        loss = recogniser.loss(*given)
        loss.backward()
        optimizer.step()
    assert torch.isfinite(loss)
    assert (recogniser.model.eval()(input_features=features).logits.argmax(-1) == 0).all()


def test_hours_count_what_was_heard_once_and_without_augmented_copies(monkeypatch):
    lengths = [180_000, 180_000, 90_000, 90_001]  # vectors of 20 ms; each second one is a copy
    parts = (torch.zeros(n, 1) for n in lengths)
    cache = FeatureCache.of((part, np.full(len(part), -100), [1]) for part in parts)
    assert train_ctc.hours_heard([cache, cache], 9) == 3  # an utterance is a batch
    heard = [train_ctc.hours_heard([cache], steps) for steps in range(5)]
    assert heard[0] == 0 and heard[1] in (0.5, 1) and heard[4] == 1.5
    assert heard == sorted(heard)


@pytest.mark.long
def test_the_last_stage_learns_new_sentences_and_clips_without_speech(
    learned_and_held_out, fsdd, small_no_speech, tmp_path, monkeypatch, run_step, spy
):
    monkeypatch.setattr(train_ctc, "NEW_SENTENCES", 4)
    monkeypatch.setattr(new_speech, "PART", 3)
    for name in ("NEW_SEQUENCES", "TEST_SEQUENCES"):
        monkeypatch.setattr(train_ctc, name, 2)
    monkeypatch.setattr(train_ctc, "LONG_COUNT", 3)
    monkeypatch.setattr(train_ctc, "CURVE_SHARES", (0, 0.5, 1))
    for stage in (train_ctc.BROAD, train_ctc.CURVE):
        monkeypatch.setitem(stage, "steps", 1)
    monkeypatch.setattr(train_ctc.CtcWithPhoneHead, "max_vectors", 100_000)  # an epoch is a step
    work, out = tmp_path / "work", tmp_path / "model"
    trained = work / no_speech.TRAINED
    shutil.copytree(POCKET / "pocket-ctc", trained)
    shipped = json.loads((trained / "results.json").read_text(encoding="utf-8"))
    shipped["training"].pop("broad", None)
    before = {name: shipped[name] for name in ("parameters", "training")}
    (trained / "results.json").write_text(json.dumps(before), encoding="utf-8")
    batches = spy(train_ctc.CtcWithPhoneHead, "loss")
    folders = {"work": work, "real": fsdd}
    scored = []

    def validation(transcribe, split):
        scored.append(split)
        row = {"wer": len(scored) / 10, "interval": [0, len(scored) / 5]}
        return {name: row for name in train_ctc.CURVE_DOMAINS}

    def curve_point(model, new, steps):
        train_ctc.transcribe(model, [np.zeros(8_000, np.float32)])
        return curve[-1] | {"hours": 123}

    with pytest.raises(SystemExit, match="run the step curve first"):
        run_step(train_ctc, "final", out=out, **folders)
    with monkeypatch.context() as patch:
        patch.setattr(recognition_scores, "score_split", validation)
        run_step(train_ctc, "curve", **folders)
    assert scored == ["validation"] * 4
    sizes = [[len(call.given[3]) for call in batches[n : n + 5]] for n in (0, 5, 10)]
    others = sizes[2][2:]
    assert sizes == [others[:2] + others, [4, 2, *others], [8, 4, *others]]
    letters = [(batches[10 + part].given[3] >= 0).sum(1).float().mean() for part in (0, 1)]
    assert letters[1] > 1.5 * letters[0]  # sequences
    assert batches[14].given[3].numel() == 0  # no text at all
    curve = json.loads((work / "curve.json").read_text(encoding="utf-8"))
    assert [point["known"]["wer"] for point in curve] == [0.1, 0.2, 0.3, 0.4]
    assert [point["steps"] for point in curve] == [0, 1, 1, 1]

    del batches[:]
    with monkeypatch.context() as patch:
        patch.setattr(train_ctc, "curve_point", curve_point)
        run_step(train_ctc, "final", out=out, **folders)
    assert [len(call.given[3]) for call in batches] == sizes[2]
    name = "wav2vec2_bert.encoder.layers.0.ffn1.intermediate_dense.weight"
    first = load_file(trained / "model.safetensors")[name].float()
    last = load_file(work / "broad.safetensors")[f"average.model.{name}"]
    way = last - first
    gone = load_file(out / "model.safetensors")[name].float() - first
    assert ((gone * way).sum() / (way * way).sum()).item() == pytest.approx(0.7, abs=0.02)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["curve"] == [*curve, curve[-1] | {"hours": 123}]
    assert set(results["sequences"]) == {"before", "after"}
    assert set(results["people"]) == {"jackson", "nicolas", "theo"}
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "2.92 M parameters, 5.9 MB" in card and "4 sentences drawn anew" in card
    assert "| 123 h | 1 | 40.0% (0.0% to 80.0%) |" in card and "$" not in card
    empty, count = results["empty"]["ESC-10"]
    assert count == len(learned_and_held_out[1]) and f"ESC-10 {empty} of {count}" in card
    for scores in (results["test"]["known"], results["people"]["theo"]):
        assert recognition_scores.percent(scores) in card
