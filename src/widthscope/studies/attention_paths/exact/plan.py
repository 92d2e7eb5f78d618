"""Shards of the family `exact`: one, or one for each kind of network, each size, or some data sets of it."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from widthscope.studies.attention_paths.exact.settings import Exact
from widthscope.studies.base import SHARD_SECONDS, Cost, Shard

STARTUP = 3.5
TOGETHER_SECONDS = 20.0
"""What takes no longer than this in all shares one job, whose start would cost as much."""

START_MB = 500

FACTOR_SECONDS, ENTRY_SECONDS = 2.5e-11, 8e-9
"""Of one of P^3 multiplications for a draw's Cholesky factor, and of one of P^2 entries of its kernel."""

PAIR_SECONDS = 1e-10
"""Of one entry of a draw's kernel, and of a pair of paths in it."""

GRADIENT, MODE_EVALUATIONS = 3, 60
"""What a gradient costs in energies, and gradients to find the mode; two for each coordinate follow."""

ARRAYS = 192
"""Of P x P numbers in memory at a time, beside eight for each coordinate of the posterior."""

PILOT = 512
"""Draws beside those of the scrambles, from which their law is made."""

MULTIPLY_SECONDS = 8e-11
"""Of one multiplication where attention is computed."""

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
            found += [_shard(f"exact-{own}", [case], seed) for own, case in _parts(cases)]
    return found


def _parts(cases: Sequence[Case]) -> Iterator[tuple[str, Case]]:
    """Each size of each case with its name, and if that takes long as well, as many data sets as do not."""
    for case in cases:
        for size in case["sizes"]:
            name, own = f"{case['name']}-n{size['width']}", {**case, "sizes": [size]}
            together = max(1, int(SHARD_SECONDS / (_seconds(own) / case["seeds"])))
            if together >= case["seeds"]:
                yield name, own
                continue
            for first in range(0, case["seeds"], together):
                count = min(together, case["seeds"] - first)
                yield f"{name}-s{first}", {**own, "first_seed": first, "seeds": count}


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
            "first_seed": 0,
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
        "first_seed": 0,
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
                "first_seed": 0,
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
    coordinates = _coordinates(heads)
    share = 4 if coordinates < 10 else 2 if coordinates < 20 else 1
    return {"draws": more * settings.draws // share, "scrambles": settings.scrambles}


def _coordinates(heads: Sequence[int]) -> int:
    """Numbers that order parameters have."""
    sizes = [prod(heads[layer:]) for layer in range(len(heads))]
    return 1 + sum(size * (size + 1) // 2 for size in sizes)


def _shard(name: str, cases: Sequence[Case], seed: int) -> Shard:
    memory = START_MB + max(_megabytes(case) for case in cases)
    given = {"cases": list(cases), "seed": seed}
    return Shard(name, "exact.experiment", given, Cost(STARTUP + sum(map(_seconds, cases)), memory))


def _megabytes(case: Case) -> int:
    """Kernels of which the mode's curvature is made, and what is kept of every draw."""
    arrays = ARRAYS + 8 * _coordinates(case["heads"])
    draws, paths = case["draws"] * case["scrambles"], prod(case["heads"])
    found = 0.0
    for size in case["sizes"]:
        examples, features = size["examples"], size["features"]
        found = max(found, arrays * examples**2 + 4 * draws * (examples + paths * features))
    return round(8e-6 * found)


def _seconds(case: Case) -> float:
    """Draws of a pilot, for means and for variances, which take two scrambles; minima; examples."""
    paths = prod(case["heads"])
    draws = PILOT + case["draws"] * (case["scrambles"] + 2 * case["variance"])
    total = 0.0
    for size in case["sizes"]:
        count = size["examples"]
        one = count**3 * FACTOR_SECONDS + count**2 * (ENTRY_SECONDS + paths * (paths + 1) / 2 * PAIR_SECONDS)
        evaluations = (1 + (size["told"] is not None) + case["transposed"]) * 4 * paths**1.5
        gradients = evaluations + MODE_EVALUATIONS + 2 * _coordinates(case["heads"])
        total += case["seeds"] * ((draws + GRADIENT * gradients) * one + evaluations * SOLVE_SECONDS + 0.05)
    if case["task"]["name"] == "hidden-markov":  # drawn once for all widths
        tokens = (case["sizes"][0]["examples"] + case["tests"]) * (case["task"]["tokens"] + 1)
        scores = tokens * case["sizes"][0]["features"] ** 2 * sum(case["heads"])
        total += case["seeds"] * scores * MULTIPLY_SECONDS
    return total
