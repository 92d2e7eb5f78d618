"""Evidence on gradients of predictive coding over widths."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.mup_local.exponents_of_width import slope_evidence, without_smallest
from widthscope.studies.mup_local.gradients.arms import ARMS

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

RESIDUAL = 1e-4
"""Relative residual of the inference above which a gradient is not judged: theory notes, trap 6."""

LARGEST = 4
"""Widths from the largest down that slopes of linear networks are judged on: in narrow ones the output at the
beginning is not small beside the targets."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    linear, trained, tanh = (
        shards["gradients"][name].to_dataset().load() for name in ("linear", "trained", "tanh")
    )
    reached = tanh.where(tanh["residual"] <= RESIDUAL)
    claims = {
        "pc-first-order-limit": first_order_limit(linear, reached),
        "pc-first-order-rate-general": general_rate(reached),
        "pc-si-hidden-not-bp": single_pass(reached),
        "pc-not-first-order": not_first_order(linear, reached),
        "pc-stays-after-training": after_training(trained),
    }
    return {
        **claim_tree(claims),
        "/curves/pc-gradients": curve(reached),
        "/curves/pc-gradients-linear": linear_curve(linear, trained),
    }


def first_order_limit(linear: xr.Dataset, tanh: xr.Dataset) -> Evidence:
    """Slopes in the standard parameterisation, beside those where gamma_L grows with the width."""
    layers = _layers(tanh, "equilibrium", "standard")
    others = _layers(tanh, "equilibrium", "gauss-newton")
    depths = [int(depth) for depth in linear["depth"].values]
    right = [linear["whole"].sel(depth=depth, arm="standard") for depth in depths]
    wrong = [linear["whole"].sel(depth=depth, arm="gauss-newton") for depth in depths]
    names = [f"L={depth}, all weights" for depth in depths]
    every = [f"{name}, every width" for name in names] + [
        f"tanh, {name}, less the smallest" for name in layers
    ]
    shown = [*right, *(without_smallest(values) for values in layers.values())]
    return {
        "linear": (
            slope_evidence(names, _largest(right, LARGEST), -1.0),
            slope_evidence(names, _largest(wrong, LARGEST), -1.0),
        ),
        "tanh": (
            slope_evidence(list(layers), list(layers.values()), -1.0),
            slope_evidence(list(others), list(others.values()), -1.0),
        ),
        "drift": (slope_evidence(every, shown, -1.0), None),
    }


def general_rate(tanh: xr.Dataset) -> Evidence:
    """Slopes of each layer between the two ends, beside the Gauss-Newton-like end judged by the same."""
    layers = _layers(tanh, "equilibrium", "half")
    others = _layers(tanh, "equilibrium", "gauss-newton")
    rate = ARMS["half"].rate
    return {
        "slope": (
            slope_evidence(list(layers), list(layers.values()), rate),
            slope_evidence(list(others), list(others.values()), rate),
        ),
        "drift": (
            slope_evidence(list(layers), [without_smallest(values) for values in layers.values()], rate),
            None,
        ),
    }


def single_pass(tanh: xr.Dataset) -> Evidence:
    """Each layer's relative difference after one pass, beside those that another layer or rule has."""
    standard = list(_layers(tanh, "single", "standard").values())
    newton = list(_layers(tanh, "single", "gauss-newton").values())
    reached = list(_layers(tanh, "equilibrium", "standard").values())
    arms = ["standard", "Gauss-Newton-like"]
    count = standard[0].sizes["member"]
    first, second = ([float(_worst(layers[place])) for layers in (standard, newton)] for place in (0, 1))
    hidden = [layers[1] for layers in (standard, newton)]
    return {
        "hidden": (
            slope_evidence(arms, hidden, 0.0),
            slope_evidence(["at equilibrium"], [reached[1]], 0.0),
        ),
        "level": (
            of_seeds(arms, [values.isel(width=-1).values for values in hidden]),
            of_seeds(["at equilibrium"], [reached[1].isel(width=-1).values]),
        ),
        "first": (evidence(arms, first, 0.0, n=count), evidence(arms, second, 0.0, n=count)),
        "last": (
            slope_evidence(["standard"], [standard[2]], -1.0),
            slope_evidence(["Gauss-Newton-like"], [newton[2]], -1.0),
        ),
    }


