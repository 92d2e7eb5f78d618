"""Shards of the family `accuracy`: networks with free couplings, with tied ones, and the others.

Where all is short, one shard trains everything; where a group is long, each arm has shards of its own, and
where an arm is, each pair of seeds: on a CPU a lone one would train beside a copy of itself.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from widthscope.mixers.designs import ARMS, Shape
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.ham_mixer.accuracy.settings import CLASSES, COLOURS, SIDES, Accuracy, Training
from widthscope.studies.ham_mixer.training_cost import train_memory_mb, train_seconds

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


def template_bounds(trainings: Iterable[Training]) -> dict[str, tuple[float, float]]:
    """What those on generated images need of these: enough of them, of the side and classes assumed here."""
    wanted = [one.train + one.test for one in trainings if one.dataset == "templates"]
    if not wanted:
        return {}
    side = SIDES["templates"]
    return {
        "templates.samples": (max(wanted), math.inf),
        "templates.side": (side, side),
        "templates.classes": (2, CLASSES),
    }


def in_pairs(seeds: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Two at a time; three at the end where one would be left over."""
    cut = [seeds[begin : begin + 2] for begin in range(0, len(seeds) - len(seeds) % 2, 2)]
    return [*cut[:-1], cut[-1] + seeds[-1:]] if cut and len(seeds) % 2 else cut or [seeds]


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
        images = steps * training.batch + (training.train + training.test) // 3
        members = len(run.seeds)
        total += train_seconds(shape_of(training), ARMS[run.arm], members * images, members)
    return total


def _memory_mb(training: Training, run: Run) -> int:
    pixels = COLOURS[training.dataset] * SIDES[training.dataset] ** 2
    held = len(run.seeds) * (training.train + training.test) * pixels
    return train_memory_mb(shape_of(training), ARMS[run.arm], training.batch, len(run.seeds), held)
