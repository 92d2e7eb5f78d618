"""Training of the study's networks on images, all seeds at once: each has its split, weights and batches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import xarray as xr
from torch import Tensor

from widthscope.datasets.image_splits import Images, splits
from widthscope.ensembles.batches import OwnMinibatches, epochs
from widthscope.ensembles.gradient_step import Batch, GradientStep, members_at_once
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.schedules import warmup_cosine
from widthscope.ensembles.training import train
from widthscope.streams import Name, torch_generator
from widthscope.studies.pk_mixer.initial_networks import values_of
from widthscope.studies.pk_mixer.networks import Forward, Network, Values, forward, projected
from widthscope.work import Work

WARMUP = 0.1
"""Share of the steps in which the rate rises linearly; then it falls as a half cosine."""

CHUNK = 500
"""Images that pass at once where no gradient is needed."""


@dataclass(frozen=True)
class Recipe:
    """How networks are trained: by Adam, with warm-up and cosine.

    Attributes:
        train: images trained on; test: images tested on, disjoint, of each seed's own split.
        noise: deviation of Gaussian noise on standardised pixels.
        batch: images in a minibatch.
        epochs: passes over the images trained on, each without its incomplete last batch.
        rate: Adam's learning rate.
    """

    train: int
    test: int
    noise: float = 0.0
    batch: int = 100
    epochs: int = 40
    rate: float = 3e-3

    @property
    def steps(self) -> int:
        """Updates in all."""
        return self.epochs * (self.train // self.batch)


@dataclass(frozen=True)
class SeedImages:
    """Images of every seed: (seed, example, pixel) float32 and (seed, example) int64."""

    train: Images
    test: Images


@dataclass(frozen=True)
class TrainedNetworks:
    """Networks after training, one member for each seed.

    Attributes:
        network: what they are.
        values: their numbers; of one that diverged, where they were last finite.
        history: as of `ensembles.training.Trained`.
    """

    network: Network
    values: Values
    history: xr.Dataset


def images_of(
    dataset: xr.Dataset, recipe: Recipe, seeds: Sequence[int], purpose: tuple[Name, ...]
) -> SeedImages:
    """Each seed's own split, standardised by what it trains on.

    Args:
        dataset: with ``image`` (sample, ...) and ``label`` (sample); one with a variable ``test`` (sample) is
            split by it, any other at random.
        recipe: how many images, and how noisy.
        seeds: of the splits; a seed's is the same for every network.
        purpose: names of their streams.

    Raises:
        DataError: if there are fewer images, or those trained on are constant.
    """
    generators = [torch_generator(*purpose, "split", seed) for seed in seeds]
    parts = splits(dataset, (recipe.train, recipe.test), generators, recipe.noise)
    return SeedImages(*(Images(part.pixels.flatten(2), part.labels) for part in parts))


def train_networks(
    network: Network,
    images: SeedImages,
    recipe: Recipe,
    seeds: Sequence[int],
    purpose: tuple[Name, ...],
    work: Work,
    name: str,
) -> TrainedNetworks:
    """Train one network for each seed.

    Weights and the order of minibatches are keyed by the purpose and the seed alone: networks of one seed
    start from the same numbers where they have the same shapes, and see the same minibatches. Where the
    readout learns alone, what it sees of each image is found once, which changes nothing but rounding.

    Args:
        network: which.
        images: as of `images_of`, of these seeds.
        recipe: how.
        seeds: one member each.
        purpose: names of the streams.
        work: what the job gives.
        name: of the training, unique in its job.
    """
    members = Members.grid(seed=seeds)
    values = values_of(network, seeds, purpose, work.device)
    order = epochs(members.generators(*purpose, "batches"), recipe.train, recipe.batch, recipe.steps)
    shown, constant, logits_of = _shown(network, values, images.train.pixels.to(work.device))
    minibatches = OwnMinibatches({"shown": shown, "labels": images.train.labels.to(work.device)}, order)

    def batches(step: int) -> Batch:
        return {**constant, **minibatches(step)}

    def loss(parameters: Parameters, batch: Batch) -> Tensor:
        return cross_entropy(logits_of(parameters, batch), batch["labels"])

    widest = shown.shape[-1] if network.learns_readout_alone else max(network.width, network.inputs)
    step = GradientStep(
        loss,
        Adam(recipe.rate),
        warmup_cosine(round(WARMUP * recipe.steps), recipe.steps),
        at_once=members_at_once(recipe.batch * widest) if work.device == "cpu" else 0,
    )
    trained = train(members, values.trained, step, batches, recipe.steps, work=work, name=name)
    return TrainedNetworks(network, Values(trained.parameters, values.constant), trained.history)


Logits = Callable[[Parameters, Batch], Tensor]
"""Logits (member, example, class) of a minibatch, of what is trained and what the minibatch carries."""


def _shown(network: Network, values: Values, pixels: Tensor) -> tuple[Tensor, Parameters, Logits]:
    """What training shows of each image (member, example, ...), the constants it needs, and the logits."""
    if not network.learns_readout_alone:
        return (
            pixels,
            values.constant,
            lambda parameters, batch: forward(network, {**batch, **parameters}, batch["shown"]).logits,
        )
    with torch.no_grad():
        parts = [projected(network, values.constant, part) for part in torch.split(pixels, CHUNK, dim=1)]
    return torch.cat(parts, dim=1), {}, lambda parameters, batch: batch["shown"] @ parameters["readout"]


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Each member's mean cross-entropy (member,) of logits (member, example, class)."""
    return -logits.log_softmax(dim=-1).gather(-1, labels[..., None]).flatten(1).mean(dim=1)


def outputs(networks: TrainedNetworks, pixels: Tensor, keep: bool = False, chunk: int = CHUNK) -> Forward:
    """Forward pass over all images (member, example, pixel), a chunk of examples at a time, on the CPU after.

    Features are kept where `keep` is set: (member, example, m) after each mixing layer. All is float32, as
    in training.
    """
    values = networks.values.all()
    device = values["stem"].device
    with torch.no_grad():
        found = [
            forward(networks.network, values, part.to(device), keep)
            for part in torch.split(pixels, chunk, dim=1)
        ]
    features = zip(*(each.features for each in found), strict=True)
    return Forward(
        tuple(torch.cat([one.cpu() for one in layer], dim=1) for layer in features),
        torch.cat([each.logits.cpu() for each in found], dim=1),
    )


def accuracies(networks: TrainedNetworks, images: Images) -> Tensor:
    """Share of images whose class has the largest logit, (member,) float64; NaN where a member diverged.

    Logits are compared in float32: rounding decides only between classes that are as good as tied.
    """
    right = outputs(networks, images.pixels).logits.argmax(dim=-1) == images.labels
    alive = torch.as_tensor(networks.history["diverged_at"].values) < 0
    return torch.where(alive, right.double().mean(dim=1), torch.nan)


def measured(networks: TrainedNetworks, images: SeedImages) -> Mapping[str, Tensor]:
    """Accuracies (member,) of test and training, by name."""
    return {
        "test_accuracy": accuracies(networks, images.test),
        "train_accuracy": accuracies(networks, images.train),
    }
