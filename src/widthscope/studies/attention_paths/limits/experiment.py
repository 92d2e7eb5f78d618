"""The cubic of one path, minima from random starts, and what the first term in 1/N leaves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.path_theory.cubic import deep_linear_order_parameters
from widthscope.path_theory.first_order import first_order_path_weights, predictor_shift
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process
from widthscope.path_theory.prediction import predict
from widthscope.path_theory.problem import problem
from widthscope.path_theory.starts import restarts
from widthscope.streams import torch_generator
from widthscope.studies.attention_paths.tasks.gaussian_paths import gaussian_paths
from widthscope.studies.attention_paths.tasks.hidden_markov import Chains, hidden_markov
from widthscope.work import Work

TOLERANCE = 1e-10
"""Of the gradient: 1/N terms are that of U - I, of size X/N, whose gap is of order 1/N of that again."""

STARTS, START_HEADS = 2, (2, 2)
"""Random starts of each data set, and the heads whose minima they lead to."""

LABELS = ("own", "permuted")
QUANTITIES = ("order", "predictor")
TERMS = ("whole", "without shift")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Tables `cubic`, `starts` and `approach`.

    Args:
        settings: those of `Limits`, and `seed`.
        datasets: none is read.
        work: its progress shows the data sets done.
    """
    return xr.DataTree.from_dict(
        {
            "cubic": cubic({**settings["cubic"], "seed": settings["seed"]}),
            "starts": starts({**settings["cubic"], "seed": settings["seed"]}),
            "approach": approach({**settings["approach"], "seed": settings["seed"]}, work),
        }
    )


def cubic(settings: Mapping[str, Any]) -> xr.Dataset:
    """The minimum of the action of one path at temperature zero, against the roots of cubics.

    Returns:
        Over (seed, width): `order`, the minimum's U, and `root`, the cubic's. And `deviation` over (seed,
        width, labels), the larger of the relative deviations of u from s and of U from s^2, from the cubic
        of the data set's "own" labels and from that of "permuted" ones; NaN where no minimum was found.
    """
    examples, widths = settings["examples"], settings["widths"]
    found = {name: np.empty((settings["seeds"], len(widths))) for name in ("order", "root")}
    deviation = np.empty((settings["seeds"], len(widths), len(LABELS)))
    for seed in range(settings["seeds"]):
        data = gaussian_paths(
            examples, settings["features"], 2, 1, seed=settings["seed"], data_seed=seed
        ).with_paths([0])
        names = ("attention_paths", "cubic", settings["seed"], seed)
        order = torch.randperm(examples, generator=torch_generator(*names, "permutation"))
        for place, width in enumerate(widths):
            posed = problem(data.inputs, data.labels, 0.0, Network.equal((1,), width))
            solution = minimise(posed, tolerance=TOLERANCE)
            u, U = solution.order.readout, float(solution.path_weights)
            for at, labels in enumerate((posed, replace(posed, labels=posed.labels[order]))):
                wanted = deep_linear_order_parameters(labels)
                root = float(wanted.path_weights)
                deviation[seed, place, at] = max(abs(u / wanted.readout - 1), abs(U / root - 1))
                if labels is posed:
                    found["root"][seed, place] = root
            found["order"][seed, place] = U
            if not solution.converged:
                deviation[seed, place] = np.nan
    by_width = ("seed", "width")
    return xr.Dataset(
        {
            **{name: (by_width, values) for name, values in found.items()},
            "deviation": ((*by_width, "labels"), deviation),
        },
        coords={"width": list(widths), "seed": range(settings["seeds"]), "labels": list(LABELS)},
        attrs={"examples": examples},
    )


def starts(settings: Mapping[str, Any]) -> xr.Dataset:
    """How far the action's minima from random starts lie apart: two layers of two heads, temperature zero.

    The sizes are those of the cubic, the width the smallest, where the minimum is furthest from infinite
    width.

    Returns:
        `spread` over (seed): the largest S of the minima from the infinite-width point and from random starts
        less the smallest, over N; NaN where one was not found.
    """
    width = min(settings["widths"])
    network = Network.equal(START_HEADS, width)
    spread = np.full(settings["seeds"], np.nan)
    for seed in range(settings["seeds"]):
        data = gaussian_paths(
            settings["examples"],
            settings["features"],
            network.paths,
            1,
            seed=settings["seed"],
            data_seed=seed,
        )
        posed = problem(data.inputs, data.labels, 0.0, network)
        generator = torch_generator("attention_paths", "starts", settings["seed"], seed)
        found = [minimise(posed), *restarts(posed, generator, STARTS)]
        if all(solution.converged for solution in found):
            values = [solution.value for solution in found]
            spread[seed] = (max(values) - min(values)) / width
    return xr.Dataset({"spread": ("seed", spread)}, coords={"seed": range(settings["seeds"])})


def approach(settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """What is left of N (U - I), and of N times the predictor's shift, less their limits, relative to these.

    Returns:
        `gap` over (seed, width, quantity, term), relative to the "whole" term, where the one "without shift"
        leaves out what all paths have in common; and `distance` over (seed, width, quantity): norms of U - I
        and of the predictor's shift over the test sequences. NaN where no minimum was found.
    """
    count, widths = settings["seeds"], settings["widths"]
    gap = np.full((count, len(widths), len(QUANTITIES), len(TERMS)), np.nan)
    distance = np.full(gap.shape[:-1], np.nan)
    chains = Chains(tokens=settings["tokens"], features=settings["features"])
    for seed in work.progress(range(count), total=count, description="data sets"):
        data = hidden_markov(
            chains, settings["examples"], settings["tests"], seed=settings["seed"], data_seed=seed
        )
        heads = tuple(len(layer) for layer in chains.heads)
        posed = problem(data.inputs, data.labels, settings["temperature"], Network.equal(heads, widths[0]))
        identity = gaussian_process(posed.network).path_weights
        infinite = (identity, predict(posed, identity, data.test_inputs).mean)
        terms = [first_order_path_weights(posed, trace_term=term == "whole") for term in TERMS]
        limits = (terms, [predictor_shift(posed, term, data.test_inputs) for term in terms])
        start = None
        for place in reversed(range(len(widths))):
            solution = minimise(posed.at(network=Network.equal(heads, widths[place])), start, TOLERANCE)
            start = solution.order
            if not solution.converged:
                continue
            mean = predict(posed, solution.path_weights, data.test_inputs).mean
            for at, found in enumerate((solution.path_weights, mean)):
                moved = found - infinite[at]
                distance[seed, place, at] = moved.norm()
                size = limits[at][0].norm()
                for which, term in enumerate(limits[at]):
                    gap[seed, place, at, which] = (widths[place] * moved - term).norm() / size
    return xr.Dataset(
        {
            "gap": (("seed", "width", "quantity", "term"), gap),
            "distance": (("seed", "width", "quantity"), distance),
        },
        coords={
            "width": list(widths),
            "seed": range(count),
            "quantity": list(QUANTITIES),
            "term": list(TERMS),
        },
        attrs={"examples": settings["examples"], "tests": settings["tests"]},
    )
