"""What the trained networks do: accuracy over iterations, and exponents, also with their scales changed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.members import DIM
from widthscope.ensembles.parameters import Parameters
from widthscope.models.recurrence.penalties import energy_multi, products
from widthscope.studies.jacobian_dynamics.digits.images import network_of, seen
from widthscope.studies.jacobian_dynamics.digits.scores import RESCALED, iterations_of
from widthscope.studies.jacobian_dynamics.networks import exponents
from widthscope.studies.jacobian_dynamics.networks.embedding import Inputs
from widthscope.studies.jacobian_dynamics.networks.evaluation import predictions
from widthscope.studies.jacobian_dynamics.networks.network import Network
from widthscope.studies.jacobian_dynamics.networks.rescaling import SCALES, rescaled
from widthscope.studies.jacobian_dynamics.networks.stored import parameters_of
from widthscope.work import Work

IMAGE_DIMS = (DIM, "step", "exponent_image")


def analyse(swept: xr.DataTree, settings: Mapping[str, Any], work: Work) -> xr.DataTree:
    """Every run of the shard in a node of its own, as from `measured`.

    Args:
        swept: what `experiment.run` stored, read lazily.
        settings: `settings.Measured`.
        work: what the job gives.
    """
    root = swept.to_dataset(inherit=False).load()
    nodes = {}
    for name, node in work.progress(list(swept.children.items()), description="runs"):
        nodes[f"/{name}"] = measured(node.to_dataset(inherit=False), root, settings, work)
    return xr.DataTree.from_dict(nodes)


def measured(found: xr.Dataset, root: xr.Dataset, settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """What one run's networks do on their test images.

    Returns:
        ``accuracy`` (member, iteration), and ``accuracy_before`` (member) of the untrained networks after T
        iterations; ``exponent`` (member, step, exponent_image), the largest over T iterations, and
        ``unconverged`` of the same shape, 1 where its iteration did not converge; without penalty
        ``long_run`` (member, exponent_image), the largest of the trained networks over many iterations, NaN
        for a model without norm, whose states grow; of models with values of their own ``condition`` (member,
        step), what `penalties.energy_multi` penalises, and ``values_outputs`` (member, step),
        sum_h |W_V,h W_O,h|_F^2; for models in `RESCALED` without penalty ``rescaled_accuracy``,
        ``rescaled_exponent`` and, 1 where any of its images did not converge, ``rescaled_unconverged``
        (member, scale, factor). NaN where a network diverged.
    """
    network = network_of(found.attrs, str(found.attrs["arm"]), *root["patches"].shape[1:])
    steps = int(found.attrs["iterations"])
    task = _Task(network, found, root, work.device)
    trained, initial = task.parameters(-1), task.parameters(0)
    iterations = iterations_of(steps, settings["longest"])
    alive = (found["diverged_at"].values < 0).astype(float)
    alive[alive == 0] = np.nan
    finite = [
        exponents.finite(network, p, task.inputs(settings["exponent_images"]), steps)
        for p in (initial, trained)
    ]
    values = {
        "accuracy": ((DIM, "iteration"), task.accuracy(trained, iterations)),
        "accuracy_before": ((DIM,), task.accuracy(initial, (steps,))[:, 0]),
        "exponent": (IMAGE_DIMS, torch.stack([each.values[..., 0] for each in finite], dim=1).cpu().numpy()),
    }
    missed = [_missed(each)[..., 0] for each in finite]
    values["unconverged"] = (IMAGE_DIMS, _numpy(torch.stack(missed, dim=1).double()))
    if {"query", "key", "value", "output"} <= set(trained):
        both = (initial, trained)
        values["condition"] = ((DIM, "step"), _numpy(torch.stack([energy_multi(p) for p in both], dim=1)))
        values["values_outputs"] = ((DIM, "step"), _numpy(torch.stack([_size(p) for p in both], dim=1)))
    if found.attrs["penalty"] == "none":
        values["long_run"] = ((DIM, "exponent_image"), task.long_run(trained, settings))
    if found.attrs["arm"] in RESCALED and found.attrs["penalty"] == "none":
        values |= task.rescaled(trained, settings, steps)
    table = xr.Dataset(
        values,
        coords={"seed": found["seed"], "iteration": list(iterations), "step": found["step"]},
        attrs=found.attrs,
    )
    if "scale" in table.dims:
        table = table.assign_coords(scale=list(SCALES), factor=_factors(settings))
    return table.map(lambda column: column * xr.DataArray(alive, dims=DIM) if DIM in column.dims else column)


class _Task:
    """Networks of one run with the images that they are tested on."""

    def __init__(self, network: Network, found: xr.Dataset, root: xr.Dataset, device: str) -> None:
        self.network, self._found, self._device = network, found, device
        test = torch.from_numpy(found["test"].values)
        self._patches = torch.from_numpy(root["patches"].values)[test].to(device)
        self._labels = torch.from_numpy(root["label"].values)[test].to(device)
        self._brightest = int(root.attrs["brightest"])

    def parameters(self, step: int) -> Parameters:
        """At one recorded step, float64; 0 in place of a diverged network's."""
        found = parameters_of(self._found, step, device=self._device)
        return {name: value.nan_to_num() for name, value in found.items()}

    def inputs(self, count: int, dtype: torch.dtype = torch.float64) -> Inputs:
        """The first test images of each member."""
        return seen(self._patches[:, :count], self._brightest, dtype)

    def accuracy(
        self, parameters: Parameters, iterations: tuple[int, ...], count: int | None = None
    ) -> np.ndarray:
        """(member, iteration), in float32, on the first `count` test images."""
        labels = self._labels[:, :count]
        single = {name: value.float() for name, value in parameters.items()}
        inputs = self.inputs(labels.shape[1], torch.float32)
        answers = predictions(self.network, single, inputs, iterations)
        return _numpy((answers == labels[..., None]).double().mean(dim=1))

    def long_run(self, parameters: Parameters, settings: Mapping[str, Any]) -> np.ndarray:
        """(member, image), on the first test images."""
        images = settings["exponent_images"]
        if self.network.rule.norm == "none":
            return np.full((len(self._labels), images), np.nan)
        warm_up = settings["warm_up"]
        found = exponents.long_run(
            self.network,
            parameters,
            self.inputs(images),
            settings["long_run"],
            warm_up=warm_up,
            frame_warm_up=warm_up,
        )
        return _numpy(found.values[..., 0])

    def rescaled(self, parameters: Parameters, settings: Mapping[str, Any], steps: int) -> dict[str, Any]:
        """Accuracy and exponent with each scale changed by each factor, 1 among them."""
        dims = (DIM, "scale", "factor")
        images, count = self.inputs(settings["rescaled_exponents"]), settings["rescaled_images"]
        shape = (len(self._labels), len(SCALES), len(_factors(settings)))
        accuracy, exponent, missed = np.empty(shape), np.empty(shape), np.empty(shape)
        for column, factor in enumerate(_factors(settings)):
            for place, what in enumerate(SCALES):
                if factor == 1 and place:  # the network as it is, whatever the scale
                    accuracy[:, place, column] = accuracy[:, 0, column]
                    exponent[:, place, column] = exponent[:, 0, column]
                    missed[:, place, column] = missed[:, 0, column]
                    continue
                changed = rescaled(parameters, what, factor)
                accuracy[:, place, column] = self.accuracy(changed, (steps,), count)[:, 0]
                found = exponents.finite(self.network, changed, images, steps)
                exponent[:, place, column] = _numpy(found.values[..., 0].mean(dim=1))
                missed[:, place, column] = _numpy(_missed(found).any(dim=-1).any(dim=-1))
        return {
            "rescaled_accuracy": (dims, accuracy),
            "rescaled_exponent": (dims, exponent),
            "rescaled_unconverged": (dims, missed),
        }


def _factors(settings: Mapping[str, Any]) -> list[float]:
    """The factors and 1, rising."""
    return sorted({1.0, *settings["factors"]})


def _missed(found: exponents.Exponents) -> Tensor:
    """Which finite exponents did not converge, (member, batch, count)."""
    return ~found.converged & found.values.isfinite()


def _size(parameters: Parameters) -> Tensor:
    """sum_h |W_V,h W_O,h|_F^2, (member,)."""
    return products(parameters, "value", "output").square().sum(dim=(1, 2, 3))


def _numpy(values: Tensor) -> np.ndarray:
    return np.asarray(values.cpu().numpy())
