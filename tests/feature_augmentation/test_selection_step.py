"""The step against a loop over single networks in float64, by autograd alone."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from widthscope.ensembles.optimisers import SGD
from widthscope.feature_augmentation.operations.catalogue import OPERATIONS
from widthscope.feature_augmentation.ratios import RatioError
from widthscope.feature_augmentation.selection_step import (
    SAMPLED,
    Policies,
    SelectionStep,
    activation_shapes,
    carried,
    chosen_positions,
    named_draws,
    weights_of,
)
from widthscope.studies.adalase.networks import MLP

NETWORK = MLP(6, 5, hidden=2, classes=3)
K, N, V, LEAST = 3, 8, 7, 0.1
NAMES = ("mixup", "permutation", "noise", "identity")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def made(position, rate, operation, shared=True):
    """Parameters and a batch of members; draws are one set for all, or each member's own."""
    members = len(position)
    drawn = [NETWORK.initial(generator(seed)) for seed in range(members)]
    weights = {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}
    g, sets = generator(7), 1 if shared else members
    batch = {
        "x": torch.randn(members, N, 6, generator=g, dtype=torch.float64),
        "labels": torch.randint(3, (members, N), generator=g),
        "validation_x": torch.randn(members, V, 6, generator=g, dtype=torch.float64),
        "validation_labels": torch.randint(3, (members, V), generator=g),
        "uniform": torch.rand(members, generator=g, dtype=torch.float64),
        "draws": torch.zeros(members, dtype=torch.int64) if shared else torch.arange(members),
        **Policies(
            torch.tensor(position), torch.tensor(rate, dtype=torch.float64), torch.tensor(operation)
        ).batch(),
    }
    for name in NAMES:
        each = OPERATIONS[name].draws_depend_on_shape
        for place, width in enumerate((6, 5, 5)) if each else [(None, 6)]:
            batch |= named_draws(name, place, OPERATIONS[name].draw(g, (sets, N), (width,)))
    return {**weights, **carried(members, K)}, batch


def step_of(adapt=True):
    optimiser = SGD(0.3, 0.9, nesterov=True, weight_decay=0.01)
    return SelectionStep(NETWORK.forward, {name: OPERATIONS[name] for name in NAMES}, optimiser, adapt)


def alone(weights, batch, member, place):
    """Loss of one network augmented at `place`, by hand."""
    row = int(batch["draws"][member])
    h, target = batch["x"][member], functional.one_hot(batch["labels"][member], 3).double()
    for k in range(K):
        h = h if k == 0 else h.relu()
        if k == place:
            name = NAMES[int(batch["operation"][member, k])]
            if name == "mixup":
                share = batch["draws.mixup.share"][row][:, None].double()
                partner = batch["draws.mixup.partner"][row]
                h = share * h + (1 - share) * h[partner]
                target = share * target + (1 - share) * target[partner]
            elif name == "permutation":
                h = h[batch["draws.permutation.permutation"][row]]
            elif name == "noise":
                h = h + 0.1**0.5 * batch[f"draws.noise.{k}.noise"][row].double()
        h = h @ weights[f"W{k + 1}"].T + weights[f"b{k + 1}"]
    return -(target * h.log_softmax(-1)).sum(-1).mean()


CASES = [([SAMPLED, 0, 3, 2, SAMPLED], [0.4, 0.0, 0.0, 0.0, -0.4])]
OPERATION = [[0, 0, 0], [2, 2, 2], [0, 0, 0], [1, 1, 0], [3, 1, 2]]


@pytest.mark.parametrize("shared", [True, False])
def test_step_agrees_with_single_networks(shared):
    position, rate = CASES[0]
    parameters, batch = made(position, rate, OPERATION, shared)
    step = step_of()
    new, _, losses = step(parameters, step.start(parameters), batch, 0)
    chosen = chosen_positions(parameters["ratios"], batch["position"], batch["uniform"])
    for member in range(len(position)):
        own = {k: v[member].clone().requires_grad_() for k, v in weights_of(parameters).items()}
        loss = alone(own, batch, member, int(chosen[member]))
        before = torch.autograd.grad(loss, list(own.values()))
        torch.testing.assert_close(losses[member], loss.detach(), rtol=1e-12, atol=1e-12)
        reference = torch.optim.SGD(own.values(), 0.3, momentum=0.9, nesterov=True, weight_decay=0.01)
        for value, gradient in zip(own.values(), before, strict=True):
            value.grad = gradient.clone()
        reference.step()
        for name, value in own.items():
            torch.testing.assert_close(new[name][member], value.detach(), rtol=1e-11, atol=1e-12)
        clean = {**batch, "x": batch["validation_x"], "labels": batch["validation_labels"]}
        after = torch.autograd.grad(alone(own, clean, member, K), list(own.values()))
        alignment = sum((a * b).sum() for a, b in zip(before, after, strict=True))
        torch.testing.assert_close(new["alignment"][member], alignment, rtol=1e-10, atol=1e-12)
        ratios = parameters["ratios"][member].clone()
        if position[member] == SAMPLED:
            ratios[chosen[member]] += rate[member] * alignment
            ratios = ratios.clamp(LEAST / K, 1 - LEAST / K)
            ratios = ratios / ratios.sum()
        torch.testing.assert_close(new["ratios"][member], ratios, rtol=1e-12, atol=0)
        assert new["chosen"][member] == chosen[member]


