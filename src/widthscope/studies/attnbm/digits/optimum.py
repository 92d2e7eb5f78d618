"""Attention on images times 2, by Adam and by expectation maximisation, and what it completes."""

import math
from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann import expectation_maximisation as em
from widthscope.boltzmann.completion import conditional_mean, random_mask, single_update
from widthscope.boltzmann.mixture import Machine, mean_negative_log_likelihood, mixing_weights
from widthscope.boltzmann.training import adam_cosine, from_data, small
from widthscope.ensembles.batches import OwnMinibatches, epochs
from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import Parameters, member_of, stacked
from widthscope.ensembles.training import train
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.digits.parts import PURPOSE, Parts, parts_of
from widthscope.work import Work

SCALE = 2.0
SHOWN = 24
"""Components of the first seed that are kept for the figure."""

STRIPS = 8
"""Completed images of the first seed that are kept for the figure."""

RIDGE = 1e-6
"""Added to the covariance of the linear regression, since some pixels never change."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Test NLL of every method, errors of completion, and pictures of the first seed.

    Args:
        settings: sizes as in `settings.Digits`, and `seed`.
        datasets: the one that the settings name.
        work: what the job gives.
    """
    drawn = parts_of(settings, datasets[settings["dataset"]], work.device)
    parts = Parts(*(SCALE * part for part in (drawn.train, drawn.validation, drawn.test)))
    trained = _by_adam(settings, parts, work)
    trained["em"] = _by_maximisation(settings, parts)
    likelihoods = _likelihoods(trained, parts)
    errors, strips = completed(settings, Machine.of(trained["data"]).double(), parts)
    return xr.DataTree.from_dict(
        {
            "/likelihoods": likelihoods,
            "/completion": errors,
            "/strips": strips,
            "/fields": _fields({name: member_of(own, 0) for name, own in trained.items()}),
        }
    )


def _by_adam(settings: Mapping[str, Any], parts: Parts, work: Work) -> dict[str, Parameters]:
    """Adam from small weights and from examples, on the same minibatches."""
    seeds = range(settings["seeds"])
    members = Members.grid(start=("small", "data"), seed=seeds)
    purpose = (*PURPOSE, settings["seed"])
    count, visible = settings["components"], parts.train.shape[2]
    drawn = [small(torch_generator(*purpose, "initial", count, seed), count, visible) for seed in seeds]
    drawn += [
        from_data(torch_generator(*purpose, "examples", seed), count, parts.train[seed].cpu())
        for seed in seeds
    ]
    steps, batch = settings["adam_steps"], settings["adam_batch"]
    orders = [torch_generator(*purpose, "adam-order", seed) for seed in seeds]
    order = epochs(orders, settings["train"], batch, steps)
    places = torch.tensor(members.values("seed"))
    images = OwnMinibatches({"visible": parts.train}, order, sets=places, orders=places)
    trained = train(
        members,
        stacked(drawn, device=work.device),
        adam_cosine(settings["adam_rate"], steps),
        images,
        steps,
        work=work,
        name="adam",
    )
    found = {start: members.where(start=start) for start in ("small", "data")}
    return {
        start: {name: value[own] for name, value in trained.parameters.items()}
        for start, own in found.items()
    }


def _by_maximisation(settings: Mapping[str, Any], parts: Parts) -> Parameters:
    """Expectation maximisation from examples, those that Adam starts from as well."""
    purpose = (*PURPOSE, settings["seed"])
    starts = [
        em.on_examples(torch_generator(*purpose, "examples", seed), settings["components"], own.cpu())
        for seed, own in enumerate(parts.train)
    ]
    device = parts.train.device
    start = em.Mixture(
        torch.stack([each.means for each in starts]).to(device),
        torch.stack([each.log_mixing for each in starts]).to(device),
    )
    found = em.fit(start, parts.train.double(), settings["em_iterations"], tolerance=1e-6)
    return em.machine_of(found.mixture)


