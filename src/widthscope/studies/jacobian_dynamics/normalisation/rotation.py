"""A rotation in discrete time: eigenvalues outside the unit circle, which normalisation takes back to it.

One token, whose attention is 1, with value weights that turn every pair of coordinates; and the same as an
oscillator of all coordinates without attention.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.models.recurrence.initial import sphere_tokens
from widthscope.models.recurrence.oscillators import rotated
from widthscope.models.recurrence.rule import Rule
from widthscope.spectra.eigenvalue_matching import largest_distance
from widthscope.spectra.finite_time import finite_time
from widthscope.streams import torch_generator
from widthscope.work import Work

ARMS = ("unit", "oscillator", "none")
STEPS = 16
UNEQUAL = (0.25, 0.5, 1.0)
"""Step size times frequency of three pairs that differ."""

SETTLED = 300
"""Steps after which the pairs of lower frequencies have died out."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Distances from the exact spectrum by arm, width and angle.

    Args:
        settings: those of `Rotation` and `seed`.
        datasets: none is read.
        work: its progress shows the points done.

    Returns:
        Over (arm, width, angle): `spectrum`, largest distance of an eigenvalue from the exact spectrum under
        the norm, over all states; `outside`, largest distance from the one without a norm; `exponents`,
        largest modulus of the D - 1 exponents over 16 steps. Over (state,), for unequal frequencies:
        `transient` and `settled`, the spectral radius under the norm at a random state and after many steps.
        Over (shown, value, part): `cloud`, eigenvalues for the figure, of the largest angle and width 8 or
        less.
    """
    widths, angles, draws = settings["widths"], settings["angles"], settings["draws"]
    found = np.full((3, len(ARMS), len(widths), len(angles)), np.nan)
    points = [(i, j, k) for i in range(len(ARMS)) for j in range(len(widths)) for k in range(len(angles))]
    for i, j, k in work.progress(points, total=len(points), description="rotations"):
        found[:, i, j, k] = _distances(ARMS[i], widths[j], angles[k], draws, settings["seed"])
    transient, settled = _unequal(draws, settings["seed"])
    return xr.Dataset(
        {
            **{
                name: (("arm", "width", "angle"), values)
                for name, values in zip(("spectrum", "outside", "exponents"), found, strict=True)
            },
            "transient": ("state", transient),
            "settled": ("state", settled),
            "cloud": (("shown", "angle", "value", "part"), _clouds(angles, settings["seed"])),
        },
        coords={
            "arm": list(ARMS),
            "width": list(widths),
            "angle": list(angles),
            "shown": ["unit", "none"],
            "part": ["real", "imaginary"],
        },
        attrs={"states": draws, "cloud_width": CLOUD},
    )


CLOUD = 8
"""Width of the eigenvalues that the figure shows."""


def exact_spectrum(width: int, angle: float) -> Tensor:
    """Eigenvalues (width,) under the norm: 0, cos theta, and exp(+-i theta), (D - 2)/2 times each; theta =
    arctan(angle). Source: theory notes 3.4."""
    theta = np.arctan(angle)
    turning = [np.exp(1j * theta), np.exp(-1j * theta)] * ((width - 2) // 2)
    return torch.tensor([0.0, np.cos(theta), *turning], dtype=torch.complex128)


def rotation(arm: str, angles: Tensor, states: int) -> RecurrentDynamics:
    """Dynamics of one token per state (states, width), turned by step size times frequency `angles`, one for
    each pair of coordinates (width / 2,)."""
    width = 2 * len(angles)
    zeros = torch.zeros(states, 1, width, width, dtype=torch.float64)
    eye = torch.eye(width, dtype=torch.float64).expand(states, 1, width, width)
    drive = torch.zeros(states, 1, 1, width, dtype=torch.float64)
    parameters = {"query": zeros, "key": zeros, "step": torch.ones(states, dtype=torch.float64)}
    if arm == "oscillator":
        parameters |= {"value": zeros, "output": zeros, "frequency": angles[:1].expand(states)}
        return RecurrentDynamics(Rule("akorn", oscillator=width), parameters, drive)
    turned = rotated(eye[0, 0]) * angles.repeat_interleave(2)[:, None]  # row a: what unit vector a becomes
    parameters |= {"value": eye, "output": turned.expand(states, 1, width, width)}
    return RecurrentDynamics(Rule(norm="none" if arm == "none" else "unit"), parameters, drive)


def _states(width: int, states: int, seed: int) -> Tensor:
    generator = torch_generator("jacobian_dynamics", "normalisation.rotation", seed, width)
    return sphere_tokens(generator, 1, states, width)[0]


def _distances(arm: str, width: int, angle: float, states: int, seed: int) -> tuple[float, float, float]:
    dynamics = rotation(arm, torch.full((width // 2,), angle, dtype=torch.float64), states)
    state = _states(width, states, seed)
    eigenvalues = torch.linalg.eigvals(dynamics.jacobian(state))
    exact = exact_spectrum(width, angle).expand(states, width)
    bare = torch.tensor([1 + 1j * angle, 1 - 1j * angle], dtype=torch.complex128).repeat(width // 2)
    exponents = finite_time(dynamics, state, STEPS, width - 1, method="dense").exponents
    return (
        float(largest_distance(eigenvalues, exact).max()),
        float(largest_distance(eigenvalues, bare.expand(states, width)).max()),
        float(exponents.abs().max()),
    )


def _unequal(states: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Spectral radii (state,) at random states, and when the fastest pair alone is left."""
    dynamics = rotation("unit", torch.tensor(UNEQUAL, dtype=torch.float64), states)
    state = _states(2 * len(UNEQUAL), states, seed)
    radii = []
    for steps in (0, SETTLED):
        for _ in range(steps):
            state = dynamics.step(state)
        radii.append(torch.linalg.eigvals(dynamics.jacobian(state)).abs().amax(-1).numpy())
    return radii[0], radii[1]


def _clouds(angles: list[float], seed: int) -> np.ndarray:
    """Eigenvalues (arm, angle, value, part) of one state, with and without the norm."""
    rows = []
    for arm in ("unit", "none"):
        for angle in angles:
            dynamics = rotation(arm, torch.full((CLOUD // 2,), angle, dtype=torch.float64), 1)
            eigenvalues = torch.linalg.eigvals(dynamics.jacobian(_states(CLOUD, 1, seed)))[0]
            rows.append(torch.view_as_real(eigenvalues).numpy())
    return np.array(rows).reshape(2, len(angles), CLOUD, 2)
