"""Shards on convergence: one for each token law and number of heads, and three for one output."""

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.limit_law.convergence.settings import Convergence, Rate

STARTUP = 3.0
TOKEN_LAWS = ("fixed", "clip", "relu")


def shards(settings: Convergence, seed: int) -> list[Shard]:
    """Shards of the rate (split by width where one would be long), of one output, KL and likelihoods."""
    one, kl, likelihood = settings.one_dimension, settings.paper_kl, settings.likelihood_ratio
    return [
        *(
            shard
            for law in TOKEN_LAWS
            for heads in settings.rate.heads
            for shard in _rate_shards(settings.rate, law, heads, seed)
        ),
        Shard(
            name="convergence-one-dimension",
            entry="convergence.one_dimension",
            settings={**one.model_dump(mode="json"), "seed": seed},
            cost=Cost(
                STARTUP
                + 0.4 * len(one.heads) * len(one.widths)
                + 4e-6 * sum(one.heads) * len(one.drawn_widths) * one.batches * one.draws,
                700,
            ),
        ),
        Shard(
            name="convergence-paper-kl",
            entry="convergence.paper_kl",
            settings={**kl.model_dump(mode="json"), "seed": seed},
            cost=Cost(
                STARTUP + kl.seeds * (len(kl.widths) + 4) * (0.05 + 3e-6 * kl.draws), 700 + kl.draws // 10_000
            ),
        ),
        Shard(
            name="convergence-likelihood-ratio",
            entry="convergence.likelihood_ratio",
            settings={**likelihood.model_dump(mode="json"), "seed": seed},
            cost=Cost(
                STARTUP + 6e-8 * likelihood.mixture * likelihood.held_out * len(likelihood.coordinates),
                700 + likelihood.mixture // 50,
            ),
        ),
    ]


def _rate_shards(rate: Rate, law: str, heads: int, seed: int) -> list[Shard]:
    """One shard for all widths, or one for each if together they would take too long."""
    seconds = {n: _rate_seconds(rate, law, heads, n) for n in rate.widths}
    name = f"convergence-{law}-h{heads}"
    groups = {name: list(rate.widths)}
    if sum(seconds.values()) > SHARD_SECONDS:
        groups = {f"{name}-n{n}": [n] for n in rate.widths}
    shared = {
        "token_law": law,
        "heads": heads,
        "tokens": rate.tokens,
        "batches": rate.batches,
        "draws": rate.draws,
        "frequencies": rate.frequencies,
        "repeats": rate.repeats,
        "seed": seed,
    }
    return [
        Shard(
            name=group,
            entry="convergence.experiment",
            settings={**shared, "widths": widths},
            cost=Cost(STARTUP + sum(seconds[n] for n in widths), 600 + rate.tokens**2 // 8),
        )
        for group, widths in groups.items()
    ]


def _rate_seconds(rate: Rate, law: str, heads: int, width: int) -> float:
    """Measured on one core: layers cost tokens cubed, frequencies their number, ReLU Grams the width."""
    per_draw = 2e-6 * heads * (rate.tokens / 4) ** 3 + 2e-8 * rate.frequencies * (rate.tokens / 4) ** 2
    if law == "relu":
        per_draw += 18e-9 * width * rate.tokens
    return per_draw * rate.draws * rate.batches * rate.repeats
