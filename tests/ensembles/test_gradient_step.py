from functools import partial

import pytest
import torch
from tests.ensembles.small_training import SEEDS, trained
from tests.ensembles.small_training import network as small_network
from torch import nn

from widthscope.ensembles.gradient_step import (
    GradientStep,
    clip_members,
    members_at_once,
    value_and_gradients,
)
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD, Adam
from widthscope.ensembles.parameters import member_of, stacked


def network():
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).double()


def loss(parameters, batch):
    hidden = torch.tanh(batch["x"] @ parameters["0.weight"].mT + parameters["0.bias"][:, None])
    output = hidden @ parameters["2.weight"].mT + parameters["2.bias"][:, None]
    return (output - batch["y"]).square().mean((1, 2))


def drawn(members=4):
    torch.manual_seed(1)
    networks = [network() for _ in range(members)]
    parameters = stacked(
        [{k: v.detach() for k, v in n.named_parameters()} for n in networks], dtype=torch.float64
    )
    x = torch.randn(members, 6, 3, dtype=torch.float64)
    return networks, parameters, {"x": x, "y": torch.randn(members, 6, 1, dtype=torch.float64)}


def test_gradients_equal_those_of_a_module_for_each_member():
    networks, parameters, batch = drawn()
    values, gradients = value_and_gradients(loss, parameters, batch)
    for place, module in enumerate(networks):
        alone = (module(batch["x"][place]) - batch["y"][place]).square().mean()
        alone.backward()
        torch.testing.assert_close(values[place], alone.detach(), rtol=1e-13, atol=0)
        for name, parameter in module.named_parameters():
            torch.testing.assert_close(gradients[name][place], parameter.grad, rtol=1e-12, atol=1e-15)


def test_many_steps_equal_a_loop_over_modules():
    networks, parameters, batch = drawn()
    step = GradientStep(loss, SGD(0.05, momentum=0.9))
    state = step.start(parameters)
    optimisers = [torch.optim.SGD(n.parameters(), 0.05, momentum=0.9) for n in networks]
    for k in range(50):
        parameters, state, values = step(parameters, state, batch, k)
        for place, (module, optimiser) in enumerate(zip(networks, optimisers, strict=True)):
            optimiser.zero_grad()
            alone = (module(batch["x"][place]) - batch["y"][place]).square().mean()
            alone.backward()
            optimiser.step()
            torch.testing.assert_close(values[place], alone.detach(), rtol=1e-11, atol=1e-13)
    for place, module in enumerate(networks):
        for name, value in member_of(parameters, place).items():
            expected = dict(module.named_parameters())[name].detach()
            torch.testing.assert_close(value, expected, rtol=1e-10, atol=1e-12)


def test_gradients_may_be_written_to_though_autograd_shares_their_memory():
    parameters = {name: torch.ones(2, 3) for name in ("a", "b", "unused")}

    def shared(p, batch):
        return (p["a"] + p["b"]).sum(1)  # both gradients are one expanded tensor of ones

    _, gradients = value_and_gradients(shared, parameters, {})
    gradients["a"].zero_()
    assert torch.equal(gradients["b"], torch.ones(2, 3))
    assert torch.equal(gradients["unused"], torch.zeros(2, 3))


CLIP = 1.0


def test_gradients_are_clipped_as_those_of_a_module_for_each_member():
    networks, parameters, batch = drawn(6)
    batch["y"] *= 10.0 ** torch.arange(-3.0, 3.0)[:, None, None]
    step = GradientStep(loss, SGD(1.0), clip=CLIP)
    new, _, _ = step(parameters, step.start(parameters), batch, 0)
    shortened = 0
    for place, module in enumerate(networks):
        (module(batch["x"][place]) - batch["y"][place]).square().mean().backward()
        shortened += int(nn.utils.clip_grad_norm_(module.parameters(), CLIP) > CLIP)
        for name, parameter in module.named_parameters():
            moved = parameters[name][place] - new[name][place]
            torch.testing.assert_close(moved, parameter.grad, rtol=3e-5, atol=1e-15)  # theirs adds 1e-6
    assert 0 < shortened < 6


def test_squares_of_a_large_gradient_do_not_overflow():
    gradients = {"a": torch.tensor([[3e30], [3.0], [0.0]]), "b": torch.tensor([[4e30], [4.0], [0.0]])}
    clip_members(gradients, 1.0)
    torch.testing.assert_close(gradients["a"], torch.tensor([[0.6], [0.6], [0.0]]))
    torch.testing.assert_close(gradients["b"], torch.tensor([[0.8], [0.8], [0.0]]))


def test_a_short_gradient_keeps_every_bit_and_one_that_is_not_finite_stays_so():
    gradients = {"a": torch.tensor([[0.1, 0.7], [torch.inf, 1.0], [torch.nan, 1.0]])}
    clip_members(gradients, 1.0)
    assert torch.equal(gradients["a"][0], torch.tensor([0.1, 0.7]))
    assert not gradients["a"][1].isfinite().all()
    assert not gradients["a"][2].isfinite().any()


def test_clipped_members_stay_independent():
    def run(members):
        return trained(members, step=GradientStep(small_loss, Adam(0.01), clip=0.1)).parameters

    small_loss = small_network(5)[1]
    assert not dependent_on_company(run, SEEDS, groups=(1, 2, 5))


@pytest.mark.parametrize("clip", [-1.0, float("nan"), float("inf")])
def test_a_clip_that_is_no_norm_is_refused(clip):
    with pytest.raises(ValueError, match="clip"):
        GradientStep(loss, SGD(0.1), clip=clip)


@pytest.mark.parametrize("at_once", [2, 3, 5, 100])
def test_taking_a_few_members_at_a_time_changes_no_bit(at_once):
    _, parameters, batch = drawn(members=11)
    sizes = []

    def watched(p, b):
        sizes.append(len(p["0.bias"]))
        return loss(p, b)

    whole, grouped = GradientStep(loss, SGD(0.1)), GradientStep(watched, SGD(0.1), at_once=at_once)
    expected, _, values = whole(parameters, {}, batch, 0)
    found, _, of_groups = grouped(parameters, {}, batch, 0)
    assert torch.equal(of_groups, values)
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert sum(sizes) == 11
    assert min(sizes) >= min(at_once, 11)  # no group of one, which would take other kernels


def test_one_member_at_a_time_is_refused():
    with pytest.raises(ValueError, match="at_once 1 must be 0 or at least 2"):
        GradientStep(loss, SGD(0.1), at_once=1)
    assert members_at_once(2**30) == 2
    assert members_at_once(2**16) == 16


def test_a_compiled_loss_agrees(monkeypatch):
    _, parameters, batch = drawn()
    # All of compilation but the code generator, which needs a C++ compiler and half a minute.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    compiled, plain = GradientStep(loss, SGD(0.1), compile=True), GradientStep(loss, SGD(0.1))
    assert compiled.loss is not loss
    found, expected = (step(parameters, {}, batch, 0) for step in (compiled, plain))
    torch.testing.assert_close(found, expected)


def test_stacking_keeps_each_members_own_draw():
    members = Members.grid(seed=range(3))
    parameters = stacked(
        [{"w": torch.randn(2, generator=g, dtype=torch.float64)} for g in members.generators("weights")]
    )
    assert parameters["w"].dtype == torch.float32
    alone = members.take([2]).generators("weights")[0]
    assert torch.equal(parameters["w"][2], torch.randn(2, generator=alone, dtype=torch.float64).float())
