"""Evidence on the laws of eigenvalues and singular values at initialisation."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.spectra import competitors, product_law, radial_law
from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.statistics.power_laws import fit_slope
from widthscope.studies.qk_spectrum.spectrum.laws import product_edges, radial_edges

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

MOMENTS = ("first", "second")
SMALL_MOMENTS = ("small_first", "small_second")


def rival(aspect: int) -> str:
    """The wrong law that this aspect tells from the right one (theory notes, trap 10)."""
    return "circular" if aspect == 1 else "square"


def eigenvalue_tests(table: xr.Dataset) -> Evidence:
    """Distances from the radial law, beside those from a rival law, and beside draws for which the rival is
    true."""
    aspects = _aspects(table)
    right = _from_law(table)
    wrong = [table["radial_ks"].sel(aspect=aspect, law=rival(aspect)) for aspect in aspects]
    return {
        "slope": (_slopes(aspects, right), _slopes(aspects, wrong)),
        "rivals": (
            _advantages(aspects, table["radial_ks"].isel(head_dim=-1)),
            _advantages(aspects, table["rival_ks"]),
        ),
        "finite-size": (_finite_size(table), None),
    }


def singular_value_tests(table: xr.Dataset) -> Evidence:
    """Distances and moments of squared singular values, beside those of the small product."""
    aspects = _aspects(table)
    tall = [aspect for aspect in aspects if aspect > 1]  # at alpha = 1 both products have the same law
    right = [table["product_ks"].sel(aspect=aspect) for aspect in aspects]
    wrong = [table["small_ks"].sel(aspect=aspect) for aspect in tall]
    return {
        "distance": (_distances(aspects, right), _distances(tall, wrong)),
        "slope": (_slopes(aspects, right), _slopes(tall, wrong)),
        "moments": (_moments(table, MOMENTS), _moments(table.sel(aspect=tall), SMALL_MOMENTS)),
        "limit-moments": (_moments(table.isel(head_dim=slice(-1, None)), MOMENTS, at_limit=True), None),
    }


def curves(table: xr.Dataset) -> dict[str, xr.Dataset]:
    """What the figures show: distances by head dimension, and histograms beside the laws."""
    aspects = _aspects(table)
    found = batch_means(table["radial_ks"].transpose("sample", "aspect", "head_dim", "law").values)
    singular = batch_means(table["product_ks"].transpose("sample", "aspect", "head_dim").values)
    dims = ("aspect", "head_dim")
    distances = xr.Dataset(
        {
            "radial": ((*dims, "law"), found.value),
            "radial_error": ((*dims, "law"), found.standard_error),
            "product": (dims, singular.value),
            "product_error": (dims, singular.standard_error),
            "slope": ("aspect", _slopes(aspects, _from_law(table))["estimate"].values),
        },
        coords={name: table[name].values for name in ("aspect", "head_dim", "law")},
    )
    radial = np.stack([radial_edges(aspect) for aspect in aspects])
    product = np.stack([product_edges(aspect) for aspect in aspects])
    histograms = xr.Dataset(
        {
            "radial_edges": (("aspect", "edge"), radial),
            "radial_share": (("aspect", "edge"), _cumulative(table, "radial_counts")),
            "radial_law": (
                ("aspect", "edge"),
                np.stack([radial_law.cdf(u, aspect) for aspect, u in zip(aspects, radial, strict=True)]),
            ),
            "radial_rival": (
                ("aspect", "edge"),
                np.stack([_rival_cdf(aspect, u) for aspect, u in zip(aspects, radial, strict=True)]),
            ),
            "product_edges": (("aspect", "edge"), product),
            "product_density": (("aspect", "cell"), _root_density(table, product)),
            "product_law": (("aspect", "edge"), _root_law(aspects, product)),
            "cloud": (("aspect", "value", "part"), table["cloud"].values),
        },
        coords={"aspect": aspects, "part": table["part"].values},
        attrs={
            "head_dim": int(table["head_dim"][-1]),
            "values": int(table.attrs["values"]) * table.sizes["sample"],
        },
    )
    return {"/curves/law-distances": distances, "/curves/law-histograms": histograms}


def _aspects(table: xr.Dataset) -> list[int]:
    return [int(aspect) for aspect in table["aspect"].values]


def _from_law(table: xr.Dataset) -> list[xr.DataArray]:
    """Distances of the moduli from the radial law, by aspect."""
    return [table["radial_ks"].sel(aspect=aspect, law="law") for aspect in _aspects(table)]


def _slopes(aspects: Sequence[int], distances: Sequence[xr.DataArray]) -> xr.Dataset:
    """Slope of the log of the mean KS distance on log d_h, by aspect."""
    lines = []
    for one in distances:
        found = batch_means(one.transpose("sample", "head_dim").values)
        lines.append(
            fit_slope(one["head_dim"].values, found.value, found.standard_error, degrees=found.degrees)
        )
    return of_estimates(
        [f"alpha={aspect}" for aspect in aspects], [line.estimate for line in lines], n=distances[0].size
    )


def _advantages(aspects: Sequence[int], distances: xr.DataArray) -> xr.Dataset:
    """Distance from the rival less that from the law on the same eigenvalues, by aspect."""
    values = [
        distances.sel(aspect=aspect, law=rival(aspect)) - distances.sel(aspect=aspect, law="law")
        for aspect in aspects
    ]
    found = batch_means(np.stack([one.values for one in values], axis=1))
    names = [f"{rival(aspect)} law, alpha={aspect}" for aspect in aspects]
    return of_estimates(names, found, n=distances.sizes["sample"])


def _distances(aspects: Sequence[int], distances: Sequence[xr.DataArray]) -> xr.Dataset:
    """Mean KS distance at the largest head dimension, by aspect."""
    found = batch_means(np.stack([one.isel(head_dim=-1).values for one in distances], axis=1))
    return of_estimates([f"alpha={aspect}" for aspect in aspects], found, n=distances[0].sizes["sample"])


def _moments(table: xr.Dataset, stored: Sequence[str], *, at_limit: bool = False) -> xr.Dataset:
    """First two moments of x, or of the small product's, beside those of x at this size or in the limit."""
    names, found, predicted = [], [], []
    for aspect in _aspects(table):
        for head_dim in (int(value) for value in table["head_dim"].values):
            exact = [product_law.mean_power(order, head_dim, aspect * head_dim) for order in (1, 2)]
            limit = [product_law.moment(order, aspect) for order in (1, 2)]
            for order, name in enumerate(stored):
                names.append(f"{MOMENTS[order]} moment, alpha={aspect} d_h={head_dim}")
                found.append(batch_means(table[name].sel(aspect=aspect, head_dim=head_dim).values))
                predicted.append((limit if at_limit else exact)[order])
    return of_estimates(names, found, predicted, n=table.sizes["sample"])


