"""Evidence on laws of width."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.intervals import batch_means
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.power_laws import PowerFit, fit_slope
from widthscope.studies.jacobian_dynamics.width import theory

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
SIGMA = 1.0

LEADING_ORDER = 256
"""Head dimension from which the leading order of L5 is judged: terms of relative order 1/16 are left out."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    radial, radius, norm = (_joined(shards, name) for name in ("radial", "radius", "norm"))
    claims = {
        "width-radial-law": radial_tests(radial),
        "width-radius-o1": radius_tests(radius, norm),
        "width-norm-sqrtd": norm_tests(norm),
    }
    return {
        **claim_tree(claims),
        "/curves/radial-law": radial_curve(radial),
        "/curves/width-radius": radius_curve(radius),
        "/curves/width-norm": norm_curve(norm),
    }


def radial_tests(table: xr.Dataset) -> Evidence:
    """Distances from the radial law, beside those of the same eigenvalues from the area law."""
    by_law = {law: table["distance"].sel(law=law) for law in ("law", "area")}
    last = {law: [one.isel(width=-1).values] for law, one in by_law.items()}
    widths = table["width"].values
    rows = [
        (f"share beyond the edge, D={width}", table["beyond"].sel(width=width).values * width**0.5, share)
        for width, share in zip(widths, theory.share_beyond_edge(1.0) * np.ones(len(widths)), strict=True)
    ]
    rows += [
        (f"largest modulus, D={width}", table["edge"].sel(width=width).values, SIGMA) for width in widths
    ]
    names, values, limits = zip(*rows, strict=True)
    return {
        "slope": (_slopes(["law"], [by_law["law"]]), _slopes(["area law"], [by_law["area"]])),
        "distance": (of_seeds(["law"], last["law"]), of_seeds(["area law"], last["area"])),
        "edge": (of_seeds(names, values, limits), None),
    }


def radius_tests(table: xr.Dataset, norm: xr.Dataset) -> Evidence:
    """Spectral radii over what is predicted, and their slopes, beside wrong formulas and the norm."""
    last, tokens = table.isel(width=-1), int(table.attrs["tokens"])
    steps = [float(step) for step in table["step_size"].values]
    names = [f"eta={step:g}" for step in steps]
    limit = {step: theory.update_radius(step, SIGMA, tokens) for step in steps}
    alone = {step: theory.radius_without_averaging(step, SIGMA) for step in steps}
    update = {step: last["update"].sel(step_size=step).values for step in steps}
    paired = {step: update[step] / last["realised"].sel(step_size=step).values for step in steps}
    attention = last["attention"].values / last["product"].values
    grown = [table["update"].sel(step_size=step) for step in steps]
    return {
        "limit": (
            of_seeds(names, [update[step] / limit[step] for step in steps], 1.0),
            of_seeds(names, [update[step] / alone[step] for step in steps], 1.0),
        ),
        "realised": (
            of_seeds(names, [paired[step] for step in steps], 1.0),
            of_seeds(names, [paired[step] * limit[step] / alone[step] for step in steps], 1.0),
        ),
        "attention": (
            of_seeds(["attention"], [attention], 1.0),
            of_seeds(["wrong law, B's over S"], [attention * tokens], 1.0),
        ),
        "slope": (
            _slopes([*names, "attention, long tokens"], [*grown, table["rms_attention"]], 0.0),
            _slopes(
                [f"norm, long tokens, H={int(count)}" for count in norm["heads"].values],
                [norm["norm_of_jacobian"].sel(heads=count, norm="rms") for count in norm["heads"].values],
                0.0,
            ),
        ),
    }


