"""Shards of the family `zero_init`: one, or training apart from the first step where both take long."""

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.mup_second_order.zero_init.settings import Bias, Identity, Rate, ZeroInit

NAME, ENTRY = "zero-init", "zero_init.experiments"
STARTUP = 3.5
TOGETHER_SECONDS = 15.0
"""What takes no longer than this in all shares one job, whose start would cost as much."""

MULTIPLY_SECONDS = 6e-11
"""Of one multiplication in float64, on one core."""

STEP_SECONDS = 4e-11
"""Of one multiplication in a step of training."""

WEIGHT_SECONDS = 1.2e-8
"""Of one normal number."""

OUTPUTS = 2
"""Of the quadratic task."""

START_MB = 500

PARTS = ("identity", "rate", "bias", "dual")


def shards(settings: ZeroInit, seed: int) -> list[Shard]:
    """The first step and the identities; training; widths of the rate apart where they take long."""
    own = {name: {**getattr(settings, name).model_dump(mode="json"), "seed": seed} for name in PARTS}
    seconds = {
        "identity": sum(_step(settings.identity, width) for width in settings.identity.widths),
        "rate": sum(_step(settings.rate, width) for width in settings.rate.widths),
        "bias": _bias(settings.bias),
        "dual": 0.2 * settings.dual.draws,
    }
    memory = START_MB + round(
        100e-6 * max(settings.rate.widths[-1] ** 2, settings.bias.seeds * settings.bias.width**2)
    )

    def shard(suffix: str, names: tuple[str, ...], given: dict[str, dict[str, object]]) -> Shard:
        cost = Cost(STARTUP + sum(seconds[name] for name in names), memory)
        return Shard(f"{NAME}{suffix}", ENTRY, given, cost, datasets=("digits",))

    if sum(seconds.values()) <= TOGETHER_SECONDS:
        return [shard("", PARTS, own)]
    training = shard("-bias", ("bias",), {"bias": own["bias"]})
    if seconds["rate"] <= SHARD_SECONDS:
        first = ("identity", "rate", "dual")
        return [shard("", first, {name: own[name] for name in first}), training]
    rates = [
        Shard(
            f"{NAME}-rate-n{width}",
            ENTRY,
            {"rate": {**own["rate"], "widths": [width]}},
            Cost(STARTUP + _step(settings.rate, width), memory),
            datasets=("digits",),
        )
        for width in settings.rate.widths
    ]
    identities = ("identity", "dual")
    return [shard("", identities, {name: own[name] for name in identities}), *rates, training]


def _step(settings: Identity | Rate, width: int) -> float:
    """Weights drawn, one pass over all images, and N x N solves."""
    points = 2 * settings.images + settings.tests
    solves = 10 * settings.images**3
    one = width**2 * (WEIGHT_SECONDS + 2 * points * MULTIPLY_SECONDS) + solves * MULTIPLY_SECONDS
    return settings.seeds * (0.02 + one)


def _bias(settings: Bias) -> float:
    """Exact factors of N C rows in two hidden layers, at every step of four trainings."""
    rows = settings.examples * OUTPUTS
    layer = 2 * rows**2 * settings.width + 2 * rows**3 + 3 * rows * settings.width**2
    return 4 * settings.seeds * settings.steps * 2 * layer * STEP_SECONDS
