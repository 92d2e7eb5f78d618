"""One update in the space of the batch against the update itself, and against real steps of the library."""

import numpy as np
import pytest
import torch

from widthscope.ensembles.second_order.damping import damping
from widthscope.ensembles.second_order.first_order import MLPStep
from widthscope.ensembles.second_order.kfac import KFAC
from widthscope.ensembles.second_order.shampoo import Shampoo
from widthscope.models import mlp
from widthscope.parameterisations.methods import kfac, shampoo
from widthscope.parameterisations.slopes import predicted
from widthscope.studies.mup_second_order.onestep import experiment, rows
from widthscope.studies.mup_second_order.onestep.responses import (
    Gram,
    kfac_response,
    root_mean_square,
    shampoo_response,
)
from widthscope.studies.mup_second_order.onestep.settings import Onestep
from widthscope.width_sweeps.problems import Problem
from widthscope.work import Work

SETTINGS = Onestep(widths=(24, 40, 512), base=32, seeds=3, batch=12).model_dump(mode="json") | {"seed": 9}
ENTRIES = experiment.ENTRIES


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def power(matrix: torch.Tensor, exponent: float) -> torch.Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values**exponent @ vectors.mT


@pytest.mark.parametrize(("count", "fan_in", "fan_out"), [(6, 9, 11), (12, 5, 4)])
@pytest.mark.parametrize("powers", [(1, 1), (1, 0), (0, 1), (0.5, 0.5), (0, 0)])
def test_responses_of_kfac_are_those_of_the_update_itself(count, fan_in, fan_out, powers):
    a, delta = drawn(count, fan_in), drawn(count, fan_out, seed=1)
    A, B, G = a.mT @ a / count, delta.mT @ delta / count, delta.mT @ a / count
    ridges = (torch.tensor(0.1), torch.tensor(0.02))
    left = power(B + ridges[1] * torch.eye(fan_out), -powers[1])
    update = left @ G @ power(A + ridges[0] * torch.eye(fan_in), -powers[0])
    K, S = Gram.of(a), Gram.of(delta)
    response = kfac_response(K, S, kfac(*powers), ridges, identity=False)
    assert response @ delta == pytest.approx(a @ update.mT, abs=1e-12)
    expected = float((a @ update.mT).square().mean().sqrt())
    assert float(root_mean_square(response, S, fan_out)) == pytest.approx(expected, rel=1e-12)
    assert float(K.trace) == pytest.approx(float(A.trace()))


@pytest.mark.parametrize("exponent", [0.25, 0.5, 0.1])
def test_responses_of_shampoo_are_those_of_the_update_itself(exponent):
    count, fan_in, fan_out, ridge = 6, 9, 7, 1e-2
    a, delta = drawn(count, fan_in), drawn(count, fan_out, seed=1)
    G = delta.mT @ a / count
    rho = ridge * torch.linalg.matrix_norm(G, 2) ** 2
    left = power(G @ G.mT + rho * torch.eye(fan_out, dtype=torch.float64), -exponent)
    update = left @ G @ power(G.mT @ G + rho * torch.eye(fan_in, dtype=torch.float64), -exponent)
    response = shampoo_response(Gram.of(a), Gram.of(delta), shampoo(exponent), ridge)
    assert response @ delta == pytest.approx(a @ update.mT, abs=1e-12)


def a_problem() -> Problem:
    x, y = drawn(60, 10), drawn(60, 3, seed=1)
    return Problem("made up", x, y, x[:1], y[:1])


def real_change(row: rows.Row, width: int, member: int, layer: int) -> torch.Tensor:
    """Of h_1, h_2 and f by a real step of one layer at a small rate, over the rate."""
    rate = 1e-6 * row.exponents.rate(layer, 3, width, SETTINGS["base"])
    rates = {f"W{layer}": torch.tensor([rate], dtype=torch.float64)}
    strength = torch.tensor([SETTINGS["damping"] if row.strength is None else row.strength])
    names = mlp.layer_names(3)
    if row.is_shampoo:
        step = Shampoo("tanh", rates, strength.double(), row.method.inputs / 2)
    elif row.method.name == "SGD":
        step = MLPStep("tanh", rates)
    else:
        rule = damping(
            row.damping, names, strength, strength, row.exponents, width=width, base=SETTINGS["base"]
        )
        last = "empirical" if row.empirical_readout else "identity"
        powers = (row.method.inputs, row.method.outputs)
        step = KFAC("tanh", rates, rule, powers, fisher="emp", last_output_factor=last)
    x, y = experiment.batch(a_problem(), SETTINGS, member)
    parameters = {
        name: value[None] for name, value in experiment.weights(SETTINGS, width, member, 10, 3).items()
    }
    sigma = SETTINGS["sigma_readout"] if row.sigma_readout is None else row.sigma_readout
    parameters["W3"] *= row.exponents.readout_std(width, SETTINGS["base"], sigma) * width**0.5
    batch = {"x": x[None], "y": y[None]}
    after, _, _ = step(parameters, step.start(parameters), batch, 0)
    before, then = (mlp.forward(one, x[None], "tanh").preactivations for one in (parameters, after))
    return torch.stack(
        [((new - old) / 1e-6).square().mean().sqrt() for old, new in zip(before, then, strict=True)]
    )


@pytest.fixture(scope="module")
def measured():
    problem = a_problem()
    every = rows.rows(SETTINGS["absolute"])
    x, y = experiment.batch(problem, SETTINGS, 1)
    found, _ = experiment._at(40, 1, every, x, y, SETTINGS)
    return dict(zip((row.name for row in every), found, strict=True)), every


def test_every_row_is_what_a_real_step_does(measured):
    """Of each layer alone, by the steps that train networks elsewhere."""
    found, every = measured
    for row in every:
        direct = [real_change(row, 40, 1, layer)[layer - 1].item() for layer in (1, 2, 3)]
        assert found[row.name][:3] == pytest.approx(direct, rel=1e-4), row.name
        assert found[row.name][3] == pytest.approx(real_change(row, 40, 1, 2)[2].item(), rel=1e-4), row.name


def test_parameterisations_are_one_at_the_base_width():
    problem = a_problem()
    every = rows.rows(SETTINGS["absolute"])
    x, y = experiment.batch(problem, SETTINGS, 0)
    found, _ = experiment._at(SETTINGS["base"], 0, every, x, y, SETTINGS)
    of = dict(zip((row.name for row in every), found, strict=True))
    for method in rows.METHODS:
        for other in ("sp", "ntk"):
            assert of[f"{method.name} {other}"] == pytest.approx(of[f"{method.name} mup"], rel=1e-12)


def test_names_are_distinct_and_wrong_rows_are_wrong():
    names = [row.name for row in rows.rows([0.1, 1.0])]
    assert len(set(names)) == len(names)
    for row in rows.wrong_rows():
        assert max(abs(slope) for slope in predicted(row.method, row.exponents)[:3]) >= 0.25, row.name


def test_members_and_widths_do_not_depend_on_their_company(small_digits):
    alone = experiment.run({**SETTINGS, "widths": [40], "seeds": 2}, {"digits": small_digits}, Work())
    more = experiment.run({**SETTINGS, "widths": [24, 40], "seeds": 3}, {"digits": small_digits}, Work())
    assert np.array_equal(alone["change"][:, 0], more["change"][:, 1, :2])
    assert alone["change"].shape == (len(alone["row"]), 1, 2, len(ENTRIES))
    assert (alone["initial_large"] > alone["initial"]).all()
