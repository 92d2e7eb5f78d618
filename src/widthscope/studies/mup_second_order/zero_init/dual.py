"""Updates by N x N solves against the same updates by n x n ones, on random activities and signals."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.second_order.factors import own_factor, windowed_factor
from widthscope.ensembles.second_order.kfac import LayerFactors, layer_update
from widthscope.ensembles.second_order.shampoo import shampoo_update
from widthscope.streams import torch_generator
from widthscope.work import Work

SHAPES = ((32, 50, 40), (32, 200, 10), (16, 8, 64))
"""Samples, inputs and outputs of a layer: wider than the batch on both sides, on one, on the other."""

EXPONENTS = ((1.0, 1.0), (1.0, 0.0), (0.5, 0.5), (0.25, 0.75))
RIDGES = (1e-1, 1e-4)
"""Relative to the trace."""
SIGNALS = ("own", "other")
"""Whether the output factor is that of the signals themselves or of independent ones."""

SHAMPOO = (0.25, 0.5)


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest differences of an entry of the update over its largest entry, in float64.

    Args:
        settings: `draws`, `seed`.
        datasets: none is read.
        work: nothing of it.

    Returns:
        Over (case, draw): `difference` between the two ways, and `wrong`, the difference from the n x n way
        with twice the damping.
    """
    cases = [
        (f"K-FAC({powers[0]:g},{powers[1]:g}), {signals}", powers, signals)
        for powers in EXPONENTS
        for signals in SIGNALS
    ]
    names = [f"{name}, {n_in} to {n_out}" for name, _, _ in cases for _, n_in, n_out in SHAPES]
    names += [f"Shampoo({e:g}), {n_in} to {n_out}" for e in SHAMPOO for _, n_in, n_out in SHAPES]
    rows = [_of_draw(settings["seed"], draw, cases) for draw in range(settings["draws"])]
    found = np.array(rows)
    return xr.Dataset(
        {"difference": (("draw", "case"), found[..., 0]), "wrong": (("draw", "case"), found[..., 1])},
        coords={"case": names},
    )


def _of_draw(
    seed: int, draw: int, cases: list[tuple[str, tuple[float, float], str]]
) -> list[tuple[float, float]]:
    """Differences of all cases over the ridges, largest of the right way and smallest of the wrong one."""
    rows = []
    for _, powers, signals in cases:
        for shape in SHAPES:
            found = [kfac_differences(seed, draw, shape, powers, signals, ridge) for ridge in RIDGES]
            rows.append((max(right for right, _ in found), min(wrong for _, wrong in found)))
    for exponent in SHAMPOO:
        for shape in SHAPES:
            found = [shampoo_differences(seed, draw, shape, exponent, ridge) for ridge in RIDGES]
            rows.append((max(right for right, _ in found), min(wrong for _, wrong in found)))
    return rows


def kfac_differences(
    seed: int,
    draw: int,
    shape: tuple[int, int, int],
    powers: tuple[float, float],
    signals: str,
    ridge: float,
) -> tuple[float, float]:
    """Difference of the N x N way from the n x n one, and from that with twice the damping."""
    samples, n_in, n_out = shape
    generator = torch_generator("mup_second_order", "zero_init.dual", seed, draw, *shape)
    a, delta, other = (
        torch.randn(1, samples, n, generator=generator, dtype=torch.float64) for n in (n_in, n_out, n_out)
    )
    second = own_factor(delta) if signals == "own" else windowed_factor([other], 0.0, samples, None)
    pair = LayerFactors(own_factor(a), second)
    ridges = (ridge * pair.inputs.trace(), ridge * second.trace())
    dual = layer_update(a, delta, pair, ridges, powers).matrix()[0]
    rows = delta[0] if signals == "own" else other[0]
    A, B, G = a[0].mT @ a[0] / samples, rows.mT @ rows / samples, delta[0].mT @ a[0] / samples

    def primal(factor: float) -> Tensor:
        return _power(B, factor * ridges[1], powers[1]) @ G @ _power(A, factor * ridges[0], powers[0])

    return _difference(dual, primal(1.0)), _difference(dual, primal(2.0))


def shampoo_differences(
    seed: int, draw: int, shape: tuple[int, int, int], exponent: float, ridge: float
) -> tuple[float, float]:
    """As `kfac_differences`, for Shampoo without accumulation."""
    samples, n_in, n_out = shape
    generator = torch_generator("mup_second_order", "zero_init.dual", seed, draw, *shape)
    a, delta = (torch.randn(1, samples, n, generator=generator, dtype=torch.float64) for n in (n_in, n_out))
    relative = torch.tensor([ridge], dtype=torch.float64)
    dual = shampoo_update(a, delta, relative, exponent).matrix()[0]
    G = delta[0].mT @ a[0] / samples
    largest = torch.linalg.matrix_norm(G, 2).square() * ridge

    def primal(factor: float) -> Tensor:
        sides = (_power(side, factor * largest, exponent) for side in (G @ G.mT, G.mT @ G))
        return next(sides) @ G @ next(sides)

    return _difference(dual, primal(1.0)), _difference(dual, primal(2.0))


def _power(matrix: Tensor, ridge: Tensor, exponent: float) -> Tensor:
    """(matrix + ridge I)^-exponent by the eigenvectors of the whole matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    powered: Tensor = vectors * (values.clamp(min=0) + ridge) ** -exponent @ vectors.mT
    return powered


def _difference(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())
