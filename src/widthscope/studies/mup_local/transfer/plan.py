"""Shards of the family `transfer`: one for each width and block of learning rates, or two."""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.mup_local.shards_by_width import STARTUP, TOGETHER_SECONDS
from widthscope.studies.mup_local.transfer.cases import CASES, RULES
from widthscope.studies.mup_local.transfer.settings import Transfer
from widthscope.width_sweeps.blocks import rate_blocks
from widthscope.width_sweeps.cost import Size, sweep_memory_mb, sweep_seconds

COMMON = ("base", "seeds", "judged", "steps", "feedback_rate", "pretraining")

PER_SHARD = {setting: len(getattr(Transfer(), setting)) for setting in CASES.values()}
"""Rates that are trained together: all of the defaults, so that one more is a shard of its own."""

LONG_SECONDS = 30.0
"""A width whose trainings take longer has a shard for each rule."""


def shards(settings: Transfer, seed: int) -> list[Shard]:
    """A shard reads nothing of other widths, nor of rates in later blocks.

    Only where the first block is short do all widths share a shard, in each block.
    """
    blocks = _blocks(settings)
    first = next(iter(blocks.values()))
    together = sum(_seconds(settings, width, first) for width in settings.widths) <= TOGETHER_SECONDS
    return [
        shard for suffix, rates in blocks.items() for shard in _block(settings, seed, suffix, rates, together)
    ]


def _blocks(settings: Transfer) -> dict[str, dict[str, list[float]]]:
    """Rates by row, by the block's suffix."""
    found: dict[str, dict[str, list[float]]] = {}
    for row, setting in CASES.items():
        for suffix, rates in rate_blocks(getattr(settings, setting), PER_SHARD[setting]):
            found.setdefault(suffix, {})[row] = list(rates)
    return found


def _block(
    settings: Transfer, seed: int, suffix: str, rates: dict[str, list[float]], together: bool
) -> list[Shard]:
    seconds = {width: _seconds(settings, width, rates) for width in settings.widths}
    if together:
        return [_shard(settings, seed, f"transfer{suffix}", settings.widths, rates)]
    found = []
    for width in settings.widths:
        if seconds[width] <= LONG_SECONDS:
            found.append(_shard(settings, seed, f"transfer-n{width}{suffix}", (width,), rates))
            continue
        for rule, rows in RULES.items():
            own = {row: rates[row] for row in rows if row in rates}
            if own:
                found.append(_shard(settings, seed, f"transfer-{rule}-n{width}{suffix}", (width,), own))
    return found


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