def not_first_order(linear: xr.Dataset, tanh: xr.Dataset) -> Evidence:
    """Slopes and levels of all weights where C_gamma stays of order one, beside the standard case."""
    arms = {"gamma grows": "gauss-newton", "large readout": "large readout"}
    depths = [int(depth) for depth in linear["depth"].values]
    values = {
        f"linear, L={depth}, {name}": linear["whole"].sel(depth=depth, arm=arm)
        for depth in depths
        for name, arm in arms.items()
    } | {f"tanh, {name}": tanh["whole"].sel(inference="equilibrium", arm=arm) for name, arm in arms.items()}
    controls = {
        f"linear, L={depth}": linear["whole"].sel(depth=depth, arm="standard") for depth in depths
    } | {"tanh": tanh["whole"].sel(inference="equilibrium", arm="standard")}
    last = {
        kind: of_seeds(list(tables), [one.isel(width=-1).values for one in tables.values()])
        for kind, tables in (("measured", values), ("control", controls))
    }
    return {
        "slope": (
            slope_evidence(list(values), list(values.values()), 0.0),
            slope_evidence(list(controls), list(controls.values()), 0.0),
        ),
        "level": (last["measured"], last["control"]),
    }


def after_training(table: xr.Dataset) -> Evidence:
    """Slopes at trained weights, beside those where gamma_L grows, at the same weights.

    Judged is the smaller learning rate; slopes of both rates are reported with every width, with those that
    are judged, and without the smallest of these.
    """
    small = table.sel(rate="learning_rate")
    right, wrong = (small["whole"].sel(arm=arm) for arm in ("standard", "gauss-newton"))
    others = {
        f"rate {float(one['learning_rate']):g}": one["whole"].sel(arm="standard")
        for one in (table.isel(rate=place) for place in range(table.sizes["rate"]))
    }
    drift = {
        name: values
        for rate, whole in others.items()
        for name, values in (
            (f"{rate}, every width", whole),
            (f"{rate}, the widths judged", _largest([whole], LARGEST)[0]),
            (f"{rate}, these less the smallest", without_smallest(_largest([whole], LARGEST)[0])),
        )
    }
    ratio = (small["loss_after"] / small["loss_before"]).transpose("width", "member")
    return {
        "slope": (
            slope_evidence(["all weights"], _largest([right], LARGEST), -1.0),
            slope_evidence(["all weights"], _largest([wrong], LARGEST), -1.0),
        ),
        "drift": (
            slope_evidence(list(drift), list(drift.values()), -1.0),
            None,
        ),
        "loss": (of_seeds([f"M={width}" for width in table["width"].values], list(ratio.values)), None),
    }


def curve(tanh: xr.Dataset) -> xr.Dataset:
    """Relative differences by inference, arm, width and layer, with their bands."""
    return band(tanh["relative"], "relative", "member").assign_attrs(seeds=tanh.sizes["member"])


def linear_curve(linear: xr.Dataset, trained: xr.Dataset) -> xr.Dataset:
    """Of linear networks: all weights together over width, by depth, and at trained weights by rate."""
    return xr.merge(
        [
            band(linear["whole"], "whole", "member"),
            band(trained["whole"].rename(width="trained_width"), "trained", "member"),
        ],
        join="outer",
    ).assign_attrs(
        seeds=linear.sizes["member"],
        judged=LARGEST,
        base=linear.attrs["base"],
        trained_base=trained.attrs["base"],
    )


def _layers(tanh: xr.Dataset, inference: str, arm: str) -> dict[str, xr.DataArray]:
    table = tanh["relative"].sel(inference=inference, arm=arm)
    return {f"layer {int(layer)}": table.sel(layer=layer) for layer in table["layer"].values}


def _largest(tables: Sequence[xr.DataArray], count: int) -> list[xr.DataArray]:
    return [table.sortby("width").isel(width=slice(-count, None)) for table in tables]


def _worst(values: xr.DataArray) -> float:
    """Largest value; NaN if one is missing."""
    return float(np.max(values.values))
