"""Descent in the patterns' coordinates is descent on the images themselves."""

import math

import pytest
import torch

from widthscope.boltzmann.training import LikelihoodStep, likelihood_gradients
from widthscope.ensembles.optimisers import SGD
from widthscope.studies.attnbm.memorisation.pattern_coordinates import (
    COORDINATES,
    HIDDEN_BIAS,
    OUTSIDE,
    EpochOfDescent,
    PatternOrder,
    at_patterns,
    likelihoods,
    small,
)

PIXELS, PATTERNS, HIDDEN, BATCH, RATE = 12, 6, 5, 2, 0.05
CONSTANT = PIXELS * math.log(2 * math.pi) / 2


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def rotated():
    """Orthogonal patterns in general position, weights, and the same weights in the patterns' coordinates."""
    basis = torch.linalg.qr(torch.randn(PIXELS, PIXELS, generator=generator(1), dtype=torch.float64))[0]
    patterns = math.sqrt(PIXELS) * basis[:PATTERNS]
    weights = torch.randn(HIDDEN, PIXELS, generator=generator(2), dtype=torch.float64)
    bias = torch.randn(HIDDEN, generator=generator(3), dtype=torch.float64)
    along = basis @ weights.T
    return (
        patterns,
        weights,
        bias,
        {
            COORDINATES: along[:PATTERNS][None],
            OUTSIDE: along[PATTERNS:].square().sum(0)[None],
            HIDDEN_BIAS: bias[None],
        },
    )


@pytest.mark.parametrize("train_bias", [False, True])
def test_epochs_equal_plain_gradient_descent_on_the_images(rotated, train_bias):
    patterns, weights, bias, own = rotated
    order = PatternOrder.drawn([generator(4)], PATTERNS, BATCH, 3)
    step = EpochOfDescent(float(PIXELS), RATE, train_bias)
    plain = LikelihoodStep(SGD({"weights": RATE, "hidden_bias": RATE if train_bias else 0.0}))
    parameters = {"weights": weights[None], "hidden_bias": bias[None]}
    for epoch in range(3):
        own, _, loss = step(own, {}, order(epoch), epoch)
        losses = []
        for chosen in order(epoch)["order"][0]:
            batch = {"visible": patterns[chosen][None]}
            parameters, _, now = plain(parameters, plain.start(parameters), batch, 0)
            losses.append(float(now) - CONSTANT)
        assert float(loss) == pytest.approx(sum(losses) / len(losses), abs=1e-12)
    moved = patterns @ parameters["weights"][0].T / math.sqrt(PIXELS)
    assert torch.allclose(own[COORDINATES][0], moved, rtol=0, atol=1e-12)
    assert torch.allclose(own[HIDDEN_BIAS], parameters["hidden_bias"], rtol=0, atol=1e-12)
    norms = own[COORDINATES][0].square().sum(0) + own[OUTSIDE][0]
    assert torch.allclose(norms, parameters["weights"][0].square().sum(1), rtol=0, atol=1e-11)


def test_likelihoods_equal_those_of_the_images(rotated):
    patterns, weights, bias, own = rotated
    found = likelihoods(own, float(PIXELS))
    for place, pattern in enumerate(patterns):
        parameters = {"weights": weights[None], "hidden_bias": bias[None]}
        loss, _ = likelihood_gradients(parameters, pattern[None, None])
        assert float(found["nll"][0, place]) == pytest.approx(float(loss) - CONSTANT, abs=1e-12)
    assert found["owner"][0].tolist() == (patterns @ weights.T + bias).argmax(1).tolist()


def test_an_epoch_leaves_the_parameters_it_is_given(rotated):
    own = rotated[3]
    before = {name: value.clone() for name, value in own.items()}
    EpochOfDescent(float(PIXELS), RATE, True)(own, {}, PatternOrder.drawn([generator(4)], 6, 2, 1)(0), 0)
    assert all(torch.equal(own[name], before[name]) for name in own)


def test_members_do_not_mix(rotated):
    single = rotated[3]
    other = {name: 0.5 * value for name, value in single.items()}
    both = {name: torch.cat([single[name], other[name]]) for name in single}
    order = PatternOrder.drawn([generator(4), generator(5)], PATTERNS, BATCH, 1)(0)["order"]
    step = EpochOfDescent(float(PIXELS), RATE)
    together, _, losses = step(both, {}, {"order": order}, 0)
    for place, member in enumerate((single, other)):
        alone, _, loss = step(member, {}, {"order": order[place : place + 1]}, 0)
        assert float(loss) == pytest.approx(float(losses[place]), abs=1e-13)
        assert torch.allclose(alone[COORDINATES][0], together[COORDINATES][place], rtol=0, atol=1e-13)


def test_copies_at_as_many_times_the_rate_train_as_one(rotated):
    """What the control of the trend relies on."""
    own = rotated[3] | {HIDDEN_BIAS: torch.zeros(1, HIDDEN, dtype=torch.float64)}
    twice = {name: torch.cat([value, value], dim=-1) for name, value in own.items()}
    order = PatternOrder.drawn([generator(4)], PATTERNS, BATCH, 1)(0)
    once, _, _ = EpochOfDescent(float(PIXELS), RATE)(own, {}, order, 0)
    doubled, _, _ = EpochOfDescent(float(PIXELS), 2 * RATE)(twice, {}, order, 0)
    assert torch.allclose(doubled[COORDINATES][..., :HIDDEN], once[COORDINATES], rtol=0, atol=1e-13)
    for found in (once, doubled):
        nll = likelihoods(found, float(PIXELS))["nll"]
        assert torch.allclose(nll, likelihoods(once, float(PIXELS))["nll"], rtol=0, atol=1e-12)


def test_small_weights_have_variance_one_over_n_inside_and_outside():
    drawn = small(generator(6), 4000, 40, 10)
    assert float(drawn[COORDINATES].square().mean()) == pytest.approx(1 / 40, rel=0.05)
    assert float(drawn[OUTSIDE].mean()) == pytest.approx(30 / 40, rel=0.05)
    assert (drawn[HIDDEN_BIAS] == 0).all()


def test_a_start_at_the_patterns_is_the_optimum():
    started = at_patterns(small(generator(7), 16, 64, 16), 64.0)
    nll = likelihoods({name: value[None] for name, value in started.items()}, 64.0)["nll"]
    assert torch.allclose(nll, torch.full_like(nll, math.log(16)), atol=1e-3)