def test_without_a_rate_ratios_stay_to_the_last_bit_and_the_old_parameters_too():
    parameters, batch = made([SAMPLED] * 3, [0.0] * 3, [[0, 0, 0]] * 3)
    before = {name: value.clone() for name, value in parameters.items()}
    step = step_of()
    new, _, _ = step(parameters, step.start(parameters), batch, 0)
    assert torch.equal(new["ratios"], before["ratios"])
    assert all(torch.equal(before[name], value) for name, value in parameters.items())


def test_the_identity_equals_no_augmentation_and_adaptation_does_not_touch_weights():
    everywhere, nowhere = made([1, 1], [0.0] * 2, [[3] * 3] * 2), made([3, 3], [0.0] * 2, [[0] * 3] * 2)
    found = []
    for (parameters, batch), adapt in ((everywhere, True), (nowhere, False)):
        step = step_of(adapt)
        found.append(step(parameters, step.start(parameters), batch, 0)[0])
    assert all(torch.equal(found[0][name], found[1][name]) for name in weights_of(found[0]))
    assert torch.equal(found[1]["alignment"], torch.zeros(2, dtype=torch.float64))


def test_shapes_of_activations():
    parameters, batch = made([0, 0], [0.0] * 2, [[0] * 3] * 2)
    assert activation_shapes(NETWORK.forward, parameters, batch["x"]) == [(6,), (5,), (5,)]


@pytest.mark.parametrize(("interval", "decay"), [(3, None), (1, 0.9), (2, 0.5)])
def test_ratios_can_move_at_intervals_and_by_alignments_over_their_root_mean_square(interval, decay):
    """Against the rule by hand, fed with the alignments and positions that the step reports."""
    position, rate = [SAMPLED, 1, SAMPLED, 3], [0.4, 0.2, -0.4, 0.3]
    parameters, batch = made(position, rate, [[0, 0, 0]] * 4)
    step = replace(step_of(), interval=interval, decay=decay)
    parameters |= carried(4, K, rule=step.rule)
    plain, state, plain_state = parameters, step.start(parameters), step_of().start(parameters)
    expected, gathered, square = (
        parameters["ratios"].clone(),
        torch.zeros(4, K).double(),
        torch.zeros(4).double(),
    )
    for t in range(7):
        drawn = {**batch, "uniform": torch.rand(4, generator=generator(t), dtype=torch.float64)}
        parameters, state, _ = step(parameters, state, drawn, t)
        size = parameters["alignment"]
        if decay is not None:
            square = decay * square + (1 - decay) * size**2
            size = size / square.sqrt()
        for member in range(4):
            place = int(parameters["chosen"][member])
            if place < K:
                gathered[member, place] += rate[member] * size[member] / interval
        if (t + 1) % interval == 0:
            clipped = (expected + gathered).clamp(LEAST / K, 1 - LEAST / K)
            clipped = clipped / clipped.sum(1, keepdim=True)
            expected = torch.where((gathered != 0).any(1, keepdim=True), clipped, expected)
            gathered = torch.zeros_like(gathered)
        torch.testing.assert_close(parameters["ratios"], expected, rtol=1e-12, atol=0)
        assert set(parameters) - set(weights_of(parameters)) == {
            "alignment",
            "chosen",
            *step.rule.initial(1, K),
        }
    plain, _, _ = step_of()(plain, plain_state, batch, 0)
    assert not torch.equal(plain["ratios"], parameters["ratios"])


def test_a_step_without_its_memories_is_refused():
    parameters, batch = made([SAMPLED], [0.4], [[0, 0, 0]])
    step = replace(step_of(), decay=0.9)
    with pytest.raises(RatioError, match="mean_square"):
        step(parameters, step.start(parameters), batch, 0)
