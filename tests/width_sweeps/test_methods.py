"""What a step is built from: rates, dampings and feedback maps at a width; bad names."""

import numpy as np
import pytest
import torch

from widthscope.ensembles.local.feedback import reconstruction_errors
from widthscope.ensembles.second_order.damping import Size
from widthscope.models import mlp
from widthscope.parameterisations.local import TARGET_PROPAGATION, predictive_coding
from widthscope.parameterisations.methods import SGD, kfac
from widthscope.parameterisations.slopes import maximal_update
from widthscope.streams import torch_generator
from widthscope.width_sweeps.damping import DampingAxis, DampingAxisError
from widthscope.width_sweeps.feedback_maps import feedback_rates, initial_maps
from widthscope.width_sweeps.measurements import MeasurementError, Start, recordings
from widthscope.width_sweeps.methods import METHODS, Arm, MethodError, effective
from widthscope.width_sweeps.problems import quadratic_problem

KFAC = maximal_update(kfac())


def built(arm, width=32, base=8, rates=(0.5, 1.0), dampings=(0.1, 0.2)):
    streams = [("test", place) for place in range(len(rates))]
    return effective(arm, torch.tensor(rates), torch.tensor(dampings), "tanh", 3, width, base, streams)


def test_rates_follow_the_exponents_and_frozen_layers_have_none():
    at = built(Arm("sgd", maximal_update(SGD)))
    assert {name: values.tolist() for name, values in at.rates.items()} == {
        "W1": [2.0, 4.0],
        "W2": [0.5, 1.0],
        "W3": [0.125, 0.25],
    }
    assert set(built(Arm("sgd", maximal_update(SGD), frozen=("first", "last"))).rates) == {"W2"}


def test_predictive_codings_energy_follows_the_width():
    exponents = maximal_update(predictive_coding(-1.0))
    step = METHODS["pc_si"](built(Arm("pc_si", exponents, {"energy": 0.5})))
    assert step.energy == pytest.approx(0.5 * 4)


def test_an_axis_of_one_side_leaves_the_other_relative():
    size = Size(torch.tensor([4.0, 4.0], dtype=torch.float64), 32)
    values = torch.tensor([1.0, 2.0], dtype=torch.float64)
    ridges = DampingAxis("mup_abs", "outputs", 0.1).damping(KFAC, values, 3, 32, 8).ridges("W2", size, size)
    assert ridges[0].tolist() == pytest.approx([0.4, 0.4])  # a share of the trace
    assert ridges[1].tolist() == pytest.approx([0.25, 0.5])  # rho' M0 / M
    ridges = DampingAxis("const", "inputs", 0.1).damping(KFAC, values, 3, 32, 8).ridges("W2", size, size)
    assert [ridge.tolist() for ridge in ridges] == [[1.0, 2.0], pytest.approx([0.4, 0.4])]
    ridges = DampingAxis("rescaled").damping(KFAC, values, 3, 32, 8).ridges("W2", size, size)
    assert [ridge.tolist() for ridge in ridges] == [[4.0, 8.0], [4.0, 8.0]]


def test_the_dampings_that_are_stored_are_those_that_are_used():
    inputs, outputs = DampingAxis("mup_abs").values(KFAC, np.array([1.0, 2.0]), 3, 32, 8)
    np.testing.assert_allclose(inputs, [[1, 4, 4], [2, 8, 8]])
    np.testing.assert_allclose(outputs, [[0.25, 0.25, 1], [0.5, 0.5, 2]])
    inputs, outputs = DampingAxis("mup_abs", "outputs", 0.3).values(KFAC, np.array([1.0]), 3, 32, 8)
    np.testing.assert_allclose(inputs, [[0.3, 0.3, 0.3]])
    np.testing.assert_allclose(outputs, [[0.25, 0.25, 1]])


def test_feedback_maps_learn_before_the_weights_do():
    exponents = maximal_update(TARGET_PROPAGATION)
    rates = feedback_rates(exponents, 0.1, 3, 32, 8)
    assert rates == {"Q2": pytest.approx(0.025), "Q3": pytest.approx(0.1)}
    assert feedback_rates(exponents, 0.0, 3, 32, 8) == {}
    shape = mlp.sizes(6, 32, 2, 3)
    keys = [("test", seed) for seed in (0, 1, 2)]
    drawn = [mlp.initial(torch_generator(*key), shape) for key in keys]
    weights = {name: torch.stack([each[name] for each in drawn]) for name in drawn[0]}
    x = torch.randn(20, 6, generator=torch_generator("test", "x"), dtype=torch.float64)

    def maps(steps, places=(0, 1, 2)):
        chosen = list(places)
        return initial_maps(
            [keys[place] for place in chosen],
            shape,
            {name: values[chosen] for name, values in weights.items()},
            rates,
            "tanh",
            lambda step: {"x": x.expand(len(chosen), -1, -1)},
            steps,
        )

    passed = mlp.forward(weights, x.expand(3, -1, -1), "tanh")
    before = reconstruction_errors(weights | maps(0), passed, "tanh")
    after = reconstruction_errors(weights | maps(100), passed, "tanh")
    for name in ("Q2", "Q3"):
        assert (after[name] < 0.8 * before[name]).all()
    assert torch.equal(maps(5)["Q2"][[1]], maps(5, places=(1,))["Q2"])
    single = {name: values.float() for name, values in weights.items()}
    rounded = initial_maps(keys, shape, single, rates, "tanh", lambda _: {}, 0)
    for name, values in maps(0).items():
        assert torch.equal(rounded[name], values.float())


def test_unknown_names_are_named():
    with pytest.raises(MethodError, match=r"no method 'kfca', only .*; did you mean 'kfac'"):
        Arm("kfca", KFAC)
    with pytest.raises(MethodError, match="layer 'W1' cannot be frozen; there are first, hidden, last"):
        Arm("sgd", KFAC, frozen=("W1",))
    with pytest.raises(DampingAxisError, match="no side 'left', only both, inputs, outputs"):
        DampingAxis(side="left")
    with pytest.raises(MeasurementError, match="'loss' is not measured; there are coordinates, losses"):
        recordings(quadratic_problem(), Start({}, torch.zeros(0)), "tanh", (0,), ("loss",))
