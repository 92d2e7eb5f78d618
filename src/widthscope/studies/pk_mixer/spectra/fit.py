"""Evidence of the family `spectra`: moments against formulas, and limits of products of two layers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence, of_estimates
from widthscope.statistics.intervals import Estimate, batch_means
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.pk_mixer.spectra import theory
from widthscope.studies.pk_mixer.spectra.lines import Line, weighted_line

UNIT = 1e-12
"""Of relative differences of singular values and of moments: thousands of roundings."""

FORMS = ("mixer", "permuted", "sparse", "unmixed")
LIMITS = {"mixer": 4.0, "permuted": 3.0, "sparse": 3.0}
"""Of M_2 / M_1^2 of products of two layers, for many tokens and channels."""

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Tables = dict[int, xr.Dataset]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    own = [tree for name, tree in shards.items() if name.split("-")[0] == "spectra"]
    layers = {
        name: node.to_dataset().load()
        for tree in own
        if "layers" in tree
        for name, node in tree["layers"].children.items()
    }
    products = [
        node.to_dataset().load()
        for tree in own
        if "products" in tree
        for node in tree["products"].children.values()
    ]
    by_side = {int(table.attrs["side"]): table for table in products}
    by_side = {side: by_side[side] for side in sorted(by_side)}
    claims = {"spectrum-layer": layer_tests(layers), "spectrum-product": product_tests(by_side)}
    return {
        **claim_tree(claims),
        "/curves/layer-moments": layer_curve(layers),
        "/curves/product-moments": product_curve(by_side),
        "/curves/product-spectra": product_densities(by_side),
    }


def layer_tests(layers: Mapping[str, xr.Dataset]) -> Evidence:
    """M_2 of mixer and sparse layers against both formulas, permuted singular values, and the signal."""
    permuted, signal = layers["permuted"], layers["signal"]

    def against(form: str, formula: str) -> xr.Dataset:
        cells = _cells(layers)
        return of_seeds(
            [f"S={side}, gamma={expansion}" for side, expansion, _ in cells],
            [table[form].values for _, _, table in cells],
            prediction=[_formula(formula)(side, expansion) for side, expansion, _ in cells],
        )

    names = [f"S={permuted.attrs['side']}"]
    moved = {
        "permuted": float(permuted["permuted"].max()) / UNIT,
        "sparse": float(permuted["sparse"].min()) / UNIT,
    }
    where = [f"S={signal.attrs['side']}, {signal.attrs['depth']} layers"]
    return {
        "mixer": (against("mixer", "mixer"), against("sparse", "mixer")),
        "sparse": (against("sparse", "sparse"), against("mixer", "sparse")),
        "permuted": (
            evidence(names, moved["permuted"], 0.0, 0.0, n=permuted.sizes["draw"]),
            evidence(names, moved["sparse"], 0.0, 0.0, n=permuted.sizes["draw"]),
        ),
        "signal": (
            of_seeds(where, [signal["right"].values], prediction=1.0),
            of_seeds(where, [signal["without_density"].values], prediction=1.0),
        ),
    }


def product_tests(products: Tables) -> Evidence:
    """Intercepts in 1/S beside those of products that the limit is not of, finite sizes, and fill."""
    lines = {form: ratio_line(products, form) for form in FORMS}

    def intercept(form: str, limit: float) -> xr.Dataset:
        line = lines[form]
        found = Estimate(line.intercept, line.standard_error, line.degrees)
        return of_estimates([form], found, prediction=limit, n=line.draws)

    sides = list(products)
    names = [f"S={side}" for side in sides]
    fill = {
        name: of_seeds(
            names,
            [products[side]["fill"].sel(between=name).values for side in sides],
            possible=(0.0, 1.0),
        )
        for name in ("random", "identity")
    }
    chi2 = [lines[form].chi2 for form in LIMITS]
    end = Estimate(
        lines["mixer"].intercept - LIMITS["mixer"], lines["mixer"].standard_error, lines["mixer"].degrees
    )
    factors = {
        "measured": [float(products[side]["deviation"].sel(between="commutation").max()) for side in sides],
        "control": [float(products[side]["deviation"].sel(between="random").min()) for side in sides],
    }
    draws = next(iter(products.values())).sizes["fill_draw"]
    return {
        "mixer": (intercept("mixer", LIMITS["mixer"]), intercept("unmixed", LIMITS["mixer"])),
        "permuted": (intercept("permuted", LIMITS["permuted"]), intercept("mixer", LIMITS["permuted"])),
        "sparse": (intercept("sparse", LIMITS["sparse"]), intercept("mixer", LIMITS["sparse"])),
        "factors": (
            evidence(names, np.array(factors["measured"]) / UNIT, 0.0, 0.0, n=draws),
            evidence(names, np.array(factors["control"]) / UNIT, 0.0, 0.0, n=draws),
        ),
        "finite-mixer": (
            _finite(products, "mixer", theory.mixer_product_ratio),
            _finite(products, "unmixed", theory.mixer_product_ratio),
        ),
        "finite-sparse": (
            _finite_moments(products, "sparse", theory.sparse_product_moment),
            _finite_moments(products, "mixer", theory.sparse_product_moment),
        ),
        "fill": (fill["random"], fill["identity"]),
        "fill-commutation": (
            of_seeds(
                names,
                [products[side]["fill"].sel(between="commutation").values for side in sides],
                possible=(0.0, 1.0),
            ),
            None,
        ),
        "line": (evidence(list(LIMITS), chi2, 0.0), None),
        "line-end": (of_estimates(["mixer"], end, n=lines["mixer"].draws), None),
    }


def ratios(table: xr.Dataset, form: str) -> np.ndarray:
    """M_2 / M_1^2 of each draw."""
    first, second = (table[form].sel(moment=moment).values for moment in (1, 2))
    return np.asarray(second / first**2)


def ratio_line(products: Tables, form: str) -> Line:
    """Weighted line of the mean M_2 / M_1^2 in 1/S."""
    drawn = [ratios(table, form) for table in products.values()]
    means = [batch_means(values) for values in drawn]
    return weighted_line(
        [1 / side for side in products],
        [float(mean.value) for mean in means],
        [float(mean.standard_error) for mean in means],
        [len(values) for values in drawn],
    )


def layer_curve(layers: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Means of M_2 of layers without expansion, with standard errors and formulas; (form, side)."""
    cells = sorted((side, table) for side, expansion, table in _cells(layers) if expansion == 1)
    forms = ("mixer", "sparse")
    means = [[batch_means(table[form].values) for _, table in cells] for form in forms]
    return xr.Dataset(
        {
            "moment": (("form", "side"), [[float(mean.value) for mean in row] for row in means]),
            "error": (("form", "side"), [[float(mean.standard_error) for mean in row] for row in means]),
            "formula": (("form", "side"), [[_formula(form)(side, 1) for side, _ in cells] for form in forms]),
        },
        coords={"form": list(forms), "side": [side for side, _ in cells]},
    )


