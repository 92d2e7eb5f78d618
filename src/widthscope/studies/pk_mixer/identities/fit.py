"""Evidence of the family `identities`: largest deviations, counts, slacks, widest shapes and costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.width_slopes import line_slopes

LAYERS = ("token mixing", "channel mixing", "channel mixing by permutations")
NORMS = ("sum of absolute values", "Frobenius norm", "least penalty")
EXPONENTS = {"stored": 1.0, "multiply_adds": 1.5}
"""Powers of the width m with which a layer of one weight on sqrt(m) inputs and its permutations grows."""

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    found = shards["identities"]
    equal, norms, density, budget, cost = (
        found[name].to_dataset().load() for name in ("equalities", "norms", "densities", "budgets", "costs")
    )
    claims: dict[str, Evidence] = {
        "vec-identity": {"deviation": deviations(equal, LAYERS)},
        "block-equivalence": {"deviation": deviations(equal, ("block",))},
        "monarch": {"matrix": deviations(equal, ("matrix",)), "tables": deviations(equal, ("tables",))},
        "density": density_tests(density),
        "width-optimum": budget_tests(budget),
        "l1-bound": bound_tests(norms),
        "rp-cost": cost_tests(cost),
    }
    return {
        **claim_tree(claims),
        "/curves/effective-weights": found["pictures"].to_dataset().load(),
        "/curves/effective-width": found["widths"].to_dataset().load(),
        "/curves/layer-costs": cost,
    }


def deviations(table: xr.Dataset, names: Sequence[str]) -> tuple[xr.Dataset, xr.Dataset]:
    """Largest deviations over the seeds from right formulas, least ones from wrong; by formula and shape."""
    components = [f"{name}, {shape}" for name in names for shape in table["shape"].values]
    draws = table.sizes["seed"]
    stored = [table[name.replace(" ", "_")] for name in names]
    right = [of_name.sel(formula="right").max("seed", skipna=False).values for of_name in stored]
    wrong = [of_name.sel(formula="wrong").min("seed", skipna=False).values for of_name in stored]
    measured, control = (
        evidence(components, np.concatenate(values), 0.0, 0.0, n=draws) for values in (right, wrong)
    )
    return measured, control


def density_tests(table: xr.Dataset) -> Evidence:
    """Counted densities against 1/C of token layers and 1/S of channel layers, and the other way round."""
    layers = {"token layer": ("channels", "tokens"), "channel layer": ("tokens", "channels")}
    components, counted, right, wrong = [], [], [], []
    for layer, (own, other) in layers.items():
        for place, shape in enumerate(table["shape"].values):
            of_seeds = table[layer.replace(" ", "_")].isel(shape=place).values
            right.append(1 / int(table[own][place]))
            wrong.append(1 / int(table[other][place]))
            counted.append(of_seeds[np.abs(of_seeds - right[-1]).argmax()])
            components.append(f"{layer}, {shape}")
    draws = table.sizes["seed"]
    measured, control = (evidence(components, counted, 0.0, values, n=draws) for values in (right, wrong))
    return {"density": (measured, control)}


def budget_tests(table: xr.Dataset) -> Evidence:
    """Tokens and width of the widest shape against closed forms, and against those of a dense layer."""
    components = [
        f"gamma={expansion}, {expansion * side**3} connections"
        for expansion in table["expansion"].values
        for side in table["side"].values
    ]

    def against(name: str, predicted: str, relative: bool = False) -> xr.Dataset:
        values, wanted = (table[each].values.ravel() for each in (name, predicted))
        return (
            evidence(components, values / wanted, 0.0, 1.0)
            if relative
            else evidence(components, values, 0.0, wanted)
        )

    return {
        "tokens": (against("tokens", "best"), against("tokens", "even")),
        "width": (against("width", "largest", relative=True), against("width", "dense", relative=True)),
        "fewest-parameters": (against("fewest", "best"), against("fewest", "even")),
    }


def bound_tests(table: xr.Dataset) -> Evidence:
    """Norms, slack of the bound, and its case of equality."""
    slack = table["slack"].sel(formula="right").min("seed", skipna=False)
    wrong = table["slack"].sel(formula="wrong").max("seed", skipna=False)
    shapes, draws = list(table["shape"].values), table.sizes["seed"]
    return {
        "slack": (
            evidence(shapes, slack.values, 0.0, n=draws),
            evidence(shapes, wrong.values, 0.0, n=draws),
        ),
        "norms": deviations(table, NORMS),
        "equality": deviations(table, ("slack at equality",)),
    }


def cost_tests(table: xr.Dataset) -> Evidence:
    """Exponents of what is stored and multiplied, and ratios of the two forms at the largest width."""
    layer, mask = table["form"].values
    widths = table["width"].values.astype(float)

    def exponent(quantity: str, form: str) -> xr.Dataset:
        slope = line_slopes(np.log2(widths), np.log2(table[quantity].sel(form=form).values))
        return evidence([form], [float(slope)], 0.0, EXPONENTS[quantity])

    last = table.isel(width=-1)
    quantities = ("stored", "bytes", "multiply_adds")
    ratios = [
        float(last[quantity].sel(form=mask) / last[quantity].sel(form=layer)) for quantity in quantities
    ]
    return {
        "stored": (exponent("stored", layer), exponent("stored", mask)),
        "multiply-adds": (exponent("multiply_adds", layer), exponent("multiply_adds", mask)),
        "ratio": (evidence(["numbers stored", "bytes stored", "multiply-adds"], ratios, 0.0), None),
    }
