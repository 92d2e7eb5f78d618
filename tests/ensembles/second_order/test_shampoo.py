import pytest
import torch
from tests.ensembles.second_order.small_networks import (
    MEMBERS,
    NAMES,
    drawn,
    gradients,
    power,
    rates,
    ridge,
)

from widthscope.ensembles.second_order.errors import SecondOrderError
from widthscope.ensembles.second_order.low_rank import passed_through
from widthscope.ensembles.second_order.shampoo import Shampoo, shampoo_update
from widthscope.ensembles.training import train


def side(square, exponent):
    return power(square, ridge() * torch.linalg.eigvalsh(square)[:, -1], exponent)


def assert_moved(found, parameters, updates):
    for name in NAMES:
        moved = parameters[name] - found[name]
        atol = 1e-12 * float(updates[name].abs().max())
        torch.testing.assert_close(moved, updates[name], rtol=0, atol=atol)


@pytest.mark.parametrize("accumulate", ["none", "sum", "average"])
@pytest.mark.parametrize("exponent", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("width", [4, 11, 40])
def test_the_first_update_equals_that_by_eigenvectors_of_both_sides(width, exponent, accumulate):
    parameters, batch = drawn(width)
    step = Shampoo("tanh", rates(), ridge(), exponent, accumulate)
    found, _, _ = step(parameters, step.start(parameters), batch, 0)
    updates = {
        name: side(G @ G.mT, exponent) @ G @ side(G.mT @ G, exponent)
        for name, G in gradients(parameters, batch).items()
    }
    assert_moved(found, parameters, updates)


@pytest.mark.parametrize("accumulate", ["sum", "average"])
@pytest.mark.parametrize("every", [1, 3])
def test_sides_accumulate_and_their_roots_are_renewed_in_time(accumulate, every):
    parameters, _ = drawn(11)
    step = Shampoo("tanh", rates(0.1), ridge(), 0.25, accumulate, 0.8, every)
    state = step.start(parameters)
    sides, roots = dict.fromkeys(NAMES, (0, 0)), {}
    for k in range(5):
        _, batch = drawn(11, seed=k)
        updates = {}
        for name, G in gradients(parameters, batch).items():
            new = (G @ G.mT, G.mT @ G)
            if accumulate == "average" and k:
                old, new = (0.8 * s for s in sides[name]), (0.2 * s for s in new)
            else:
                old = sides[name]
            sides[name] = tuple(a + b for a, b in zip(old, new, strict=True))
            if k % every == 0:
                roots[name] = [side(s, 0.25) for s in sides[name]]
            updates[name] = 0.1 * roots[name][0] @ G @ roots[name][1]
        found, state, _ = step(parameters, state, batch, k)
        assert_moved(found, parameters, updates)
        parameters = found


def test_the_update_is_the_polar_factor_where_the_ridge_vanishes():
    """e = 1/4 and no ridge: G (G^T G)^{-1/2}, all of whose singular values are 1."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(2, 6, 20, generator=generator, dtype=torch.float64)
    signals = torch.randn(2, 6, 15, generator=generator, dtype=torch.float64)
    update = shampoo_update(inputs, signals, torch.full((2,), 1e-15, dtype=torch.float64))
    singular = torch.linalg.svdvals(update.matrix())
    torch.testing.assert_close(singular[:, :6], torch.ones(2, 6, dtype=torch.float64), rtol=1e-9, atol=0)
    assert float(singular[:, 6:].max()) < 1e-12


def test_a_gradient_of_zero_moves_nothing_and_one_sample_is_enough():
    parameters, batch = drawn(12)
    parameters["W3"] = torch.zeros_like(parameters["W3"])
    for accumulate in ("none", "sum"):
        step = Shampoo("tanh", rates(), ridge(), accumulate=accumulate)
        found, _, _ = step(parameters, step.start(parameters), batch, 0)
        assert torch.equal(found["W1"], parameters["W1"])
        assert torch.equal(found["W2"], parameters["W2"])
        assert bool(found["W3"].isfinite().all())
    parameters, batch = drawn(12)
    one = {name: value[:, :1] for name, value in batch.items()}
    step = Shampoo("tanh", rates(), ridge())
    found, _, _ = step(parameters, {}, one, 0)
    for name, G in gradients(parameters, one).items():
        # Rank one: G / (s^2 (1 + eps))^{1/2}.
        size = torch.linalg.matrix_norm(G, 2)[:, None, None]
        expected = G / size / (1 + ridge()[:, None, None]).sqrt()
        torch.testing.assert_close(parameters[name] - found[name], expected, rtol=1e-12, atol=1e-14)


def test_a_member_that_is_not_finite_diverges_alone():
    parameters, batch = drawn(12)
    broken = {name: value.clone() for name, value in parameters.items()}
    broken["W2"][1] = 1e200
    for accumulate in ("none", "average"):
        step = Shampoo("relu", rates(0.01), ridge(), accumulate=accumulate)
        found = train(MEMBERS, broken, step, lambda k: batch, 3)
        others = train(MEMBERS, parameters, step, lambda k: batch, 3)
        assert found.diverged_at.tolist() == [-1, 0, -1]
        for name in NAMES:
            assert torch.equal(found.parameters[name][[0, 2]], others.parameters[name][[0, 2]])


def test_float32_agrees_with_float64_for_a_ridge_above_rounding():
    updates = {}
    for dtype in (torch.float32, torch.float64):
        parameters, batch = drawn(30, dtype)
        layers = passed_through(parameters, batch, "tanh").layers()
        updates[dtype] = shampoo_update(*layers["W2"], torch.full((3,), 1e-2, dtype=dtype)).matrix().double()
    difference = updates[torch.float32] - updates[torch.float64]
    # The inner matrix's error is a few roundings (6e-8) of its largest eigenvalue, the ridge 1e-2 of it.
    assert float(difference.norm() / updates[torch.float64].norm()) < 10 * 6e-8 / 1e-2


def test_what_is_out_of_range_is_refused():
    cases = {
        "accumulation 'ema' is unknown; there are none, sum, average": {"accumulate": "ema"},
        "exponent -1 must be at least 0": {"exponent": -1},
        r"decay 1 in \[0, 1\)": {"decay": 1},
        "decompositions 0 at least 1": {"every": 0},
        "relative ridge is 0 for member 0; it must be positive": {"ridge": torch.zeros(3)},
    }
    for sentence, options in cases.items():
        with pytest.raises(SecondOrderError, match=sentence):
            Shampoo(**{"activation": "tanh", "rates": rates(), "ridge": ridge(), **options})
