"""Augmentation; batches by length: every row once, little padding, a reproducible order."""

import numpy as np
import pytest
import torch
from transformers import TrainingArguments
from transformers.trainer_pt_utils import LengthGroupedSampler

from course_utils import data, finetuning
from course_utils.finetuning import recipes, training


def trainer_of(model, rows, folder, **options):
    """A trainer in batches of four, and its examples."""
    recipe = recipes.find("asr")(training.checkpoint_of(model))
    recipe.begin(rows)
    examples = training._examples(recipe, rows)
    arguments = TrainingArguments(
        str(folder), per_device_train_batch_size=4, remove_unused_columns=False, **options
    )
    fresh = recipe.fresh_model()
    return training.RecipeTrainer(recipe, True, fresh, arguments, train_dataset=examples), examples


@pytest.mark.parametrize(("model", "grouped"), [("ctc-recogniser", True), ("recogniser", False)])
def test_ctc_batches_are_grouped_by_length_and_others_drawn_by_chance(model, grouped, tmp_path):
    rows = data.load("calls", "train").select(range(24))
    trainer, examples = trainer_of(model, rows, tmp_path)
    assert isinstance(trainer._get_train_sampler(), LengthGroupedSampler) == grouped
    epochs, loader = [], trainer.get_train_dataloader()
    for epoch in range(2):
        loader.set_epoch(epoch)
        epochs.append([batch["labels"].sum(1).tolist() for batch in loader])
    assert sum(map(len, epochs[0])) == len(examples) and epochs[0] != epochs[1]


def test_an_order_depends_on_seed_and_epoch_alone(tmp_path):
    rows = data.load("calls", "train").select(range(24))
    trainer, examples = trainer_of("ctc-recogniser", rows, tmp_path)

    def order(epoch, seed=42):
        trainer.args.seed = seed
        torch.rand(epoch + 1)  # what else draws random numbers does not matter
        sampler = trainer._get_train_sampler()
        sampler.set_epoch(epoch)
        return list(sampler)

    assert order(0) == order(0) and order(3) == order(3)
    assert order(0) != order(3) and order(0) != order(0, seed=1)
    assert sorted(order(1)) == list(range(len(examples)))


def test_grouping_saves_padding(tmp_path):
    rows = data.load("calls", "train").select(range(200))
    trainer, examples = trainer_of("ctc-recogniser", rows, tmp_path)
    lengths = np.array([len(row["input_features"]) for row in examples])

    def padding(order):
        batches = [lengths[order[n : n + 4]] for n in range(0, len(order), 4)]
        return 1 - lengths.sum() / sum(len(batch) * batch.max() for batch in batches)

    by_chance = np.random.default_rng(1).permutation(len(lengths))
    assert padding(list(trainer._get_train_sampler())) < 0.5 * padding(by_chance)


def test_clips_are_rotated_and_a_tenth_is_masked():
    clips = torch.arange(1.0, 401.0).reshape(2, 100, 2)
    before = clips.clone()
    torch.manual_seed(0)
    made = finetuning.shift_and_mask(clips)
    assert torch.equal(clips, before) and made.shape == clips.shape
    shifts = []
    for clip, new in zip(clips, made, strict=True):
        masked = (new == 0).all(1)
        assert masked.sum() == 10 and masked.nonzero().ravel().diff().eq(1).all()
        shift = next(n for n in range(100) if torch.equal(clip.roll(n, 0)[~masked], new[~masked]))
        shifts.append(shift)
    assert shifts[0] != shifts[1]
    assert not torch.equal(finetuning.shift_and_mask(clips), made)


def test_the_classifier_masks_a_tenth_and_keeps_the_labels():
    recipe = recipes.find("classification")(training.checkpoint_of("classifier-base"))
    batch = {recipe.input: torch.ones(2, 100, 4), "labels": torch.tensor([0, 1])}
    made = recipe.augment(batch)
    assert (made[recipe.input] == 0).all(2).sum(1).tolist() == [10, 10]
    assert torch.equal(made["labels"], batch["labels"]) and batch[recipe.input].eq(1).all()


def test_clips_longer_than_the_window_and_empty_texts_are_not_learned():
    recipe = recipes.find("asr")(training.checkpoint_of("recogniser"))
    window = recipe.window * 16_000
    assert len(list(recipe.examples({"samples": np.zeros(window), "text": "one two"}))) == 1
    for length, text, reason in (
        (window + 1, "one two", "longer than the 7 s"),
        (window, " ", "without a text"),
        (window, None, "without a text"),
        (window, "one two " * 200, "too long for its clip"),
    ):
        with pytest.raises(recipes.LeftOut, match=reason):
            list(recipe.examples({"samples": np.zeros(length), "text": text}))
