"""The training of pocket-clap: what it learns from, its loss, and the folder that it leaves."""

import numpy as np
import pytest
import scipy.special
import torch
from transformers import pipeline

from course_utils import audio, data
from course_utils.catalog import POCKET
from foundry.clap import captions, clap_data, clap_features, clap_scores, train_clap
from foundry.clap.clap_features import FLOOR, FRAMES, Bank
from foundry.sounds.sound_data import ESC10


def start_of(spectrogram):
    return np.asarray(spectrogram[:90]).astype(np.float16).tobytes()


def test_the_model_learns_from_the_seen_folds_and_from_nothing_left_out(
    esc10, tmp_path, monkeypatch, run_step, spy
):
    folds = {}
    for path in esc10.glob("*/*.ogg"):
        mel = clap_features.spectrograms([audio.load(path, 16_000)[0]])[0]
        folds[start_of(mel)] = int(path.name[0])
    monkeypatch.setattr(train_clap, "SOUNDS_EACH", 3)
    monkeypatch.setattr(train_clap, "MUSIC_EACH", 3)
    monkeypatch.setattr(clap_data, "SEEN_SOUNDS", ["dog", "rain"])
    monkeypatch.setattr(clap_data, "SEEN_GENRES", ["rock"])
    cycles = tuple(cycle | {"steps": 1} for cycle in train_clap.CYCLES)
    monkeypatch.setattr(train_clap, "CYCLES", cycles)
    monkeypatch.setattr(clap_scores, "all_scores", lambda *given: {})
    monkeypatch.setattr(clap_scores, "write_card", lambda out, results: None)
    batches = spy(train_clap, "augment")
    folders = {"work": tmp_path / "work", "real": esc10, "out": tmp_path / "pocket-clap"}
    for step in ("features", "train", "final"):
        run_step(train_clap, step, **folders)
    bank = train_clap.rendered(folders["work"])
    assert set(bank.labels) == {"dog", "rain", "rock"}
    real, _ = train_clap.PARTS
    for batch in batches:
        seen = [folds.get(start_of(clip)) for clip in batch.given[0]]
        assert set(seen[:real]) == set(train_clap.SEEN_FOLDS)
        assert set(seen[real:]) == {None}
    assert set(train_clap.FOLDS) - set(train_clap.SEEN_FOLDS)
    classify = pipeline("zero-shot-audio-classification", model=str(folders["out"]), device="cpu")
    answer = classify(np.zeros(8000, np.float32), candidate_labels=["a dog", "rain"])
    assert classify.model.dtype == torch.float32
    assert sum(row["score"] for row in answer) == pytest.approx(1)


def test_no_seen_label_is_left_out():
    every = set(clap_data.SEEN_SOUNDS + clap_data.SEEN_GENRES)
    assert not every & set(clap_data.UNSEEN) and set(ESC10.values()) <= every


def test_the_loss_is_cross_entropy_with_equal_shares_and_without_the_unknown():
    logits = torch.tensor([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0]])
    single = torch.tensor([[1.0, 0, 0], [0, 0, 1]])
    wanted = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2]))
    assert train_clap.contrastive_loss(logits, single) == pytest.approx(wanted.item())
    both = torch.tensor([[1.0, 1, 0], [0, 0, 1]])
    soft = torch.tensor([[0.5, 0.5, 0], [0, 0, 1]])
    wanted = torch.nn.functional.cross_entropy(logits, soft)
    assert train_clap.contrastive_loss(logits, both) == pytest.approx(wanted.item())
    unknown = torch.tensor([[1.0, float("nan"), 0], [0, 0, 1]])
    rows = -logits[0, [0, 2]].log_softmax(0)[0] - logits[1].log_softmax(0)[2]
    assert train_clap.contrastive_loss(logits, unknown) == pytest.approx(rows.item() / 2)


def test_the_loss_of_twins_is_cross_entropy_between_the_two_captions_of_a_clip():
    logits = torch.tensor([[1.0, 9, 3, 9], [9, 9, 9, 9], [9, 2, 9, -1]])
    wanted = torch.nn.functional.cross_entropy(
        torch.tensor([[1.0, 3], [2, -1]]), torch.tensor([0, 0])
    )
    assert train_clap.twin_loss(logits, [0, 2]) == pytest.approx(wanted.item())


def test_the_loss_of_names_is_cross_entropy_over_all_labels_without_clips_of_two_sounds():
    labels = train_clap.LABELS
    logits = torch.randn(3, len(labels), generator=torch.Generator().manual_seed(0))
    wanted = torch.nn.functional.cross_entropy(
        logits[[0, 2]], torch.tensor([labels.index("dog"), labels.index("rock")])
    )
    assert train_clap.name_loss(logits, ["dog", None, "rock"]) == pytest.approx(wanted.item())


