"""Initial weights and learning rates of a multilayer perceptron against the `mup` package.

Its readout multiplies by M_0 / M what ours has in its weights, and its optimisers scale the rates of groups
of parameters. Compared is therefore what the network computes: weights W such that a layer maps x to W x, and
how one step of an optimiser changes these.
"""

import mup
import pytest
import torch
from torch import nn

from widthscope.models.mlp import gradients, layer_names
from widthscope.parameterisations.methods import ADAM, SGD
from widthscope.parameterisations.slopes import maximal_update

BASE, WIDTHS, INPUTS, OUTPUTS = 16, (16, 32, 128), 12, 200
NAMES = layer_names(3)


class Perceptron(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(INPUTS, width, bias=False)
        self.hidden = nn.Linear(width, width, bias=False)
        self.last = mup.MuReadout(width, OUTPUTS, bias=False)

    def forward(self, x):
        return self.last(torch.tanh(self.hidden(torch.tanh(self.first(x)))))


def network(width):
    torch.manual_seed(width)
    module = Perceptron(width).double()
    return mup.set_base_shapes(module, Perceptron(BASE), delta=Perceptron(2 * BASE))


def computed(module):
    """W of every layer from what the layer does to unit vectors, (1, n_out, n_in)."""
    layers = zip(NAMES, (module.first, module.hidden, module.last), strict=True)
    return {
        name: layer(torch.eye(layer.weight.shape[1], dtype=torch.float64)).T.detach()[None]
        for name, layer in layers
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_initial_variances_are_those_of_mup(width):
    """PyTorch draws Linear uniformly with variance 1 / (3 fan_in): s^2 = s_L^2 = 1/3 in our terms."""
    sigma = 3**-0.5
    expected = (
        sigma / INPUTS**0.5,
        sigma / width**0.5,
        maximal_update(SGD).readout_std(width, BASE, sigma),
    )
    for (name, weights), std in zip(computed(network(width)).items(), expected, strict=True):
        # The variance of a uniform number's square is 0.8 of its mean's square.
        error = (weights.square().mean() / std**2 - 1) / (0.8 / weights.numel()) ** 0.5
        assert abs(float(error)) < 4.5, name


def moved(width, optimiser):
    """How one step changes each W, its rate 0.01, and the gradient with respect to W."""
    module = network(width)
    before = computed(module)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(8, INPUTS, generator=generator, dtype=torch.float64)
    y = torch.randn(8, OUTPUTS, generator=generator, dtype=torch.float64)
    ((module(x) - y).square().sum() / 16).backward()
    optimiser(module.parameters(), lr=0.01).step()
    after = computed(module)
    steps = {name: (before[name] - after[name])[0] for name in NAMES}
    return steps, {n: g[0] for n, g in gradients(before, x[None], y[None], "tanh").values.items()}


@pytest.mark.parametrize("width", WIDTHS)
def test_sgd_moves_every_layer_as_in_mup(width):
    steps, gradient = moved(width, mup.MuSGD)
    for layer, name in enumerate(NAMES, start=1):
        rate = 0.01 * maximal_update(SGD).rate(layer, 3, width, BASE)
        torch.testing.assert_close(steps[name], rate * gradient[name], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("width", WIDTHS)
def test_adam_moves_every_layer_as_in_mup(width):
    """Adam's first step is the rate times the gradient's sign, where eps is far below its entries."""
    steps, gradient = moved(width, lambda *a, **options: mup.MuAdam(*a, eps=1e-30, **options))
    for layer, name in enumerate(NAMES, start=1):
        rate = 0.01 * maximal_update(ADAM).rate(layer, 3, width, BASE)
        torch.testing.assert_close(steps[name], rate * gradient[name].sign(), rtol=1e-9, atol=1e-15)
