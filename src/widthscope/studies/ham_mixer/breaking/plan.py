"""Shards of the family `breaking`: penalised ties, penalised anti-ties, and arms without a penalty.

Where all is short one shard trains everything. A group that is long is split into arms and penalties, and one
of these that is long into pairs of seeds: on a CPU a lone one would train beside a copy of itself.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from widthscope.mixers.designs import Shape
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.ham_mixer.breaking.arms import ARMS, PENALISED
from widthscope.studies.ham_mixer.breaking.settings import Breaking
from widthscope.studies.ham_mixer.training_cost import train_memory_mb, train_seconds
from widthscope.studies.ham_mixer.training_plans import images_mb, in_pairs, template_bounds, trained_shape

NAME, ENTRY = "breaking", "breaking.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 15.0
"""Trainings that take no longer than this in all share one job, whose start would cost as much."""

GROUPS = {"tied": ("asym", "sym2"), "others": ("anti", "sym", "para", "parasym")}
"""Arms in groups of about the same length; gradients at tied couplings go with the second."""


PENALTIES: dict[str, Callable[[tuple[float, ...]], tuple[float, ...]]] = {
    "asym": lambda penalties: penalties,
    "anti": lambda penalties: tuple(dict.fromkeys((penalties[0], *penalties[-2:]))),
}
"""Of the penalised arms: the anti-tied one is a control, which needs a step and a whole fall."""


@dataclass(frozen=True)
class Run:
    """One arm, trained at once with all these penalties and seeds.

    Attributes:
        arm: name in `arms.ARMS`.
        penalties: 0 alone where nothing is penalised.
        seeds: of split, weights and order of batches.
    """

    arm: str
    penalties: tuple[float, ...]
    seeds: tuple[int, ...]


def shards(settings: Breaking, seed: int) -> list[Shard]:
    """Every arm with its penalties, in jobs of about equal length."""
    groups = {name: [_run(settings, arm) for arm in arms] for name, arms in GROUPS.items()}
    gradients = tuple(range(settings.training.seeds))
    everything = [run for runs in groups.values() for run in runs]
    if _seconds(settings, everything, gradients) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, everything, gradients)]
    found, last = [], list(GROUPS)[-1]
    for name, runs in groups.items():
        if _seconds(settings, runs, gradients) <= SHARD_SECONDS:
            own = gradients if name == last else ()
            found.append(_shard(settings, seed, f"{NAME}-{name}", runs, own))
        else:
            found += [shard for run in runs for shard in _alone(settings, seed, run)]
            if name == last:
                found += _gradients_alone(settings, seed, gradients)
    return found


def _alone(settings: Breaking, seed: int, run: Run) -> list[Shard]:
    """Shards of one arm: by penalty, and by seed where one penalty is long."""
    found = []
    for penalty in run.penalties:
        name = f"{NAME}-{run.arm}" + (f"-l{penalty:g}" if run.arm in PENALISED else "")
        one = replace(run, penalties=(penalty,))
        if _seconds(settings, [one], ()) <= SHARD_SECONDS:
            found.append(_shard(settings, seed, name, [one], ()))
        else:
            found += [
                _shard(settings, seed, f"{name}-s{pair[0]}", [replace(one, seeds=pair)], ())
                for pair in in_pairs(run.seeds)
            ]
    return found


def _gradients_alone(settings: Breaking, seed: int, gradients: tuple[int, ...]) -> list[Shard]:
    """One shard, or one for each seed where that is long."""
    if _seconds(settings, [], gradients) <= SHARD_SECONDS:
        return [_shard(settings, seed, f"{NAME}-gradients", [], gradients)]
    return [_shard(settings, seed, f"{NAME}-gradients-s{one}", [], (one,)) for one in gradients]


def _run(settings: Breaking, arm: str) -> Run:
    penalties = PENALTIES[arm](settings.penalties) if arm in PENALISED else (0.0,)
    return Run(arm, penalties, tuple(range(settings.training.seeds)))


def _shard(settings: Breaking, seed: int, name: str, runs: list[Run], gradients: tuple[int, ...]) -> Shard:
    training = settings.training
    own = training.model_dump(mode="json", exclude={"seeds", *asdict(Shape())})
    return Shard(
        name,
        ENTRY,
        {
            **own,
            "shape": asdict(trained_shape(training)),
            "seed": seed,
            "runs": [
                {"arm": run.arm, "penalties": list(run.penalties), "seeds": list(run.seeds)} for run in runs
            ],
            "gradients": list(gradients),
            "gradient_images": settings.gradient_images,
        },
        Cost(STARTUP + _seconds(settings, runs, gradients), _memory_mb(settings, runs, gradients)),
        datasets=(training.dataset,),
        gpu_speedup=GPU_SPEEDUP,
        dataset_bounds=template_bounds([training]),
    )


def _seconds(settings: Breaking, runs: list[Run], gradients: tuple[int, ...]) -> float:
    """Of training, of the accuracy on all images at the end, and of gradients in float64."""
    training, shape = settings.training, trained_shape(settings.training)
    images = training.epochs * (training.train // training.batch) * training.batch
    images += (training.train + training.test) // 3
    members = [len(run.penalties) * len(run.seeds) for run in runs]
    total = sum(
        train_seconds(shape, ARMS[run.arm], count * images, count)
        for run, count in zip(runs, members, strict=True)
    )
    return total + 2 * train_seconds(shape, ARMS["parasym"], len(gradients) * settings.gradient_images)


def _memory_mb(settings: Breaking, runs: list[Run], gradients: tuple[int, ...]) -> int:
    training, shape = settings.training, trained_shape(settings.training)
    each = [
        train_memory_mb(
            shape,
            ARMS[run.arm],
            training.batch,
            len(run.penalties) * len(run.seeds),
            images_mb(training, len(run.seeds)),
        )
        for run in runs
    ]
    # In float64, one network at a time with its images: as much as two in float32.
    alone = train_memory_mb(shape, ARMS["parasym"], training.batch, 2, images_mb(training, 1))
    return max([*each, alone])
