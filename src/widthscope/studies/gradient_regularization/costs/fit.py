"""Evidence of the family `costs`: counts against their formulas, and ratios of bytes."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.gradient_regularisation import counts
from widthscope.statistics.evidence import claim_tree, evidence

FORMULAS = {
    "gradient": counts.gradient,
    "forward": counts.finite_difference,
    "backward": counts.finite_difference,
    "double": counts.double_backpropagation,
}

PER_LAYER = {"gradient": 3, "forward": 6, "backward": 6, "double": 9}
"""Products for each layer, as if the input needed a gradient too: the control's formula has no other term."""

NAMES = {
    "gradient": "gradient",
    "forward": "forward difference",
    "backward": "backward difference",
    "double": "double backpropagation",
}

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figure, by path."""
    steps = shards["costs"]["steps"].to_dataset().load()
    claims: dict[str, Evidence] = {"cost-matmuls": product_tests(steps), "cost-memory": memory_tests(steps)}
    return {**claim_tree(claims), "/curves/step-costs": steps}


def product_tests(steps: xr.Dataset) -> Evidence:
    """Counts against the formulas, and, reported, multiplications of both methods' products."""
    components, found, right, wrong = [], [], [], []
    for way in steps["way"].values:
        for activation in steps["activation"].values:
            for layers in steps["layers"].values:
                components.append(f"{NAMES[way]}, {activation}, L={layers}")
                found.append(int(steps["products"].sel(way=way, activation=activation, layers=layers)))
                right.append(FORMULAS[way](int(layers)))
                wrong.append(PER_LAYER[way] * int(layers))
    return {
        "products": (evidence(components, found, 0.0, right), evidence(components, found, 0.0, wrong)),
        "multiplications": (ratios(steps, "multiplications", "double", "forward"), None),
    }


def memory_tests(steps: xr.Dataset) -> Evidence:
    """Bytes kept by double backpropagation over those of a finite difference; of that over a gradient."""
    return {"bytes": (ratios(steps, "bytes", "double", "forward"), ratios(steps, "bytes", "forward"))}


def ratios(steps: xr.Dataset, quantity: str, way: str, other: str = "gradient") -> xr.Dataset:
    """One quantity of a way over another way's, by activation and depth."""
    found = steps[quantity].sel(way=way) / steps[quantity].sel(way=other)
    components = [
        f"{activation}, L={layers}"
        for activation in steps["activation"].values
        for layers in steps["layers"].values
    ]
    return evidence(components, found.values.ravel(), 0.0)
