import pytest
import torch
from tests.ensembles.second_order.small_networks import MEMBERS, NAMES, drawn, gradients, rates
from torch import nn

from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.schedules import warmup_cosine
from widthscope.ensembles.second_order.first_order import MLPStep
from widthscope.ensembles.second_order.low_rank import gradient_update, passed_through
from widthscope.models.mlp import squared_loss


def assert_near(found, wanted):
    for name in NAMES:
        torch.testing.assert_close(found[name], wanted[name], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_steps_equal_autograd_and_a_loop_over_modules(activation):
    parameters, batch = drawn(11)
    phi = {"tanh": nn.Tanh, "relu": nn.ReLU}[activation]

    def loss(p, batch):
        hidden = phi()(phi()(batch["x"] @ p["W1"].mT) @ p["W2"].mT)
        return squared_loss(hidden @ p["W3"].mT, batch["y"])

    by_member = {"W1": [0.1, 0.2, 0.3], "W2": [0.3, 0.0, 0.1], "W3": [1.0, 1.0, 1.0]}
    by_layer = {name: torch.tensor(values, dtype=torch.float64) for name, values in by_member.items()}
    schedule = warmup_cosine(2, 8)
    ours, theirs = MLPStep(activation, by_layer, schedule), GradientStep(loss, SGD(by_layer), schedule)
    modules = []
    for member in range(len(MEMBERS)):
        weights = [nn.Linear(*reversed(parameters[n].shape[1:]), bias=False).double() for n in NAMES]
        for layer, name in zip(weights, NAMES, strict=True):
            layer.weight.data = parameters[name][member].clone()
        modules.append(nn.Sequential(weights[0], phi(), weights[1], phi(), weights[2]))
    found, wanted = parameters, parameters
    for k in range(8):
        found, _, losses = ours(found, {}, batch, k)
        wanted, _, autograd = theirs(wanted, {}, batch, k)
        torch.testing.assert_close(losses, autograd, rtol=1e-12, atol=0)
        for member, module in enumerate(modules):
            alone = (module(batch["x"][member]) - batch["y"][member]).square().sum() / 14
            torch.testing.assert_close(losses[member], alone.detach(), rtol=1e-12, atol=0)
            module.zero_grad()
            alone.backward()
            for layer, name in zip((module[0], module[2], module[4]), NAMES, strict=True):
                layer.weight.data -= schedule(k) * by_layer[name][member] * layer.weight.grad
    assert_near(found, wanted)
    for member, module in enumerate(modules):
        weights = dict(zip(NAMES, (module[0].weight, module[2].weight, module[4].weight), strict=True))
        assert_near(
            {name: found[name][member] for name in NAMES}, {n: w.detach() for n, w in weights.items()}
        )
    assert torch.equal(found["W2"][1], parameters["W2"][1])


def test_the_gradient_as_two_factors_is_the_gradient():
    parameters, batch = drawn(4)
    layers = passed_through(parameters, batch, "tanh").layers()
    for name, gradient in gradients(parameters, batch).items():
        torch.testing.assert_close(gradient_update(*layers[name]).matrix(), gradient, rtol=1e-12, atol=1e-15)


def test_old_parameters_stay_and_layers_without_a_rate_are_passed_on():
    parameters, batch = drawn(4)
    kept = {name: value.clone() for name, value in parameters.items()}
    found, _, _ = MLPStep("tanh", rates(0.5, ("W2",)))(parameters, {}, batch, 0)
    assert all(torch.equal(parameters[name], kept[name]) for name in NAMES)
    assert found["W1"] is parameters["W1"]
    assert not torch.equal(found["W2"], kept["W2"])
