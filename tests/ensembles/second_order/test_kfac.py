from itertools import product

import pytest
import torch
from tests.ensembles.second_order.small_networks import (
    MEMBERS,
    NAMES,
    NOISE,
    drawn,
    explicit_factors,
    gradients,
    kfac,
    power,
    rates,
    ridge,
    trace,
)

from widthscope.ensembles.second_order.damping import damping
from widthscope.ensembles.second_order.errors import SecondOrderError
from widthscope.ensembles.second_order.factors import SampledResiduals
from widthscope.ensembles.second_order.kfac import KFAC
from widthscope.ensembles.second_order.low_rank import passed_through
from widthscope.ensembles.training import train
from widthscope.models.mlp import forward
from widthscope.parameterisations import methods
from widthscope.parameterisations.slopes import maximal_update

FISHERS = ("emp", "mc", "exact")


def expected(parameters, batch, factors, exponents, last):
    """The update with its n x n matrices, damped relative to their traces as `small_networks.kfac`."""
    new = {}
    for name, gradient in gradients(parameters, batch).items():
        first, second = factors[name]
        update = gradient @ power(first, ridge() * trace(first), exponents[0])
        if not (name == NAMES[-1] and last == "identity"):
            update = power(second, ridge(0.03, 0.3, 0.1) * trace(second), exponents[1]) @ update
        new[name] = parameters[name] - update
    return new


