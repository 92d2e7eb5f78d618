"""Shards of the family `identities`: one, or its experiments apart where they take long."""

from widthscope.studies.attnbm.identities.settings import PLANE, Identities
from widthscope.studies.base import SHARD_SECONDS, Cost, Shard

NAME, ENTRY = "identities", "identities.experiments"
PARTS = ("density", "gradient", "scores", "bernoulli", "harmoniums", "retrieval")
STARTUP = 3.5
START_MB = 450

ENTRY_SECONDS = 8e-9
"""Of one number that is drawn or goes through a product, float64, on one core."""

SAMPLE_SECONDS = 4e-8
"""Of one entry of one sample's gradient: drawn, its softmax, and two moments."""

SWEEP_SECONDS = 7e-8
"""Of one spin of one chain in one sweep."""

STATE_SECONDS = 4e-10
"""Of one product with the means of all hidden states of a Gaussian-Bernoulli machine."""

GRID = 61**2
"""Points of the grid of both hidden units of a harmonium."""


def shards(settings: Identities, seed: int) -> list[Shard]:
    """One shard named `identities`; one for each experiment where all together pass `SHARD_SECONDS`."""
    own = {name: {**getattr(settings, name).model_dump(mode="json"), "seed": seed} for name in PARTS}
    seconds, memory = _seconds(settings), _memory_mb(settings)
    if STARTUP + sum(seconds.values()) <= SHARD_SECONDS:
        cost = Cost(STARTUP + sum(seconds.values()), START_MB + max(memory.values()))
        return [Shard(NAME, ENTRY, own, cost, datasets=("digits",))]
    return [
        Shard(
            f"{NAME}-{name}",
            ENTRY,
            {name: own[name]},
            Cost(STARTUP + seconds[name], START_MB + memory[name]),
            datasets=("digits",) if name == "retrieval" else (),
        )
        for name in PARTS
    ]


def _seconds(settings: Identities) -> dict[str, float]:
    density, gradient, scores = settings.density, settings.gradient, settings.scores
    bernoulli, harmoniums, retrieval = settings.bernoulli, settings.harmoniums, settings.retrieval
    entries = sum(n * h * (density.examples + 3) for n, h in density.sizes)
    parameters = gradient.hidden * (gradient.visible + 1) + gradient.visible
    states = 2**harmoniums.visible
    sweeping = harmoniums.sweeps * harmoniums.chains * harmoniums.visible * SWEEP_SECONDS
    whole = (retrieval.machines + 2) * retrieval.starts * retrieval.steps
    return {
        "density": density.machines * (0.1 + entries * ENTRY_SECONDS + 2**density.spins * 1e-6),
        "gradient": gradient.machines * (0.01 + gradient.samples * parameters * SAMPLE_SECONDS),
        "scores": scores.machines * _points(settings) * (scores.clean + 6) * scores.hidden * 8e-8,
        "bernoulli": bernoulli.machines
        * 2**bernoulli.hidden
        * (bernoulli.visible + 10)
        * (bernoulli.examples + 10)
        * STATE_SECONDS,
        "harmoniums": 3 * harmoniums.seeds * (sweeping + 2 * GRID * states * (states + 16) * 4e-10 + 0.02),
        "retrieval": whole * (retrieval.visible + 64) * (retrieval.hidden + retrieval.patterns) * 3e-10,
    }


def _memory_mb(settings: Identities) -> dict[str, int]:
    density, gradient, bernoulli = settings.density, settings.gradient, settings.bernoulli
    harmoniums, retrieval = settings.harmoniums, settings.retrieval
    numbers = {
        "density": max((density.examples + 6) * h + 4 * n * h for n, h in density.sizes)
        + 2**density.spins * 16 * density.spins,
        "gradient": 4 * gradient.samples * gradient.hidden * (gradient.visible + 1),
        "scores": 40 * PLANE * _points(settings),
        "bernoulli": 4 * 2**bernoulli.hidden * (bernoulli.visible + bernoulli.examples),
        "harmoniums": GRID * 2**harmoniums.visible * 4 + harmoniums.chains * 40,
        "retrieval": 3
        * retrieval.starts
        * (retrieval.steps + 1)
        * (retrieval.hidden + retrieval.visible + 128),
    }
    return {name: round(8e-6 * count) for name, count in numbers.items()}


def _points(settings: Identities) -> float:
    """Points of the grids of all widths, for clean vectors within some three units."""
    spacings = {noise: min(0.25 * noise, 0.1) for noise in settings.scores.noises}
    return sum(((5 + 18 * noise) / spacing) ** PLANE for noise, spacing in spacings.items())
