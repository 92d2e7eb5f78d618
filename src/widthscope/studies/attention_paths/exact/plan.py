"""Shards of the family `exact`: one, or one for each kind of network, or for each size if it takes long."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from widthscope.studies.attention_paths.exact.settings import Exact
from widthscope.studies.base import SHARD_SECONDS, Cost, Shard

STARTUP = 3.5
TOGETHER_SECONDS = 20.0
"""What takes no longer than this in all shares one job, whose start would cost as much."""

START_MB = 500

FACTOR_SECONDS = 1.2e-10
"""Of one of the P^3 multiplications for a draw's kernel, its Cholesky factor and what overhead there is."""

PAIR_SECONDS = 2e-10
"""Of one entry of a draw's kernel, and of a pair of paths in it."""

SOLVE_SECONDS = 1e-3
"""Of one evaluation of the action with its gradient, at little cost of kernels."""

HEADS = 2
WIDTHS, VARIANCES = (12, 20, 8), (1.3, 0.7, 1.5, 0.9)
"""N_1, N_2, N_a at k = 1, and sigma_0^2, sigma_1^2, sigma_2^2, sigma_a^2, of heads (2, 3)."""

MORE = 2
"""Times the draws for chains, whose widths are larger and deviations smaller than those of other cases."""

Case = dict[str, Any]


def shards(settings: Exact, seed: int) -> list[Shard]:
    """Every case, in as few shards as their time allows."""
    groups = {"scaling": _scaling(settings), "shapes": _shapes(settings), "chains": _chains(settings)}
    everything = [case for cases in groups.values() for case in cases]
    if sum(map(_seconds, everything)) <= TOGETHER_SECONDS:
        return [_shard("exact", everything, seed)]
    found = []
    for name, cases in groups.items():
        if sum(map(_seconds, cases)) <= SHARD_SECONDS:
            found.append(_shard(f"exact-{name}", cases, seed))
        else:
            found += [_shard(f"exact-{own}", [case], seed) for own, case in _by_size(cases)]
    return found


def _by_size(cases: Sequence[Case]) -> Iterator[tuple[str, Case]]:
    for case in cases:
        for size in case["sizes"]:
            yield f"{case['name']}-n{size['width']}", {**case, "sizes": [size]}


def _scaling(settings: Exact) -> list[Case]:
    own = settings.scaling
    return [
        {
            **_draws(settings, [HEADS] * layers),
            "name": f"paths-{layers}",
            "task": {"name": "gaussian"},
            "heads": [HEADS] * layers,
            "variances": None,
            "temperature": own.temperature,
            "seeds": own.seeds,
            "tests": own.tests,
            "variance": True,
            "transposed": layers > 1,
            "sizes": [
                {
                    "width": width,
                    "widths": [width] * (layers + 1),
                    "examples": own.load * width,
                    "features": width,
                    "told": [width // 8] * (layers + 1),
                }
                for width in own.widths
            ],
        }
        for layers in own.layers
    ]


def _shapes(settings: Exact) -> list[Case]:
    own = settings.shapes
    common = {
        "task": {"name": "gaussian"},
        "seeds": own.seeds,
        "tests": own.tests,
        "variance": False,
        "transposed": False,
    }
    unequal = {
        **_draws(settings, [2, 3]),
        "name": "unequal",
        "heads": [2, 3],
        "variances": list(VARIANCES),
        "temperature": 0.2,
        "sizes": [
            {
                "width": scale,
                "widths": [scale * width for width in WIDTHS],
                "examples": 24 * scale,
                "features": 12 * scale,
                "told": None,
            }
            for scale in own.scales
        ],
    }
    deep = {
        **_draws(settings, [HEADS] * 3),
        "name": "deep",
        "heads": [HEADS] * 3,
        "variances": None,
        "temperature": 0.1,
        "sizes": [
            {"width": width, "widths": [width] * 4, "examples": width, "features": width, "told": None}
            for width in own.deep_widths
        ],
    }
    return [{**common, **unequal}, {**common, **deep}]


def _chains(settings: Exact) -> list[Case]:
    own = settings.chains
    found = []
    for name, heads, noise in (("chains-2", [2, 1], [1.0, 1.0, 5.0]), ("chains-4", [2, 2], [1.0, 1.0, 1.0])):
        found.append(
            {
                **_draws(settings, heads, MORE),
                "name": name,
                "task": {
                    "name": "hidden-markov",
                    "paths": heads[0] * heads[1],
                    "noise": noise,
                    "tokens": own.tokens,
                    "features": own.features,
                },
                "heads": heads,
                "variances": None,
                "temperature": own.temperature,
                "seeds": own.seeds,
                "tests": own.tests,
                "variance": False,
                "transposed": False,
                "sizes": [
                    {
                        "width": width,
                        "widths": [width] * 3,
                        "examples": own.examples,
                        "features": own.features + own.tokens + 1,
                        "told": [own.widths[0]] * 3,
                    }
                    for width in own.widths
                ],
            }
        )
    return found


def _draws(settings: Exact, heads: Sequence[int], more: int = 1) -> dict[str, int]:
    """Few coordinates need few draws: all of them from 20 coordinates on, half from 10 on, else a quarter."""
    sizes = [prod(heads[layer:]) for layer in range(len(heads))]
    coordinates = 1 + sum(size * (size + 1) // 2 for size in sizes)
    share = 4 if coordinates < 10 else 2 if coordinates < 20 else 1
    return {"draws": more * settings.draws // share, "scrambles": settings.scrambles}


def _shard(name: str, cases: Sequence[Case], seed: int) -> Shard:
    largest = max(size["examples"] for case in cases for size in case["sizes"])
    memory = START_MB + round(3e-6 * 8 * largest**2 * 64)
    given = {"cases": list(cases), "seed": seed}
    return Shard(name, "exact.experiment", given, Cost(STARTUP + sum(map(_seconds, cases)), memory))


def _seconds(case: Case) -> float:
    """Draws of a pilot, for means and half as many for variances; minima of three kinds."""
    paths = prod(case["heads"])
    draws = case["draws"] * (1 + case["scrambles"] + 2 * case["variance"])
    total = 0.0
    for size in case["sizes"]:
        count = size["examples"]
        one = count**3 * FACTOR_SECONDS + count**2 * paths * (paths + 1) / 2 * PAIR_SECONDS
        evaluations = (2 + case["transposed"]) * 4 * paths**1.5
        total += case["seeds"] * (draws * one + evaluations * (SOLVE_SECONDS + one) + 0.05)
    return total
