"""Shards of the family `hidden_markov`: four paths in one, two paths and depth in another; or all in one."""

from typing import Any

from widthscope.studies.attention_paths.hidden_markov.settings import HiddenMarkov
from widthscope.studies.attention_paths.hidden_markov.variants import FOUR, TWO, VARIANTS
from widthscope.studies.base import Cost, Shard

NAME, ENTRY = "hidden-markov", "hidden_markov.experiment"
STARTUP = 3.5
TOGETHER_SECONDS = 15.0
"""What takes no longer than this in all shares one job, whose start would cost as much."""

SEQUENCE_SECONDS = {FOUR: 0.95e-3, TWO: 0.5e-3}
"""Of one sequence with its attention matrices and path inputs, on one core."""

SOLVE_SECONDS = {FOUR: 0.026, TWO: 0.012}
"""Of one minimisation at P = 100; it grows with the square of P, and above 500 with the cube."""

APART = ([FOUR], [TWO, "depth"])
"""What is in one job where all together takes long: halves of about the same length."""

START_MB = 600


def shards(settings: HiddenMarkov, seed: int) -> list[Shard]:
    """The variants and the depths, apart where they take long."""
    every: dict[str, Any] = settings.model_dump(mode="json")
    depth = every.pop("depth")
    shared = {name: every[name] for name in ("examples", "tests", "temperature")}
    own = {
        **{name: {**every, "seed": seed} for name in VARIANTS},
        "depth": {**depth, **shared, "seed": seed},
    }
    seconds = {
        **{name: _variant_seconds(settings, name) for name in VARIANTS},
        "depth": _depth_seconds(settings),
    }
    memory = START_MB + round(
        16e-6 * 231 * 4 * (settings.tests + settings.validation + 2 * settings.examples)
    )
    memory += round(80e-6 * settings.examples**2)

    def shard(suffix: str, names: list[str]) -> Shard:
        cost = Cost(STARTUP + sum(seconds[name] for name in names), memory)
        return Shard(f"{NAME}{suffix}", ENTRY, {name: own[name] for name in names}, cost)

    if sum(seconds.values()) <= TOGETHER_SECONDS:
        return [shard("", list(own))]
    return [shard("".join(f"-{name.replace('_', '-')}" for name in names), names) for names in APART]


def _solve(settings: HiddenMarkov, name: str) -> float:
    size = settings.examples / 100
    return SOLVE_SECONDS[name] * max(1.0, size**2, size**3 / 5)


def _variant_seconds(settings: HiddenMarkov, name: str) -> float:
    """Data, and the minimisations of one data set: widths, temperatures, restrictions and permutations."""
    sequences = settings.examples + settings.tests + settings.validation
    subsets = 2 if name == FOUR else 1
    solves = (subsets + 1) * len(settings.widths) + len(settings.temperatures) + 3 + settings.shuffles
    return settings.seeds * (sequences * SEQUENCE_SECONDS[name] + solves * _solve(settings, name))


def _depth_seconds(settings: HiddenMarkov) -> float:
    """The data of the deepest network, and of each depth its widths; each further layer doubles the paths."""
    sequences = (settings.examples + settings.tests) * SEQUENCE_SECONDS[FOUR]
    solves = len(settings.depth.widths) * _solve(settings, FOUR)
    layers = settings.depth.layers
    return settings.depth.seeds * (max(layers) / 3 * sequences + sum(2.0 ** (n - 2) * solves for n in layers))