def _finite_size(table: xr.Dataset) -> xr.Dataset:
    """At the largest head dimension: edge, mean square modulus and share of real eigenvalues, beside the
    limit."""
    last = table.isel(head_dim=-1)
    rows = []
    for aspect in _aspects(table):
        at = last.sel(aspect=aspect)
        second = radial_law.moment(1, aspect)
        rows += [
            (f"largest modulus over the edge, alpha={aspect}", at["edge"].values, 1.0),
            (
                f"mean square modulus over its limit, alpha={aspect}",
                at["modulus_square"].values / second,
                1.0,
            ),
            (f"share of real eigenvalues, alpha={aspect}", at["real_share"].values, 0.0),
        ]
    found = batch_means(np.stack([values for _, values, _ in rows], axis=1))
    return of_estimates(
        [name for name, _, _ in rows], found, [limit for _, _, limit in rows], n=table.sizes["sample"]
    )


def _cumulative(table: xr.Dataset, name: str) -> FloatArray:
    """Shares up to each edge (aspect, edge); values beyond the histogram count in the total."""
    total = int(table.attrs["values"]) * table.sizes["sample"]
    counts = table[name].values
    return np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1) / total], axis=1)


def _rival_cdf(aspect: int, u: FloatArray) -> FloatArray:
    law = competitors.circular_cdf if rival(aspect) == "circular" else competitors.square_radial_cdf
    return law(u, aspect)


def _root_density(table: xr.Dataset, edges: FloatArray) -> FloatArray:
    """Density of x^(1/3), in which the law has no singularity, from the histogram."""
    total = int(table.attrs["values"]) * table.sizes["sample"]
    return np.asarray(table["product_counts"].values / total / np.diff(np.cbrt(edges), axis=1))


def _root_law(aspects: Sequence[int], edges: FloatArray) -> FloatArray:
    """Density of x^(1/3) under the law at the edges: 3 x^(2/3) times that of x."""
    return np.stack(
        [
            3 * np.cbrt(x) ** 2 * product_law.density(x, aspect)
            for aspect, x in zip(aspects, edges, strict=True)
        ]
    )
