"""The solver against the tables that it replaces, which stand only here, and against updates of networks."""

import numpy as np
import pytest
import torch

from widthscope.ensembles.second_order.damping import damping
from widthscope.ensembles.second_order.kfac import KFAC
from widthscope.ensembles.second_order.low_rank import gradient_update, passed_through
from widthscope.ensembles.second_order.shampoo import shampoo_update
from widthscope.models.mlp import initial, layer_names, sizes
from widthscope.parameterisations.exponents import Exponents, ParameterisationError
from widthscope.parameterisations.methods import ADAM, SGD, Method, kfac, shampoo
from widthscope.parameterisations.slopes import (
    PARAMETERISATIONS,
    maximal_update,
    neural_tangent,
    parameterised,
    predicted,
    standard,
)
from widthscope.streams import torch_generator

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
MARGIN = 0.125  # half the spacing of the exponents that parameterisations differ by


@pytest.mark.parametrize("e_A", POWERS)
@pytest.mark.parametrize("e_B", POWERS)
def test_maximal_updates_of_the_kfac_family_are_the_papers(e_A, e_B):
    found = maximal_update(kfac(e_A, e_B))
    assert found.readout == 1
    assert found.rates == pytest.approx((e_B - 1, e_B - e_A, 1 - e_A), abs=1e-15)
    assert found.damping_inputs == ((0, -1, -1) if e_A else (0, 0, 0))
    assert found.damping_outputs == ((1, 1, 0) if e_B else (0, 0, 0))


def test_maximal_updates_of_the_others_are_the_known_ones():
    assert maximal_update(SGD) == Exponents(1.0, (-1.0, 0.0, 1.0))
    assert maximal_update(ADAM) == Exponents(1.0, (0.0, 1.0, 1.0))
    for e in (0.125, 0.25, 0.5):
        assert maximal_update(shampoo(e)) == Exponents(1.0, (2 * e - 1, 0.0, 1 - 2 * e))


def test_neural_tangent_and_standard_are_the_known_ones():
    wanted = {SGD: (0, 1, 1), kfac(): (0, 0, 0), shampoo(): (0, 0.5, 0.5), shampoo(0.5): (0, 0, 0)}
    for method, rates in wanted.items():
        assert neural_tangent(method).readout == 0.5
        assert neural_tangent(method).rates == rates
        assert standard(method) == Exponents(0.5, (0.0, 0.0, 0.0))


@pytest.mark.parametrize("readout", [0.25, 0.5, 0.75, 1.0, 1.5])
@pytest.mark.parametrize("method", [SGD, ADAM, kfac(), kfac(0.25, 0.75), shampoo()], ids=lambda m: m.name)
def test_the_solver_leaves_no_slope_whatever_the_readout(method, readout):
    slopes = predicted(method, maximal_update(method, readout))
    assert slopes[:3] == pytest.approx((0, 0, 0), abs=1e-15)
    assert slopes.hidden_to_output == pytest.approx(1 - readout)


def test_slopes_are_the_published_formulas():
    generator = np.random.default_rng(0)
    for _ in range(50):
        b, c_1, c_h, c_L, e_A, e_B, e = generator.uniform(-1, 1.5, 7)
        exponents = Exponents(b, (c_1, c_h, c_L))
        family = (-c_1 - b - e_B * (1 - 2 * b), -c_h - b + 1 - e_A - e_B * (1 - 2 * b), -c_L + 1 - e_A)
        assert predicted(kfac(e_A, e_B), exponents)[:3] == pytest.approx(family, abs=1e-12)
        grown = ((1 - 2 * b), (1 - 2 * b) + 1, 1)
        rows = zip((c_1, c_h, c_L), (b, b, 0), (0, 1, 1), grown, strict=True)
        root = [-c - below + wide - 2 * e * g for c, below, wide, g in rows]
        assert predicted(shampoo(e), exponents)[:3] == pytest.approx(root, abs=1e-12)
        plain = predicted(SGD, exponents)
        assert plain[:3] == pytest.approx(predicted(kfac(0, 0), exponents)[:3])
        assert plain.hidden_to_output == pytest.approx(plain.hidden + 1 - b)


