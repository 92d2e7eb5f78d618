"""Evidence of the family `digits`: optimisers, the rival machine, and completion, paired over seeds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import band, of_seeds

Floats = NDArray[np.float64]
Tables = dict[str, xr.Dataset]
Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

RISE = 0.05
"""Nats by which the test NLL of an epoch must be above the last one's to count as a rise."""

MACHINES = ("attention", "few", "exact", "contrastive")
SCALES = (1.0, 2.0)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the family's claims and the curves of its figures, by path."""
    tables = {
        node.path.lstrip("/"): node.to_dataset()
        for name, tree in shards.items()
        if name == "digits" or name.startswith("digits-")
        for node in tree.subtree
        if node.data_vars
    }
    if not tables:
        return {}
    claims = {
        "optimiser-matters": optimiser_matters(tables),
        "vs-gbrbm-training": against_gaussian_bernoulli(tables),
        "completion": completion(tables),
    }
    return claim_tree(claims) | drawn(tables)


def optimiser_matters(tables: Tables) -> Evidence:
    """Differences of test NLLs on images times 2, of attentional machines of one size."""
    found = tables["optimum/likelihoods"]["test"]
    small, data, em = (found.sel(optimiser=name).values for name in ("small", "data", "em"))
    table = tables["descent/attention"]
    descents = {
        f"rate {float(table['rate'][cell]):g}": table["test"].values[cell, :, -1]
        for cell in _cells(table, 2.0)
    }
    names = list(descents)
    own = {name: found.sel(optimiser=name).values for name in found["optimiser"].values}
    return {
        "descent": (
            of_seeds(names, [value - small for value in descents.values()]),
            of_seeds(["maximisation"], [em - small]),
        ),
        "maximum": (
            of_seeds(["Adam"], [data - em]),
            of_seeds(names, [value - em for value in descents.values()]),
        ),
        "small-start": (of_seeds(["Adam from small weights"], [small - em]), None),
        "likelihoods": (of_seeds([*own, *names], [*own.values(), *descents.values()]), None),
        "active": (
            of_seeds(
                ["small", "data", "em"],
                [
                    tables["optimum/likelihoods"]["active"].sel(optimiser=name).values
                    for name in ("small", "data", "em")
                ],
            ),
            None,
        ),
    }


def against_gaussian_bernoulli(tables: Tables) -> Evidence:
    """Differences of test NLLs at rates that validation chose, and how often the loss rises."""
    tests: Evidence = {}
    noise = gaussian(tables)
    for scale in SCALES:
        attention, rival = (
            _chosen(tables[f"descent/{name}"], scale) for name in ("attention", "contrastive")
        )
        label = f"scale {scale:g}"
        tests[f"scale-{scale:g}"] = (
            of_seeds([label], [rival - attention]),
            of_seeds([label], [rival - noise[scale]]),
        )
    own, other = tables["descent/attention"], tables["descent/contrastive"]
    lowest, highest = (_cells(own, 1.0)[place] for place in (0, -1))
    rises = {name: share_of_rises(tables[f"descent/{name}"]) for name in MACHINES}
    rate = f"rate {float(own['rate'][highest]):g}"
    tests["stability"] = (
        of_seeds([rate], [rises["contrastive"][highest] - rises["attention"][highest]]),
        of_seeds([rate], [rises["contrastive"][lowest] - rises["attention"][highest]]),
    )
    cells = [f"scale {float(s):g}, rate {float(r):g}" for s, r in zip(own["scale"], own["rate"], strict=True)]
    named = [(name, cell) for name in MACHINES for cell in range(len(cells))]
    words = [f"{name}, {cells[cell]}" for name, cell in named]
    ends = [tables[f"descent/{name}"]["test"].values[cell, :, -1] for name, cell in named]
    tests["likelihoods"] = (of_seeds(words, ends), None)
    tests["rises"] = (of_seeds(words, [rises[name][cell] for name, cell in named]), None)
    numbers = [tables[f"descent/{name}"].attrs["parameters"] for name in MACHINES]
    tests["parameters"] = (evidence(list(MACHINES), numbers, 0.0), None)
    tuned = tables["optimum/likelihoods"]["test"].sel(optimiser="small").values
    tests["tuned"] = (of_seeds(["scale 2"], [_chosen(other, 2.0) - tuned]), None)
    return tests


