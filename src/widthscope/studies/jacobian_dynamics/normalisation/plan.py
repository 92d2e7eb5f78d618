"""Shards of the family `normalisation`."""

from collections.abc import Callable
from typing import Any

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.jacobian_dynamics.normalisation.settings import Critical, Gap, Growth, Normalisation

STARTUP = 3.5

TOGETHER = 8.0
"""Runs that take so few seconds in all are one job."""

ITERATIONS = 14
"""Of Golub-Kahan, each with a tangent and a cotangent; the trajectory and its scales cost two more."""

Sweep = Gap | Growth | Critical


def shards(settings: Normalisation, seed: int) -> list[Shard]:
    """What takes seconds in one job; lengths, gap and long run with it, in one each, or in one for each
    width, as they grow."""
    sweeps: dict[str, Sweep] = {name: getattr(settings, name) for name in SECONDS}
    seconds = {name: SECONDS[name](sweep, sweep.widths) for name, sweep in sweeps.items()}
    counted = settings.token_count
    joint = ["bound", "rotation", "token_count"]
    spent = 3.0 + _token_count(settings)
    alone = []
    if spent + sum(seconds.values()) <= TOGETHER:
        joint += sweeps
        entry, name = "normalisation.together", "normalisation"
    else:
        joint += ["growth"] if seconds["growth"] <= SHARD_SECONDS else []
        alone = [name for name in sweeps if name not in joint]
        entry, name = "normalisation.identities", "normalisation-identities"
    spent += sum(seconds[sweep] for sweep in sweeps if sweep in joint)
    memory = max(
        [
            700,
            _megabytes(counted.seeds, counted.width, counted.tokens[-1]),
            *(_memory(sweeps[sweep], sweeps[sweep].widths) for sweep in sweeps if sweep in joint),
        ]
    )
    own = {experiment: _own(getattr(settings, experiment), seed) for experiment in joint}
    found = [Shard(name, entry, own, Cost(STARTUP + spent, memory))]
    for sweep in alone:
        found += _alone(sweep, sweeps[sweep], seconds[sweep], seed)
    return found


def _alone(name: str, sweep: Sweep, seconds: float, seed: int) -> list[Shard]:
    """One shard of a sweep, or one for each of its widths."""
    groups = {f"normalisation-{name}": sweep.widths}
    if seconds > SHARD_SECONDS:
        groups = {f"normalisation-{name}-d{width}": (width,) for width in sweep.widths}
    return [
        Shard(
            shard,
            f"normalisation.{name}",
            {**_own(sweep, seed), "widths": list(widths)},
            Cost(STARTUP + SECONDS[name](sweep, widths), _memory(sweep, widths)),
        )
        for shard, widths in groups.items()
    ]


def _own(settings: Any, seed: int) -> dict[str, Any]:
    return {**settings.model_dump(mode="json"), "seed": seed}


def _gap(settings: Gap, widths: tuple[int, ...]) -> float:
    """Two arms of every cell, and the norms of powers of the values' product."""
    steps, tokens, _ = settings.base
    tokens_steps = tokens * sum(settings.steps) + steps * sum(settings.tokens)
    tokens_steps += steps * tokens * len(settings.step_sizes)
    cells = len(settings.steps) + len(settings.tokens) + len(settings.step_sizes)
    products = 2 * (2 * ITERATIONS + 2) * tokens_steps
    return settings.seeds * sum(products * _tangent(width) + cells * 3e-9 * width**3 for width in widths)


def _growth(settings: Growth, widths: tuple[int, ...]) -> float:
    products = (2 * ITERATIONS + 4) * settings.tokens * settings.steps * len(settings.kappas)
    return settings.seeds * sum(products * _tangent(width) + 4e-9 * width**3 for width in widths)


def _critical(settings: Critical, widths: tuple[int, ...]) -> float:
    """Two passes for each step of the tangent, one for each of the state; then eigenvalues."""
    passes = settings.warm_up + 2 * (settings.frame_warm_up + settings.steps)
    each = (passes * settings.tokens * _tangent(width) + 60e-9 * width**3 for width in widths)
    return settings.seeds * len(settings.kappas) * sum(each)


def _token_count(settings: Normalisation) -> float:
    own = settings.token_count
    tokens = sum(own.tokens)
    return own.seeds * 6 * 2 * ITERATIONS * (tokens * _tangent(own.width) + 1e-9 * tokens**2 * own.width)


def _tangent(width: int) -> float:
    """Seconds of one token's tangent through one step: four products with matrices of D x D."""
    return 1e-6 + 0.45e-9 * width**2


def _memory(settings: Sweep, widths: tuple[int, ...]) -> int:
    """Weights and their products in float64, vectors of the iteration, and what PyTorch takes."""
    tokens = max(settings.tokens) if isinstance(settings, Gap) else settings.tokens
    return _megabytes(settings.seeds, max(widths), tokens)


def _megabytes(seeds: int, width: int, tokens: int) -> int:
    vectors = 2 * 2 * ITERATIONS * tokens * width
    return round(600 + 8e-6 * seeds * (8 * width**2 + vectors + 16 * tokens**2))


SECONDS: dict[str, Callable[[Any, tuple[int, ...]], float]] = {
    "gap": _gap,
    "growth": _growth,
    "critical": _critical,
}
