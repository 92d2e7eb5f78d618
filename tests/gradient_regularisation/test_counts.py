"""Matrix products: what is counted, and the formulas against networks written with Torch's own layers."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from widthscope.gradient_regularisation import counts
from widthscope.gradient_regularisation.counts import DepthError, MatrixProducts


def network(layers: int, activation: type[nn.Module]) -> nn.Sequential:
    sizes = [7, *[5] * (layers - 1), 3]
    modules: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        modules += [nn.Linear(fan_in, fan_out), activation()]
    return nn.Sequential(*modules[:-1])


def gradient(model: nn.Module, x: torch.Tensor, labels: torch.Tensor, **keywords: bool) -> list[torch.Tensor]:
    loss = nn.functional.cross_entropy(model(x), labels)
    return list(torch.autograd.grad(loss, list(model.parameters()), **keywords))


def test_every_kind_of_product_counts_once() -> None:
    a, b, c = torch.ones(2, 3), torch.ones(3, 4), torch.ones(2, 4)
    kinds = {
        "mm": lambda: a @ b,
        "addmm": lambda: torch.addmm(c, a, b),
        "linear": lambda: nn.functional.linear(a, b.T, torch.ones(4)),
        "bmm": lambda: torch.bmm(a.expand(5, 2, 3), b.expand(5, 3, 4)),
        "baddbmm": lambda: torch.baddbmm(c, a.expand(5, 2, 3), b.expand(5, 3, 4)),
    }
    for kind, work in kinds.items():
        with MatrixProducts() as found:
            work()
        times = 5 if "bmm" in kind else 1
        assert (found.products, found.multiplications) == (1, times * 2 * 3 * 4), kind


def test_what_is_no_matrix_product_does_not_count() -> None:
    with MatrixProducts() as found:
        torch.ones(3, 3).mul(2).sum().exp()
    assert (found.products, found.multiplications) == (0, 0)


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU])
@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_formulas_are_the_counts_of_torchs_own_networks(layers: int, activation: type[nn.Module]) -> None:
    model = network(layers, activation)
    x, labels = torch.randn(4, 7), torch.tensor([0, 1, 2, 0])
    with MatrixProducts() as one:
        gradient(model, x, labels)
    assert one.products == counts.gradient(layers)
    with MatrixProducts() as two:
        gradient(model, x, labels)
        gradient(model, x, labels)
    assert two.products == counts.finite_difference(layers)
    with MatrixProducts() as double:
        square = sum(g.square().sum() for g in gradient(model, x, labels, create_graph=True))
        torch.autograd.grad(square, list(model.parameters()), materialize_grads=True)
    assert double.products == counts.double_backpropagation(layers)


def test_an_input_that_needs_a_gradient_takes_more() -> None:
    """Which is what the formulas leave out: 3 L products for a gradient, not 3 L - 1."""
    model, x = network(3, nn.Tanh), torch.randn(4, 7, requires_grad=True)
    with MatrixProducts() as found:
        torch.autograd.grad(model(x).sum(), [x, *model.parameters()])
    assert found.products == 9


def test_a_network_without_layers_is_refused() -> None:
    for formula in (counts.gradient, counts.finite_difference, counts.double_backpropagation):
        with pytest.raises(DepthError, match="a network has 0 layers"):
            formula(0)
