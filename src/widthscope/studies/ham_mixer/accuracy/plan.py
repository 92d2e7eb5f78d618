"""Shards of the family `accuracy`: networks with free couplings, with tied ones, and the others.

Where all is short, one shard trains everything; where a group is long, each arm has shards of its own, and
where an arm is, each pair of seeds: on a CPU a lone one would train beside a copy of itself.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from widthscope.mixers.designs import ARMS, Shape
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.ham_mixer.accuracy.settings import Accuracy
from widthscope.studies.ham_mixer.training_cost import train_memory_mb, train_seconds
from widthscope.studies.ham_mixer.training_plans import images_mb, in_pairs, template_bounds, trained_shape
from widthscope.studies.ham_mixer.training_settings import Training

NAME, ENTRY = "accuracy", "accuracy.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 15.0
"""Trainings that take no longer than this in all share one job, whose start would cost as much."""

GROUP_SECONDS = 100.0
"""A group of arms that takes no longer than this is one job."""

PAIR_MEMORY_MB = 60_000
"""Two seeds that would need more memory than this are trained apart: that is what a GPU has."""

GROUPS = {
    "free": (("main", "vanilla"), ("main", "para")),
    "tied": (("main", "sym"), ("main", "neg")),
    "others": (("main", "sym2"), ("templates", "para"), ("templates", "sym"), ("templates", "neg")),
}
"""Arms of each data set, in groups of about the same length."""


@dataclass(frozen=True)
class Run:
    """One arm on one data set, trained with some seeds.

    Attributes:
        setup: `main` or `templates`.
        arm: name of the arm.
        seeds: trained at once.
    """

    setup: str
    arm: str
    seeds: tuple[int, ...]


def shards(settings: Accuracy, seed: int) -> list[Shard]:
    """Every arm's trainings."""
    groups = {name: [_run(settings, *key) for key in keys] for name, keys in GROUPS.items()}
    everything = [run for runs in groups.values() for run in runs]
    if _seconds(settings, everything) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, everything)]
    found = []
    for name, runs in groups.items():
        if _seconds(settings, runs) <= GROUP_SECONDS:
            found.append(_shard(settings, seed, f"{NAME}-{name}", runs))
        else:
            found += [one for run in runs for one in _alone(settings, seed, run)]
    return found


def _run(settings: Accuracy, setup: str, arm: str) -> Run:
    """With all seeds of the arm."""
    return Run(setup, arm, tuple(range(_training(settings, setup).seeds)))


def _alone(settings: Accuracy, seed: int, run: Run) -> list[Shard]:
    """An arm's own shard, or one for each pair of seeds."""
    name = f"{NAME}-{run.setup}-{run.arm}"
    if _seconds(settings, [run]) <= SHARD_SECONDS:
        return [_shard(settings, seed, name, [run])]
    training = _training(settings, run.setup)
    pairs = [replace(run, seeds=pair) for pair in in_pairs(run.seeds)]
    if max(_memory_mb(training, pair) for pair in pairs) > PAIR_MEMORY_MB:
        pairs = [replace(run, seeds=(one,)) for one in run.seeds]
    return [_shard(settings, seed, f"{name}-s{one.seeds[0]}", [one]) for one in pairs]


def _shard(settings: Accuracy, seed: int, name: str, runs: list[Run]) -> Shard:
    setups = dict.fromkeys(run.setup for run in runs)
    trainings = {setup: _training(settings, setup) for setup in setups}
    return Shard(
        name,
        ENTRY,
        {
            "seed": seed,
            "permutations": settings.permutations,
            "trainings": {setup: _sizes(training) for setup, training in trainings.items()},
            "runs": [{"setup": run.setup, "arm": run.arm, "seeds": list(run.seeds)} for run in runs],
        },
        Cost(
            STARTUP + _seconds(settings, runs), max(_memory_mb(_training(settings, r.setup), r) for r in runs)
        ),
        datasets=tuple(dict.fromkeys(training.dataset for training in trainings.values())),
        gpu_speedup=GPU_SPEEDUP,
        dataset_bounds=template_bounds(trainings.values()),
    )


def _sizes(training: Training) -> dict[str, Any]:
    """What a job reads of a training: the networks' sizes apart."""
    own = training.model_dump(mode="json", exclude={"seeds", *asdict(Shape())})
    return {**own, "shape": asdict(trained_shape(training))}


def _training(settings: Accuracy, setup: str) -> Training:
    found: Training = getattr(settings, setup)
    return found


def _seconds(settings: Accuracy, runs: list[Run]) -> float:
    """Of training, and of measuring the accuracy on all images at the end."""
    total = 0.0
    for run in runs:
        training = _training(settings, run.setup)
        steps = training.epochs * (training.train // training.batch)
        images = steps * training.batch + (training.train + training.test) // 3
        members = len(run.seeds)
        total += train_seconds(trained_shape(training), ARMS[run.arm], members * images, members)
    return total


def _memory_mb(training: Training, run: Run) -> int:
    members = len(run.seeds)
    images = images_mb(training, members)
    return train_memory_mb(trained_shape(training), ARMS[run.arm], training.batch, members, images)
