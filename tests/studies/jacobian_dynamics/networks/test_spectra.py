"""Exponents and eigenvalues of networks against autograd, for embeddings of both tasks."""

import numpy as np
import pytest
import torch

from widthscope.ensembles.parameters import stacked
from widthscope.models.recurrence.update import update
from widthscope.spectra.dynamics import AutogradDynamics
from widthscope.spectra.eigenvalue_matching import largest_distance
from widthscope.spectra.finite_time import finite_time
from widthscope.spectra.lyapunov import lyapunov_spectrum
from widthscope.studies.jacobian_dynamics.networks import eigenvalues, exponents
from widthscope.studies.jacobian_dynamics.networks.arms import ARMS, rule_of
from widthscope.studies.jacobian_dynamics.networks.embedding import Cells, Patches
from widthscope.studies.jacobian_dynamics.networks.network import Network
from widthscope.studies.jacobian_dynamics.networks.readout import Readout

MEMBERS, BATCH, WIDTH = 3, 2, 8


def drawn(arm, task):
    generator = torch.Generator().manual_seed(0)
    embedding = Patches(5, 4) if task == "patches" else Cells(4, 2)
    network = Network(rule_of(arm), WIDTH, 2, embedding, Readout(3))
    parameters = stacked([network.initial(generator) for _ in range(MEMBERS)], dtype=torch.float64)
    shape = (MEMBERS, BATCH, embedding.tokens)
    if task == "patches":
        inputs = {"patches": torch.randn(*shape, 4, generator=generator, dtype=torch.float64)}
    else:
        noise = torch.randn(*shape, WIDTH, generator=generator, dtype=torch.float64)
        inputs = {"puzzle": torch.randint(0, 5, shape, generator=generator), "noise": noise}
    return network, parameters, inputs


def by_autograd(network, parameters, inputs):
    state, drive = network.start(parameters, inputs)

    def step(flat):
        return update(network.rule, parameters, flat.reshape(drive.shape), drive).reshape(flat.shape)

    return AutogradDynamics(step), state.reshape(MEMBERS * BATCH, -1)


@pytest.mark.parametrize("task", ["patches", "cells"])
@pytest.mark.parametrize("arm", ARMS)
def test_exponents_over_a_horizon_are_those_of_the_dense_product(arm, task, monkeypatch):
    monkeypatch.setattr(exponents, "TRAJECTORIES", 4)  # members in two groups
    network, parameters, inputs = drawn(arm, task)
    found = exponents.finite(network, parameters, inputs, 4, count=2)
    dynamics, state = by_autograd(network, parameters, inputs)
    dense = finite_time(dynamics, state, 4, count=2, method="dense").exponents
    assert found.converged.all()
    np.testing.assert_allclose(found.values.reshape(-1, 2), dense, atol=1e-6)
    assert found.steps == 4


def test_exponents_in_the_long_run_are_those_of_autograd():
    network, parameters, inputs = drawn("rms", "patches")
    found = exponents.long_run(network, parameters, inputs, 40, warm_up=300, frame_warm_up=50)
    dynamics, state = by_autograd(network, parameters, inputs)
    wanted = lyapunov_spectrum(dynamics, state, 1, 40, warm_up=300, frame_warm_up=50).exponents
    np.testing.assert_allclose(found.values.reshape(-1, 1), wanted, atol=1e-6)


@pytest.mark.parametrize("arm", ["rms", "akorn"])
def test_eigenvalues_after_some_iterations_are_those_of_autograd(arm):
    network, parameters, inputs = drawn(arm, "cells")
    found = eigenvalues.at_iteration(network, parameters, inputs, 3)
    dynamics, state = by_autograd(network, parameters, inputs)
    for _ in range(3):
        state = dynamics.step(state)
    wanted = torch.linalg.eigvals(dynamics.jacobian(state))
    assert found.values.shape == (MEMBERS, BATCH, 16 * WIDTH)
    assert (largest_distance(found.values.flatten(0, 1), wanted) < 1e-6).all()
