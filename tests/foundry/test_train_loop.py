from math import comb, cos, pi

import pytest
import torch
from safetensors.torch import save_file

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


def test_a_stopped_run_goes_on_at_a_multiple_of_200_steps(tmp_path):
    path = tmp_path / "parts.safetensors"
    for stop_at in (150, 333):
        assert not path.exists()
        with pytest.raises(KeyboardInterrupt):
            trained(path, stop_at)
    with pytest.raises(KeyboardInterrupt):
        trained(path, 200)  # the first step of this run


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


class Walk(torch.nn.Module):
    """A number that gradient descent raises by the learning rate, and a counter of steps."""

    def __init__(self, number=5.0):
        super().__init__()
        self.number = torch.nn.Parameter(torch.tensor(number))
        self.register_buffer("steps", torch.tensor(0))

    def loss(self, step, generator):
        self.steps += 1
        return -self.number


def gradient_descent(model, rate):
    return [torch.optim.SGD(model.parameters(), lr=rate)]


def test_the_result_is_the_moving_average_of_the_weights(tmp_path):
    steps, rate, walk = 40, 0.3, Walk()
    made = fit(walk, walk.loss, steps, rate, 0, tmp_path / "walk.safetensors", gradient_descent)
    place, places = 5.0, []
    for step in range(steps):
        place += rate * min((step + 1) / 4, 0.5 + 0.5 * cos(pi * step / steps))
        places.append(place)
    # The average keeps (t + 1) / (t + 10) of itself at step t. Multiplied out, the weight of the
    # place after step t is a quotient of binomial coefficients.
    shares = [comb(step + 9, 8) for step in range(steps)]
    average = 5 + sum(share * place for share, place in zip(shares, places, strict=True))
    average /= 1 + sum(shares)
    assert 1 + sum(shares) == comb(steps + 9, 9)
    assert made.number.item() == pytest.approx(average, rel=1e-4)
    assert made.steps.item() == steps


def test_late_in_a_run_the_average_moves_by_two_thousandths_of_the_way(tmp_path):
    path = tmp_path / "walk.safetensors"
    state = {"model.number": 100.0, "average.number": 0.0}
    counts = {"model.steps": 9_999, "average.steps": 9_999, "done": 9_999}
    save_file({name: torch.tensor(value) for name, value in (state | counts).items()}, path)
    walk = Walk()
    made = fit(walk, walk.loss, 10_000, 0.3, 0, path, gradient_descent)
    assert made.number.item() == pytest.approx(0.002 * 100, rel=1e-4)


def test_tied_weights_are_interpolated_once():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    model[1].weight = model[0].weight
    before = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    expected = 0.5 * model[0].weight.detach()
    interpolate(before, model, 0.5)
    assert torch.allclose(model[1].weight, expected)
