"""Shards of the family `collapse`."""

from typing import Any

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.qk_spectrum.collapse.settings import Collapse

SECONDS_PER_SCORE = 6e-9
"""Of the softmax and the entropy of one score, on one core."""

SECONDS_PER_PRODUCT = 1.1e-10
"""Of one multiplication in the products of tokens."""

EVALUATIONS = 11
"""Evaluations of the entropy that finding one strength takes, that of the residual counted in."""

MEMORY_MB = 300
"""A process with SciPy; one seed's sequences are held at a time."""


def shards(settings: Collapse, seed: int) -> list[Shard]:
    """One job for both experiments, or one each where that would take longer than a job should."""
    spread, matched = settings.entropy_over_spread, settings.matched_entropy
    means = len(spread.means) + len(spread.large_means) + 1  # and the control at fixed scale
    entropies = spread.seeds * 2 * means * len(spread.spreads)
    roots = matched.seeds * 2 * 3 * len(matched.entropies)
    parts = {
        "entropy_over_spread": (
            {**spread.model_dump(), "seed": seed},
            entropies * _seconds(spread.walks, spread.tokens, spread.width),
        ),
        "matched_entropy": (
            {**matched.model_dump(), "seed": seed},
            roots * EVALUATIONS * _seconds(matched.sequences, matched.tokens, matched.width),
        ),
    }
    if sum(seconds for _, seconds in parts.values()) <= SHARD_SECONDS:
        return [_shard("collapse", parts)]
    return [_shard(f"collapse-{name.replace('_', '-')}", {name: part}) for name, part in parts.items()]


def _seconds(sequences: int, tokens: int, width: int) -> float:
    """Of one evaluation of the entropy."""
    scores = sequences * tokens**2
    return scores * (SECONDS_PER_SCORE + width * SECONDS_PER_PRODUCT)


def _shard(name: str, parts: dict[str, tuple[dict[str, Any], float]]) -> Shard:
    settings = {part: own for part, (own, _) in parts.items()}
    seconds = sum(cost for _, cost in parts.values())
    return Shard(name, "collapse.experiment", settings, Cost(seconds, MEMORY_MB))
