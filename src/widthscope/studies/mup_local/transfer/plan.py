"""Shards of the family `transfer`: one for each width, or two, and one for each rate added at each width."""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.mup_local.shards_by_width import STARTUP, TOGETHER_SECONDS
from widthscope.studies.mup_local.transfer.cases import CASES, RULES
from widthscope.studies.mup_local.transfer.settings import Transfer
from widthscope.width_sweeps.cost import Size, sweep_memory_mb, sweep_seconds
from widthscope.width_sweeps.rate_lists import added, shard_suffix

COMMON = ("base", "seeds", "judged", "steps", "feedback_rate", "pretraining")

LONG_SECONDS = 30.0
"""A width whose trainings take longer has a shard for each rule."""


def shards(settings: Transfer, seed: int) -> list[Shard]:
    """A shard reads nothing of other widths, nor of rates that are added; short ones share a job."""
    rates = {row: list(getattr(settings, setting)) for row, setting in CASES.items()}
    if sum(_seconds(settings, width, rates) for width in settings.widths) <= TOGETHER_SECONDS:
        found = [_shard(settings, seed, "transfer", settings.widths, rates)]
    else:
        found = [shard for width in settings.widths for shard in _of_width(settings, seed, width, rates)]
    return found + [
        _shard(settings, seed, f"transfer-{row}-n{width}{shard_suffix(rate)}", (width,), {row: [rate]})
        for row, setting in CASES.items()
        for rate in added(settings)[setting]
        for width in settings.widths
    ]


def _of_width(settings: Transfer, seed: int, width: int, rates: dict[str, list[float]]) -> list[Shard]:
    """Of all rules, or of each where that takes long."""
    if _seconds(settings, width, rates) <= LONG_SECONDS:
        return [_shard(settings, seed, f"transfer-n{width}", (width,), rates)]
    return [
        _shard(settings, seed, f"transfer-{rule}-n{width}", (width,), {row: rates[row] for row in rows})
        for rule, rows in RULES.items()
    ]


def _shard(
    settings: Transfer, seed: int, name: str, widths: tuple[int, ...], rates: dict[str, list[float]]
) -> Shard:
    own: dict[str, Any] = settings.model_dump(mode="json", include=set(COMMON))
    members = max(len(listed) for listed in rates.values()) * settings.seeds
    memory = max(sweep_memory_mb("dtp", Size(width), members, seeds=settings.seeds) for width in widths)
    seconds = STARTUP + sum(_seconds(settings, width, rates) for width in widths)
    return Shard(
        name=name,
        entry="transfer.experiment",
        settings={**own, "seed": seed, "widths": list(widths), "rates": rates},
        cost=Cost(seconds, memory),
        datasets=("digits",),
        gpu_speedup=GPU_SPEEDUP,
    )


def _seconds(settings: Transfer, width: int, rates: dict[str, list[float]]) -> float:
    return sum(
        sweep_seconds(
            "dtp" if row in RULES["tp"] else "pc_si",
            Size(width),
            len(listed) * settings.seeds,
            settings.steps,
            records=2,
        )
        for row, listed in rates.items()
    )
