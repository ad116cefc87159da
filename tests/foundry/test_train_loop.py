import pytest
import torch

from foundry.common.train_loop import adamw, fit, interpolate, muon


def line(generator):
    inputs = torch.randn(16, 1, generator=generator)
    return inputs, 3 * inputs - 1


class Line(torch.nn.Linear):
    adamw_parts = ("unused",)


def trained(path, stop_at=None, optimizers=adamw):
    torch.manual_seed(0)
    model = Line(1, 1)
    model.unused = torch.nn.Parameter(torch.zeros(1))  # has no gradient, so no moments

    def loss_of(step, generator):
        if step == stop_at:
            raise KeyboardInterrupt
        inputs, targets = line(generator)
        return torch.nn.functional.mse_loss(model(inputs), targets)

    return fit(model, loss_of, steps=500, rate=0.3, seed=3, path=path, optimizers=optimizers)


@pytest.mark.parametrize("optimizers", [adamw, muon])
def test_a_stopped_run_ends_with_the_weights_of_one_that_was_not(tmp_path, optimizers):
    whole = trained(tmp_path / "whole.safetensors", optimizers=optimizers)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "parts.safetensors", 333, optimizers)
    parts = trained(tmp_path / "parts.safetensors", optimizers=optimizers)
    assert torch.equal(whole.weight, parts.weight) and torch.equal(whole.bias, parts.bias)
    assert not whole.training


# Muon gives a single weight steps of one size, against which weight decay pulls harder.
@pytest.mark.parametrize(("optimizers", "near"), [(adamw, 0.2), (muon, 0.5)])
def test_it_finds_the_line_and_a_finished_run_is_only_loaded(tmp_path, optimizers, near):
    model = trained(tmp_path / "line.safetensors", optimizers=optimizers)
    assert model.weight.item() == pytest.approx(3, abs=near)
    assert model.bias.item() == pytest.approx(-1, abs=0.2)
    again = trained(tmp_path / "line.safetensors", 0, optimizers)
    assert torch.equal(model.weight, again.weight)


def test_weights_lie_between_those_of_two_models():
    first, last = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    old, new = first.weight.detach().clone(), last.weight.detach().clone()
    assert interpolate(first.state_dict(), last, 0.75) is last
    assert torch.allclose(last.weight, 0.25 * old + 0.75 * new, atol=1e-6)
    assert torch.equal(first.weight, old)
