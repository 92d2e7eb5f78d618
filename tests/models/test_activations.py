import pytest
import torch
from torch.nn import functional

from widthscope.models.activations import ACTIVATIONS

REFERENCE = {
    "relu": functional.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "softplus": lambda x: functional.softplus(x, threshold=800),
    "gelu": functional.gelu,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_equal_those_of_torch(name):
    x = torch.cat([torch.linspace(-30, 30, 601), torch.tensor([-700.0, 0.0, 700.0])]).double()
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    found, expected = ACTIVATIONS[name](ours), REFERENCE[name](theirs)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)
    away = x != 0 if name == "relu" else slice(None)  # relu has no slope there
    slopes = [torch.autograd.grad(y.sum(), z)[0][away] for y, z in ((found, ours), (expected, theirs))]
    torch.testing.assert_close(*slopes, rtol=1e-11, atol=1e-15)


def depends_on_length(function, dtype):
    """Whether value or slope at one place changes with the number of places after it."""
    torch.manual_seed(0)
    x = 3 * torch.randn(203, dtype=dtype)

    def both(values):
        leaf = values.clone().requires_grad_()
        found = function(leaf)
        (slope,) = torch.autograd.grad(
            (found * torch.linspace(-1, 1, 203, dtype=dtype)[: len(leaf)]).sum(), leaf
        )
        return torch.stack([found.detach(), slope])

    whole = both(x)
    return any(not torch.equal(both(x[:n]), whole[:, :n]) for n in range(1, 203))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_value_does_not_depend_on_how_long_the_tensor_is(name, dtype):
    assert not depends_on_length(ACTIVATIONS[name], dtype)


def test_the_comparison_can_fail():
    assert depends_on_length(lambda x: x * x.mean(), torch.float32)
