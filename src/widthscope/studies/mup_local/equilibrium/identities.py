"""Identities of small networks of unequal widths, closed forms beside brute force, in 64 bits.

Brute force minimises the energy itself, one joint least-squares problem for each sample.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.local.inference import Inferred, Weights, energy_weights, weight_gradients
from widthscope.ensembles.local.linear_equilibrium import gauss_newton, linear_energy, linear_equilibrium
from widthscope.ensembles.local.predictive_coding import single_shot
from widthscope.ensembles.parameters import stacked
from widthscope.models import mlp
from widthscope.models.mlp import Forward, Parameters
from widthscope.streams import torch_generator

SIZES = (5, 7, 6, 8, 3)
WEIGHTS = (1.0, 0.7, 1.3, 2.5)
FIXED_WEIGHTS = (0.5, 1.0, 2.5)
"""gamma_L at which the fixed-prediction assumption is tested; gamma_l = 1 below."""


def closed_form(settings: Mapping[str, Any]) -> xr.Dataset:
    """Largest deviations of the closed form from brute force.

    Returns:
        Over (form, member): `states`, `errors`, `energy` and `envelope`, the last that of dF/dW at the
        equilibrium from the derivative of the least energy. The form "wrong" has all energies' weights in
        the correction equal to 1.
    """
    parameters, passed, y = _networks(settings, "identity")
    exact = _brute_force(parameters, passed, y)
    forms = {"closed": WEIGHTS, "wrong": (*[1.0] * (len(WEIGHTS) - 1), WEIGHTS[-1])}
    rows: dict[str, list[np.ndarray]] = {name: [] for name in ("states", "errors", "energy", "envelope")}
    for weights in forms.values():
        found = linear_equilibrium(parameters, passed, y, weights)
        rows["states"].append(_largest(found.states, exact.states))
        rows["errors"].append(_largest(found.errors, exact.errors))
        energy = linear_energy(parameters, passed, y, weights)
        rows["energy"].append((energy - _energy(exact, WEIGHTS)).abs().numpy())
        at_equilibrium = list(weight_gradients(exact, WEIGHTS).values())
        rows["envelope"].append(_largest(_envelope(parameters, passed.inputs[0], y, weights), at_equilibrium))
    return xr.Dataset(
        {name: (("form", "member"), np.stack(values)) for name, values in rows.items()},
        coords={"form": list(forms)},
    )


def fixed_predictions(settings: Mapping[str, Any]) -> xr.Dataset:
    """Largest deviation of a single pass with tanh from gamma_L times the gradient of back-propagation.

    Returns:
        `deviation` over (assumption, energy, member): with predictions fixed, and with them moving.
    """
    parameters, passed, y = _networks(settings, "tanh")
    exact = mlp.gradients(parameters, passed.inputs[0], y, "tanh").values
    rows = []
    for fixed in (True, False):
        for energy in FIXED_WEIGHTS:
            weights = energy_weights(len(SIZES) - 1, energy)
            found = single_shot(parameters, passed, y, "tanh", weights, fixed_predictions=fixed)
            scaled = [exact[name] * energy for name in exact]
            rows.append(_largest(list(weight_gradients(found, weights).values()), scaled))
    values = np.stack(rows).reshape(2, len(FIXED_WEIGHTS), -1)
    return xr.Dataset(
        {"deviation": (("assumption", "energy", "member"), values)},
        coords={"assumption": ["fixed", "moving"], "energy": list(FIXED_WEIGHTS)},
    )


def gauss_newton_limit(settings: Mapping[str, Any]) -> xr.Dataset:
    """Relative distance of the first layer's errors from a target's, by gamma_L.

    Returns:
        `distance` over (target, energy, member), of errors at unit length: their direction beside that of
        back-propagation does not turn to it.
    """
    parameters, passed, y = _networks(settings, "identity")
    target = gauss_newton(parameters, passed, y, WEIGHTS).errors[0]
    gradient = mlp.backward(parameters, passed, y - passed.outputs, "identity")[0]
    rows = []
    for energy in settings["energies"]:
        found = linear_equilibrium(parameters, passed, y, (*WEIGHTS[:-1], energy)).errors[0]
        rows.append([_relative(found, target), _relative(_unit(found), _unit(gradient))])
    values = np.moveaxis(np.array(rows), 0, 1)
    return xr.Dataset(
        {"distance": (("target", "energy", "member"), values)},
        coords={"target": ["gauss-newton", "back-propagation"], "energy": list(settings["energies"])},
    )


def _networks(settings: Mapping[str, Any], activation: str) -> tuple[Parameters, Forward, Tensor]:
    """Random networks, their forward pass at random inputs, and random targets."""
    members, inputs, targets = [], [], []
    for member in range(settings["networks"]):
        generator = torch_generator("mup_local", "equilibrium.identities", settings["seed"], member)
        members.append(mlp.initial(generator, SIZES))
        shape = (settings["samples"], SIZES[0] + SIZES[-1])
        drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
        inputs.append(drawn[:, : SIZES[0]])
        targets.append(drawn[:, SIZES[0] :])
    parameters = stacked(members, "cpu", torch.float64)
    return parameters, mlp.forward(parameters, torch.stack(inputs), activation), torch.stack(targets)


def _brute_force(parameters: Parameters, passed: Forward, y: Tensor) -> Inferred:
    """The states of least energy of every sample, by least squares.

    Errors are an affine function of all states together, e = A u + b, whose matrix is read off column by
    column from the definition.
    """
    names = mlp.layer_names(len(SIZES) - 1)
    hidden, x = list(SIZES[1:-1]), passed.inputs[0]

    def errors(states: Tensor) -> list[Tensor]:
        u = [x, *torch.split(states, hidden, dim=2), y]
        return [u[k + 1] - torch.bmm(u[k], parameters[name].mT) for k, name in enumerate(names)]

    def weighted_errors(states: Tensor) -> Tensor:
        return torch.cat([gamma**0.5 * e for gamma, e in zip(WEIGHTS, errors(states), strict=True)], dim=2)

    zero = torch.zeros(*x.shape[:2], sum(hidden), dtype=torch.float64)
    offset = weighted_errors(zero)
    columns = [weighted_errors(zero + unit) - offset for unit in torch.eye(sum(hidden), dtype=torch.float64)]
    solved = torch.linalg.lstsq(torch.stack(columns, dim=3), -offset[..., None]).solution[..., 0]
    states = tuple(torch.split(solved, hidden, dim=2))
    return Inferred(states, tuple(errors(solved)), (x, *states))


def _envelope(parameters: Parameters, x: Tensor, y: Tensor, weights: Weights) -> list[Tensor]:
    """dF*/dW of the closed form of the least energy, by automatic differentiation."""
    followed = {name: value.detach().clone().requires_grad_() for name, value in parameters.items()}
    passed = mlp.forward(followed, x, "identity")
    least = linear_energy(followed, passed, y, weights).sum()
    return list(torch.autograd.grad(least, list(followed.values())))


def _energy(inferred: Inferred, weights: tuple[float, ...]) -> Tensor:
    parts = [
        gamma * error.square().sum(dim=2).mean(dim=1) / 2
        for gamma, error in zip(weights, inferred.errors, strict=True)
    ]
    return torch.stack(parts).sum(dim=0)


def _largest(found: Any, exact: Any) -> np.ndarray:
    """Largest absolute difference of each member, over tensors (member, ...)."""
    worst = [(a - b).abs().flatten(1).amax(dim=1) for a, b in zip(found, exact, strict=True)]
    values: np.ndarray = torch.stack(worst).amax(dim=0).detach().numpy()
    return values


def _relative(found: Tensor, target: Tensor) -> np.ndarray:
    values: np.ndarray = ((found - target).flatten(1).norm(dim=1) / target.flatten(1).norm(dim=1)).numpy()
    return values


def _unit(values: Tensor) -> Tensor:
    lengths: Tensor = values.flatten(1).norm(dim=1)
    return values.div(lengths[:, None, None])
