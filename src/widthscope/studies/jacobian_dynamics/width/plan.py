"""Shards of the family `width`: one, or more where it would cost too much, by experiment or by width."""

from collections.abc import Callable, Iterable
from typing import Any

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.jacobian_dynamics.width.settings import NormGrowth, RadialLaw, Radius, WidthLaws

NAME, ENTRY = "width-laws", "width.experiments"
STARTUP = 3.0


def shards(settings: WidthLaws, seed: int) -> list[Shard]:
    """Radial law, spectral radii and norms."""
    parts: dict[str, tuple[RadialLaw | Radius | NormGrowth, Callable[[int], Cost]]] = {
        "radial": (settings.radial, lambda width: _radial(settings.radial, width)),
        "radius": (settings.radius, lambda width: _radius(settings.radius, width)),
        "norm": (settings.norm, lambda width: _norm(settings.norm, width)),
    }
    costs = {
        name: {width: cost(width) for width in section.widths} for name, (section, cost) in parts.items()
    }
    own = {name: {**section.model_dump(mode="json"), "seed": seed} for name, (section, _) in parts.items()}
    if _seconds(cost for each in costs.values() for cost in each.values()) <= SHARD_SECONDS:
        return [_shard(NAME, own, [cost for each in costs.values() for cost in each.values()])]
    found = []
    for name, each in costs.items():
        if _seconds(each.values()) <= SHARD_SECONDS:
            found.append(_shard(f"{NAME}-{name}", {name: own[name]}, list(each.values())))
            continue
        for width, cost in each.items():
            alone = {name: {**own[name], "widths": [width]}}
            found.append(_shard(f"{NAME}-{name}-n{width}", alone, [cost]))
    return found


def _shard(name: str, settings: dict[str, Any], costs: list[Cost]) -> Shard:
    memory = max(cost.memory_mb for cost in costs)
    return Shard(name, ENTRY, settings, Cost(STARTUP + _seconds(costs), memory))


def _seconds(costs: Iterable[Cost]) -> float:
    return sum(cost.seconds for cost in costs)


def _radial(settings: RadialLaw, width: int) -> Cost:
    """Eigenvalues cost most, about 2 ns D^3 each."""
    return Cost(settings.seeds * 2e-9 * width**3, round(500 + 100e-6 * width**2))


def _radius(settings: Radius, width: int) -> Cost:
    """Some hundred vectors of S D numbers for each map and seed, orthogonalised; all seeds at once."""
    maps = 2 + len(settings.step_sizes)
    vectors = settings.seeds * 100 * 16e-6 * settings.tokens * width
    return Cost(
        settings.seeds * maps * 2.5e-7 * settings.tokens * width**2,
        round(600 + vectors + settings.seeds * 64e-6 * width**2),
    )


def _norm(settings: NormGrowth, width: int) -> Cost:
    """Some twenty applications of four matrices and their transposes, with both lengths of the tokens."""
    one = len(settings.heads) * 1e-7 * settings.tokens * width**2
    return Cost(settings.seeds * one, round(800 + 100e-6 * width**2))
