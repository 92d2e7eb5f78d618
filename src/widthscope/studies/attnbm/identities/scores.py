"""Score matching and the denoising autoencoder: expectations over corrupted vectors as integrals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann import denoising
from widthscope.boltzmann.mixture import Machine
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.identities.machines import PLANE, drawn
from widthscope.work import Work

SPACING, WIDEST = 0.25, 0.1
"""Of the grid, in units of s and at most: its error is then far below rounding (checked by halving it)."""

REACH = 9.0
"""How far the grid goes beyond the clean vectors, in units of s."""

IDENTITIES = ("denoising = autoencoder", "explicit = denoising + const", "implicit = explicit - const")
GRADIENTS = ("gradient, explicit", "gradient, implicit")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Relative deviations of each identity, by width of the corruption and machine.

    Args:
        settings: `hidden`, `clean`, `machines`, `noises`, `seed`.
        datasets: none is read.
        work: its progress shows the machines done.

    Returns:
        Over (machine, noise): `deviation` (..., identity), of objectives relative to the denoising one and of
        gradients relative to its largest entry; `unscaled`, that of the first identity where the energy is
        not divided by s^2; and `without_information`, that of the second without its constant.
    """
    rows = [
        [_at(settings, machine, noise) for noise in settings["noises"]]
        for machine in work.progress(
            range(settings["machines"]), total=settings["machines"], description="machines"
        )
    ]
    names = rows[0][0].keys()
    dims = {"deviation": ("machine", "noise", "identity")}
    return xr.Dataset(
        {
            name: (
                dims.get(name, ("machine", "noise")),
                np.array([[one[name] for one in row] for row in rows]),
            )
            for name in names
        },
        coords={"noise": list(settings["noises"]), "identity": [*IDENTITIES, *GRADIENTS]},
    )


@dataclass(frozen=True)
class Objectives:
    """The objectives of one machine by integration, and the constants between them."""

    denoising: Tensor
    autoencoder: Tensor
    explicit: Tensor
    implicit: Tensor
    information: Tensor
    unscaled: Tensor

    def detached(self) -> "Objectives":
        """The same numbers without their history."""
        return Objectives(**{name: value.detach() for name, value in vars(self).items()})


def _at(settings: Mapping[str, Any], machine: int, noise: float) -> dict[str, Any]:
    key = ("attnbm", "identities.scores", settings["seed"], machine)
    leaves = Machine(*(tensor.requires_grad_() for tensor in drawn(key, settings["hidden"], PLANE)))
    clean = torch.randn(
        settings["clean"], PLANE, generator=torch_generator(*key, "clean"), dtype=torch.float64
    )
    found = objectives(leaves, clean, noise)
    slopes = [
        torch.cat([part.flatten() for part in torch.autograd.grad(one, list(leaves), retain_graph=True)])
        for one in (found.denoising, found.explicit, found.implicit)
    ]
    found = found.detached()
    constant = found.information - PLANE / (2 * noise**2)
    pairs = (
        (found.denoising, found.autoencoder / noise**4),
        (found.explicit, found.denoising + constant),
        (found.implicit, found.explicit - found.information),
    )
    scale = found.denoising.abs()
    deviations = [float(((one - other) / scale).abs()) for one, other in pairs]
    deviations += [float((slope - slopes[0]).abs().max() / slopes[0].abs().max()) for slope in slopes[1:]]
    return {
        "deviation": deviations,
        "unscaled": float(((found.unscaled - found.autoencoder / noise**4) / scale).abs()),
        "without_information": float(((found.explicit - found.denoising) / scale).abs()),
    }


def objectives(machine: Machine, clean: Tensor, noise: float, spacing: float | None = None) -> Objectives:
    """Every objective for clean vectors (K, 2), each as likely, corrupted by Gaussian noise of width s.

    Args:
        spacing: of the grid; by default a quarter of s, and at most 0.1.
    """
    step = min(SPACING * noise, WIDEST) if spacing is None else spacing
    low = clean.min(0).values - REACH * noise
    counts = torch.ceil((clean.max(0).values + REACH * noise - low) / step).int().tolist()
    lines = [low[axis] + step * torch.arange(counts[axis] + 1, dtype=torch.float64) for axis in range(PLANE)]
    points = torch.cartesian_prod(*lines)
    density = denoising.corrupted_log_density(clean, points, noise).exp() * step**2
    matching, auto, unscaled = (points.new_zeros(()) for _ in range(3))
    for vector in clean:
        near = (points - vector).norm(dim=-1) < REACH * noise
        around = points[near]
        pairs = vector.expand_as(around)
        kernel = denoising.corrupted_log_density(vector[None], around, noise).exp() * step**2 / len(clean)
        matching = matching + kernel @ denoising.denoising_objective(machine, pairs, around, noise)
        auto = auto + kernel @ denoising.autoencoder_loss(machine, pairs, around)
        plain = denoising.score(machine, around, 1.0) - (pairs - around) / noise**2
        unscaled = unscaled + kernel @ (0.5 * plain.square().sum(-1))
    return Objectives(
        denoising=matching,
        autoencoder=auto,
        explicit=density @ denoising.explicit_objective(machine, points, clean, noise),
        implicit=density @ denoising.implicit_objective(machine, points, noise),
        information=0.5 * density @ denoising.corrupted_score(clean, points, noise).square().sum(-1),
        unscaled=unscaled,
    )
