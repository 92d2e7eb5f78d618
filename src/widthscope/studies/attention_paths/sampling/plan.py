"""Shards of the family `sampling`: one, or one for the cases and one for the widths, or one for each case.

A case that takes long has several, by data seeds, whose numbers depend on no other's.
"""

import math
from collections.abc import Sequence
from typing import Any

from widthscope.path_theory.network import Network
from widthscope.posteriors.weights.memory import sampling_bytes
from widthscope.studies.attention_paths.sampling.settings import Sampling
from widthscope.studies.base import SHARD_SECONDS, Cost, Shard

NAME, ENTRY = "sampling", "sampling.experiment"
STARTUP = 3.5
TOGETHER_SECONDS = 15.0
"""What takes no longer than this in all shares one job, whose start would cost as much."""

START_MB = 500

MULTIPLY_SECONDS = 2e-10
"""Of one multiplication in a sweep: small matrices, many at a time."""

MAP_SECONDS = 1e-5
"""Of one map of one chain in a sweep, whatever its size."""

DRAW_SECONDS = 3e-5
"""Of one draw from the exact posterior, a pilot's too, its prediction included."""

SOLVE_SECONDS = 0.1
"""Of the solutions of the theory for one data set."""

WATCHED_TESTS = 10
"""Outputs that tell whether chains have converged, where only order parameters are compared."""

DIAGNOSIS_SECONDS, DIAGNOSIS_DRAW_SECONDS = 7e-4, 6.6e-7
"""Of R-hat and effective sizes of one quantity of one data set, and for each draw of all its chains."""

JOB_SECONDS = 1800.0
"""A case that takes longer goes to several jobs, by its data seeds."""

TOGETHER = 20
"""Data sets that are sampled at a time: more need only more memory."""

Case = dict[str, Any]

ONE_LAYER: Case = {
    "name": "one-layer",
    "task": "hidden-markov",
    "kinds": [["same", "random"]],
    "readout": "mean",
    "heads": [2],
    "widths": [10, 10],
    "variances": None,
    "temperature": 0.1,
    "examples": 20,
    "features": 20,
    "tokens": 8,
    "pilots": [512],
}
TWO_LAYERS: Case = {
    **ONE_LAYER,
    "name": "two-layers",
    "kinds": [["same", "random"], ["uniform", "random"]],
    "readout": "last",
    "heads": [2, 2],
    "widths": [10, 10, 10],
    "pilots": [2048, 2048],
}
"""Its posterior is lopsided: pilots make more draws count, and it takes more of them (`DRAWN`)."""

DRAWN = {"one-layer": 1, "two-layers": 4, "unequal": 1}
"""Times the draws that are set: of 1024 the mean was off by 3 %, the margin, in a data set of two layers."""

UNLISTED: Case = {
    "name": "unequal",
    "task": "gaussian",
    "heads": [3, 2],
    "widths": [20, 13, 16],
    "variances": [1.2, 0.8, 1.4, 0.9],
    "temperature": 0.25,
    "examples": 30,
    "features": 15,
    "pilots": [512],
}
"""A case of our own, with nothing equal and no number of the others."""


def shards(settings: Sampling, seed: int) -> list[Shard]:
    """Every case, in as few shards as their time allows."""
    common = {name: getattr(settings, name) for name in ("chains", "warm_up", "tests")}
    common |= {"data_seeds": [0, settings.seeds], "together": TOGETHER}
    compared = [
        {**case, **common, "sweeps": settings.sweeps, "draws": DRAWN[case["name"]] * settings.draws}
        for case in (ONE_LAYER, TWO_LAYERS, UNLISTED)
    ]
    by_width = [
        {
            **common,
            "name": f"width-{width}",
            "task": "gaussian",
            "heads": [2],
            "widths": [width, width],
            "variances": None,
            "temperature": settings.temperature,
            "examples": settings.load * width,
            "features": width,
            "sweeps": settings.width_sweeps,
            "draws": 0,
            "tests": WATCHED_TESTS,
            "pilots": [],
        }
        for width in settings.widths
    ]
    if _seconds([*compared, *by_width]) <= TOGETHER_SECONDS:
        return [_shard(NAME, [*compared, *by_width], seed)]
    found = []
    for name, cases in (("cases", compared), ("widths", by_width)):
        if _seconds(cases) <= SHARD_SECONDS:
            found.append(_shard(f"{NAME}-{name}", cases, seed))
        else:
            found += [shard for case in cases for shard in _parts(case, seed)]
    return found


def _parts(case: Case, seed: int) -> list[Shard]:
    """One case in as many shards, of equally many data seeds, as its time asks for."""
    name, stop = f"{NAME}-{case['name']}", case["data_seeds"][1]
    count = math.ceil(_seconds([case]) / JOB_SECONDS)
    if count == 1:
        return [_shard(name, [case], seed)]
    size = math.ceil(stop / count)
    return [
        _shard(f"{name}-seeds-{first}", [{**case, "data_seeds": [first, min(first + size, stop)]}], seed)
        for first in range(0, stop, size)
    ]


def _shard(name: str, cases: Sequence[Case], seed: int) -> Shard:
    memory = START_MB + round(max(_bytes(case) for case in cases) / 1e6)
    cost = Cost(STARTUP + _seconds(cases), memory)
    return Shard(name, ENTRY, {"cases": list(cases), "seed": seed}, cost)


def _count(case: Case) -> int:
    first, stop = case["data_seeds"]
    count: int = stop - first
    return count


def _bytes(case: Case) -> int:
    """Of the sampler, or of what it keeps with the copies that its diagnosis makes."""
    network = Network(tuple(case["heads"]), tuple(case["widths"]))
    features = case["features"] + (case["tokens"] + 1 if case["task"] == "hidden-markov" else 0)
    together, tests = min(_count(case), case["together"]), case["tests"]
    inputs = (together, case["examples"], network.paths, features)
    kept = 8 * together * case["chains"] * case["sweeps"] * (tests + network.paths**2 + 1)
    sampling = sampling_bytes(network, inputs, tests, case["chains"], case["sweeps"])
    return int(max(sampling, 4 * kept))


def _seconds(cases: Sequence[Case]) -> float:
    """Sweeps of every map with its P x P solve, and draws from the exact posterior at two temperatures."""
    total = 0.0
    for case in cases:
        examples, sizes = case["examples"], [1]
        for heads in reversed(case["heads"]):
            sizes.append(sizes[-1] * heads)
        paths, columns = sizes[-1], list(reversed(case["widths"]))
        one = 2 * examples**3 * (len(columns) + 1) / 3
        one += examples**2 * paths**2 + examples * paths * case["features"] * case["widths"][0]
        for size, width in zip(sizes, columns, strict=True):
            one += 2 * examples * size * width * max(examples, width)
        sweep = one * MULTIPLY_SECONDS + (len(columns) + 1) * MAP_SECONDS
        seconds = case["chains"] * (case["warm_up"] + case["sweeps"]) * sweep + SOLVE_SECONDS
        if case["draws"]:
            seconds += 2 * (2 * case["draws"] + sum(case["pilots"])) * DRAW_SECONDS
        watched = case["tests"] + paths * (paths + 1) // 2
        draws = case["chains"] * case["sweeps"]
        seconds += watched * (DIAGNOSIS_SECONDS + draws * DIAGNOSIS_DRAW_SECONDS)
        total += _count(case) * seconds
    return total
