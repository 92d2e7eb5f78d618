"""The density against the mixture written out, and partition functions against sums and integrals."""

import math
from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann import mixture, special_cases
from widthscope.boltzmann.mixture import Machine
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.identities.machines import PLANE, drawn, largest
from widthscope.work import Work

STEP, REACH = 0.2, 9.0
"""Of the grid, and how far it reaches beyond the outermost mean: the density is 1e-18 there."""

SHIFT = 100.0
"""Of all hidden units, along which the joint energy must not change."""

SHOWN = 61
"""Points a side of the density that a figure shows."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Deviations of every identity and of wrong formulas, for each machine.

    Args:
        settings: `sizes`, `machines`, `examples`, `spins`, `powers`, `seed`.
        datasets: none is read.
        work: its progress shows the machines done.

    Returns:
        `mixture` (machine, size), largest |log p - log p written out|, and `wrong_mixture` (machine, size,
        wrong) with wrong weights; `integral` (machine), |int p - 1|, and `wrong_integral` without the norms;
        `special` (machine, case), deviations of log partition functions and energies, and `wrong_special`;
        and one density in the plane, `log_density` (row, col) with the components' `means` and `mixing`.
    """
    rows = [
        _of_machine(settings, machine)
        for machine in work.progress(
            range(settings["machines"]), total=settings["machines"], description="machines"
        )
    ]
    found = xr.concat(rows, dim="machine")
    return found.merge(_shown(settings))


def _of_machine(settings: Mapping[str, Any], machine: int) -> xr.Dataset:
    key = ("attnbm", "identities.density", settings["seed"], machine)
    deviations, wrong = [], []
    for visible, hidden in settings["sizes"]:
        right, others = mixture_deviations(
            drawn((*key, visible, hidden), hidden, visible), settings["examples"], (*key, visible, hidden)
        )
        deviations.append(right)
        wrong.append(others)
    plane = drawn((*key, "plane"), _plane_units(settings), PLANE)
    names, special, wrong_special = special_deviations(settings, key)
    integral, wrong_integral = integral_deviations(plane)
    return xr.Dataset(
        {
            "mixture": ("size", deviations),
            "wrong_mixture": (("size", "wrong"), wrong),
            "integral": integral,
            "wrong_integral": wrong_integral,
            "special": ("case", special),
            "wrong_special": ("case", wrong_special),
        },
        coords={
            "size": [f"N={n}, H={h}" for n, h in settings["sizes"]],
            "visible": ("size", [n for n, _ in settings["sizes"]]),
            "wrong": ["uniform mixing weights", "hidden biases left out"],
            "case": names,
        },
    )


def mixture_deviations(
    machine: Machine, examples: int, key: tuple[str | int, ...]
) -> tuple[float, tuple[float, float]]:
    """Largest |log p - written out| over vectors near every component, beside both wrong mixtures.

    Written out: distances to the means b + w_j one component after the other, with log pi_j.
    """
    generator = torch_generator(*key, "vectors")
    chosen = torch.randint(machine.hidden_units, (examples,), generator=generator)
    means = mixture.component_means(machine)
    visible = means[chosen] + torch.randn(
        examples, machine.visible_units, generator=generator, dtype=torch.float64
    )
    distances = torch.stack([(visible - mean).square().sum(-1) for mean in means], dim=-1)
    gaussians = -0.5 * distances - 0.5 * machine.visible_units * math.log(2 * math.pi)
    found = mixture.log_density(machine, visible)

    def deviation(weights: Tensor) -> float:
        return largest(found - torch.logsumexp(gaussians + weights, dim=-1))

    uniform = torch.full_like(machine.hidden_bias, -math.log(machine.hidden_units))
    bare = machine._replace(hidden_bias=torch.zeros_like(machine.hidden_bias))
    return deviation(mixture.log_mixing_weights(machine)), (
        deviation(uniform),
        deviation(mixture.log_mixing_weights(bare)),
    )