def norm_tests(table: xr.Dataset) -> Evidence:
    """Largest singular values over L5's leading order, and their growth, at long and at unit tokens; as a
    control the leading order without the root of 2, by which tokens enter as queries and as keys."""
    heads = [int(count) for count in table["heads"].values]
    names = [f"H={count}" for count in heads]
    ratio = (table["norm_of_jacobian"] / table["predicted"]).isel(width=-1)
    large = [count for count in heads if int(table["width"][-1]) // count >= LEADING_ORDER]
    relative = table["norm_of_jacobian"] / table["sharpness"]

    def of(values: xr.DataArray, norm: str, counts: Sequence[int] = heads) -> list[xr.DataArray]:
        return [values.sel(heads=count, norm=norm) for count in counts]

    limit = theory.largest_singular(SIGMA)
    plain = table["norm_of_jacobian"]
    at_long = [one.values for one in of(ratio, "rms", large)]
    return {
        "ratio": (
            of_seeds([f"H={count}" for count in large], at_long, 1.0),
            of_seeds([f"H={count}" for count in large], [2**0.5 * one for one in at_long], 1.0),
        ),
        "slope": (_slopes(names, of(relative, "rms")), _slopes(names, of(relative, "unit"))),
        "unit-tokens": (_slopes(names, of(plain, "unit"), 0.0), _slopes(names, of(plain, "rms"), 0.0)),
        "unit-limit": (
            of_seeds(names, [one.values for one in of(plain.isel(width=-1), "unit")], limit),
            None,
        ),
    }


def radial_curve(table: xr.Dataset) -> xr.Dataset:
    """Distribution functions by width beside both laws, and mean distances with their bands."""
    r = table["radius"].values
    line = _line(table["distance"].sel(law="law"))
    return xr.merge(
        [
            band(table["distance"], "distance", "member"),
            table["share"],
            xr.Dataset(
                {
                    "law_share": ("radius", theory.radial_cdf(r, SIGMA)),
                    "area_share": ("radius", theory.area_cdf(r, SIGMA)),
                },
                coords={"radius": r},
            ),
        ]
    ).assign_attrs(slope=line.exponent, seeds=table.sizes["member"])


def radius_curve(table: xr.Dataset) -> xr.Dataset:
    """Radii by width with their bands and limits, and one draw's eigenvalues."""
    tokens = int(table.attrs["tokens"])
    steps = table["step_size"].values
    limits = [theory.update_radius(float(step), SIGMA, tokens) for step in steps]
    return xr.merge(
        [band(table[name], name, "member") for name in ("update", "attention", "rms_attention")]
        + [table[["cloud", "predicted"]], xr.Dataset({"limit": ("step_size", limits)}, {"step_size": steps})]
    ).assign_attrs(table.attrs)


def norm_curve(table: xr.Dataset) -> xr.Dataset:
    """Largest singular values by width with their bands, and the leading order."""
    return xr.merge(
        [
            band(table["norm_of_jacobian"], "value", "member"),
            table["predicted"].mean("member").rename("predicted"),
        ]
    ).assign_attrs(limit=theory.largest_singular(SIGMA), tokens=table.attrs["tokens"])


def _slopes(
    components: Sequence[str], values: Sequence[xr.DataArray], prediction: float | None = None
) -> xr.Dataset:
    """Slope on log D of the logarithm of the mean over seeds, one component each."""
    lines = [_line(one) for one in values]
    return evidence(
        components,
        [line.exponent for line in lines],
        [line.standard_error for line in lines],
        prediction,
        n=[one.size for one in values],
        degrees=[line.degrees for line in lines],
    )


def _line(values: xr.DataArray) -> PowerFit:
    widths: FloatArray = values["width"].values.astype(np.float64)
    means = batch_means(values.transpose("member", "width").values)
    return fit_slope(widths, means.value, means.standard_error, degrees=means.degrees)


def _joined(shards: Mapping[str, xr.DataTree], name: str) -> xr.Dataset:
    """The table of one experiment, of which each width may come from a shard of its own."""
    found = [
        shards[shard][name].to_dataset().load()
        for shard in sorted(shards)
        if shard.startswith("width-laws") and name in shards[shard].children
    ]
    kept = {"data_vars": "minimal", "coords": "minimal", "compat": "override"}
    return xr.concat(found, dim="width", **kept, combine_attrs="override").sortby("width")  # type: ignore[call-overload, no-any-return]