def product_curve(products: Tables) -> xr.Dataset:
    """Means of M_2 / M_1^2 with standard errors (form, side), and the lines' intercepts and slopes (form)."""
    forms = list(LIMITS)
    means = [[batch_means(ratios(table, form)) for table in products.values()] for form in forms]
    lines = [ratio_line(products, form) for form in forms]
    return xr.Dataset(
        {
            "ratio": (("form", "side"), [[float(mean.value) for mean in row] for row in means]),
            "error": (("form", "side"), [[float(mean.standard_error) for mean in row] for row in means]),
            "intercept": ("form", [line.intercept for line in lines]),
            "intercept_error": ("form", [line.standard_error for line in lines]),
            "slope": ("form", [line.slope for line in lines]),
        },
        coords={"form": forms, "side": list(products)},
    )


def product_densities(products: Tables) -> xr.Dataset:
    """Densities of singular values at the largest side that has them."""
    side = max(side for side, table in products.items() if "density" in table)
    return products[side][["density"]].assign_attrs(side=side)


def _finite(products: Tables, form: str, formula: Any) -> xr.Dataset:
    return of_seeds(
        [f"S={side}" for side in products],
        [ratios(table, form) for table in products.values()],
        prediction=[formula(side) for side in products],
    )


def _finite_moments(products: Tables, form: str, formula: Any) -> xr.Dataset:
    return of_seeds(
        [f"S={side}" for side in products],
        [table[form].sel(moment=2).values for table in products.values()],
        prediction=[formula(side) for side in products],
    )


def _cells(layers: Mapping[str, xr.Dataset]) -> list[tuple[int, int, xr.Dataset]]:
    """Side, expansion and table of every drawn layer."""
    return [
        (int(table.attrs["side"]), int(table.attrs["expansion"]), table)
        for table in layers.values()
        if "expansion" in table.attrs
    ]


def _formula(form: str) -> Any:
    return theory.mixer_layer_moment if form == "mixer" else theory.sparse_layer_moment
