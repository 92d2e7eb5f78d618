"""Shards of the family `accuracy`: networks with free couplings, with tied ones, and the others.

Where all is short, one shard trains everything; where a group is long, each arm has shards of its own, and
where an arm is, each seed.
"""

from dataclasses import asdict, dataclass
from typing import Any

from widthscope.mixers.designs import ARMS, Shape
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.ham_mixer.accuracy.settings import COLOURS, SIDES, Accuracy, Training
from widthscope.studies.ham_mixer.training_cost import train_memory_mb, train_seconds

NAME, ENTRY = "accuracy", "accuracy.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 15.0
"""Trainings that take no longer than this in all share one job, whose start would cost as much."""

GROUP_SECONDS = 100.0
"""A group of arms that takes no longer than this is one job."""

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


def shape_of(training: Training) -> Shape:
    """Sizes of the networks; images below their side are interpolated."""
    return Shape(
        side=training.side,
        colours=COLOURS[training.dataset],
        patch=training.patch,
        channels=training.channels,
        token_hidden=training.token_hidden,
        channel_hidden=training.channel_hidden,
        blocks=training.blocks,
        activation=training.activation,
        upscale=training.side != SIDES[training.dataset],
    )


def _run(settings: Accuracy, setup: str, arm: str) -> Run:
    """With all seeds of the arm."""
    return Run(setup, arm, tuple(range(_training(settings, setup).seeds)))


def _alone(settings: Accuracy, seed: int, run: Run) -> list[Shard]:
    """An arm's own shard, or one for each seed."""
    name = f"{NAME}-{run.setup}-{run.arm}"
    if _seconds(settings, [run]) <= SHARD_SECONDS:
        return [_shard(settings, seed, name, [run])]
    return [_shard(settings, seed, f"{name}-s{one}", [Run(run.setup, run.arm, (one,))]) for one in run.seeds]


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
    )


def _sizes(training: Training) -> dict[str, Any]:
    """What a job reads of a training: the networks' sizes apart."""
    own = training.model_dump(mode="json", exclude={"seeds", *asdict(Shape())})
    return {**own, "shape": asdict(shape_of(training))}


def _training(settings: Accuracy, setup: str) -> Training:
    found: Training = getattr(settings, setup)
    return found


def _seconds(settings: Accuracy, runs: list[Run]) -> float:
    """Of training, and of measuring the accuracy on all images at the end."""
    total = 0.0
    for run in runs:
        training = _training(settings, run.setup)
        steps = training.epochs * (training.train // training.batch)
        images = steps * training.batch + training.train + training.test
        total += train_seconds(shape_of(training), ARMS[run.arm], len(run.seeds) * images)
    return total


def _memory_mb(training: Training, run: Run) -> int:
    pixels = COLOURS[training.dataset] * SIDES[training.dataset] ** 2
    held = len(run.seeds) * (training.train + training.test) * pixels
    return train_memory_mb(shape_of(training), ARMS[run.arm], training.batch, len(run.seeds), held)