def test_kfac_with_equal_rates_keeps_the_output_stable_for_every_readout():
    for b in (0.5, 0.75, 1.0, 2.0):
        slopes = predicted(kfac(), Exponents(b, (0.0, 0.0, 0.0)))
        assert slopes.hidden_to_output == 0
        assert slopes.hidden == b - 1


def test_a_rule_with_signals_of_its_own_is_one_more_row():
    """Target propagation: signals of order one, which the readout is not aligned with; no lazy regime."""
    method = Method("targets", through_readout=False, alignment=0.5, feedback_rates=(1.0, 0.0))
    assert maximal_update(method) == Exponents(0.5, (0.0, 1.0, 1.0), feedback_rates=(1.0, 0.0))
    with pytest.raises(ParameterisationError, match="targets has no neural-tangent parameterisation"):
        neural_tangent(method)
    energy = Method("predictive coding", energy=True, energy_exponent=-0.5)
    assert maximal_update(energy) == Exponents(1.0, (-0.5, 0.5, 1.5), energy=-0.5)
    with pytest.raises(ParameterisationError, match="predictive coding has no neural-tangent"):
        neural_tangent(energy)


def test_names_are_known():
    assert parameterised(SGD, "mup") == maximal_update(SGD)
    with pytest.raises(ParameterisationError, match="no parameterisation 'muP', only sp, ntk, mup"):
        parameterised(SGD, "muP")


WIDTHS, BASE, MEMBERS, NAMES = (128, 256, 512), 128, 4, layer_names(3)


def changes(method, exponents, width):
    """log2 rms of what one update of a layer moves, mean over members, layer by layer."""
    readout = 0.1 * (width / BASE) ** (0.5 - exponents.readout)
    generators = [torch_generator("one update", seed) for seed in range(MEMBERS)]
    drawn = [initial(g, sizes(20, width, 5, 3), 1.0, readout) for g in generators]
    parameters = {name: torch.stack([weights[name] for weights in drawn]) for name in NAMES}
    data = torch.Generator().manual_seed(1)
    x = torch.randn(16, 20, generator=data, dtype=torch.float64)
    y = torch.randn(16, 5, generator=data, dtype=torch.float64)
    batch = {"x": x.expand(MEMBERS, -1, -1), "y": y.expand(MEMBERS, -1, -1)}
    passed = passed_through(parameters, batch, "tanh")
    layers, small = passed.layers(), torch.full((MEMBERS,), 1e-3, dtype=torch.float64)
    if method.damped:
        rates = dict.fromkeys(NAMES, torch.ones(MEMBERS))
        powers = (method.inputs, method.outputs)
        rho = damping("rescaled", NAMES, small, small)
        updates = KFAC("tanh", rates, rho, powers, "emp").updates(parameters, passed, {}, 0)
    elif method.inputs:
        updates = {name: shampoo_update(*pair, small, method.inputs / 2) for name, pair in layers.items()}
    else:
        updates = {name: gradient_update(*pair) for name, pair in layers.items()}
    found = []
    for layer, (name, update) in enumerate(updates.items(), start=1):
        inputs, _ = layers[name]
        signs = method.entries == 1
        effect = inputs @ update.matrix().sign().mT if signs else update.effect(inputs)
        rms = effect.square().mean((1, 2)).sqrt().log2().mean()
        found.append(float(rms) + np.log2(exponents.rate(layer, 3, width, BASE)))
    return found


@pytest.mark.parametrize("name", PARAMETERISATIONS)
@pytest.mark.parametrize("method", [SGD, ADAM, kfac(), kfac(0.25, 0.75), shampoo()], ids=lambda m: m.name)
def test_one_update_of_networks_moves_layers_as_predicted(method, name):
    exponents = parameterised(method, name)
    found = [changes(method, exponents, width) for width in WIDTHS]
    slopes = np.polyfit(np.log2(WIDTHS), np.array(found), 1)[0]
    assert np.abs(slopes - predicted(method, exponents)[:3]).max() < MARGIN
