"""Shards of the family `digits`: models and penalties in three jobs, or in one each where they are long."""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.jacobian_dynamics.digits.scores import MODELS
from widthscope.studies.jacobian_dynamics.digits.settings import Digits, Run

MULTIPLY_SECONDS = 3.0e-11
"""Of one multiplication in the forward pass, on one core."""

NUMBER_SECONDS = 6e-10
"""Of one number of an activation in the forward pass."""

CALLS_SECONDS = 3e-3
"""Of one iteration in one update of any number of networks, forward and backward."""

START_MB = 450
"""A Torch process with digits."""

TRAJECTORIES = 32
"""About how many trajectories are followed at once; see `networks.exponents`."""

TANGENTS = 120
"""Tangents that are kept while singular values converge: about 60 on either side."""

TOGETHER_SECONDS = 15.0
"""Runs that take no longer than this in all share one job, whose start would cost as much."""

TOKENS = {"digits": 8, "cifar10": 32}
"""Side of the images in pixels."""

GROUPS = {
    "digits-normalised": ("rms", "unit", "akorn"),
    "digits-others": ("none", "sym"),
    "digits-penalties": (),
}
"""Runs that share a job where they are short; the last group has all that are not named."""

COMMON = ("dataset", "patch", "width", "heads", "iterations", "batch", "steps", "warmup", "floor", "clip")


def shards(settings: Digits, seed: int) -> list[Shard]:
    """One shard for each group of runs; for each run where they are long; for all where they are short."""
    runs = _runs(settings)
    seconds = {name: _seconds(settings, run) for name, run in runs.items()}
    grouped = {group: [name for name in members if name in runs] for group, members in GROUPS.items()}
    named = {name for members in grouped.values() for name in members}
    grouped["digits-penalties"] = [name for name in runs if name not in named]
    if sum(seconds.values()) <= TOGETHER_SECONDS:
        grouped = {"digits": list(runs)}
    elif sum(seconds.values()) > SHARD_SECONDS:
        grouped = {f"digits-{name}": [name] for name in runs}
    return [
        _shard(settings, seed, group, {name: runs[name] for name in members}, seconds)
        for group, members in grouped.items()
    ]


def _shard(
    settings: Digits, seed: int, name: str, runs: dict[str, dict[str, Any]], seconds: dict[str, float]
) -> Shard:
    common = settings.model_dump(mode="json", include={*COMMON, "validation", "test", "choosing"})
    trained = sum(run["seeds"] for run in runs.values())
    step = settings.batch * _one_image(settings) / settings.iterations
    held = max(run["seeds"] for run in runs.values()) * settings.iterations * step * 3
    return Shard(
        name=name,
        entry="digits.experiment",
        settings={"seed": seed, **common, "runs": runs},
        cost=Cost(sum(seconds[run] for run in runs), START_MB + round(4 * held / 2**20)),
        datasets=(settings.dataset,),
        spectra="digits.spectra",
        spectra_settings=settings.measured.model_dump(mode="json"),
        spectra_cost=Cost(_spectra_seconds(settings, trained), START_MB + _spectra_mb(settings)),
        spectra_device=True,
        gpu_speedup=GPU_SPEEDUP,
    )


def _runs(settings: Digits) -> dict[str, dict[str, Any]]:
    """What each run is, by name."""
    found = {name: _run(name, getattr(settings, name)) for name in MODELS}
    penalties, rms = settings.penalties, settings.rms
    same = Run(seeds=penalties.seeds, rates=rms.rates)
    found["spectral"] = _run("rms", same, "spectral", penalties.spectral)
    for strength in penalties.energy:
        found[f"energy-{strength:g}"] = _run("rms", same, "energy-multi", (strength,))
    for strength in penalties.orthogonal:
        found[f"orthogonal-{strength:g}"] = _run("rms", same, "orthogonal", (strength,))
    extra = {"energy-single": (penalties.single, penalties.orthogonal[-1]), "hard": (penalties.hard, 0.0)}
    for name, (seeds, strength) in extra.items():
        if seeds:
            found[name] = {**_run("rms", same, name, (strength,)), "seeds": seeds}
    return found


def _run(arm: str, run: Run, penalty: str = "none", strengths: tuple[float, ...] = (0.0,)) -> dict[str, Any]:
    return {
        "arm": arm,
        "penalty": penalty,
        "seeds": run.seeds,
        "rates": list(run.rates),
        "strengths": list(strengths),
    }


def _one_image(settings: Digits) -> float:
    """Numbers of the activations of one image, all iterations."""
    tokens = (TOKENS[settings.dataset] // settings.patch) ** 2
    return settings.iterations * tokens * (12 * settings.width + 4 * settings.heads * tokens)


def _forward_seconds(settings: Digits) -> float:
    """Of all iterations on one image."""
    tokens = (TOKENS[settings.dataset] // settings.patch) ** 2
    multiplied = settings.iterations * tokens * settings.width * (4 * settings.width + 2 * tokens)
    return multiplied * MULTIPLY_SECONDS + _one_image(settings) * NUMBER_SECONDS


def _seconds(settings: Digits, run: dict[str, Any]) -> float:
    candidates = len(run["rates"]) * len(run["strengths"])
    trained = run["seeds"] + (settings.choosing * candidates if candidates > 1 else 0)
    slow = {"akorn": 1.5, "sym": 0.6, "none": 1.8}.get(run["arm"], 1.0)
    forward = _forward_seconds(settings)
    calls = settings.steps * settings.iterations * CALLS_SECONDS * (2 if candidates > 1 else 1)
    images = slow * settings.steps * settings.batch * 3 + settings.validation
    return float(calls + trained * images * forward)


def _spectra_seconds(settings: Digits, networks: int) -> float:
    """Of accuracies, and of exponents: about 60 derivatives of each horizon."""
    measured = settings.measured
    changed = 3 * len(measured.factors) + 1
    horizons = 2 * measured.exponent_images + changed * measured.rescaled_exponents / 2
    images = settings.test * measured.longest + changed * measured.rescaled_images / 2
    long_run = (2 * measured.warm_up + measured.long_run) / settings.iterations / 2 * measured.exponent_images
    return 2 + networks * _forward_seconds(settings) * (images + 60 * horizons + 20 * long_run)


def _spectra_mb(settings: Digits) -> int:
    """Of what is kept in float64 of trajectories that are followed at once: steps, and tangents."""
    numbers = settings.width * (TOKENS[settings.dataset] // settings.patch) ** 2
    together = max(TRAJECTORIES, settings.measured.exponent_images)
    return 300 + round(8 * together * (_one_image(settings) + TANGENTS * numbers) / 2**20)
