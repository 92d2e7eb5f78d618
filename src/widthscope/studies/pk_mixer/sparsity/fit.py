"""Evidence of the family `sparsity`: r and kurtosis of drawn products, and r of trained mixings."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    own = [tree for name, tree in shards.items() if name.split("-")[0] == "sparsity"]
    (drawn,) = (tree["drawn"].to_dataset().load() for tree in own if "drawn" in tree)
    trained = xr.concat(
        [tree["trained"].to_dataset().load() for tree in own], "penalty", combine_attrs="override"
    ).sortby("penalty")
    claims = {"l1-ratio-init": drawn_tests(drawn), "l1-bias-trained": trained_tests(trained)}
    return {
        **claim_tree(claims),
        "/curves/entry-sizes": entry_curve(drawn),
        "/curves/l1-bias": trained_curve(trained),
    }


def drawn_tests(table: xr.Dataset) -> Evidence:
    """Means over draws against their values at this size, beside those of Gaussian matrices."""
    names = [f"{table.attrs['side']} x {table.attrs['side']} factors"]

    def of(form: str, quantity: str) -> xr.Dataset:
        predicted = float(table[f"predicted_{quantity}"].sel(form="kronecker"))
        return of_seeds(names, [table[quantity].sel(form=form).values], prediction=predicted)

    return {
        quantity: (of("kronecker", quantity), of("dense", quantity)) for quantity in ("evenness", "kurtosis")
    }


def trained_tests(table: xr.Dataset) -> Evidence:
    """Paired differences of r from the dense form, by penalty, and what they are made of."""
    penalties = [f"lambda={penalty:g}" for penalty in table["penalty"].values]

    def less_dense(form: str, when: str) -> xr.Dataset:
        moved = table[when].sel(form=form) - table[when].sel(form="dense")
        return of_seeds(penalties, list(moved.transpose("penalty", "seed").values))

    last = table["final"].isel(penalty=-1) - table["final"].isel(penalty=0)
    forms = ("kronecker", "dense")
    accuracies = {
        f"{form}, {name}": table["test_accuracy"].sel(form=form).isel(penalty=place).values
        for form in forms
        for place, name in enumerate(penalties)
    }
    return {
        "trained": (less_dense("kronecker", "final"), less_dense("dense again", "final")),
        "start": (less_dense("kronecker", "initial"), None),
        "penalty": (of_seeds(list(forms), [last.sel(form=form).values for form in forms]), None),
        "even-start": (less_dense("even kronecker", "final"), None),
        "test-accuracy": (of_seeds(list(accuracies), list(accuracies.values())), None),
    }


def entry_curve(table: xr.Dataset) -> xr.Dataset:
    """Density of sizes of entries (form, bin), and mean r (form)."""
    mean = table["evenness"].mean("draw", skipna=False)
    return table[["density"]].assign(evenness=mean).assign_attrs(side=int(table.attrs["side"]))


def trained_curve(table: xr.Dataset) -> xr.Dataset:
    """r before and after training over the penalty, by form, with bands over seeds."""
    found = xr.merge([band(table[name], name) for name in ("initial", "final")])
    largest = float(np.max(table["penalty"].values))
    return found.assign_attrs(table.attrs | {"seeds": table.sizes["seed"], "largest": largest})
