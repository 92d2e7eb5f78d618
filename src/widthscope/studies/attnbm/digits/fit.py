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
        "vs-gbrbm-doubled": against_gaussian_bernoulli_doubled(tables),
        "vs-gbrbm-stability": stability(tables),
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
    """Differences of test NLLs on images as they are, and the table of all rates and scales."""
    numbers = [tables[f"descent/{name}"].attrs["parameters"] for name in MACHINES]
    every = [tables[f"descent/{name}"]["test"].values[..., -1] for name in MACHINES]
    named = [(name, scale) for scale in SCALES for name in MACHINES]
    largest = [_chosen(tables[f"descent/{name}"], scale)[1] for name, scale in named]
    return {
        "scale-1": _against(tables, 1.0),
        "likelihoods": (_cell_by_cell(tables, every), None),
        "largest-rate": (
            of_seeds([f"{name}, scale {scale:g}" for name, scale in named], largest, possible=(0.0, 1.0)),
            None,
        ),
        "parameters": (evidence(list(MACHINES), numbers, 0.0), None),
    }


def against_gaussian_bernoulli_doubled(tables: Tables) -> Evidence:
    """The same on images times 2, where attention was trained by Adam as well."""
    tuned = tables["optimum/likelihoods"]["test"].sel(optimiser="small").values
    rival = _chosen(tables["descent/contrastive"], 2.0)[0]
    return {
        "scale-2": _against(tables, 2.0),
        "tuned": (of_seeds(["scale 2"], [rival - tuned]), None),
    }


def _against(tables: Tables, scale: float) -> tuple[xr.Dataset, xr.Dataset]:
    """The Gaussian-Bernoulli machine's test NLL less attention's, and less a Gaussian's in control."""
    attention, rival = (_chosen(tables[f"descent/{name}"], scale)[0] for name in ("attention", "contrastive"))
    label = f"scale {scale:g}"
    return of_seeds([label], [rival - attention]), of_seeds([label], [rival - gaussian(tables)[scale]])


def stability(tables: Tables) -> Evidence:
    """How much more often the loss of contrastive divergence rises than attention's, at the highest rate."""
    own = tables["descent/attention"]
    lowest, highest = (_cells(own, 1.0)[place] for place in (0, -1))
    rises = {name: share_of_rises(tables[f"descent/{name}"]) for name in MACHINES}
    rate = f"rate {float(own['rate'][highest]):g}"
    few, many = (rises["contrastive"][cell] - rises["attention"][highest] for cell in (lowest, highest))
    epochs = own.sizes["epoch"] - 1
    return {
        "stability": (_of_counts(rate, many, epochs), _of_counts(rate, few, epochs)),
        "rises": (_cell_by_cell(tables, list(rises.values())), None),
    }


def _of_counts(component: str, shares: Floats, epochs: int) -> xr.Dataset:
    """Mean over seeds of differences of shares of epochs, with an error of one epoch in all at least.

    Seeds that agree by chance, as where no loss rose in the few epochs there were, do not make it certain.
    """
    found = of_seeds([component], [shares], possible=(-1.0, 1.0))
    return found.assign(
        standard_error=found["standard_error"].clip(min=1 / (len(shares) * epochs), keep_attrs=True)
    )


def _cell_by_cell(tables: Tables, values: list[Floats]) -> xr.Dataset:
    """Means of every machine at every scale and rate, of values (cell, seed) in the order of `MACHINES`."""
    own = tables["descent/attention"]
    cells = [f"scale {float(s):g}, rate {float(r):g}" for s, r in zip(own["scale"], own["rate"], strict=True)]
    words = [f"{name}, {cell}" for name in MACHINES for cell in cells]
    return of_seeds(words, [row for machine in values for row in machine])


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
            of_seeds(["given another image"], [own["mean"] - own["other"]]),
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
        curve = band(table["test"], "nll").assign(chosen=("cell", _is_drawn(table)))
        curve = curve.assign_coords(scale=table["scale"], rate=table["rate"])
        found[f"/curves/digits-descent/{name}"] = curve.assign_attrs(seeds=table.sizes["seed"])
    errors = tables["optimum/completion"]["error"]
    found["/curves/digits-errors"] = band(errors, "error").assign_attrs(seeds=errors.sizes["seed"])
    return found


def _cells(table: xr.Dataset, scale: float) -> list[int]:
    """Places of a scale's cells, by rising rate."""
    places = np.flatnonzero(table["scale"].values == scale)
    return [int(place) for place in sorted(places, key=lambda place: float(table["rate"][place]))]


def _chosen(table: xr.Dataset, scale: float) -> tuple[Floats, Floats]:
    """Of each seed the test NLL at the end, at the rate that its own validation images chose, (seed,).

    Other seeds' validation images are among those that a seed is tested on, so that no seed chooses for
    another. The second array is 1 where the largest rate was chosen, else 0, (seed,).
    """
    cells = _cells(table, scale)
    ends = table["validation"].values[cells][..., -1]
    best = np.argmin(np.where(np.isnan(ends), np.inf, ends), axis=0)
    tests = table["test"].values[cells][..., -1]
    return np.asarray(tests[best, np.arange(len(best))]), (best == len(cells) - 1).astype(float)


def _is_drawn(table: xr.Dataset) -> NDArray[np.bool_]:
    """The cell of each scale whose mean NLL on validation images is lowest at the end, for the figure."""
    drawn = np.zeros(table.sizes["cell"], dtype=bool)
    for scale in SCALES:
        cells = _cells(table, scale)
        means = table["validation"].values[cells][..., -1].mean(1)
        drawn[cells[int(np.argmin(np.where(np.isnan(means), np.inf, means)))]] = True
    return drawn


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