def assert_equal(found, parameters, wanted):
    for name in NAMES:
        moved = wanted[name] - parameters[name]
        scale = float(moved.abs().max())
        torch.testing.assert_close(found[name] - parameters[name], moved, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("width", [4, 11, 40])  # narrower than the batch of 7, than its 21 rows, wider
@pytest.mark.parametrize("fisher", FISHERS)
def test_updates_equal_those_by_matrices_of_the_layers_size(width, fisher):
    parameters, batch = drawn(width)
    factors = explicit_factors(parameters, batch, fisher)
    pairs = ((1, 1), (1, 0), (0, 1), (0.5, 0.5), (0.25, 0.75))
    for exponents, last in product(pairs, ("identity", "empirical")):
        step = kfac(exponents=exponents, fisher=fisher, last_output_factor=last)
        found, _, losses = step(parameters, step.start(parameters), batch, 0)
        assert_equal(found, parameters, expected(parameters, batch, factors, exponents, last))
        residuals = forward(parameters, batch["x"], "tanh").outputs - batch["y"]
        torch.testing.assert_close(losses, residuals.square().sum((1, 2)) / 14)


@pytest.mark.parametrize("width", [4, 40])
@pytest.mark.parametrize("fisher", FISHERS)
def test_a_window_averages_the_last_batches_factors(width, fisher):
    parameters, _ = drawn(width)
    step = kfac(fisher=fisher, window=3, decay=0.6, exponents=(1, 0.5))
    state, past = step.start(parameters), []
    for k in range(5):
        _, batch = drawn(width, seed=k)
        past = [explicit_factors(parameters, batch, fisher, k), *past][:3]
        weights = [0.6**back for back in range(len(past))]
        averages = {
            name: tuple(
                sum(w * factors[name][side] for w, factors in zip(weights, past, strict=True)) / sum(weights)
                for side in (0, 1)
            )
            for name in NAMES
        }
        found, state, _ = step(parameters, state, batch, k)
        assert_equal(found, parameters, expected(parameters, batch, averages, (1, 0.5), "identity"))
        parameters = {name: 0.9 * value for name, value in parameters.items()}


def test_the_effect_of_an_update_needs_no_matrix_of_the_weights_size():
    parameters, batch = drawn(11)
    step = kfac()
    passed = passed_through(parameters, batch, "tanh")
    for name, update in step.updates(parameters, passed, {}, 0).items():
        inputs, _ = passed.layers()[name]
        torch.testing.assert_close(update.effect(inputs), inputs @ update.matrix().mT)
        entries = update.matrix().square().mean((1, 2)).sqrt()
        torch.testing.assert_close(update.root_mean_square(), entries)


def test_sampled_residuals_depend_on_the_stream_and_the_step_alone():
    like = torch.zeros(3, 2000, 4)
    first = NOISE(3, like)
    assert torch.equal(first, NOISE(3, like))
    assert not torch.equal(first, NOISE(4, like))
    swapped = SampledResiduals(list(reversed(MEMBERS.keys("noise"))))
    assert torch.equal(swapped(3, like), first.flip(0))
    shared = SampledResiduals([("one",), ("two",), ("one",)])(0, like)
    assert torch.equal(shared[0], shared[2])
    assert not torch.equal(shared[0], shared[1])
    assert float((first.mT @ first / 2000 - torch.eye(4)).abs().max()) < 4.5 * (2 / 2000) ** 0.5


def test_a_rate_of_zero_freezes_a_layer_of_a_member_and_of_all():
    parameters, batch = drawn(9)
    by_layer = {**rates(), "W1": torch.tensor([1.0, 0.0, 1.0]), "W2": torch.zeros(3)}
    del by_layer["W3"]
    step = KFAC("tanh", by_layer, kfac().damping, noise=NOISE)
    found, _, _ = step(parameters, {}, batch, 0)
    assert found["W2"] is parameters["W2"]
    assert found["W3"] is parameters["W3"]
    moved = (found["W1"] != parameters["W1"]).flatten(1).any(1)
    assert moved.tolist() == [True, False, True]


@pytest.mark.parametrize("rule", ["rescaled", "mup_abs", "heuristic", "const"])
@pytest.mark.parametrize("fisher", FISHERS)
def test_a_readout_of_zeros_sends_no_signals_and_moves_no_hidden_layer(rule, fisher):
    parameters, batch = drawn(12)
    parameters["W3"] = torch.zeros_like(parameters["W3"])
    rho = damping(rule, NAMES, ridge(), ridge(), maximal_update(methods.kfac()), 12, 6)
    step = KFAC("tanh", rates(), rho, fisher=fisher, noise=NOISE)
    found, _, _ = step(parameters, {}, batch, 0)
    assert torch.equal(found["W1"], parameters["W1"])
    assert torch.equal(found["W2"], parameters["W2"])
    assert bool(found["W3"].isfinite().all())
    assert bool(found["W3"].any())


def test_one_step_from_a_readout_of_zeros_is_kernel_ridge_regression():
    """f(x) = K(x, X) (K(X, X) + N rho_A)^-1 y with K = a_{L-1} a_{L-1}^T, at rate 1 and B_L = I."""
    parameters, batch = drawn(30)
    parameters["W3"] = torch.zeros_like(parameters["W3"])
    step = KFAC("relu", rates(), damping("const", NAMES, ridge(), ridge()), noise=NOISE)
    found, _, _ = step(parameters, {}, batch, 0)
    unseen = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    seen = forward(parameters, batch["x"], "relu").inputs[-1]
    kernel = seen @ seen.mT + 7 * torch.diag_embed(ridge()[:, None].expand(3, 7))
    features = forward(parameters, unseen, "relu").inputs[-1]
    expected = features @ seen.mT @ torch.linalg.solve(kernel, batch["y"])
    torch.testing.assert_close(forward(found, unseen, "relu").outputs, expected, rtol=1e-12, atol=1e-13)


def test_one_sample_is_enough():
    parameters, batch = drawn(6)
    batch = {name: value[:, :1] for name, value in batch.items()}
    factors = explicit_factors(parameters, batch, "emp")
    step = kfac(fisher="emp")
    found, _, _ = step(parameters, {}, batch, 0)
    assert_equal(found, parameters, expected(parameters, batch, factors, (1, 1), "identity"))


def test_a_member_that_is_not_finite_diverges_alone():
    parameters, batch = drawn(12)
    alone = {name: value.clone() for name, value in parameters.items()}
    alone["W2"][1] = 1e200  # its Gram matrices overflow
    relu = {"fisher": "emp", "exponents": (0.5, 0.25)}
    step = KFAC("relu", rates(0.01), kfac().damping, **relu)
    trained = train(MEMBERS, alone, step, lambda k: batch, 3)
    assert trained.diverged_at.tolist() == [-1, 0, -1]
    others = train(MEMBERS, parameters, step, lambda k: batch, 3)
    for name in NAMES:
        assert torch.equal(trained.parameters[name][[0, 2]], others.parameters[name][[0, 2]])


def test_a_factor_singular_to_rounding_makes_its_member_diverge_and_no_other():
    parameters, batch = drawn(12)
    x = batch["x"].clone()
    x[:, 1:] = x[:, :1]  # one input, seven times: rank one
    tiny = torch.tensor([1e-60, 0.1, 0.1], dtype=torch.float64)
    step = KFAC("tanh", rates(), damping("const", NAMES, tiny, ridge()), exponents=(1, 0))
    batch = {**batch, "x": x}
    found = train(MEMBERS, parameters, step, lambda k: batch, 1)
    assert bool(torch.isfinite(torch.cat([v.flatten() for v in found.parameters.values()])).all())
    assert found.diverged_at.tolist() == [0, -1, -1]


def test_what_is_out_of_range_is_refused():
    cases = {
        "Fisher type 'empirical' is unknown; there are mc, emp, exact": {"fisher": "empirical"},
        "output factor of the last layer 'none' is unknown": {"last_output_factor": "none"},
        r"exponents \(-1, 1\) must be at least 0": {"exponents": (-1, 1)},
        "window 0 must be at least 1": {"window": 0},
        r"decay 1.0 in \[0, 1\)": {"decay": 1.0},
    }
    for sentence, options in cases.items():
        with pytest.raises(SecondOrderError, match=sentence):
            kfac(**options)
    with pytest.raises(SecondOrderError, match="type 'mc' needs noise"):
        KFAC("tanh", rates(), kfac().damping)
    KFAC("tanh", rates(), kfac().damping, exponents=(1, 0))  # inputs alone need no signals
