"""Losses of large sets are those of all their examples, and hold no more activities for it."""

import pytest
import torch

from widthscope.models import mlp
from widthscope.streams import torch_generator
from widthscope.width_sweeps import measurements
from widthscope.width_sweeps.measurements import Losses
from widthscope.width_sweeps.problems import Problem

WEIGHTS = {
    name: torch.stack([value, 2 * value, -value])
    for name, value in mlp.initial(torch_generator("test", "losses"), mlp.sizes(5, 8, 3, 3)).items()
}


def images(count):
    generator = torch_generator("test", "examples")
    x = torch.randn(count, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (count,), generator=generator)
    y = torch.eye(3, dtype=torch.float64)[labels]
    return Problem("made up", x, y, x[:7], y[:7], labels, labels[:7])


def test_losses_in_blocks_are_those_of_all_examples(monkeypatch):
    problem = images(45)
    whole = Losses(problem, "tanh", 3)(WEIGHTS)
    outputs = mlp.forward(WEIGHTS, problem.train_x.expand(3, -1, -1), "tanh").outputs
    assert torch.equal(whole["train_loss"], mlp.squared_loss(outputs, problem.train_y))
    right = (outputs.argmax(dim=2) == problem.train_labels).double().mean(dim=1)
    assert torch.equal(whole["train_acc"], right)
    monkeypatch.setattr(measurements, "BLOCK", 10)
    parts = Losses(problem, "tanh", 3)(WEIGHTS)
    for name, values in whole.items():
        torch.testing.assert_close(parts[name], values, rtol=1e-14, atol=0)
    alone = Losses(problem, "tanh", 3)({name: value[:2] for name, value in WEIGHTS.items()})
    for name, values in alone.items():
        assert torch.equal(values, parts[name][:2])


def test_no_more_than_a_block_passes_at_once(monkeypatch):
    seen = []
    forward = mlp.forward

    def watched(weights, x, activation):
        seen.append(tuple(x.shape[:2]))
        return forward(weights, x, activation)

    monkeypatch.setattr(measurements.mlp, "forward", watched)
    Losses(images(2 * measurements.BLOCK + 1), "tanh", 3)(WEIGHTS)
    assert max(count for _, count in seen) == measurements.BLOCK
    assert sum(count for _, count in seen) == pytest.approx(2 * measurements.BLOCK + 8)
