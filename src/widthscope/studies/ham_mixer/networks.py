"""Mixers of one arm trained on images: each seed its own split, weights and order, the same for all arms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import xarray as xr
from torch import Tensor

from widthscope.datasets.image_splits import Images, splits, with_colours
from widthscope.ensembles.batches import OwnMinibatches, epochs
from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.independence import first_members, in_company, needs_company, one_thread
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import Recording
from widthscope.ensembles.schedules import warmup_cosine
from widthscope.ensembles.training import Trained, train
from widthscope.mixers import image_mixer, tied
from widthscope.mixers.designs import Arm, Shape
from widthscope.mixers.symmetry import alignment, asymmetry
from widthscope.streams import torch_generator
from widthscope.work import Work

STUDY = "ham_mixer"


@dataclass(frozen=True)
class Stream:
    """Names that key the random streams: `Stream("accuracy", seed)`; arms that share it share their data.

    Attributes:
        family: whose streams.
        run_seed: of the run.
    """

    family: str
    run_seed: int

    def __call__(self, purpose: str, seed: int | str | float) -> torch.Generator:
        """The generator of this purpose and seed."""
        return torch_generator(STUDY, f"{self.family}.{purpose}", self.run_seed, seed)


@dataclass(frozen=True)
class Recipe:
    """AdamW with warm-up and cosine, in epochs of whole batches.

    Attributes:
        rate: largest learning rate, of members that bring none of their own.
        epochs: passes over the training images.
        batch: images of a step.
        weight_decay: decoupled, of all parameters.
        warm_up: share of the steps in which the rate rises; then it falls as a half cosine.
    """

    rate: float
    epochs: int
    batch: int = 100
    weight_decay: float = 0.05
    warm_up: float = 0.1

    def steps(self, train: int) -> int:
        """Updates in all, with `train` images."""
        return self.epochs * (train // self.batch)


@dataclass(frozen=True)
class SeedImages:
    """Each seed's own split of a data set, standardised by its own training part.

    Attributes:
        seeds: in order of the rows.
        parts: pixels (seed, example, colour, row, column) and labels (seed, example) of each part; the first
            is trained on.
    """

    seeds: tuple[int, ...]
    parts: tuple[Images, ...]

    def rows(self, members: Members) -> Tensor:
        """Row of each member's seed, (member,)."""
        return torch.tensor([self.seeds.index(int(seed)) for seed in members.values("seed")])


def images_of(
    dataset: xr.Dataset,
    stream: Stream,
    seeds: Sequence[int],
    sizes: Sequence[int],
    noise: float = 0.0,
    device: str = "cpu",
) -> SeedImages:
    """Splits of a data set with ``image`` (sample, [channel,] row, col) and ``label`` (sample).

    Where the data set has ``test`` (sample), the last part is of the images that it keeps for tests, and the
    others are of the rest.

    Args:
        dataset: as the catalogue's `digits`, `templates` or `cifar10`.
        stream: its "split" of a seed draws the order, and the noise.
        seeds: one split each.
        sizes: images of each part.
        noise: deviation of Gaussian noise, in deviations of the pixels.
        device: where the parts go.
    """
    parts = splits(dataset, sizes, [stream("split", seed) for seed in seeds], noise)
    moved = (Images(with_colours(part.pixels).to(device), part.labels.to(device)) for part in parts)
    return SeedImages(tuple(seeds), tuple(moved))


def batches_of(
    images: Images, rows: Tensor, order: Tensor, penalty: Tensor
) -> Callable[[int], dict[str, Tensor]]:
    """Each step's ``images``, ``labels`` and ``penalty``, of each member's own images.

    Args:
        images: pixels and labels, rows by seed.
        rows: of each member's seed, (member,).
        order: which examples, (member, step, batch).
        penalty: factor of the penalty on what is added to the transposes, (member,).
    """
    device = images.pixels.device
    own = OwnMinibatches({"images": images.pixels, "labels": images.labels}, order, rows.to(device))
    factor = penalty.to(device)
    return lambda step: {**own(step), "penalty": factor}


def losses(arm: Arm, shape: Shape, parameters: Parameters, batch: Batch) -> Tensor:
    """Mean cross-entropy of each member, (member,), and the penalty where transposes are added to."""
    scores = image_mixer.logits(arm, shape, parameters, batch["images"])
    found = -torch.log_softmax(scores, -1).gather(-1, batch["labels"][..., None]).mean((1, 2))
    return found + batch["penalty"] * tied.breaking(parameters) if arm.backward == "added" else found


