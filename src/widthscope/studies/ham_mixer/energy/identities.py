"""The exact statements: gradients and Hessians of Lagrangians, and the skip connection in a decayed step."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional

from widthscope.associative_memory import layer_norm
from widthscope.associative_memory.adiabatic import decayed_and_residual
from widthscope.associative_memory.lagrangians import GELU, UNITS
from widthscope.streams import torch_generator
from widthscope.studies.ham_mixer.energy.systems import drawn
from widthscope.work import Work

STATE = (5, 7)
SMALL_STATE = (4, 5)
"""Of which Hessians are formed."""

EPSILONS = (0.0, 1e-6, 0.1)
REACH = 6.0
SHOWN = 121
SIZES = {"tokens": 8, "channels": 12, "token_hidden": 16, "channel_hidden": 48}
SKIP_UNITS = ("relu", "gelu")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Largest errors of what is claimed, and the least of what is wrong, over random states.

    Args:
        settings: as `settings.Identities`, and `seed`.
        datasets: none is read.
        work: nothing of it is used; the tables are small.
    """
    found = xr.Dataset(coords={"eps": list(EPSILONS), "unit": list(UNITS), "skip_unit": list(SKIP_UNITS)})
    found.update(_normalisation(settings))
    found.update(_activations(settings["points"]))
    found.update(_hessians(settings))
    found.update(_skip(settings))
    return found.assign_attrs(decay=settings["decay"], steps=settings["steps"], states=settings["states"])


def gradient(potential: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Of the sum of a potential, by automatic differentiation; shape of x."""
    leaf = x.detach().requires_grad_()
    return torch.autograd.grad(potential(leaf).sum(), leaf)[0]


def _states(settings: Mapping[str, Any], purpose: str, shape: tuple[int, int]) -> Tensor:
    generator = torch_generator("ham_mixer", f"energy.{purpose}", settings["seed"])
    return 2 * torch.randn(settings["states"], *shape, generator=generator, dtype=torch.float64) + 0.5


def _normalisation(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Gradient of N sqrt(var + eps) against LN, and of two Lagrangians that are not LN's."""
    x = _states(settings, "normalisation", STATE)
    count = layer_norm.entries(x)
    errors = []
    for eps in EPSILONS:
        found = gradient(partial(layer_norm.lagrangian, eps=eps), x)
        errors.append(float((found - layer_norm.normalised(x, eps)).abs().max()))
    wrong = {
        "length": lambda z: layer_norm.lagrangian(z) / count**0.5,
        "per_token": lambda z: z.shape[-1] * z.std(-1, correction=0),
    }
    least = {
        f"normalisation_{name}": ((), float(_worst(gradient(potential, x) - layer_norm.normalised(x)).min()))
        for name, potential in wrong.items()
    }
    return {"normalisation": ("eps", errors), **least}


def _activations(points: int) -> dict[str, Any]:
    """Derivatives of the hidden units' Lagrangians against their activations, and curves for the figure."""
    z = torch.linspace(-REACH, REACH, points, dtype=torch.float64)
    errors = [
        float((gradient(unit.lagrangian, z) - unit.activation(z)).abs().max()) for unit in UNITS.values()
    ]
    approximate = functional.gelu(z, approximate="tanh")
    shown = torch.linspace(-3, 3, SHOWN, dtype=torch.float64)
    return {
        "activation": ("unit", errors),
        "activation_tanh_form": ((), float((gradient(GELU.lagrangian, z) - approximate).abs().max())),
        "phi": (("unit", "z"), torch.stack([unit.activation(shown) for unit in UNITS.values()]).numpy()),
        "potential": (
            ("unit", "z"),
            torch.stack([unit.lagrangian(shown) for unit in UNITS.values()]).numpy(),
        ),
        "z": ("z", shown.numpy()),
    }


def _hessians(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The Hessian of LN's Lagrangian by automatic differentiation, against the formula and what follows."""
    x = _states(settings, "hessian", SMALL_STATE)
    exact = torch.stack([_hessian(layer_norm.lagrangian, one) for one in x])
    formula = layer_norm.hessian(x)
    u = _states(settings, "direction", SMALL_STATE)
    form = torch.einsum("ri,rij,rj->r", u.flatten(1), exact, u.flatten(1))
    ones, flat = torch.ones_like(x).flatten(1), x.flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    count = layer_norm.entries(x)
    outer = centred[:, :, None] * centred[:, None, :] / centred.square().sum(1)[:, None, None]
    squared_length = torch.stack(
        [_hessian(lambda z: count * z.square().mean((-2, -1)).sqrt(), one) for one in x]
    )
    softened = torch.stack([_hessian(lambda z: layer_norm.lagrangian(z, 1.0), one) for one in x])
    concave = torch.diag_embed(GELU.slope(-1.0 - torch.rand_like(flat)))
    least = torch.linalg.eigvalsh(exact)
    return {
        "hessian": ((), float((exact - formula).abs().max())),
        "curvature": ((), float((layer_norm.curvature(x, u) - form).abs().max())),
        "hessian_without_state": (
            (),
            float(_worst(exact - (formula + outer / layer_norm.deviation(x)[:, None, None])).min()),
        ),
        "null_ones": ((), float(_times(exact, ones).abs().max())),
        "null_state": ((), float(_times(exact, flat).abs().max())),
        "null_ones_wrong": ((), float(_times(squared_length, ones).abs().amax(1).min())),
        "null_state_wrong": ((), float(_times(softened, flat).abs().amax(1).min())),
        "least_eigenvalue": ((), float(least.min())),
        "least_eigenvalue_gelu": ((), float(torch.linalg.eigvalsh(concave)[:, 0].max())),
        "eigenvalues": ("place", (least * layer_norm.deviation(x)[:, None])[0].numpy()),
    }


def _skip(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Largest distance of the normalised states of decayed and residual steps, after each step."""
    systems = drawn(SIZES, settings["states"], "skip", settings["seed"])
    found = {}
    for rescaled in (True, False):
        found[rescaled] = [
            decayed_and_residual(
                systems.memory(unit, "asymmetric"),
                systems.state,
                settings["decay"],
                settings["steps"],
                rescaled,
            )
            for unit in SKIP_UNITS
        ]
    apart = {key: [(a - b).abs().amax((2, 3)) for a, b in pairs] for key, pairs in found.items()}
    return {
        "skip": (("skip_unit", "step"), torch.stack([one.amax(1) for one in apart[True]]).numpy()),
        "skip_unscaled": (("skip_unit", "step"), torch.stack([one.amin(1) for one in apart[False]]).numpy()),
    }


def _hessian(potential: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Of one state, (N, N)."""
    leaf = x.detach().requires_grad_()
    (first,) = torch.autograd.grad(potential(leaf).sum(), leaf, create_graph=True)
    rows = [torch.autograd.grad(entry, leaf, retain_graph=True)[0].flatten() for entry in first.flatten()]
    return torch.stack(rows)


def _times(matrices: Tensor, vectors: Tensor) -> Tensor:
    return (matrices @ vectors[..., None]).squeeze(-1)


def _worst(errors: Tensor) -> Tensor:
    """Largest of each state, (state,)."""
    return errors.abs().flatten(1).amax(1)
