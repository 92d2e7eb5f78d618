"""Linear networks, whose equilibrium is known: gradients at random weights and after training."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.ensembles.local.inference import energy_weights
from widthscope.ensembles.local.linear_equilibrium import gauss_newton, linear_equilibrium
from widthscope.ensembles.local.weight_step import stepped
from widthscope.models import mlp
from widthscope.models.mlp import Parameters
from widthscope.parameterisations.exponents import Exponents
from widthscope.studies.mup_local.gradients.arms import ARMS, LINEAR, Arm
from widthscope.studies.mup_local.gradients.comparison import (
    Factors,
    back_propagated,
    cosines,
    inferred_factors,
    relative_difference,
)
from widthscope.studies.mup_local.networks import Images, members, parameterised
from widthscope.work import Work

ACTIVATION = "identity"
TRAINED_DEPTH = 3
TRAINED = ("standard", "gauss-newton")
RATES = ("learning_rate", "larger_rate")
"""Settings that give the learning rates: the first is judged, the second reported."""

MAXIMAL_UPDATE = Exponents(1.0, (-1.0, 0.0, 1.0))
"""Of gradient descent, by which networks are trained; that of predictive coding with gamma_L of order 1."""


def at_initialisation(settings: Mapping[str, Any], images: Images, work: Work) -> xr.Dataset:
    """Relative differences and cosines of gradients, over depth, arm, width, member and layer.

    Returns:
        `whole` (depth, arm, width, member), of all weights together; `relative`, `cosine_bp` and `cosine_gn`
        (.., layer), NaN where a network has no such layer.
    """
    depths, widths = settings["depths"], settings["linear_widths"]
    found = np.full((4, len(depths), len(LINEAR), len(widths), settings["seeds"], max(depths)), np.nan)
    places = [(d, w) for d in range(len(depths)) for w in range(len(widths))]
    for d, w in work.progress(places, total=len(places), description="depths and widths, linear"):
        layers, width, first = depths[d], widths[w], 0
        for drawn in _members("gradients.linear", width, settings, layers, images, work.device):
            last = first + len(drawn["W1"])
            for a, name in enumerate(LINEAR):
                arm = ARMS[name]
                parameters = parameterised(drawn, arm.exponents, settings["base"])
                relative, whole, to_bp, to_gn = _compared(parameters, images, arm, settings["base"])
                found[0, d, a, w, first:last, 0] = whole
                for quantity, values in enumerate((relative, to_bp, to_gn), start=1):
                    found[quantity, d, a, w, first:last, :layers] = values
            first = last
    dims = ("depth", "arm", "width", "member", "layer")
    names = ("relative", "cosine_bp", "cosine_gn")
    return xr.Dataset(
        {"whole": (dims[:-1], found[0, ..., 0])}
        | {name: (dims, values) for name, values in zip(names, found[1:], strict=True)},
        coords={
            "depth": list(depths),
            "arm": list(LINEAR),
            "width": list(widths),
            "layer": np.arange(1, max(depths) + 1),
        },
        attrs={"base": settings["base"]},
    )


def after_training(settings: Mapping[str, Any], images: Images, work: Work) -> xr.Dataset:
    """The same after gradient descent on the batch in its maximal-update parameterisation.

    Returns:
        `whole` (rate, arm, width, member), both arms at the same trained weights; `loss_before` and
        `loss_after` (rate, width, member). Rates are those of `RATES`, which start from the same draws.
    """
    widths, base = settings["trained_widths"], settings["trained_base"]
    whole = np.full((len(RATES), len(TRAINED), len(widths), settings["seeds"]), np.nan)
    losses = np.full((2, len(RATES), len(widths), settings["seeds"]), np.nan)
    for w, width in enumerate(work.progress(widths, total=len(widths), description="widths, trained")):
        first = 0
        for drawn in _members("gradients.trained", width, settings, TRAINED_DEPTH, images, work.device):
            place = slice(first, first + len(drawn["W1"]))
            initial = parameterised(drawn, MAXIMAL_UPDATE, base)
            losses[0, :, w, place] = _loss(initial, images)
            for r, rate in enumerate(RATES):
                trained = descended(initial, images, width, settings[rate], settings)
                losses[1, r, w, place] = _loss(trained, images)
                for a, name in enumerate(TRAINED):
                    whole[r, a, w, place] = _compared(trained, images, ARMS[name], base)[1]
            first = place.stop
    return xr.Dataset(
        {
            "whole": (("rate", "arm", "width", "member"), whole),
            "loss_before": (("rate", "width", "member"), losses[0]),
            "loss_after": (("rate", "width", "member"), losses[1]),
        },
        coords={
            "rate": list(RATES),
            "learning_rate": ("rate", [settings[rate] for rate in RATES]),
            "arm": list(TRAINED),
            "width": list(widths),
        },
        attrs={"base": settings["trained_base"]},
    )


def descended(
    parameters: Parameters, images: Images, width: int, learning_rate: float, settings: Mapping[str, Any]
) -> Parameters:
    """Weights after `steps` of gradient descent on the whole batch, rates as the maximal update asks for.

    Trained in 32 bits: which weights these are matters less than that gradients are compared at them in 64.
    """
    x, y = (values.float() for values in images.of(len(parameters["W1"])))
    parameters = {name: values.float() for name, values in parameters.items()}
    names = mlp.layer_names(len(parameters))
    rates = {
        name: learning_rate * MAXIMAL_UPDATE.rate(layer, len(names), width, settings["trained_base"])
        for layer, name in enumerate(names, start=1)
    }
    for _ in range(settings["steps"]):
        passed = mlp.forward(parameters, x, ACTIVATION)
        errors = mlp.backward(parameters, passed, y - passed.outputs, ACTIVATION)
        parameters = stepped(parameters, names, errors, passed.inputs, rates)
    return {name: values.double() for name, values in parameters.items()}


def _compared(parameters: Parameters, images: Images, arm: Arm, base: int) -> tuple[np.ndarray, ...]:
    """Relative difference by layer, that of all weights, cosines to back-propagation and to Gauss-Newton."""
    x, y = images.of(len(parameters["W1"]))
    width = parameters["W1"].shape[1]
    energy = arm.exponents.energy_factor(width, base)
    weights = energy_weights(len(parameters), energy)
    passed = mlp.forward(parameters, x, ACTIVATION)
    rule = inferred_factors(linear_equilibrium(parameters, passed, y, weights), weights)
    reference = back_propagated(parameters, passed, y, ACTIVATION, energy)
    # The target's signals at the feed-forward inputs; the last layer's is gamma_L e_L already.
    target = inferred_factors(gauss_newton(parameters, passed, y, weights), (*weights[:-1], 1.0))
    target = Factors(target.signals, passed.inputs)
    relative, whole = relative_difference(rule, reference)
    return tuple(
        values.cpu().numpy() for values in (relative, whole, cosines(rule, reference), cosines(rule, target))
    )


def _loss(parameters: Parameters, images: Images) -> np.ndarray:
    x, y = images.of(len(parameters["W1"]))
    found: np.ndarray = mlp.squared_loss(mlp.forward(parameters, x, ACTIVATION).outputs, y).cpu().numpy()
    return found


def _members(
    purpose: str, width: int, settings: Mapping[str, Any], layers: int, images: Images, device: str
) -> Any:
    inputs, outputs = images.x.shape[-1], images.y.shape[-1]
    names = (purpose, settings["seed"])
    return members(names, width, settings["seeds"], layers, inputs, outputs, device)
