"""Shards of the family `transfer`: one for each width, and for each rule where that is long.

A width that is added, and every block of learning rates that is appended to an arm, is trained in a shard of
its own; no other shard changes. Where everything is short, one shard trains it all.
"""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.mup_second_order.transfer.settings import KFAC, Gradient, Grid, Shampoo, Transfer
from widthscope.width_sweeps.blocks import rate_blocks
from widthscope.width_sweeps.cost import Size, sweep_memory_mb, sweep_seconds
from widthscope.width_sweeps.sizes import EXAMPLES, INPUTS, examples

NAME, ENTRY = "transfer", "transfer.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 10.0
"""Sweeps that take no longer than this in all share one job, whose start would cost as much."""

SHARED_SECONDS = 30.0
"""A width whose rules take no longer than this in all has one job for a block of rates of all of them."""

METHODS = ("sgd", "kfac", "shampoo")
COMMON = ("dataset", "base", "seeds", "steps", "train", "sigma_readout")


def shards(settings: Transfer, seed: int) -> list[Shard]:
    """First blocks of rates by width, of all rules where that is short; every later block in its own job."""
    own = {**settings.model_dump(mode="json", include=set(COMMON)), "seed": seed}
    first = {width: [_run(settings, method, width) for method in METHODS] for width in settings.widths}
    later = _later(settings)
    everything = [run for runs in (*first.values(), later.values()) for run in runs]
    if _cost(settings, everything).seconds <= TOGETHER_SECONDS:
        return [_shard(settings, NAME, own, everything)]
    found = []
    for width, runs in first.items():
        if _cost(settings, runs).seconds <= SHARED_SECONDS:
            found.append(_shard(settings, f"{NAME}-n{width}", own, runs))
        else:
            found += [_shard(settings, f"{NAME}-{run['method']}-n{width}", own, [run]) for run in runs]
    return found + [_shard(settings, name, own, [run]) for name, run in later.items()]


def _run(settings: Transfer, method: str, width: int) -> dict[str, Any]:
    """All arms of a rule at a width, with their first blocks of rates."""
    section = getattr(settings, method)
    blocks = {arm: _blocks(grid)[0][1] for arm, grid in section if isinstance(grid, Grid)}
    return _of(section, method, width, {f"{method}-{arm}": list(rates) for arm, rates in blocks.items()})


def _later(settings: Transfer) -> dict[str, dict[str, Any]]:
    """Each later block of rates of one arm at one width, by the name of its shard."""
    sections = {method: getattr(settings, method) for method in METHODS}
    return {
        f"{NAME}-{method}-{arm}-n{width}{suffix}": _of(
            section, method, width, {f"{method}-{arm}": list(rates)}
        )
        for method, section in sections.items()
        for arm, grid in section
        if isinstance(grid, Grid)
        for suffix, rates in _blocks(grid)[1:]
        for width in settings.widths
    }


def _of(
    section: Gradient | KFAC | Shampoo, method: str, width: int, rates: dict[str, list[float]]
) -> dict[str, Any]:
    return {
        "method": method,
        "width": width,
        "batch": section.batch,
        "damping": getattr(section, "damping", 0.0),
        "rates": rates,
    }


def _blocks(grid: Grid) -> list[tuple[str, tuple[float, ...]]]:
    return rate_blocks(grid.rates, grid.rates_per_shard)


def _shard(settings: Transfer, name: str, own: dict[str, Any], runs: list[dict[str, Any]]) -> Shard:
    cost = _cost(settings, runs)
    return Shard(
        name,
        ENTRY,
        {**own, "runs": runs},
        Cost(STARTUP + cost.seconds, cost.memory_mb),
        datasets=(own["dataset"],),
        gpu_speedup=GPU_SPEEDUP,
    )


def _cost(settings: Transfer, runs: list[dict[str, Any]]) -> Cost:
    """Of all arms of these runs; losses are measured before and after."""
    seconds, memory = 0.0, 0
    for run in runs:
        size = Size(
            run["width"],
            inputs=INPUTS[settings.dataset],
            batch=run["batch"],
            examples=examples(settings.dataset, settings.train),
            images=EXAMPLES[settings.dataset],
        )
        for rates in run["rates"].values():
            members = settings.seeds * len(rates)
            seconds += sweep_seconds(run["method"], size, members, settings.steps)
            memory = max(memory, sweep_memory_mb(run["method"], size, members, seeds=settings.seeds))
    return Cost(seconds, memory)
