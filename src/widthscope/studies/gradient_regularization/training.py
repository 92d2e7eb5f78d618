"""Training of the study's networks on images, all seeds and arms of one kind of step at once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.batches import OwnMinibatches, epochs
from widthscope.ensembles.gradient_step import GradientStep, Step
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.schedules import warmup_cosine
from widthscope.ensembles.training import train
from widthscope.gradient_regularisation.ensemble_steps import DifferenceStep, DoubleBackpropagationStep
from widthscope.streams import Name
from widthscope.studies.gradient_regularization.arms import Arm
from widthscope.studies.gradient_regularization.images import SeedImages
from widthscope.studies.gradient_regularization.networks import Network, initial, loss, performance
from widthscope.work import Work


@dataclass(frozen=True)
class Recipe:
    """How networks are trained: by SGD with momentum, its rate falling as a half cosine to 0.

    Attributes:
        batch: images in a minibatch.
        steps: updates.
        rate: of the first update.
        momentum: in [0, 1).
        weight_decay: outside of what is differenced.
    """

    batch: int
    steps: int
    rate: float
    momentum: float = 0.9
    weight_decay: float = 0.0


STEPS = {"plain": "plain", "double": "double", "forward": "difference", "backward": "difference"}
"""Methods whose arms are trained together, by method."""

MEASURED = ("test_accuracy", "test_cross_entropy", "train_accuracy", "train_cross_entropy")


def train_arms(
    network: Network,
    images: SeedImages,
    recipe: Recipe,
    seeds: Sequence[int],
    arms: Sequence[Arm],
    purpose: tuple[Name, ...],
    work: Work,
    name: str,
) -> xr.Dataset:
    """Train every arm with every seed.

    Weights and the order of minibatches are keyed by the purpose and the seed alone, so that arms of a seed
    differ in nothing but the step; networks that differ in their activation share both too.

    Args:
        network: which.
        images: of `images.images_of` for these seeds.
        recipe: how.
        seeds: independent repetitions.
        arms: with different names.
        purpose: names of the streams.
        work: what the job gives.
        name: of the trainings, unique in the job.

    Returns:
        by (arm, seed) the `MEASURED` after training, NaN where a network diverged, and ``diverged_at``, the
        update at which it did, -1 for never.
    """
    tables = []
    for kind in dict.fromkeys(STEPS[arm.method] for arm in arms):
        own = [arm for arm in arms if STEPS[arm.method] == kind]
        members = Members.grid(arm=[arm.name for arm in own], seed=list(seeds))
        tables.append(
            _trained(network, images, recipe, members, own, list(seeds), purpose, work, f"{name}-{kind}")
        )
    return xr.concat(tables, "arm")


def _trained(
    network: Network,
    images: SeedImages,
    recipe: Recipe,
    members: Members,
    arms: Sequence[Arm],
    seeds: list[int],
    purpose: tuple[Name, ...],
    work: Work,
    name: str,
) -> xr.Dataset:
    """Arms of one kind of step; members are ordered by arm, then seed."""
    own = Members.grid(seed=seeds)
    weights = [initial(generator, network) for generator in own.generators(*purpose, "weights")]
    places = torch.tensor([seeds.index(int(seed)) for seed in members.values("seed")])
    batches = OwnMinibatches(
        {key: values.to(work.device) for key, values in images.train.batch().items()},
        epochs(own.generators(*purpose, "batches"), images.train.labels.shape[1], recipe.batch, recipe.steps),
        sets=places,
        orders=places,
    )
    trained = train(
        members,
        stacked([weights[place] for place in places.tolist()], work.device),
        _step(network, recipe, [arm for arm in arms for _ in seeds], work.device),
        batches,
        recipe.steps,
        work=work,
        name=name,
    )
    diverged = trained.diverged_at.cpu()
    found = measured(network, trained.parameters, images, places)
    shape = (len(arms), len(seeds))
    table = {
        key: torch.where(diverged < 0, values, math.nan).reshape(shape).numpy()
        for key, values in found.items()
    }
    return xr.Dataset(
        {
            **{key: (("arm", "seed"), values) for key, values in table.items()},
            "diverged_at": (("arm", "seed"), diverged.reshape(shape).numpy()),
        },
        coords={"arm": [arm.name for arm in arms], "seed": seeds},
    )


def _step(network: Network, recipe: Recipe, arms: Sequence[Arm], device: str) -> Step:
    """The step of members with these arms, all of one kind."""
    optimiser = SGD(recipe.rate, recipe.momentum, weight_decay=recipe.weight_decay)
    schedule = warmup_cosine(0, recipe.steps)
    kind = STEPS[arms[0].method]
    if kind == "plain":
        return GradientStep(loss(network), optimiser, schedule)
    strength = torch.tensor([arm.strength for arm in arms], dtype=torch.float64, device=device)
    if kind == "double":
        return DoubleBackpropagationStep(loss(network), optimiser, strength, schedule)
    ascent = torch.tensor([arm.signed_ascent for arm in arms], dtype=torch.float64, device=device)
    return DifferenceStep(loss(network), optimiser, strength, ascent, schedule)


def measured(
    network: Network, parameters: Parameters, images: SeedImages, sets: Tensor
) -> Mapping[str, Tensor]:
    """Each of `MEASURED` (member,); training images with the labels that the network was shown."""
    test = performance(network, parameters, images.test.pixels, images.test.labels, sets, images.train.pixels)
    learnt = performance(network, parameters, images.train.pixels, images.train.labels, sets)
    values = (test.accuracy, test.cross_entropy, learnt.accuracy, learnt.cross_entropy)
    return dict(zip(MEASURED, values, strict=True))
