"""Shards of the family `sampling`: one, or one for the cases and one for each width where they take long."""

from collections.abc import Sequence
from typing import Any

from widthscope.studies.attention_paths.sampling.settings import Sampling
from widthscope.studies.base import SHARD_SECONDS, Cost, Shard

NAME, ENTRY = "sampling", "sampling.experiment"
STARTUP = 3.5
TOGETHER_SECONDS = 15.0
"""What takes no longer than this in all shares one job, whose start would cost as much."""

START_MB = 500

MULTIPLY_SECONDS = 1.5e-10
"""Of one multiplication in a sweep: small matrices, many at a time."""

MAP_SECONDS = 7e-6
"""Of one map of one chain in a sweep, whatever its size."""

DRAW_SECONDS = 4e-5
"""Of one draw from the exact posterior, its prediction included."""

WATCHED_TESTS = 10
"""Outputs that tell whether chains have converged, where only order parameters are compared."""

DIAGNOSIS_SECONDS = 6e-3
"""Of R-hat and effective sizes of one quantity of one data set."""

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
"""Its posterior is lopsided, and what pilots tell of it makes more draws count."""

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
    common = {name: getattr(settings, name) for name in ("seeds", "chains", "warm_up", "tests")}
    compared = [
        {**case, **common, "sweeps": settings.sweeps, "draws": settings.draws}
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
            found += [_shard(f"{NAME}-{case['name']}", [case], seed) for case in cases]
    return found


def _shard(name: str, cases: Sequence[Case], seed: int) -> Shard:
    kept = max(
        8e-6 * case["seeds"] * case["chains"] * case["sweeps"] * (case["tests"] + 36) for case in cases
    )
    cost = Cost(STARTUP + _seconds(cases), START_MB + round(4 * kept))
    return Shard(name, ENTRY, {"cases": list(cases), "seed": seed}, cost)


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
        chains = case["seeds"] * case["chains"] * (case["warm_up"] + case["sweeps"])
        total += chains * sweep + case["seeds"] * (4 * case["draws"] * DRAW_SECONDS + 0.1)
        watched = case["tests"] + paths * (paths + 1) // 2
        total += case["seeds"] * watched * DIAGNOSIS_SECONDS
    return total