def completion(tables: Tables) -> Evidence:
    """Differences of mean squared errors at hidden pixels."""
    errors = tables["optimum/completion"]["error"]
    own = {str(name): errors.sel(completion=name).values for name in errors["completion"].values}
    return {
        "over-single": (
            of_seeds(["conditional mean"], [own["single"] - own["conditional"]]),
            of_seeds(["mean image"], [own["single"] - own["mean"]]),
        ),
        "over-mean": (
            of_seeds(["conditional mean"], [own["mean"] - own["conditional"]]),
            of_seeds(["single update"], [own["mean"] - own["single"]]),
        ),
        "over-regression": (of_seeds(["conditional mean"], [own["regression"] - own["conditional"]]), None),
        "errors": (of_seeds(list(own), list(own.values())), None),
    }


def drawn(tables: Tables) -> dict[str, xr.Dataset]:
    """Curves of the figures, by path."""
    found = {
        "/curves/digits-fields": tables["optimum/fields"],
        "/curves/digits-strips": tables["optimum/strips"],
        "/curves/digits-floors": band(tables["optimum/likelihoods"]["test"], "nll"),
    }
    for name in MACHINES:
        table = tables[f"descent/{name}"]
        curve = band(table["test"], "nll").assign(chosen=("cell", _is_chosen(table)))
        curve = curve.assign_coords(scale=table["scale"], rate=table["rate"])
        found[f"/curves/digits-descent/{name}"] = curve.assign_attrs(seeds=table.sizes["seed"])
    errors = tables["optimum/completion"]["error"]
    found["/curves/digits-errors"] = band(errors, "error").assign_attrs(seeds=errors.sizes["seed"])
    return found


def _cells(table: xr.Dataset, scale: float) -> list[int]:
    """Places of a scale's cells, by rising rate."""
    places = np.flatnonzero(table["scale"].values == scale)
    return [int(place) for place in sorted(places, key=lambda place: float(table["rate"][place]))]


def _best(table: xr.Dataset, scale: float) -> int:
    """The cell of a scale whose mean NLL on validation images is lowest at the end, all seeds together."""
    cells = _cells(table, scale)
    means = [float(table["validation"].values[cell, :, -1].mean()) for cell in cells]
    return cells[int(np.argmin(np.where(np.isnan(means), np.inf, means)))]


def _chosen(table: xr.Dataset, scale: float) -> Floats:
    """Test NLL at the end, at the rate that validation chose for the scale, (seed,)."""
    return np.asarray(table["test"].values[_best(table, scale), :, -1])


def _is_chosen(table: xr.Dataset) -> NDArray[np.bool_]:
    chosen = np.zeros(table.sizes["cell"], dtype=bool)
    chosen[[_best(table, scale) for scale in SCALES]] = True
    return chosen


def share_of_rises(table: xr.Dataset) -> Floats:
    """Share of the epochs in which the test NLL rises by more than `RISE`, (cell, seed)."""
    steps = np.diff(table["test"].values, axis=2)
    return np.where(np.isnan(steps).any(2), np.nan, (steps > RISE).mean(2))


def gaussian(tables: Tables) -> dict[float, Floats]:
    """Test NLL of a Gaussian of unit covariance at both scales, (seed,) each."""
    found = tables["optimum/likelihoods"]
    constant = found.attrs["constant"]
    doubled = found["test"].sel(optimiser="gaussian").values
    return {2.0: doubled, 1.0: constant + (doubled - constant) / 4}
