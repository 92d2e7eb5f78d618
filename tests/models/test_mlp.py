"""The hand-written network against autograd, and its degenerate cases."""

import pytest
import torch

from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import stacked
from widthscope.models import mlp
from widthscope.streams import torch_generator


def members_of(count, sizes, **scales):
    return stacked(
        [mlp.initial(torch_generator("test.mlp", k), sizes, **scales) for k in range(count)],
        dtype=torch.float64,
    )


def data(count, sizes, batch=7):
    generator = torch_generator("test.mlp", "data")
    x = torch.randn(count, batch, sizes[0], generator=generator, dtype=torch.float64)
    return x, torch.randn(count, batch, sizes[-1], generator=generator, dtype=torch.float64)


def autograd(parameters, x, y, phi):
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    a = x
    for place, weight in enumerate(leaves.values()):
        h = torch.einsum("mni,moi->mno", a, weight)
        a = phi(h) if place < len(leaves) - 1 else h
    losses = 0.5 * (h - y).square().sum(dim=2).mean(dim=1)
    return losses.detach(), dict(zip(leaves, torch.autograd.grad(losses.sum(), leaves.values()), strict=True))


@pytest.mark.parametrize(
    ("activation", "phi"), [("tanh", torch.tanh), ("relu", torch.relu), ("identity", lambda h: h)]
)
@pytest.mark.parametrize("layers", [2, 3, 5])
def test_gradients_are_those_of_autograd(activation, phi, layers):
    shape = mlp.sizes(4, 6, 3, layers)
    parameters, (x, y) = members_of(3, shape), data(3, shape)
    found, (losses, wanted) = mlp.gradients(parameters, x, y, activation), autograd(parameters, x, y, phi)
    torch.testing.assert_close(found.losses, losses, rtol=1e-13, atol=0)
    assert list(found.values) == list(mlp.layer_names(layers))
    for name, value in wanted.items():
        torch.testing.assert_close(found.values[name], value, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("activation", mlp.ACTIVATIONS)
def test_slope_is_the_derivative(activation):
    h = torch.linspace(-2.05, 2, 40, dtype=torch.float64)
    step = 1e-6
    wanted = (mlp.activate(activation, h + step) - mlp.activate(activation, h - step)) / (2 * step)
    torch.testing.assert_close(mlp.slope(activation, h), wanted, rtol=0, atol=1e-9)
    signal = torch.linspace(-1, 3, 40, dtype=torch.float64)
    product = mlp.times_slope(signal, mlp.activate(activation, h), activation)
    torch.testing.assert_close(product, signal * mlp.slope(activation, h), rtol=1e-14, atol=1e-15)


def test_weights_have_the_stated_variances_and_share_their_normal_numbers():
    shape = mlp.sizes(50, 400, 100, 3)
    drawn = mlp.initial(torch_generator("test.mlp", 0), shape, sigma=2.0, readout_scale=0.1)
    for name, wanted in {"W1": 2 / 50**0.5, "W2": 2 / 400**0.5, "W3": 0.1 / 400**0.5}.items():
        assert drawn[name].std().item() == pytest.approx(wanted, rel=0.02)
    again = mlp.initial(torch_generator("test.mlp", 0), shape, sigma=2.0, readout_scale=0.0)
    assert torch.equal(again["W2"], drawn["W2"])
    assert not again["W3"].any()


def test_backward_is_linear_in_any_signal_at_the_output():
    shape = mlp.sizes(4, 6, 3, 3)
    parameters, (x, _) = members_of(2, shape), data(2, shape)
    passed = mlp.forward(parameters, x, "tanh")
    one, two = torch.randn(2, *passed.outputs.shape, dtype=torch.float64)
    together = mlp.backward(parameters, passed, one - 3 * two, "tanh")
    for sum_of, first, second in zip(
        together,
        mlp.backward(parameters, passed, one, "tanh"),
        mlp.backward(parameters, passed, two, "tanh"),
        strict=True,
    ):
        torch.testing.assert_close(sum_of, first - 3 * second, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("width", [16, 33])
def test_members_do_not_depend_on_company_nor_on_a_shared_view_of_the_data(width):
    shape = mlp.sizes(9, width, 3, 3)
    x, y = (values.float() for values in data(1, shape))

    def run(members):
        drawn = [mlp.initial(generator, shape) for generator in members.generators("weights")]
        parameters = stacked(drawn * (2 if len(members) == 1 else 1))
        count = len(parameters["W1"])
        found = mlp.gradients(parameters, x.expand(count, -1, -1), y.expand(count, -1, -1), "tanh")
        return {name: value[: len(members)] for name, value in found.values.items()}

    assert dependent_on_company(run, Members.grid(seed=range(7)), groups=(1, 2, 3)) == []


@pytest.mark.parametrize("activation", mlp.ACTIVATIONS)
def test_the_product_with_the_slope_does_not_depend_on_a_places_position(activation):
    signal, h = torch.randn(2, 1037, generator=torch_generator("test.mlp", "places"))
    value = mlp.activate(activation, h)
    whole = mlp.times_slope(signal, value, activation)
    for length in range(1, 40):
        part = mlp.times_slope(signal[:length].clone(), value[:length].clone(), activation)
        assert torch.equal(part, whole[:length])


def test_bad_networks_are_named():
    with pytest.raises(mlp.MLPError, match="1 weight layers; it needs at least 2"):
        mlp.sizes(4, 6, 3, 1)
    with pytest.raises(mlp.MLPError, match="widths 4, 0, 3"):
        mlp.sizes(4, 0, 3, 2)
    with pytest.raises(mlp.MLPError, match="'gelu' is unknown; there are tanh, relu, identity"):
        mlp.slope("gelu", torch.zeros(2))
