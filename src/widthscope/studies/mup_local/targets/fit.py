"""Evidence of the family `targets`: slopes of features and of their effect on the output, by regime."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import of_seeds
from widthscope.statistics.width_slopes import seed_slopes, slope_evidence
from widthscope.studies.mup_local.targets.cases import CASES
from widthscope.studies.mup_local.trained_tables import trained_tables
from widthscope.width_sweeps.curves import coordinate_curve

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

FEATURES = {"h1": ("dh", 1), "h2": ("dh", 2)}
"""Hidden layers by component, with the sweep's name and layer of their movement."""

WORDS = {
    "dtp": "one step",
    "dtp-several": "several steps",
    "dtp-learned": "several steps, learned feedback",
    "dtp-tied": "tied feedback",
    "dtp-readout-1": "readout like back-propagation's",
    "dtp-slowed": "slowed target propagation",
    "bp-ntk": "back-propagation, kernel regime",
    "bp-features": "back-propagation, rates of features",
}
"""Cases as components name them."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = trained_tables(shards, "targets", CASES)
    ridge = xr.concat(
        [
            shards[name]["ridge"].to_dataset().load()
            for name in sorted(shards)
            if name.startswith("targets") and "ridge" in shards[name].children
        ],
        dim="width",
    ).sortby("width")
    claims = {
        "tp-feature-learning-bl-half": feature_learning(tables),
        "tp-vs-bp-kernel": kernel_regime(tables),
        "tp-bp-feature-scale-unstable": unstable(tables),
        "tp-bl-one-disconnects": disconnected(tables),
        "tp-no-kernel-regime": no_kernel_regime(tables),
        "tp-feedback-alignment": feedback(ridge),
    }
    lines = {f"/curves/targets/{case}": curve(table) for case, table in tables.items()}
    cosines = coordinate_curve({"fitted": ridge["aligned"], "control": ridge["mixed"]}, {"fitted": -0.5})
    return {**claim_tree(claims), **lines, "/curves/tp-alignment": cosines}


def feature_learning(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Target propagation at b_L = 1/2; controls are the kernel regime, a small readout and tied feedback."""
    right, later = ("dtp",), ("dtp-several", "dtp-learned")
    narrow = [name for name in right if tables[name].sizes["width"] > 2]
    return {
        "features": (_features(tables, right, 0.0), _features(tables, ("bp-ntk",), 0.0)),
        "hidden": (_hidden(tables, right, 0.0), _hidden(tables, ("dtp-readout-1", "dtp-tied"), 0.0)),
        "later": (_features(tables, later, 0.0), None),
        "later-hidden": (_hidden(tables, later, 0.0), None),
        "without-narrowest": (_hidden(tables, narrow, 0.0, drop=1), None),
    }


def kernel_regime(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Back-propagation at b_L = 1/2; controls are target propagation, and it slowed to the same features."""
    return {
        "features": (_features(tables, ("bp-ntk",), -0.5), _features(tables, ("dtp",), -0.5)),
        "hidden": (_hidden(tables, ("bp-ntk",), 0.0), _hidden(tables, ("dtp-slowed",), 0.0)),
    }


def unstable(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Back-propagation at b_L = 1/2 with features of order one; controls as above."""
    return {
        "features": (_features(tables, ("bp-features",), 0.0), _features(tables, ("bp-ntk",), 0.0)),
        "hidden": (_hidden(tables, ("bp-features",), 0.5), _hidden(tables, ("dtp",), 0.5)),
        "tied": (_hidden(tables, ("dtp-tied",), 0.5), None),
    }


def disconnected(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Target propagation at b_L = 1; controls are the kernel regime's features, and b_L = 1/2."""
    return {
        "features": (_features(tables, ("dtp-readout-1",), 0.0), _features(tables, ("bp-ntk",), 0.0)),
        "hidden": (_hidden(tables, ("dtp-readout-1",), -0.5), _hidden(tables, ("dtp",), -0.5)),
    }


def no_kernel_regime(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Target propagation slowed by a root of the width, beside back-propagation's kernel regime."""
    both = ("dtp-slowed", "bp-ntk")
    slow, kernel = (seed_slopes(_moved(tables[name], "df_hidden")).values for name in both)
    same = [seed_slopes(_moved(tables[name], *FEATURES["h2"])).values for name in both]
    return {
        "features": (_features(tables, both[:1], -0.5), _features(tables, ("dtp",), -0.5)),
        "hidden": (_hidden(tables, both[:1], -0.5), _hidden(tables, both[1:], -0.5)),
        "difference": (
            of_seeds(["output: back-propagation less target propagation"], [kernel - slow], 0.5),
            of_seeds(["h2: back-propagation less target propagation"], [same[1] - same[0]], 0.5),
        ),
    }


def feedback(ridge: xr.Dataset) -> Evidence:
    """Alignment of fitted feedback with the readout, beside a map that has a fixed part along it."""
    names = ["fitted feedback"]
    levels = [ridge["aligned"].sel(width=width).values for width in ridge["width"].values]
    others = {"diagonal of readout times feedback": "through", "entries of the feedback": "rms"}
    # A slope needs two widths.
    drops = [drop for drop in (1, 2) if ridge.sizes["width"] - drop >= 2]
    smallest = ridge["width"].values
    parts = [slope_evidence([f"from M={smallest[drop]}"], [ridge["aligned"]], -0.5, drop) for drop in drops]
    return {
        "slope": (
            slope_evidence(names, [ridge["aligned"]], -0.5),
            slope_evidence(["transposed readout plus noise of its length"], [ridge["mixed"]], -0.5),
        ),
        "without-narrowest": (xr.concat(parts, dim="component") if parts else of_seeds([], []), None),
        "cosine": (of_seeds([f"M={width}" for width in ridge["width"].values], levels), None),
        "size": (slope_evidence(list(others), [ridge[name] for name in others.values()], 0.0), None),
    }


def curve(table: xr.Dataset) -> xr.Dataset:
    """Movements of the hidden layers and of the output through them over widths, and their slopes."""
    hidden = {name: _moved(table, *of) for name, of in FEATURES.items()}
    return coordinate_curve({**hidden, "output": _moved(table, "df_hidden")})


def _moved(table: xr.Dataset, name: str, layer: int | None = None) -> xr.DataArray:
    """A movement after the last step over (width, seed)."""
    values = table[name].isel(lr=0, damping=0, step=-1, drop=True)
    if layer is not None:
        values = values.sel(layer=layer, drop=True)
    return values.transpose("width", "seed")


def _features(tables: Mapping[str, xr.Dataset], cases: Iterable[str], prediction: float) -> xr.Dataset:
    parts = [
        (f"{WORDS[case]}: {layer}", _moved(tables[case], *of))
        for case in cases
        for layer, of in FEATURES.items()
    ]
    return slope_evidence([name for name, _ in parts], [values for _, values in parts], prediction)


def _hidden(
    tables: Mapping[str, xr.Dataset], cases: Sequence[str], prediction: float, drop: int = 0
) -> xr.Dataset:
    values = [_moved(tables[case], "df_hidden") for case in cases]
    if not values:
        return of_seeds([], [])
    return slope_evidence([WORDS[case] for case in cases], values, prediction, drop)
