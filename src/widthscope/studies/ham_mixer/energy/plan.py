"""Shards of the family `energy`: the continuous dynamics with fast hidden layers apart, if they take long."""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.studies.ham_mixer.energy.settings import Energy, Sizes

NAME, ENTRY = "energy", "energy.experiments"
STARTUP = 3.5
TOGETHER_SECONDS = 40.0
"""What takes no longer than this in all shares one job, whose start would cost as much."""

UNIT_SECONDS = {"relu": 2.5e-9, "tanh": 1.2e-8, "gelu": 7e-9}
"""Of one hidden unit's activity, its share of the products with it, in float64 on one core."""

PRODUCT_SECONDS = 1.5e-10
"""Of one multiplication and addition."""

RUNGE_KUTTA = 5
"""Evaluations of a step: four, and the energy."""

START_MB = 500
UNIT_MB = 8e-6
KEPT = 12
"""Arrays of all hidden units that are alive at once."""

HIDDEN_LAYERS = 0.75
"""How long an evaluation takes where hidden states move by themselves, in others."""

PARTS = ("identities", "flow", "steps", "counterexample", "hidden")
FLOW_CASES = 4
"""Couplings that are symmetric or not, with a decay and without."""


def shards(settings: Energy, seed: int) -> list[Shard]:
    """One, or the continuous dynamics with fast hidden layers in another."""
    own: dict[str, dict[str, Any]] = {
        name: {**getattr(settings, name).model_dump(mode="json"), "seed": seed} for name in PARTS
    }
    seconds = _seconds(settings)

    def shard(suffix: str, names: tuple[str, ...]) -> Shard:
        return Shard(
            f"{NAME}{suffix}",
            ENTRY,
            {name: own[name] for name in names},
            Cost(STARTUP + sum(seconds[name] for name in names), _memory_mb(settings, names)),
            gpu_speedup=GPU_SPEEDUP,
        )

    if sum(seconds.values()) <= TOGETHER_SECONDS:
        return [shard("", PARTS)]
    return [shard("", tuple(name for name in PARTS if name != "flow")), shard("-flow", ("flow",))]


def _seconds(settings: Energy) -> dict[str, float]:
    flow, steps, small, hidden = settings.flow, settings.steps, settings.counterexample, settings.hidden
    cells = len(small.scales) * len(small.lengths)
    return {
        "identities": 0.6,
        "flow": FLOW_CASES
        * flow.steps
        * RUNGE_KUTTA
        * sum(_evaluation(flow.sizes, flow.systems, unit) for unit in ("relu", "gelu")),
        "steps": len(steps.lengths)
        * steps.iterations
        * sum(2 * _evaluation(steps.sizes, steps.systems, unit) for unit in ("relu", "gelu", "tanh")),
        "counterexample": cells * small.systems * small.iterations * 7e-7,
        "hidden": HIDDEN_LAYERS
        * (len(hidden.scales) + 1)
        * hidden.steps
        * RUNGE_KUTTA
        * sum(2 * _evaluation(hidden.sizes, hidden.systems, unit) for unit in ("relu", "gelu")),
    }


def _evaluation(sizes: Sizes, systems: int, unit: str) -> float:
    """One update of all systems."""
    products = 2 * sizes.tokens * sizes.channels * (sizes.token_hidden + sizes.channel_hidden)
    return 1e-4 + systems * (_units(sizes) * UNIT_SECONDS[unit] + products * PRODUCT_SECONDS)


def _units(sizes: Sizes) -> int:
    """Hidden units of one system."""
    return sizes.token_hidden * sizes.channels + sizes.tokens * sizes.channel_hidden


def _memory_mb(settings: Energy, names: tuple[str, ...]) -> int:
    largest = max(
        KEPT * own.systems * (_units(own.sizes) + own.sizes.tokens * own.sizes.channels)
        for own in (settings.flow, settings.steps, settings.hidden)
    )
    small = KEPT * 20 * settings.counterexample.systems if "counterexample" in names else 0
    return START_MB + round(UNIT_MB * max(largest, small))