def integral_deviations(machine: Machine) -> tuple[float, float]:
    """|int p - 1| in the plane, and the same with a partition function without the norms |w_j|^2/2."""
    logs = -mixture.energy(machine, plane_of(mixture.component_means(machine)))
    mass = torch.logsumexp(logs, dim=0) + 2 * math.log(STEP)
    without = math.log(2 * math.pi) + torch.logsumexp(
        machine.weights @ machine.visible_bias + machine.hidden_bias, dim=0
    )
    right, wrong = (float(mass - partition) for partition in (mixture.log_partition(machine), without))
    return abs(math.expm1(right)), abs(math.expm1(wrong))


def special_deviations(
    settings: Mapping[str, Any], key: tuple[str | int, ...]
) -> tuple[list[str], list[float], list[float]]:
    """Names of the special cases, their deviations, and those of wrong formulas."""
    spins, units = settings["spins"], _plane_units(settings)
    binary = drawn((*key, "binary"), 5, spins)
    summed = torch.logsumexp(-special_cases.binary_energy(binary, special_cases.all_spins(spins)), dim=0)
    unbiased = binary._replace(visible_bias=torch.zeros_like(binary.visible_bias))
    names = [f"{spins} binary units"]
    right = [largest(special_cases.binary_log_partition(binary) - summed)]
    wrong = [largest(special_cases.binary_log_partition(unbiased) - summed)]
    plane = drawn((*key, "power"), units, PLANE)
    for power in settings["powers"]:
        mixed = special_cases.power_machine(plane, power)
        grid = plane_of(mixture.component_means(mixed))
        for exponent, into in ((power, right), (power + 0.5, wrong)):
            logs = -special_cases.power_energy(plane, grid, exponent)
            integral = torch.logsumexp(logs, dim=0) + 2 * math.log(STEP)
            into.append(largest(integral - mixture.log_partition(mixed)))
        names.append(f"power {power}")
    generator = torch_generator(*key, "joint")
    visible = torch.randn(settings["examples"], PLANE, generator=generator, dtype=torch.float64)
    hidden = torch.randn(settings["examples"], units, generator=generator, dtype=torch.float64)
    before = special_cases.joint_energy(plane, visible, hidden)
    one = torch.zeros(units, dtype=torch.float64)
    one[0] = SHIFT
    for shift, into in ((torch.full_like(one, SHIFT), right), (one, wrong)):
        into.append(largest(special_cases.joint_energy(plane, visible, hidden + shift) - before))
    return [*names, f"joint energy, shift {SHIFT:g}"], right, wrong


def plane_of(means: Tensor) -> Tensor:
    """A grid (points, 2) of spacing `STEP` that reaches `REACH` beyond all means (H, 2)."""
    reach = math.ceil((float(means.abs().max()) + REACH) / STEP)
    line = STEP * torch.arange(-reach, reach + 1, dtype=torch.float64)
    return torch.cartesian_prod(line, line)


def _plane_units(settings: Mapping[str, Any]) -> int:
    return next(int(hidden) for visible, hidden in settings["sizes"] if visible == PLANE)


def _shown(settings: Mapping[str, Any]) -> xr.Dataset:
    """The density of the first machine in the plane, for a figure."""
    key = ("attnbm", "identities.density", settings["seed"], 0, "plane")
    machine = drawn(key, _plane_units(settings), PLANE)
    means = mixture.component_means(machine)
    middle, reach = means.mean(0), float((means - means.mean(0)).abs().max()) + 2.5
    line = torch.linspace(-reach, reach, SHOWN, dtype=torch.float64)
    points = torch.cartesian_prod(line + middle[1], line + middle[0]).flip(-1)
    logs = mixture.log_density(machine, points).reshape(SHOWN, SHOWN)
    return xr.Dataset(
        {
            "log_density": (("row", "col"), logs.float().numpy()),
            "means": (("component", "axis"), means.numpy()),
            "mixing": ("component", mixture.mixing_weights(machine).numpy()),
            "corner": ("axis", (middle - reach).numpy()),
            "side": 2 * reach,
        }
    )
