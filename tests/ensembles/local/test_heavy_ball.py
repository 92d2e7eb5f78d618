"""The iteration with momentum against the closed form, the plain iteration and its own members alone."""

import pytest
import torch
from tests.ensembles.local.small_network import SIZES, WEIGHTS, batch_of, case, largest_difference, weights_of

from widthscope.ensembles.local.heavy_ball import heavy_ball_equilibrium
from widthscope.ensembles.local.inference import LocalRuleError, energies, equilibrium
from widthscope.ensembles.local.linear_equilibrium import linear_energy, linear_equilibrium
from widthscope.models.mlp import forward

BOUNDS = (0.1, 12.0)


def test_a_linear_network_ends_at_the_closed_form():
    parameters, batch, passed = case("identity")
    found = heavy_ball_equilibrium(
        parameters, passed, batch["y"], "identity", WEIGHTS, sweeps=600, tolerance=0.0, bounds=BOUNDS
    )
    exact = linear_equilibrium(parameters, passed, batch["y"], WEIGHTS)
    assert largest_difference(found.inferred.errors, exact.errors) < 1e-12
    assert largest_difference(found.inferred.states, exact.states) < 1e-12
    assert found.residual.max() < 1e-12
    assert torch.allclose(found.energy, linear_energy(parameters, passed, batch["y"], WEIGHTS))
    assert (found.energy < found.energy_start).all()


def test_it_reaches_where_the_plain_iteration_goes_in_fewer_sweeps():
    parameters, batch, passed = case("tanh")
    fast = heavy_ball_equilibrium(
        parameters, passed, batch["y"], "tanh", WEIGHTS, sweeps=400, tolerance=1e-10, bounds=BOUNDS
    )
    slow = equilibrium(
        parameters, passed, batch["y"], "tanh", WEIGHTS, step_size=0.15, sweeps=4000, tolerance=1e-10
    )
    assert largest_difference(fast.inferred.states, slow.inferred.states) < 1e-7
    assert (fast.sweeps < slow.sweeps / 2).all()
    assert torch.allclose(fast.energy_start, energies(_feed_forward(passed, batch["y"]), WEIGHTS))


def test_a_member_ends_the_same_to_the_last_bit_whoever_shares_the_batch():
    parameters, batch = weights_of(members=4), batch_of(members=4)
    parameters = {
        name: value * torch.tensor([1.0, 3.0, 0.2, 1.5]).reshape(-1, 1, 1)
        for name, value in parameters.items()
    }

    def run(members):
        chosen = {name: value[members] for name, value in parameters.items()}
        passed = forward(chosen, batch["x"][members], "tanh")
        return heavy_ball_equilibrium(
            chosen, passed, batch["y"][members], "tanh", WEIGHTS, sweeps=60, tolerance=1e-3, bounds=BOUNDS
        )

    together = run([0, 1, 2, 3])
    assert len(set(together.sweeps.tolist())) > 1  # members stop at different times
    for pair in ([0, 1], [1, 2], [2, 3], [3, 0]):
        alone = run(pair)
        for k, member in enumerate(pair):
            assert alone.sweeps[k] == together.sweeps[member]
            for one, other in zip(alone.inferred.states, together.inferred.states, strict=True):
                assert torch.equal(one[k], other[member])


def test_too_few_sweeps_show_in_the_residual():
    parameters, batch, passed = case("tanh")
    found = heavy_ball_equilibrium(parameters, passed, batch["y"], "tanh", WEIGHTS, sweeps=3, bounds=BOUNDS)
    assert (found.residual > 1e-3).all()
    assert (found.sweeps == 3).all()


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (2.0, 1.0), (1.0, 1.0)])
def test_bounds_out_of_order_are_refused(bounds):
    parameters, batch, passed = case("tanh")
    with pytest.raises(LocalRuleError, match="0 < low < high"):
        heavy_ball_equilibrium(parameters, passed, batch["y"], "tanh", WEIGHTS, bounds=bounds)


def test_a_missing_energy_is_refused():
    parameters, batch, passed = case("tanh")
    with pytest.raises(LocalRuleError, match="weights for 4 layers"):
        heavy_ball_equilibrium(parameters, passed, batch["y"], "tanh", WEIGHTS[:-1])


def _feed_forward(passed, y):
    zero = [torch.zeros_like(h) for h in passed.preactivations[:-1]]
    assert len(zero) == len(SIZES) - 2
    return [*zero, y - passed.outputs]