def _likelihoods(trained: Mapping[str, Parameters], parts: Parts) -> xr.Dataset:
    """Mean NLL of every method and of a Gaussian of unit covariance, and how many components are in use."""
    rows: dict[str, dict[str, Tensor]] = {"train": {}, "test": {}}
    active = {}
    for name, own in trained.items():
        machine = Machine.of(own).double()
        weight = mixing_weights(machine)
        active[name] = (-(weight * weight.clamp_min(1e-300).log()).sum(-1)).exp()
        for part in rows:
            rows[part][name] = mean_negative_log_likelihood(machine, getattr(parts, part).double())
    constant = parts.test.shape[2] * math.log(2 * math.pi) / 2
    for part in rows:
        visible = getattr(parts, part).double()
        rows[part]["gaussian"] = visible.square().sum(2).mean(1) / 2 + constant
    methods = list(rows["test"])
    table = {
        part: (("optimiser", "seed"), torch.stack(list(found.values())).cpu().numpy())
        for part, found in rows.items()
    }
    active["gaussian"] = torch.ones_like(next(iter(active.values())))
    table["active"] = (("optimiser", "seed"), torch.stack([active[name] for name in methods]).cpu().numpy())
    return xr.Dataset(table, coords={"optimiser": methods}, attrs={"constant": constant})


def completed(settings: Mapping[str, Any], machine: Machine, parts: Parts) -> tuple[xr.Dataset, xr.Dataset]:
    """Mean squared errors at hidden pixels (completion, seed), and strips of the first seed's first images.

    Args:
        settings: `seed`, `hidden_share`.
        machine: of all seeds, float64.
        parts: whose test images are completed, and whose training images the regression knows.
    """
    images = parts.test.double()
    purpose = (*PURPOSE, settings["seed"], "hidden-pixels")
    hidden = torch.stack(
        [
            random_mask(tuple(images.shape[1:]), settings["hidden_share"], torch_generator(*purpose, seed))
            for seed in range(len(images))
        ]
    ).to(images)
    found = {
        "conditional": conditional_mean(machine, images, hidden),
        "single": single_update(machine, images, hidden),
        "mean": images * (1 - hidden),
        "regression": regressed(parts.train.double(), images, hidden),
        "other": conditional_mean(machine, images.roll(1, dims=1), hidden),
    }
    errors = {
        name: ((own - images).square() * hidden).sum((1, 2)) / hidden.sum((1, 2))
        for name, own in found.items()
    }
    table = xr.Dataset(
        {"error": (("completion", "seed"), torch.stack(list(errors.values())).cpu().numpy())},
        coords={"completion": list(errors)},
    )
    side = round(images.shape[2] ** 0.5)
    shown = {"original": images, "seen": torch.where(hidden.bool(), torch.nan, images), **found}
    kinds = ("original", "seen", "conditional", "single")
    pixels = torch.stack([shown[kind][0, :STRIPS].reshape(-1, side, side) for kind in kinds])
    strips = xr.Dataset(
        {"image": (("kind", "example", "row", "col"), pixels.float().cpu().numpy())},
        coords={"kind": list(kinds)},
    )
    return table, strips


def regressed(train: Tensor, images: Tensor, hidden: Tensor) -> Tensor:
    """Hidden pixels by linear regression on the seen ones: a Gaussian of the training images' covariance.

    Args:
        train: (seed, example, pixel), of mean 0.
        images: (seed, image, pixel), of which hidden pixels are not read.
        hidden: 1 where a pixel is hidden, else 0, the same shape.
    """
    filled = images.clone()
    covariances = train.mT @ train / train.shape[1]
    for covariance, image, mask in zip(covariances, filled, hidden.bool(), strict=True):
        for pixels, missing in zip(image, mask, strict=True):
            seen = ~missing
            known = covariance[seen][:, seen]
            known.diagonal().add_(RIDGE)
            explained = torch.linalg.solve(known, pixels[seen])
            pixels[missing] = covariance[missing][:, seen] @ explained
    return filled


def _fields(first: Mapping[str, Parameters]) -> xr.Dataset:
    """Means of the components with the largest mixing weights, of the first seed, for each method."""
    shown = {}
    for name, own in first.items():
        machine = Machine.of(own).double()
        largest = mixing_weights(machine).argsort(descending=True)[:SHOWN]
        means = (machine.visible_bias + machine.weights)[largest]
        side = round(means.shape[1] ** 0.5)
        shown[name] = means.reshape(-1, side, side).float().cpu().numpy()
    dims = ("unit", "row", "col")
    return xr.Dataset({name: (dims, pixels) for name, pixels in shown.items()})