def test_a_second_sound_adds_its_power(monkeypatch):
    monkeypatch.setattr(train_clap, "PAIRS", 1.0)
    features = torch.full((2, FRAMES, 4), FLOOR)
    features[0, :, 0], features[1, :, 1] = 0.0, -20.0
    heard = train_clap.pair_up(
        np.random.default_rng(2), features, [{"sound": "dog"}, {"sound": "rain"}]
    )
    for row, facts in enumerate(heard):
        if len(facts) == 2:
            assert (features[row, :, :2] > -40).all()
            assert {one["sound"] for one in facts} == {"dog", "rain"}
    assert any(len(facts) == 2 for facts in heard)


def test_powers_add():
    level = clap_features.add_powers(torch.tensor(10.0), torch.tensor(10.0))
    assert level.item() == pytest.approx(10 + 10 * np.log10(2))


def test_a_bank_comes_back_as_it_was_saved(tmp_path):
    bank = Bank.of([(np.zeros(16_000, np.float32), {"sound": "dog", "count": 1})])
    bank.save(tmp_path / "bank.npz")
    again = Bank.load(tmp_path / "bank.npz")
    assert again.facts == bank.facts and np.array_equal(again.features, bank.features)
    assert again.features.shape == (1, FRAMES, clap_features.BANDS)


def test_augmentation_keeps_shape_and_silence():
    features = torch.full((8, FRAMES, clap_features.BANDS), FLOOR)
    features[:, 50:100] = -30.0
    made = clap_features.augment(features, torch.Generator().manual_seed(0))
    assert made.shape == features.shape and made.isfinite().all() and (made >= FLOOR).all()
    untouched = clap_features.augment(features, torch.Generator().manual_seed(0), strength=0.0)
    inside = features > FLOOR
    assert (untouched[~inside] == FLOOR).all()
    assert (untouched[inside] + 30).abs().max() <= 4.01


def test_a_focused_batch_has_clips_of_few_labels():
    bank = Bank(np.zeros((40, 1, 1)), [{"sound": f"label {n % 8}"} for n in range(40)])
    rng = np.random.default_rng(0)
    drawn = [train_clap.choose(rng, bank, 30, 3) for _ in range(20)]
    assert {len(set(bank.labels[rows])) for rows in drawn} == {3}
    assert len({label for rows in drawn for label in bank.labels[rows]}) == 8
    assert len(set(bank.labels[train_clap.choose(rng, bank, 200)])) == 8


def test_clips_are_scored_among_all_sounds_by_names_and_by_descriptions(monkeypatch):
    kinds = {"sounds": captions.LABELS, "genres": captions.GENRES}
    meaning = {}  # every text of a label points where its clips do
    for number, label in enumerate(label for labels in kinds.values() for label in labels):
        texts = [captions.names_of(label)[0], captions.description_of(label)]
        meaning |= dict.fromkeys([label, *texts], np.eye(40)[number])
    meaning[captions.description_of("dog")] = -meaning["dog"]

    class Embed:
        def texts(self, some):
            return np.array([meaning[text] for text in some])

        sounds = texts

    monkeypatch.setattr(clap_scores, "_test_clips", lambda label, each: [(label, None)] * each)
    monkeypatch.setattr(clap_data, "padded", lambda label: label)
    found = clap_scores.seen_and_unseen(Embed(), each=2)
    for kind, labels in kinds.items():
        new = [label for label in labels if label in captions.UNSEEN]
        for words in ("names", "descriptions"):
            wrong = kind == "sounds" and words == "descriptions"
            seen, unseen = found[f"{kind}, {words}"]["seen"], found[f"{kind}, {words}"]["unseen"]
            count = len(labels) - len(new)
            assert seen == {"share": pytest.approx((count - wrong) / count), "clips": 2 * count}
            assert unseen == {"share": 1.0, "clips": 2 * len(new)}


def test_the_embeddings_give_the_scores_of_the_pipeline():
    rows = [row for row in data.load("sounds", "test")][:3]
    clips = [audio.load(row["audio"], 16_000)[0] for row in rows]
    names, folder = ["a dog", "rain", "a rooster"], POCKET / "pocket-clap"
    embed = clap_scores.Embedder(folder)
    scale = embed.model.logit_scale_a.exp().item()
    logits = scale * embed.sounds(clips) @ embed.texts(names).T
    classify = pipeline("zero-shot-audio-classification", model=str(folder), device="cpu")
    for clip, row in zip(clips, scipy.special.softmax(logits, axis=1), strict=True):
        answers = classify(clip, candidate_labels=names, hypothesis_template="{}")
        expected = {answer["label"]: answer["score"] for answer in answers}
        assert dict(zip(names, row, strict=True)) == pytest.approx(expected, abs=1e-3)
