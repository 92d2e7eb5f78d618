"""Gradient norm and Hessian trace of networks that were trained to the same loss, by arm and seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.curvature.perceptron_hessian import DERIVATIVES, hessian_trace
from widthscope.ensembles.gradient_step import Batch, GradientStep, Step, value_and_gradients
from widthscope.ensembles.independence import first_members, in_company, needs_company, one_thread
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import Recording
from widthscope.ensembles.training import train
from widthscope.gradient_regularisation.ensemble_steps import DifferenceStep, DoubleBackpropagationStep
from widthscope.gradient_regularisation.matched_loss import (
    UntilLoss,
    current,
    interpolated,
    previous,
    with_previous,
)
from widthscope.studies.gradient_regularization.arms import Arm
from widthscope.studies.gradient_regularization.images import images_of
from widthscope.studies.gradient_regularization.networks import Network, initial, loss
from widthscope.work import Work

STUDY, FAMILY = "gradient_regularization", "flatness"
MEASURED = ("squared_gradient", "trace")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each activation, with a table (arm, seed).

    Images and initial weights are keyed by the run's seed and the seed alone, and full batches leave nothing
    else to chance: networks of a seed differ in nothing but the step.

    Args:
        settings: `dataset`, `seed`, `train`, `network`, `rate`, `strength`, `loss`, `steps` and `alike`,
            as in `settings.Flatness`, and `networks` by activation, each with `seeds` and `arms`: `name`, the
            fields of an `Arm`, and the arm's share of the rate.
        datasets: the one that is named in `dataset`.
        work: what the job gives.

    Returns:
        ``squared_gradient`` and ``trace`` at the loss, ``squared_gradient_alike`` and ``trace_alike`` after
        as many updates, ``loss_alike`` there, all float64, NaN where a network did not come so far; and
        ``updates``, after which its loss was reached, NaN for never.
    """
    found = {
        f"/{activation}": _table(settings, activation, each, datasets[settings["dataset"]], work)
        for activation, each in settings["networks"].items()
    }
    return xr.DataTree.from_dict(found)


def _table(
    settings: Mapping[str, Any], activation: Any, each: Mapping[str, Any], dataset: xr.Dataset, work: Work
) -> xr.Dataset:
    network = Network(activation=activation, **settings["network"])
    seeds = [int(seed) for seed in each["seeds"]]
    purpose = (STUDY, FAMILY, settings["seed"])
    images = images_of(dataset, settings["train"], seeds, purpose)
    batch = {name: values.to(work.device) for name, values in images.train.batch().items()}
    members = Members.grid(seed=seeds)
    start = stacked([initial(g, network) for g in members.generators(*purpose, "weights")], work.device)
    rows = [
        _measured(settings, network, fields, members, start, batch, work, f"{activation}-{fields['name']}")
        for fields in each["arms"]
    ]
    arms = [Arm(**fields["arm"]) for fields in each["arms"]]
    return xr.Dataset(
        {name: (("arm", "seed"), np.stack([row[name] for row in rows])) for name in rows[0]},
        coords={
            "arm": [fields["name"] for fields in each["arms"]],
            "seed": seeds,
            "method": ("arm", [arm.method for arm in arms]),
            "ascent": ("arm", [arm.ascent for arm in arms]),
        },
        attrs={key: settings[key] for key in ("dataset", "train", "rate", "strength", "loss", "alike")},
    )


def _measured(
    settings: Mapping[str, Any],
    network: Network,
    fields: Mapping[str, Any],
    members: Members,
    start: Parameters,
    batch: Batch,
    work: Work,
    name: str,
) -> dict[str, np.ndarray[Any, Any]]:
    """One arm's row of every variable, (seed,) each."""
    target = settings["loss"]
    step = UntilLoss(_step(network, Arm(**fields["arm"]), fields["share"] * settings["rate"]), target)
    alike = Recording(
        lambda parameters: evaluated(network, current(first_members(parameters, len(members))), batch),
        dict.fromkeys((*MEASURED, "loss_here"), ()),
        (settings["alike"],),
        along="updates_alike",
    )
    trained = train(
        members,
        with_previous(start),
        step,
        lambda k: batch,
        settings["steps"],
        recordings=(alike,),
        work=work,
        name=name,
    )
    ends = [evaluated(network, part(trained.parameters), batch) for part in (previous, current)]
    losses = torch.stack([end["loss_here"] for end in ends])
    row = {
        key: interpolated(target, losses, torch.stack([end[key] for end in ends])).cpu().numpy()
        for key in MEASURED
    }
    for key in MEASURED:
        row[f"{key}_alike"] = trained.history[key].isel(updates_alike=0).values
    row["loss_alike"] = trained.history["loss_here"].isel(updates_alike=0).values
    reached = trained.history["loss"].values <= target
    row["updates"] = np.where(reached.any(axis=1), reached.argmax(axis=1), np.nan)
    return row


def _step(network: Network, arm: Arm, rate: float) -> Step:
    optimiser = SGD(rate)
    if arm.method == "plain":
        return GradientStep(loss(network), optimiser)
    if arm.method == "double":
        return DoubleBackpropagationStep(loss(network), optimiser, arm.strength)
    return DifferenceStep(loss(network), optimiser, arm.strength, arm.signed_ascent)


def evaluated(network: Network, parameters: Parameters, batch: Batch) -> dict[str, Tensor]:
    """As `of_networks`, each member to the last bit the same in any company."""
    count = len(batch["labels"])
    with one_thread():
        if needs_company(parameters):
            return first_members(of_networks(network, in_company(parameters), in_company(batch)), count)
        return of_networks(network, parameters, batch)


def of_networks(network: Network, parameters: Parameters, batch: Batch) -> dict[str, Tensor]:
    """``squared_gradient``, ``trace`` and ``loss_here`` of every member on its batch, (member,) float64."""
    values = {name: value.double() for name, value in parameters.items()}
    shown = {"x": batch["x"].double(), "labels": batch["labels"]}
    losses, gradients = value_and_gradients(loss(network), values, shown)
    squares = torch.stack([value.square().flatten(1).sum(dim=1) for value in gradients.values()])
    layers = range(1, network.layers + 1)
    trace = hessian_trace(
        _named(values, "W", layers),
        _named(values, "b", layers),
        DERIVATIVES[network.activation],
        shown["x"].flatten(2),
        shown["labels"],
    )
    return {"squared_gradient": squares.sum(dim=0), "trace": trace, "loss_here": losses}


def _named(values: Parameters, letter: str, layers: Sequence[int]) -> list[Tensor]:
    return [values[f"{letter}{layer}"] for layer in layers]
