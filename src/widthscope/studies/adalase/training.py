"""Training of the study's policies on images, all arms and seeds at once.

Arms of one seed share the split, initial weights, minibatches and what augmentation draws; the positions that
are sampled are each arm's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.batches import OwnMinibatches, epochs
from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import Recording, even_steps
from widthscope.ensembles.schedules import warmup_cosine
from widthscope.ensembles.training import train
from widthscope.feature_augmentation.operations.base import Operation
from widthscope.feature_augmentation.pseudo_validation import PseudoValidation
from widthscope.feature_augmentation.selection_step import (
    Policies,
    SelectionStep,
    activation_shapes,
    carried,
    weights_of,
)
from widthscope.streams import Name, torch_generator
from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.adalase.networks import Network
from widthscope.studies.adalase.operation_draws import OperationDraws
from widthscope.studies.adalase.seed_images import SeedImages
from widthscope.studies.adalase.stored import Outcomes, stored
from widthscope.studies.adalase.testing import tested
from widthscope.work import Work

RECORDS = 400
"""Most steps at which ratios are recorded."""


def train_arms(
    network: Network,
    arms: Sequence[Arm],
    operations: Mapping[str, Operation],
    images: SeedImages,
    recipe: Recipe,
    seeds: Sequence[int],
    purpose: tuple[Name, ...],
    work: Work,
    name: str,
) -> xr.DataTree:
    """Train every arm at every seed, those that adapt apart from the others, which are cheaper.

    Args:
        network: which; position k is its own.
        arms: policies with distinct names.
        operations: by name, all that the arms use.
        images: as of `seed_images.images_of`, of these seeds.
        recipe: how.
        seeds: one member of each arm.
        purpose: names of the streams: equal ones give equal splits, weights, minibatches and draws.
        work: what the job gives.
        name: of the training, unique in its job.

    Returns:
        what `stored.stored` lays out.
    """
    outcomes = []
    for suffix, part in (
        ("fixed", [arm for arm in arms if not arm.adapts]),
        ("adaptive", [arm for arm in arms if arm.adapts]),
    ):
        if part:
            training = _Training(network, part, operations, images, recipe, seeds, purpose, work)
            outcomes.append(training.run(f"{name}-{suffix}"))
    return stored(outcomes, arms, recipe.least, network.positions)


@dataclass
class _Training:
    """One training of arms that all adapt, or of which none does."""

    network: Network
    arms: Sequence[Arm]
    operations: Mapping[str, Operation]
    images: SeedImages
    recipe: Recipe
    seeds: Sequence[int]
    purpose: tuple[Name, ...]
    work: Work
    members: Members = field(init=False)
    sets: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.members = Members.grid(arm=[arm.name for arm in self.arms], seed=self.seeds)
        self.sets = torch.arange(len(self.seeds), device=self.work.device).repeat(len(self.arms))

    def run(self, name: str) -> Outcomes:
        """Train and measure."""
        adapt, recipe = self.arms[0].adapts, self.recipe
        parameters = self._initial()
        step = SelectionStep(
            self.network.forward,
            {key: self.operations[key] for key in self._used()},
            SGD(recipe.rate, recipe.momentum, nesterov=True, weight_decay=recipe.weight_decay),
            adapt,
            warmup_cosine(0, recipe.steps),
            recipe.least,
        )
        recordings = [_recording(recipe.steps)] if adapt else []
        trained = train(
            self.members,
            parameters,
            step,
            self._batches(parameters, adapt),
            recipe.steps,
            recordings,
            self.work,
            name,
        )
        accuracy, loss = self._tested(weights_of(trained.parameters))
        alive = (trained.diverged_at < 0).cpu()
        return Outcomes(
            [arm.name for arm in self.arms],
            list(self.seeds),
            torch.where(alive, accuracy, torch.nan).numpy(),
            torch.where(alive, loss, torch.nan).numpy(),
            trained.history if adapt else None,
        )

    def _used(self) -> list[str]:
        """Names of operations, in the order of `Policies.operation`."""
        return list(dict.fromkeys(key for arm in self.arms for key in arm.operations))

    def _initial(self) -> Parameters:
        drawn = [self.network.initial(torch_generator(*self.purpose, "weights", seed)) for seed in self.seeds]
        weights = stacked([drawn[place] for place in self.sets.tolist()], self.work.device)
        return {**weights, **carried(len(self.members), self.network.positions, self.work.device)}

    def _policies(self) -> Policies:
        used, count, device = self._used(), len(self.seeds), self.work.device
        operation = torch.tensor([[used.index(key) for key in arm.operations] for arm in self.arms])
        position = torch.tensor([arm.position for arm in self.arms])
        rate = torch.tensor([arm.rate for arm in self.arms], dtype=torch.float64)
        return Policies(
            *(values.repeat_interleave(count, dim=0).to(device) for values in (position, rate, operation))
        )

    def _batches(self, parameters: Parameters, adapt: bool) -> Callable[[int], Batch]:
        recipe, device = self.recipe, self.work.device
        examples = {"x": self.images.train.pixels.to(device), "labels": self.images.train.labels.to(device)}
        generators = [torch_generator(*self.purpose, "batches", seed) for seed in self.seeds]
        order = epochs(generators, recipe.train, recipe.batch, recipe.steps)
        minibatches = OwnMinibatches(examples, order, self.sets, self.sets)
        uniform = torch.stack(
            [
                torch.rand(recipe.steps, generator=generator, dtype=torch.float64)
                for generator in self.members.generators(*self.purpose, "positions", by=("arm", "seed"))
            ]
        ).to(device)
        shapes = activation_shapes(self.network.forward, parameters, examples["x"][self.sets, :2])
        draws = OperationDraws(
            {key: self.operations[key] for key in self._used()},
            shapes,
            recipe.batch,
            self.seeds,
            self.purpose,
        )
        policies = self._policies().batch()
        validation = self._validation(examples) if adapt else None

        def batches(step: int) -> Batch:
            shown = minibatches(step)
            drawn = {key: values.to(device) for key, values in draws(step).items()}
            beside = {} if validation is None else validation(step)
            return {**shown, **drawn, **beside, **policies, "draws": self.sets, "uniform": uniform[:, step]}

        return batches

    def _validation(self, examples: Mapping[str, Tensor]) -> PseudoValidation:
        pixels, labels = examples["x"], examples["labels"]
        shuffled = torch.tensor([arm.shuffled for arm in self.arms]).repeat_interleave(len(self.seeds))
        return PseudoValidation(
            pixels,
            labels,
            [(*self.purpose, "validation", seed) for seed in self.seeds],
            self.sets,
            shuffled.to(self.work.device),
            min(self.recipe.validation or pixels.shape[1], pixels.shape[1]),
            max(1, self.recipe.train // self.recipe.batch),
            self.recipe.degrees,
        )

    def _tested(self, weights: Parameters) -> tuple[Tensor, Tensor]:
        """Test accuracy and cross-entropy of each member (member,), float64; an arm at a time."""
        found = []
        for place in range(len(self.arms)):
            own = slice(place * len(self.seeds), (place + 1) * len(self.seeds))
            of_arm = {name: value[own] for name, value in weights.items()}
            found.append(tested(self.network, of_arm, self.images.train, self.images.test))
        accuracies = torch.cat([one.accuracy.cpu() for one in found])
        return accuracies, torch.cat([one.cross_entropy.cpu() for one in found])


def _recording(steps: int) -> Recording:
    """Ratios, alignment and the position chosen, at most `RECORDS` times."""

    def measure(parameters: Parameters) -> Mapping[str, Tensor]:
        return {name: parameters[name] for name in ("ratios", "alignment", "chosen")}

    dims: dict[str, tuple[str, ...]] = {"ratios": ("position",), "alignment": (), "chosen": ()}
    return Recording(measure, dims, even_steps(steps, min(steps, RECORDS)))
