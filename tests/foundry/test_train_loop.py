import pytest
import torch

from course_utils.foundry.train_loop import fit


def line(generator):
    inputs = torch.randn(16, 1, generator=generator)
    return inputs, 3 * inputs - 1


def trained(path, stop_at=None):
    torch.manual_seed(0)
    model = torch.nn.Linear(1, 1)
    model.unused = torch.nn.Parameter(torch.zeros(1))  # has no gradient, so no moments

    def loss_of(step, generator):
        if step == stop_at:
            raise KeyboardInterrupt
        inputs, targets = line(generator)
        return torch.nn.functional.mse_loss(model(inputs), targets)

    return fit(model, loss_of, steps=500, rate=0.1, seed=3, path=path)


def test_a_stopped_run_ends_with_the_weights_of_one_that_was_not(tmp_path):
    whole = trained(tmp_path / "whole.safetensors")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "parts.safetensors", stop_at=333)
    parts = trained(tmp_path / "parts.safetensors")
    assert torch.equal(whole.weight, parts.weight) and torch.equal(whole.bias, parts.bias)
    assert not whole.training


def test_it_finds_the_line_and_a_finished_run_is_only_loaded(tmp_path):
    model = trained(tmp_path / "line.safetensors")
    assert model.weight.item() == pytest.approx(3, abs=0.2)
    assert model.bias.item() == pytest.approx(-1, abs=0.2)
    again = trained(tmp_path / "line.safetensors", stop_at=0)
    assert torch.equal(model.weight, again.weight)
