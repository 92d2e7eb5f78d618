"""Shards of the family `rule`: one."""

from widthscope.studies.adalase.rule.settings import Rule
from widthscope.studies.base import Cost, Shard

STARTUP = 3.5
START_MB = 450

STEP_SECONDS = 1.2e-4
"""Of one simulated step on one core, whatever the runs."""

RATIO_SECONDS = 2.7e-8
"""Of one ratio in one simulated step, on one core."""

NETWORK_SECONDS = 0.012
"""Of one network's hypergradient for one operation."""


def shards(settings: Rule, seed: int) -> list[Shard]:
    """All that is about the rule alone, in one job."""
    own = {**settings.model_dump(mode="json"), "seed": seed}
    places = len(settings.alignments)
    coarse, fine = settings.coarse_steps, 10 * settings.coarse_steps
    runs = [
        (coarse, settings.coarse_runs * places),
        (fine, settings.fine_runs * places),
        (coarse + fine, settings.weighted_runs * places),
    ]
    for positions in settings.neutral_positions:
        # Each also with the clip.
        neutral = settings.neutral_steps * 2 * len(settings.neutral_strengths)
        runs.append((neutral, settings.neutral_runs * positions))
    simulated = sum(steps * (STEP_SECONDS + RATIO_SECONDS * ratios) for steps, ratios in runs)
    networks = settings.seeds * len(settings.operations) * NETWORK_SECONDS
    most = max(ratios for _, ratios in runs)
    return [
        Shard(
            "rule",
            "rule.experiment",
            own,
            Cost(STARTUP + simulated + networks, START_MB + round(8e-6 * 60 * most)),
        )
    ]
