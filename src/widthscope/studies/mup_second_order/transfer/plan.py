"""Shards of the family `transfer`: one for each rule, width and block of learning rates.

A width that is added, or a learning rate that is appended, is trained in a shard of its own; no other shard
changes. Where everything is short, one shard trains it all.
"""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.mup_second_order.transfer.settings import KFAC, Gradient, Grid, Shampoo, Transfer
from widthscope.width_sweeps.blocks import rate_blocks
from widthscope.width_sweeps.cost import Size, sweep_memory_mb, sweep_seconds

NAME, ENTRY = "transfer", "transfer.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 10.0
"""Sweeps that take no longer than this in all share one job, whose start would cost as much."""

INPUTS = {"digits": 64, "cifar10": 3072}
METHODS = ("sgd", "kfac", "shampoo")
COMMON = ("dataset", "base", "seeds", "steps", "train", "sigma_readout")


def shards(settings: Transfer, seed: int) -> list[Shard]:
    """Every rule's arms at a width share a job."""
    own = {**settings.model_dump(mode="json", include=set(COMMON)), "seed": seed}
    runs = {
        f"{NAME}-{method}-n{width}{suffix}": {
            "method": method,
            "width": width,
            "batch": section.batch,
            "damping": getattr(section, "damping", 0.0),
            "rates": rates,
        }
        for method, section in ((name, getattr(settings, name)) for name in METHODS)
        for suffix, rates in _blocks(method, section).items()
        for width in settings.widths
    }
    costs = {name: _cost(settings, run) for name, run in runs.items()}
    seconds = sum(cost.seconds for cost in costs.values())
    if seconds <= TOGETHER_SECONDS:
        memory = max(cost.memory_mb for cost in costs.values())
        return [_shard(NAME, own, list(runs.values()), Cost(seconds, memory))]
    return [_shard(name, own, [run], costs[name]) for name, run in runs.items()]


def _blocks(method: str, section: Gradient | KFAC | Shampoo) -> dict[str, dict[str, list[float]]]:
    """For each suffix the rates of every arm that has such a block."""
    found: dict[str, dict[str, list[float]]] = {}
    for arm, grid in section:
        if isinstance(grid, Grid):
            for suffix, rates in rate_blocks(grid.rates, grid.rates_per_shard):
                found.setdefault(suffix, {})[f"{method}-{arm}"] = list(rates)
    return found


def _shard(name: str, own: dict[str, Any], runs: list[dict[str, Any]], cost: Cost) -> Shard:
    return Shard(
        name,
        ENTRY,
        {**own, "runs": runs},
        Cost(STARTUP + cost.seconds, cost.memory_mb),
        datasets=(own["dataset"],),
        gpu_speedup=GPU_SPEEDUP,
    )


def _cost(settings: Transfer, run: dict[str, Any]) -> Cost:
    """Of all arms of a run; losses are measured before and after."""
    size = Size(run["width"], inputs=INPUTS[settings.dataset], batch=run["batch"])
    members = [settings.seeds * len(rates) for rates in run["rates"].values()]
    return Cost(
        sum(sweep_seconds(run["method"], size, each, settings.steps) for each in members),
        max(sweep_memory_mb(run["method"], size, each) for each in members),
    )