def drawn(arm: Arm, shape: Shape, stream: Stream, members: Members, device: str = "cpu") -> Parameters:
    """Initial parameters (member, ...); a seed's "weights" are the same for all its members."""
    generators = [stream("weights", int(seed)) for seed in members.values("seed")]
    return stacked([image_mixer.draw(arm, shape, generator) for generator in generators], device=device)


def train_arm(
    arm: Arm,
    shape: Shape,
    recipe: Recipe,
    members: Members,
    images: SeedImages,
    stream: Stream,
    work: Work,
    name: str,
    recordings: Sequence[Recording] = (),
) -> Trained:
    """Train all members of one arm at once.

    Arms and members of one seed share split, order of batches and, as far as shapes allow, initial weights.

    Args:
        arm: from `mixers.designs.ARMS`, or another.
        shape: sizes of the networks.
        recipe: of the training.
        members: with the factor `seed`; `rate` and `penalty` where they differ (else the recipe's and 0).
        images: of the members' seeds; the first part is trained on.
        stream: keys of the random streams.
        work: what the job gives.
        name: the training's, unique in its job.
        recordings: what to keep on the way.
    """
    trained_on = images.parts[0]
    count = trained_on.labels.shape[1]
    steps = recipe.steps(count)
    generators = [stream("order", int(seed)) for seed in members.values("seed")]
    penalty = members.tensor("penalty") if "penalty" in members.factors else torch.zeros(len(members))
    batches = batches_of(
        trained_on, images.rows(members), epochs(generators, count, recipe.batch, steps), penalty
    )
    rate = members.tensor("rate", device=work.device) if "rate" in members.factors else recipe.rate

    def loss(parameters: Parameters, batch: Batch) -> Tensor:
        return losses(arm, shape, parameters, batch)

    step = GradientStep(
        loss,
        Adam(rate, weight_decay=recipe.weight_decay),
        warmup_cosine(round(recipe.warm_up * steps), steps),
    )
    start = drawn(arm, shape, stream, members, work.device)
    return train(members, start, step, batches, steps, recordings, work, name)


def accuracies(
    arm: Arm, shape: Shape, parameters: Parameters, members: Members, images: SeedImages, chunk: int = 250
) -> Tensor:
    """Share of images whose class is found, (member, part), float64; NaN where scores are not finite.

    Scores are in the parameters' own precision: only the largest is asked for. As in training, a lone member
    is given company on a CPU, so that its result does not depend on who shares its batch.

    Args:
        arm, shape, parameters, members, images: as in `train_arm`.
        chunk: images of each member at once.
    """
    rows, count = images.rows(members), len(members)
    if needs_company(parameters):
        parameters, rows = in_company(parameters), torch.cat([rows, rows])
    with one_thread():
        found = [_found(arm, shape, parameters, rows, part, chunk) for part in images.parts]
    return first_members({"accuracy": torch.stack(found, -1)}, count)["accuracy"]


def _found(arm: Arm, shape: Shape, parameters: Parameters, rows: Tensor, part: Images, chunk: int) -> Tensor:
    """Of one part, (member,)."""
    right, finite, precision = [], [], parameters["readout"].dtype
    with torch.no_grad():
        for begin in range(0, part.labels.shape[1], chunk):
            pixels, labels = part.pixels[:, begin : begin + chunk], part.labels[:, begin : begin + chunk]
            place = rows.to(pixels.device)
            scores = image_mixer.logits(arm, shape, parameters, pixels[place].to(precision))
            right.append((scores.argmax(-1) == labels[place]).double())
            finite.append(scores.isfinite().flatten(1).all(1))
    share = torch.cat(right, 1).mean(1)
    return torch.where(torch.stack(finite).all(0), share, torch.nan)


def symmetry(arm: Arm, parameters: Parameters) -> Mapping[str, Tensor]:
    """``asymmetry`` A and ``alignment`` rho of each block's two pairs, (member, block, pair), float64."""
    pairs = [(parameters[pair], tied.backward(arm, parameters, pair)) for pair in tied.PAIRS]
    return {
        "asymmetry": torch.stack([asymmetry(*pair) for pair in pairs], -1),
        "alignment": torch.stack([alignment(*pair) for pair in pairs], -1),
    }


def recorded_epochs(epochs: int) -> tuple[int, ...]:
    """Epochs after which symmetry is measured: 0, 1, 2, 4, ... and the last."""
    powers = [2**power for power in range(epochs.bit_length()) if 2**power < epochs]
    return (0, *powers, epochs)


def symmetry_recording(arm: Arm, steps: Sequence[int]) -> Recording:
    """Recording of `symmetry` at these numbers of updates."""
    return Recording(
        lambda parameters: symmetry(arm, parameters),
        {"asymmetry": ("block", "pair"), "alignment": ("block", "pair")},
        steps,
        coords={"pair": list(tied.PAIRS)},
    )
