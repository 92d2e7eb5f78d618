"""Factors against curvlinops, whose K-FAC is an operator on all weights.

Its conventions, for ``MSELoss(reduction="sum")``, sum_n |f_n - y_n|^2 over N samples without our 1/2N:

- the block of a layer is B' (x) A with A = (1/N) sum a a^T as ours, for weights flattened row by row;
- ``type-2``: the loss's Hessian at the output is 2 I for each sample, and samples are summed: B' = 2 N B;
- ``empirical``: signals are 2 (f - y) back-propagated, and samples are summed: B' = 4 N B;
- ``mc``: residuals of variance 2 instead of 1, which estimate the same B' as ``type-2``.
"""

import pytest
import torch
from curvlinops import KFACInverseLinearOperator, KFACLinearOperator
from tests.ensembles.second_order.small_networks import NAMES, drawn, gradients
from torch import nn

from widthscope.ensembles.second_order.damping import damping
from widthscope.ensembles.second_order.factors import SampledResiduals, fisher_signals, residual_coordinates
from widthscope.ensembles.second_order.kfac import KFAC
from widthscope.ensembles.second_order.low_rank import passed_through

SCALES = {"type-2": 2, "empirical": 4}
OURS = {"type-2": "exact", "empirical": "emp"}
ALL = dict.fromkeys(NAMES, torch.ones(1, dtype=torch.float64))


def one(width=6):
    """One member's parameters and batch, and its module."""
    parameters, batch = drawn(width)
    parameters = {name: value[:1] for name, value in parameters.items()}
    batch = {name: value[:1] for name, value in batch.items()}
    layers = [nn.Linear(*reversed(value.shape[1:]), bias=False).double() for value in parameters.values()]
    for layer, value in zip(layers, parameters.values(), strict=True):
        layer.weight.data = value[0].clone()
    return parameters, batch, nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])


def operator(module, batch, fisher):
    data = [(batch["x"][0], batch["y"][0])]
    parameters = list(module.parameters())
    return KFACLinearOperator(module, nn.MSELoss(reduction="sum"), parameters, data, fisher_type=fisher)


def step(fisher, rule="const", first=0.3, second=0.02):
    numbers = (torch.tensor([value], dtype=torch.float64) for value in (first, second))
    noise = SampledResiduals([("draws",)])
    return KFAC(
        "tanh",
        ALL,
        damping(rule, NAMES, *numbers),
        fisher=fisher,
        noise=noise,
        last_output_factor="empirical",
    )


@pytest.mark.parametrize("theirs", ["type-2", "empirical"])
def test_factors_equal_those_of_curvlinops(theirs):
    parameters, batch, module = one()
    passed = passed_through(parameters, batch, "tanh")
    factors = step(OURS[theirs]).factors(parameters, passed, {}, 0)
    count = batch["x"].shape[1]
    blocks = [
        torch.kron(SCALES[theirs] * count * pair.outputs.matrix()[0], pair.inputs.matrix()[0])
        for pair in factors.values()
    ]
    whole = torch.block_diag(*blocks)
    found = operator(module, batch, theirs) @ torch.eye(len(whole), dtype=torch.float64)
    torch.testing.assert_close(found, whole, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("rule", ["const", "heuristic"])
@pytest.mark.parametrize("theirs", ["type-2", "empirical"])
def test_damped_updates_equal_those_of_curvlinops_inverse(theirs, rule):
    """(B' + s rho_B)^-1 = (B + rho_B)^-1 / s where B' = s B; the heuristic takes one number, s rho."""
    parameters, batch, module = one()
    scale = SCALES[theirs] * batch["x"].shape[1]
    ours = step(OURS[theirs], rule, 0.05, 0.02 if rule == "const" else 0.05)
    found = ours.updates(parameters, passed_through(parameters, batch, "tanh"), {}, 0)
    heuristic = rule == "heuristic"
    inverse = KFACInverseLinearOperator(
        operator(module, batch, theirs),
        damping=scale * 0.05 if heuristic else (0.05, scale * 0.02),
        use_heuristic_damping=heuristic,
    )
    gradient = [value[0] for value in gradients(parameters, batch).values()]
    for name, expected in zip(NAMES, inverse @ gradient, strict=True):
        torch.testing.assert_close(found[name].matrix()[0], scale * expected, rtol=1e-10, atol=1e-12)


def test_sampled_factors_estimate_the_exact_ones():
    parameters, batch, _ = one()
    draws = 4000
    passed = passed_through(parameters, batch, "tanh")
    exact, sampled = step("exact"), step("mc")
    wanted = {n: p.outputs.matrix() for n, p in exact.factors(parameters, passed, {}, 0).items()}
    many = {name: value.expand(draws, *value.shape[1:]) for name, value in parameters.items()}
    passed = passed_through(many, {n: v.expand(draws, -1, -1) for n, v in batch.items()}, "tanh")
    keys = [("draw", number) for number in range(draws)]
    sampled = KFAC("tanh", ALL, sampled.damping, noise=SampledResiduals(keys), last_output_factor="empirical")
    for name, pair in sampled.factors(many, passed, {}, 0).items():
        matrices = pair.outputs.matrix()
        error = (matrices.mean(0) - wanted[name][0]) / (matrices.std(0) / draws**0.5)
        assert float(error.abs().max()) < 4.5  # of at most 36 normal variables; B's entries are known to 2 %


def test_exact_signals_span_the_residuals_own():
    parameters, batch = drawn(9)
    passed = passed_through(parameters, batch, "tanh")
    units = fisher_signals("exact", parameters, passed, "tanh", None)
    coordinates = residual_coordinates(passed.signals[-1])
    for signals, own in zip(units, passed.signals, strict=True):
        torch.testing.assert_close(coordinates @ signals, own, rtol=1e-12, atol=1e-14)
