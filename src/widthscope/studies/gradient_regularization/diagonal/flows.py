"""Regularised flows of diagonal linear networks, and the solutions that theory says they tend to."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.diagonal_networks.effective_scale import log_shift
from widthscope.diagonal_networks.flow import Flowed, flow
from widthscope.diagonal_networks.interpolation import interpolating_solution
from widthscope.diagonal_networks.regression import Regression, sparse_regression
from widthscope.streams import numpy_generator

Array = np.ndarray[Any, np.dtype[np.float64]]

STUDY = "gradient_regularization"
CANDIDATES = ("exact", "product", "squared", "initial", "mean", "permuted")
"""Scales that are put into the solution: ★, that read off the weights, and wrong ones."""

DIMS = ("seed", "ascent")


def regression(problem: Mapping[str, Any], mean: float, run_seed: int, seeds: list[int]) -> Regression:
    """Data of these seeds; with and without a mean they share their deviations from it."""
    generators = [numpy_generator(STUDY, "diagonal.data", run_seed, seed) for seed in seeds]
    shape = (problem["examples"], problem["features"], problem["support"])
    return sparse_regression(generators, *shape, mean)


def explore(problem: Mapping[str, Any], each: Mapping[str, Any], run_seed: int) -> xr.Dataset:
    """Shifts of scale and test errors after regularised flows.

    A flow is followed until its loss is small; where it tends to is then found from its effective scale.

    Args:
        problem: `examples`, `features`, `support`.
        each: `mean`, `scale`, `strength`, `ascents`, `seeds`, `tolerance`, `loss`;
            and `predicted`, ascent steps that the fit looks at, which are handed on.
        run_seed: the run's.

    Returns:
        `log_shift` (seed, ascent, feature), `test_error` and `loss` (seed, ascent), `plain_error` (seed) of
        the flow without regularisation, `even_error` (seed) where the shift of double backpropagation is the
        same in all coordinates and has the same mean, `output_mean` and `input_mean` (seed); NaN for a flow
        that did not reach the loss.
    """
    data = regression(problem, each["mean"], run_seed, each["seeds"])
    ascents = np.asarray(each["ascents"], dtype=float)
    strengths = np.full(len(ascents), float(each["strength"]))
    flowed = flow(data, each["scale"], strengths, ascents, each["loss"], each["tolerance"])
    arrived = flowed.loss < each["loss"]
    shift = np.where(arrived[:, None, :], log_shift(strengths, flowed.product), np.nan)
    start = np.log(each["scale"])
    solutions = _solutions(data, start + shift, arrived)
    plain = _solutions(data, np.full((*shift.shape[:2], 1), start), np.ones((len(shift), 1), dtype=bool))
    exact = ascents == 0
    even = _solutions(data, start + spread_evenly(shift[..., exact]), arrived[:, exact])
    return xr.Dataset(
        {
            "log_shift": (("seed", "ascent", "feature"), shift.transpose(0, 2, 1)),
            "test_error": (DIMS, data.error(solutions)),
            "loss": (DIMS, flowed.loss),
            "plain_error": ("seed", data.error(plain)[:, 0]),
            "even_error": ("seed", data.error(even)[:, 0]),
            "output_mean": ("seed", data.outputs.mean(axis=1)),
            "input_mean": ("seed", data.inputs.mean(axis=(1, 2))),
        },
        coords={"seed": each["seeds"], "ascent": ascents},
        attrs=_attrs(problem, each) | {name: each[name] for name in ("predicted",) if name in each},
    )


def verify(problem: Mapping[str, Any], each: Mapping[str, Any], run_seed: int) -> xr.Dataset:
    """Weights at the end of a flow against the product law and the solution of the dual problem.

    Args:
        problem, each, run_seed: as in `explore`.

    Returns:
        `deviation` (formula, seed, ascent), the largest deviation of log(w₊w₋) from 2 log α over the
        coordinates, α by ∫g̃g̃' or (wrong) by ∫g̃²; `gap` (candidate, seed, ascent), |β - β_α|/|β_α| for the
        solution β_α with the scale of each of the `CANDIDATES`; NaN for a flow that did not arrive.
    """
    data = regression(problem, each["mean"], run_seed, each["seeds"])
    ascents = np.asarray(each["ascents"], dtype=float)
    strengths = np.full(len(ascents), float(each["strength"]))
    flowed = flow(data, each["scale"], strengths, ascents, each["loss"], each["tolerance"])
    arrived = flowed.loss < each["loss"]
    shifts = _candidates(flowed, strengths, each, run_seed)
    product = 2 * shifts["product"]
    deviations = [
        np.where(arrived, np.abs(product - 2 * shifts[name]).max(axis=1), np.nan)
        for name in ("exact", "squared")
    ]
    gaps = []
    for name in CANDIDATES:
        wanted = _solutions(data, np.log(each["scale"]) + shifts[name], arrived)
        distance = np.sqrt(((flowed.solution - wanted) ** 2).sum(axis=1))
        gaps.append(distance / np.sqrt((wanted**2).sum(axis=1)))
    return xr.Dataset(
        {
            "deviation": (("formula", *DIMS), np.stack(deviations)),
            "gap": (("candidate", *DIMS), np.stack(gaps)),
            "loss": (DIMS, flowed.loss),
        },
        coords={
            "seed": each["seeds"],
            "ascent": ascents,
            "formula": ["right", "wrong"],
            "candidate": list(CANDIDATES),
        },
        attrs=_attrs(problem, each),
    )


def _candidates(flowed: Flowed, strengths: Array, each: Mapping[str, Any], run_seed: int) -> dict[str, Array]:
    """log(α/α₀) by candidate, (seed, feature, ascent)."""
    exact = log_shift(strengths, flowed.product)
    with np.errstate(invalid="ignore"):  # a flow that did not arrive may have left the positive weights
        product = 0.5 * np.log(flowed.plus * flowed.minus) - np.log(each["scale"])
    places = [
        numpy_generator(STUDY, "diagonal.permutation", run_seed, seed).permutation(exact.shape[1])
        for seed in each["seeds"]
    ]
    return {
        "exact": exact,
        "product": product,
        "squared": log_shift(strengths, flowed.square),
        "initial": np.zeros_like(exact),
        "mean": spread_evenly(exact),
        "permuted": np.stack([of_seed[place] for of_seed, place in zip(exact, places, strict=True)]),
    }


def spread_evenly(shift: Array) -> Array:
    """The mean over coordinates in each of them; shifts (seed, feature, ...)."""
    return np.broadcast_to(shift.mean(axis=1, keepdims=True), shift.shape)


def _solutions(data: Regression, log_scale: Array, arrived: Array) -> Array:
    """Interpolating solutions (seed, feature, value) of scales in that shape; NaN where none is wanted."""
    found = np.full(log_scale.shape, np.nan)
    for seed, value in zip(*np.nonzero(arrived), strict=True):
        found[seed, :, value] = interpolating_solution(
            data.inputs[seed], data.outputs[seed], log_scale[seed, :, value]
        )
    return found


def _attrs(problem: Mapping[str, Any], each: Mapping[str, Any]) -> dict[str, Any]:
    return {**problem, **{name: each[name] for name in ("mean", "scale", "strength")}}
