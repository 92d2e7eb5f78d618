"""Updates against `torch.optim` for each member alone, over many steps in float64."""

import pytest
import torch

from widthscope.ensembles.optimisers import SGD, Adam
from widthscope.ensembles.schedules import constant, inverse_sqrt, warmup_cosine

RATES = torch.tensor([1e-3, 3e-2, 0.2], dtype=torch.float64)
SHAPES = {"weights": (4, 5), "bias": (5,)}
STEPS = 120


def draws():
    generator = torch.Generator().manual_seed(0)

    def tensors():
        return {
            name: torch.randn(3, *shape, generator=generator, dtype=torch.float64)
            for name, shape in SHAPES.items()
        }

    # Gradients of very different size, some of them exactly zero.
    return tensors(), [
        {name: g * 10.0 ** (step % 7 - 3) * (step % 5 > 0) for name, g in tensors().items()}
        for step in range(STEPS)
    ]


CASES = {
    "sgd": (lambda rate: SGD(rate), lambda p, rate: torch.optim.SGD(p, rate)),
    "momentum": (lambda rate: SGD(rate, 0.9), lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9)),
    "nesterov": (
        lambda rate: SGD(rate, 0.9, nesterov=True),
        lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9, nesterov=True),
    ),
    "nesterov, decay": (
        lambda rate: SGD(rate, 0.9, nesterov=True, weight_decay=0.3),
        lambda p, rate: torch.optim.SGD(p, rate, momentum=0.9, nesterov=True, weight_decay=0.3),
    ),
    "sgd, decay": (
        lambda rate: SGD(rate, weight_decay=0.3),
        lambda p, rate: torch.optim.SGD(p, rate, weight_decay=0.3),
    ),
    "adam": (lambda rate: Adam(rate), lambda p, rate: torch.optim.Adam(p, rate)),
    "adam, own averages": (
        lambda rate: Adam(rate, betas=(0.8, 0.98), eps=1e-3),
        lambda p, rate: torch.optim.Adam(p, rate, betas=(0.8, 0.98), eps=1e-3),
    ),
    "adamw": (
        lambda rate: Adam(rate, weight_decay=0.3),
        lambda p, rate: torch.optim.AdamW(p, rate, weight_decay=0.3),
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("schedule", [constant(), warmup_cosine(10, STEPS)], ids=["constant", "cosine"])
def test_updates_equal_those_of_torch_for_each_member(case, schedule):
    ours, theirs = CASES[case]
    parameters, gradients = draws()
    optimiser = ours(RATES)
    state, new = optimiser.start(parameters), dict(parameters)
    for step in range(STEPS):
        passed = {name: g.clone() for name, g in gradients[step].items()}
        new = optimiser.update(new, passed, state, schedule(step), step)
    for member, rate in enumerate(RATES.tolist()):
        alone = {name: p[member].clone().requires_grad_() for name, p in parameters.items()}
        reference = theirs(list(alone.values()), rate)
        for step in range(STEPS):
            reference.param_groups[0]["lr"] = rate * schedule(step)
            for name, value in alone.items():
                value.grad = gradients[step][name][member].clone()
            reference.step()
        for name, value in alone.items():
            torch.testing.assert_close(new[name][member], value.detach(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("optimiser", [SGD(0.1), SGD(0.1, 0.9), Adam(0.1, weight_decay=0.1)])
def test_old_parameters_stay_as_they_are(optimiser):
    parameters, gradients = draws()
    before = {name: value.clone() for name, value in parameters.items()}
    optimiser.update(parameters, gradients[1], optimiser.start(parameters), 1.0, 0)
    assert all(torch.equal(before[name], value) for name, value in parameters.items())


def test_nesterov_without_momentum_is_refused():
    with pytest.raises(ValueError, match=r"must be above 0, not 0\.0"):
        SGD(0.1, nesterov=True)


def test_rates_by_name_and_a_name_left_out_stays():
    parameters, gradients = draws()
    optimiser = SGD({"weights": RATES})
    expected = parameters["weights"] - RATES[:, None, None] * gradients[1]["weights"]
    new = optimiser.update(parameters, gradients[1], {}, 1.0, 0)
    torch.testing.assert_close(new["weights"], expected)
    assert torch.equal(new["bias"], parameters["bias"])


def test_schedules_at_their_corners():
    cosine = warmup_cosine(4, 20, floor=0.1)
    assert [cosine(k) for k in (0, 3, 4)] == [0.25, 1.0, 1.0]
    assert cosine(12) == pytest.approx(0.55)
    assert cosine(20) == pytest.approx(0.1)
    root = inverse_sqrt(4)
    assert [root(k) for k in (0, 3, 15)] == [0.25, 1.0, 0.5]
    assert constant()(7) == 1.0
    with pytest.raises(ValueError, match="warmup 21"):
        warmup_cosine(21, 20)
    with pytest.raises(ValueError, match="warmup 0"):
        inverse_sqrt(0)
