"""Shards of the family `transfer`: one for each width, and for each rule where that is long.

A width that is added, and every learning rate that is added to an arm, is trained in a shard of its own; no
other shard changes. Where everything is short, one shard trains it all.
"""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.mup_second_order.transfer.settings import KFAC, Gradient, Shampoo, Transfer
from widthscope.width_sweeps.cost import Size, sweep_memory_mb, sweep_seconds
from widthscope.width_sweeps.rate_lists import added, shard_suffix
from widthscope.width_sweeps.sizes import EXAMPLES, INPUTS, examples

NAME, ENTRY = "transfer", "transfer.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 10.0
"""Sweeps that take no longer than this in all share one job, whose start would cost as much."""

SHARED_SECONDS = 30.0
"""A width whose rules take no longer than this in all has one job for all of them."""

METHODS = ("sgd", "kfac", "shampoo")
COMMON = ("dataset", "base", "seeds", "steps", "train", "sigma_readout")


def shards(settings: Transfer, seed: int) -> list[Shard]:
    """Rates by width, of all rules where that is short; every rate that is added in its own job."""
    own = {**settings.model_dump(mode="json", include=set(COMMON)), "seed": seed}
    first = {width: [_run(settings, method, width) for method in METHODS] for width in settings.widths}
    later = _later(settings)
    everything = [run for runs in first.values() for run in runs]
    together = _cost(settings, everything).seconds <= TOGETHER_SECONDS
    found = [_shard(settings, NAME, own, everything)] if together else []
    for width, runs in first.items() if not together else ():
        if _cost(settings, runs).seconds <= SHARED_SECONDS:
            found.append(_shard(settings, f"{NAME}-n{width}", own, runs))
        else:
            found += [_shard(settings, f"{NAME}-{run['method']}-n{width}", own, [run]) for run in runs]
    return found + [_shard(settings, name, own, [run]) for name, run in later.items()]


def _run(settings: Transfer, method: str, width: int) -> dict[str, Any]:
    """All arms of a rule at a width, without the rates that are added."""
    section = getattr(settings, method)
    return _of(
        section, method, width, {f"{method}-{arm}": list(getattr(section, arm)) for arm in added(section)}
    )


def _later(settings: Transfer) -> dict[str, dict[str, Any]]:
    """Each rate that is added to an arm, at each width, by the name of its shard."""
    sections = {method: getattr(settings, method) for method in METHODS}
    return {
        f"{NAME}-{method}-{arm}-n{width}{shard_suffix(rate)}": _of(
            section, method, width, {f"{method}-{arm}": [rate]}
        )
        for method, section in sections.items()
        for arm, rates in added(section).items()
        for rate in rates
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
