"""Plain gradient descent of four machines over rates and scales: attention, and Gaussian-Bernoulli.

The machines of one seed see the same images in the same order, at every rate and scale.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann import gaussian_bernoulli, mixture
from widthscope.boltzmann.mixture import Machine
from widthscope.boltzmann.training import LikelihoodStep, small
from widthscope.ensembles.batches import Fresh, OwnMinibatches, epochs
from widthscope.ensembles.closed_gradient import ClosedGradientStep
from widthscope.ensembles.gradient_step import Batch, Step
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import Recording
from widthscope.ensembles.training import train
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.digits.parts import PURPOSE, Parts, parts_of
from widthscope.work import Work

Likelihood = Callable[[Machine, Tensor], Tensor]


class GaussianBernoulliStep(ClosedGradientStep):
    """Gradient descent of Gaussian-Bernoulli machines, a `gradient_step.Step`; whose losses are all 0.

    Where the batch has draws, ``uniform`` (member, batch, hidden) and ``noise`` (member, batch, visible), by
    one step of contrastive divergence, else by the exact gradient, for which all hidden states are listed.
    """

    def gradients(self, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
        """Losses, which are not found, and minus the gradient of the log likelihood or its estimate."""
        machine, visible = Machine.of(parameters), batch["visible"]
        if "noise" in batch:
            uphill = gaussian_bernoulli.contrastive_gradient(
                machine, visible, batch["uniform"], batch["noise"]
            )
        else:
            uphill = gaussian_bernoulli.log_likelihood_gradient(machine, visible)
        losses = torch.zeros(len(visible), dtype=torch.float64, device=visible.device)
        return losses, {name: -getattr(uphill, name) for name in parameters}


@dataclass(frozen=True)
class ScaledBatches:
    """Images at each member's scale, where needed with the random numbers of contrastive divergence.

    Attributes:
        images: minibatches, ``visible``.
        scales: what each member's images are multiplied by, (member,).
        fresh: draws of each step.
    """

    images: OwnMinibatches
    scales: Tensor
    fresh: Fresh | None = None

    def __call__(self, step: int) -> dict[str, Tensor]:
        """``visible`` of this step; with draws also ``uniform`` and ``noise``."""
        visible = self.images(step)["visible"] * self.scales[:, None, None]
        return {"visible": visible} | ({} if self.fresh is None else self.fresh(step))


MACHINES = {
    "attention": "components",
    "few": "few_components",
    "exact": "binary_units",
    "contrastive": "binary_units",
}
"""For each machine the setting that is its number of hidden units."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each machine that the settings name, of `MACHINES`.

    Returns:
        ``validation`` and ``test`` (cell, seed, epoch), mean NLL in nats after every epoch, with the
        coordinates ``scale`` and ``rate`` of a cell; the parameters' number as attribute.
    """
    parts = parts_of(settings, datasets[settings["dataset"]], work.device)
    return xr.DataTree.from_dict(
        {f"/{name}": train_machine(name, settings, parts, work) for name in settings["machines"]}
    )


def train_machine(name: str, settings: Mapping[str, Any], parts: Parts, work: Work) -> xr.Dataset:
    """One machine at every rate and scale, from small weights and biases of 0; see `run`."""
    count, visible = settings[MACHINES[name]], parts.train.shape[2]
    cells = [(1.0, rate) for rate in settings["rates"]] + [(2.0, rate) for rate in settings["rates_doubled"]]
    seeds = settings["seeds"]
    rows = [(cell, seed, *cells[cell]) for cell in range(len(cells)) for seed in range(seeds)]
    columns = zip(("cell", "seed", "scale", "rate"), zip(*rows, strict=True), strict=True)
    members = Members(dict(columns))
    purpose = (*PURPOSE, settings["seed"])
    drawn = [small(generator, count, visible) for generator in members.generators(*purpose, "initial", count)]
    examples, batch = settings["train"], settings["batch"]
    steps = settings["epochs"] * (examples // batch)
    orders = [torch_generator(*purpose, "order", seed) for seed in range(seeds)]
    places = torch.tensor(members.values("seed"))
    scales = members.tensor("scale", device=work.device)
    order = epochs(orders, examples, batch, steps)
    images = OwnMinibatches({"visible": parts.train}, order, sets=places, orders=places)
    optimiser = SGD(members.tensor("rate", device=work.device))
    step: Step = GaussianBernoulliStep(optimiser)
    fresh = _draws(members, batch, count, visible, purpose, work) if name == "contrastive" else None
    likelihood: Likelihood = gaussian_bernoulli.mean_negative_log_likelihood
    if name in ("attention", "few"):
        step, likelihood = LikelihoodStep(optimiser), mixture.mean_negative_log_likelihood
    ends = range(0, steps + 1, examples // batch)
    trained = train(
        members,
        stacked(drawn, device=work.device),
        step,
        ScaledBatches(images, scales, fresh),
        steps,
        [_recorded(likelihood, parts, places, scales, ends)],
        work=work,
        name=name,
    )
    return _table(trained.history, cells, seeds, settings["epochs"], (count + 1) * (visible + 1) - 1)


def _draws(
    members: Members, batch: int, units: int, visible: int, purpose: tuple[Any, ...], work: Work
) -> Fresh:
    def draw(generator: torch.Generator) -> dict[str, Tensor]:
        return {
            "uniform": torch.rand(batch, units, generator=generator),
            "noise": torch.randn(batch, visible, generator=generator),
        }

    return Fresh(draw, members, (*purpose, "contrastive"), device=work.device)


def _recorded(
    likelihood: Likelihood, parts: Parts, places: Tensor, scales: Tensor, steps: Sequence[int]
) -> Recording:
    """Mean NLL on the images that are not trained on, in float64, a cell at a time."""
    others = {name: getattr(parts, name).double() for name in ("validation", "test")}
    seeds = len(parts.train)

    def measure(parameters: Parameters) -> Mapping[str, Tensor]:
        found: dict[str, list[Tensor]] = {name: [] for name in others}
        for first in range(0, len(places), seeds):
            cell = slice(first, first + seeds)
            machine = Machine.of({name: value[cell].double() for name, value in parameters.items()})
            for name, images in others.items():
                found[name].append(likelihood(machine, images * scales[first]))
        return {name: torch.cat(values) for name, values in found.items()}

    return Recording(measure, dict.fromkeys(others, ()), tuple(steps))


def _table(
    history: xr.Dataset, cells: list[tuple[float, float]], seeds: int, epochs_passed: int, numbers: int
) -> xr.Dataset:
    dims = ("cell", "seed", "epoch")
    shape = (len(cells), seeds, epochs_passed + 1)
    return xr.Dataset(
        {name: (dims, history[name].values.reshape(shape)) for name in ("validation", "test")},
        coords={
            "scale": ("cell", [scale for scale, _ in cells]),
            "rate": ("cell", [rate for _, rate in cells]),
        },
        attrs={"parameters": numbers},
    )
