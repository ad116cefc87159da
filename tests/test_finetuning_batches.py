"""Batches by length: every row once, little padding, an order that seed and epoch fix."""

import numpy as np
import pytest

from course_utils import data
from course_utils.finetuning import recipes, training

LENGTHS = np.random.default_rng(0).lognormal(5, 0.5, 203).astype(int)


def padding(order, size):
    """Share of the frames that are padding."""
    batches = [LENGTHS[order[n : n + size]] for n in range(0, len(order), size)]
    return 1 - LENGTHS.sum() / sum(len(batch) * batch.max() for batch in batches)


@pytest.mark.parametrize("size", [4, 16])
def test_batches_hold_rows_of_about_one_length(size):
    sampler = training.ByLength(size, LENGTHS, seed=0)
    order = list(sampler)
    assert sorted(order) == list(range(len(LENGTHS))) and len(sampler) == len(LENGTHS)
    shuffled = np.random.default_rng(1).permutation(len(LENGTHS))
    assert padding(order, size) < 0.5 * padding(shuffled, size)
    # Short and long ones come mixed, or the model would forget the ones for the others.
    means = [LENGTHS[order[n : n + size]].mean() for n in range(0, 200 // size * size, size)]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.6


def test_an_epoch_has_its_order_and_its_company():
    first, again = (training.ByLength(16, LENGTHS, seed=3) for _ in range(2))
    other = training.ByLength(16, LENGTHS, seed=4)
    assert list(first) == list(again) != list(other)
    before = list(first)
    first.set_epoch(1)
    assert list(first) != before

    def company(order):
        return {frozenset(order[n : n + 16]) for n in range(0, 192, 16)}

    assert not company(list(first)) & company(before)
    again.set_epoch(1)
    assert list(first) == list(again)


def test_a_trainer_draws_them_for_ctc_and_goes_by_chance_otherwise(tmp_path):
    rows = data.load("calls", "train").select(range(24))
    for model, grouped in (("pocket-ctc", True), ("pocket-whisper", False)):
        recipe = recipes.find("asr")(training.checkpoint_of(model))
        recipe.begin(rows)
        examples = training._examples(recipe, rows)
        fresh = recipe.fresh_model()
        arguments = training._arguments(
            tmp_path, "calls", max_steps=None, num_train_epochs=2, per_device_train_batch_size=4
        )
        trainer = training.RecipeTrainer(
            recipe, True, fresh, arguments, train_dataset=examples,
            data_collator=recipe.collator(fresh),
        )  # fmt: skip
        loader = trainer.get_train_dataloader()
        assert isinstance(trainer._get_train_sampler(), training.ByLength) == grouped
        epochs = []
        for epoch in range(2):
            loader.set_epoch(epoch)
            epochs.append([batch["labels"].sum(1).tolist() for batch in loader])
        assert sum(map(len, epochs[0])) == len(examples) and epochs[0] != epochs[1]
