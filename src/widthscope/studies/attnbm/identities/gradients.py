"""The closed gradient against automatic differentiation, finite differences, and exact samples."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann import gradient, mixture
from widthscope.boltzmann.mixture import Machine
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.identities.machines import drawn, stacked
from widthscope.work import Work

ROWS = 20
"""Visible vectors that the likelihood is taken of."""

SCALE = 0.5
"""Of the weights: every component then has some hundred of the samples, and its mean a normal error."""

STEPS = tuple(2.0**-k for k in range(4, 9))
"""Of the finite differences: rounding, 1e-16 over the step, is far below their error at all of them."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Deviations of the closed gradient for each machine.

    Args:
        settings: `visible`, `hidden`, `machines`, `samples`, `seed`.
        datasets: none is read.
        work: its progress shows the machines sampled.

    Returns:
        Over machines: `autodiff` and its `wrong_autodiff` with uniform mixing weights (machine, parameter),
        largest deviations; `differences` (machine, way, step), root mean square error of central and of
        one-sided differences, and of central ones against the wrong gradient; `z_squared` (machine,
        formula), mean over entries of the squared deviation of the sampled expectation in standard errors.
    """
    key = ("attnbm", "identities.gradients", settings["seed"])
    count = settings["machines"]
    machines = stacked(
        [drawn((*key, m), settings["hidden"], settings["visible"], SCALE) for m in range(count)]
    )
    generators = [torch_generator(*key, m, "rows") for m in range(count)]
    rows = torch.stack(
        [torch.randn(ROWS, settings["visible"], generator=one, dtype=torch.float64) for one in generators]
    )
    closed, wrong = gradient.log_likelihood_gradient(machines, rows), uniform_gradient(machines, rows)
    automatic = by_differentiation(machines, rows)
    squares = [
        z_squared(Machine(*(tensor[m] for tensor in machines)), settings["samples"], (*key, m))
        for m in work.progress(range(count), total=count, description="machines")
    ]
    errors = [
        [root_mean_square(differences(machines, rows, step, central) - flat(against)) for step in STEPS]
        for central, against in ((True, closed), (False, closed), (True, wrong))
    ]
    return xr.Dataset(
        {
            "autodiff": (("parameter", "machine"), _largest(closed, automatic)),
            "wrong_autodiff": (("parameter", "machine"), _largest(wrong, automatic)),
            "differences": (
                ("way", "step", "machine"),
                torch.stack([torch.stack(e) for e in errors]).numpy(),
            ),
            "z_squared": (("machine", "formula"), torch.tensor(squares, dtype=torch.float64).numpy()),
        },
        coords={
            "parameter": ["W", "b", "c"],
            "way": ["central", "one-sided", "uniform"],
            "step": list(STEPS),
            "formula": ["closed", "uniform"],
        },
        attrs={"samples": settings["samples"]},
    )


def uniform_gradient(machine: Machine, visible: Tensor) -> Machine:
    """The gradient with 1/H in place of the mixing weights, which is wrong."""
    uniform = torch.full_like(machine.hidden_bias, 1 / machine.hidden_units)
    data, model = gradient.data_term(machine, visible), gradient.model_term(machine, uniform)
    return Machine(*(ours - theirs for ours, theirs in zip(data, model, strict=True)))


def by_differentiation(machine: Machine, visible: Tensor) -> Machine:
    """The gradient of the mean log density by automatic differentiation."""
    leaves = Machine(*(tensor.clone().requires_grad_() for tensor in machine))
    total = mixture.log_density(leaves, visible).mean(-1).sum()
    return Machine(*torch.autograd.grad(total, list(leaves)))


def differences(machine: Machine, visible: Tensor, step: float, central: bool) -> Tensor:
    """Finite differences of the mean log likelihood along every coordinate: (machine, parameters)."""
    found = []
    for field, tensor in machine._asdict().items():
        for place in range(tensor[0].numel()):
            move = torch.zeros(tensor[0].numel(), dtype=torch.float64)
            move[place] = step
            shift = move.reshape(tensor[0].shape)

            def at(amount: float, name: str = field, old: Tensor = tensor, by: Tensor = shift) -> Tensor:
                return mixture.log_density(machine._replace(**{name: old + amount * by}), visible).mean(-1)

            found.append((at(1.0) - at(-1.0)) / (2 * step) if central else (at(1.0) - at(0.0)) / step)
    return torch.stack(found, dim=-1)


def z_squared(machine: Machine, samples: int, key: tuple[str | int, ...]) -> tuple[float, float]:
    """Mean square of (sampled - expected)/standard error over entries: closed form, and uniform weights."""
    drawn_rows = mixture.sample(machine, samples, torch_generator(*key, "samples"))
    attention = mixture.responsibilities(machine, drawn_rows)
    products = (attention.unsqueeze(-1) * drawn_rows.unsqueeze(-2)).flatten(1)
    every = torch.cat([products, drawn_rows, attention], dim=-1)
    mean, error = every.mean(0), every.std(0) / samples**0.5
    uniform = torch.full_like(machine.hidden_bias, 1 / machine.hidden_units)
    found = [
        float((((mean - flat_one(gradient.model_term(machine, mixing))) / error).square()).mean())
        for mixing in (None, uniform)
    ]
    return found[0], found[1]


def flat(parameters: Machine) -> Tensor:
    """All entries of a batch of gradients, (machine, entries)."""
    return torch.cat([tensor.flatten(1) for tensor in parameters], dim=-1)


def flat_one(parameters: Machine) -> Tensor:
    """All entries of one gradient."""
    return torch.cat([tensor.flatten() for tensor in parameters])


def root_mean_square(values: Tensor) -> Tensor:
    """Over the last dimension."""
    return values.square().mean(-1).sqrt()


def _largest(found: Machine, expected: Machine) -> Any:
    rows = [(ours - theirs).abs().flatten(1).amax(-1) for ours, theirs in zip(found, expected, strict=True)]
    return torch.stack(rows).numpy()
