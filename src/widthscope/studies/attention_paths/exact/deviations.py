"""Deviations of order parameters and their predictors from the exact posterior."""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from widthscope.path_theory.prediction import Prediction, predict
from widthscope.path_theory.problem import Problem
from widthscope.posteriors.collapsed.laplace import Draws
from widthscope.posteriors.collapsed.prediction import (
    Average,
    mean_matrices,
    mean_prediction,
    prediction_variance,
)
from widthscope.studies.attention_paths.tasks.path_task import PathTask

VARIANCE_TESTS, VARIANCE_SCRAMBLES = 50, 2
"""Tests and scrambles with which the predictor's variance is compared: it costs a solve for each draw."""


def deviations(
    posed: Problem, draws: Draws, found: Mapping[str, Tensor | None], task: PathTask, *, variance: bool
) -> dict[str, Any]:
    """Squared relative deviations and accuracies by candidate, and what the exact posterior itself is worth.

    Args:
        posed: the problem.
        draws: from its exact posterior.
        found: candidates for U_1 (D, D) by name.
        task: whose tests are predicted.
        variance: whether to compare the predictor's variance too.
    """
    mean = mean_prediction(posed, draws, task.test_inputs)
    matrix = mean_matrices(draws)[0]
    predicted = {
        name: None if one is None else predict(posed, one, task.test_inputs) for name, one in found.items()
    }
    by_candidate = {
        "mean": {name: _of(None if one is None else one.mean, mean) for name, one in predicted.items()},
        "matrix": {name: _of(one, matrix) for name, one in found.items()},
        "variance": dict.fromkeys(found, math.nan),
        "accuracy": {name: _accuracy(one, task) for name, one in predicted.items()},
    }
    if variance:
        some = prediction_variance(posed, draws.first(VARIANCE_SCRAMBLES), task.test_inputs[:VARIANCE_TESTS])
        by_candidate["variance"] = {
            name: _of(None if one is None else one.variance[:VARIANCE_TESTS], some)
            for name, one in predicted.items()
        }
    return {
        **by_candidate,
        "mean_error": _relative_error(mean),
        "matrix_error": _relative_error(matrix),
        "effective": draws.ess_fraction,
        "exact_accuracy": _share(mean.value, task) if draws.measured else math.nan,
    }


def squared_deviation(values: Tensor, exact: Average) -> float:
    """|values - exact|^2 / |exact|^2, free of the Monte-Carlo error of `exact`; it may come out below 0.

    The product of the deviations from two scrambles has no share of either's error: all pairs are averaged.
    """
    apart = (values - exact.by_scramble).flatten(1)
    total, count = apart.sum(dim=0), len(apart)
    products = (total @ total - (apart * apart).sum()) / (count * (count - 1))
    return float(products / exact.value.square().sum())


def _of(values: Tensor | None, exact: Average) -> float:
    return math.nan if values is None else squared_deviation(values, exact)


def _relative_error(exact: Average) -> float:
    return float(exact.standard_error.norm() / exact.value.norm())


def _accuracy(found: Prediction | None, task: PathTask) -> float:
    return math.nan if found is None else _share(found.mean, task)


def _share(values: Tensor, task: PathTask) -> float:
    """Share of tests whose sign is right."""
    return float(((values > 0) == (task.test_labels > 0)).double().mean())
