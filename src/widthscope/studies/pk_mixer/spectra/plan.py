"""Shards of the family `spectra`: one for single layers, and one for products where it takes long."""

from typing import Any

from widthscope.studies.base import Cost, Shard
from widthscope.studies.pk_mixer.spectra.draw_counts import draws_at
from widthscope.studies.pk_mixer.spectra.settings import Spectra

STARTUP = 3.5
START_MB = 450

MULTIPLY_SECONDS = 3e-11
"""Of one multiply-add of large matrices in float64, on one core."""

DRAW_SECONDS = 5e-5
"""Of drawing a mask and its weights, for a thousand entries each."""

TOGETHER_SECONDS = 20.0
"""Both experiments in one job, where they take no longer."""


def shards(settings: Spectra, seed: int) -> list[Shard]:
    """Layers and products, together or, at large sizes, one job for each side of the products."""
    own = {
        **settings.model_dump(mode="json"),
        "seed": seed,
        "smallest_product_side": settings.product_sides[0],
    }
    layers = sum(_layer(settings, side) for side in settings.layer_sides)
    products = {side: _product(settings, side) for side in settings.product_sides}
    if layers + sum(products.values()) <= TOGETHER_SECONDS:
        widest = max(*settings.product_sides, *settings.layer_sides)
        return [_shard("spectra", own, layers + sum(products.values()), widest)]
    first = {**own, "product_sides": []}
    alone = [
        _shard(f"spectra-products-s{side}", {**own, "layer_sides": [], "product_sides": [side]}, cost, side)
        for side, cost in products.items()
    ]
    return [_shard("spectra-layers", first, layers, settings.layer_sides[-1]), *alone]


def _shard(name: str, own: dict[str, Any], seconds: float, side: int) -> Shard:
    memory = START_MB + round(8e-6 * 8 * side**4)
    return Shard(name, "spectra.experiment", own, Cost(STARTUP + seconds, memory))


def _layer(settings: Spectra, side: int) -> float:
    count = draws_at(settings.sparse_draws, settings.fewest, side, settings.layer_sides[0], 1)
    units = side**2
    factors = settings.factor_draws * side**3 * 10 * MULTIPLY_SECONDS
    return count * (units**3 * MULTIPLY_SECONDS + units**2 / 1000 * DRAW_SECONDS) + factors


def _product(settings: Spectra, side: int) -> float:
    count = draws_at(settings.product_draws, settings.fewest, side, settings.product_sides[0], 2)
    units = side**2
    return count * (3 * units**3 * MULTIPLY_SECONDS + 2 * units**2 / 1000 * DRAW_SECONDS)
