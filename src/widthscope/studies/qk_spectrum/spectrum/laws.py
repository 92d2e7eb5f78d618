"""Eigenvalues and singular values of Gaussian query-key matrices against their limit laws and rivals."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.spectra import competitors, product_law, query_key, radial_law
from widthscope.spectra.departure import ks_distance
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.spectrum.heads import gaussian
from widthscope.work import Work

RADIAL = {
    "law": radial_law.cdf,
    "circular": competitors.circular_cdf,
    "square": competitors.square_radial_cdf,
}
CELLS = 60
"""Cells of the histograms that are kept for the figures."""

REACH = 1.15
"""Upper end of the radial histogram over the edge of the law."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """KS distances and moments by aspect, head dimension and seed.

    Args:
        settings: `aspects`, `head_dims`, `values` (eigenvalues per seed), `seeds`, `seed`.
        datasets: none is read.
        work: its progress shows the points done.

    Returns:
        Over (aspect, head_dim, sample): `radial_ks` (.., law): distance of |lambda| from the law and its
        rivals; `product_ks`, of the squared singular values from theirs, `small_ks`, of those of the small
        product;
        `first`, `second`, `small_first`, `small_second`: their moments; `edge`: largest |lambda| over the
            law's edge, mean over matrices;
        `modulus_square`: mean of u^2; `real_share`: of real eigenvalues. Over (aspect, sample): `rival_ks`
        (.., law), distances of draws for which a rival law is true, at the largest head dimension. And there,
        over all seeds: histograms `radial_counts`, `product_counts` (aspect, cell), and one seed's
        eigenvalues `cloud` (aspect, value, part) in units of the law.
    """
    aspects, head_dims, samples = settings["aspects"], settings["head_dims"], settings["seeds"]
    last = head_dims[-1]
    rows, rivals, counts, clouds = [], [], [], []
    points = [(aspect, head_dim) for aspect in aspects for head_dim in head_dims]
    for aspect, head_dim in work.progress(
        points, total=len(points), description="aspects and head dimensions"
    ):
        for sample in range(samples):
            names = ("spectrum.laws", settings["seed"], aspect, head_dim, sample)
            generator = numpy_generator("qk_spectrum", *names)
            u, x, row, cloud = _sample(aspect, head_dim, settings["values"], generator)
            rows.append(row)
            if head_dim == last:
                rivals.append(_rival(aspect, head_dim, settings["values"], generator))
                counts.append([_radial_counts(u, aspect), _product_counts(x, aspect)])
                if sample == 0:
                    clouds.append(cloud)
    shape = (len(aspects), len(head_dims), samples)
    by_point, by_sample = ("aspect", "head_dim", "sample"), ("aspect", "sample", "law")
    found = np.array(counts).reshape(len(aspects), samples, 2, CELLS).sum(1)
    return xr.Dataset(
        {
            **{
                name: (
                    (*by_point, "law") if name == "radial_ks" else by_point,
                    np.array([row[name] for row in rows]).reshape(*shape, *np.shape(rows[0][name])),
                )
                for name in rows[0]
            },
            "rival_ks": (by_sample, np.array(rivals).reshape(len(aspects), samples, len(RADIAL))),
            "radial_counts": (("aspect", "cell"), found[:, 0]),
            "product_counts": (("aspect", "cell"), found[:, 1]),
            "cloud": (("aspect", "value", "part"), np.stack(clouds)),
        },
        coords={"aspect": aspects, "head_dim": head_dims, "law": list(RADIAL), "part": ["real", "imaginary"]},
        attrs={"values": settings["values"]},
    )


def radial_edges(aspect: float) -> FloatArray:
    """Edges (cell + 1,) of the radial histogram."""
    return np.linspace(0, REACH * radial_law.edge(aspect), CELLS + 1)


def product_edges(aspect: float) -> FloatArray:
    """Edges (cell + 1,) of the histogram of squared singular values, uniform in x^(1/3), a little beyond the
    law."""
    low, high = np.cbrt(product_law.edges(aspect))
    margin = 0.05 * (high - low)
    return np.linspace(max(0.0, low - margin), high + margin, CELLS + 1) ** 3


def _sample(
    aspect: int, head_dim: int, values: int, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray, dict[str, Any], FloatArray]:
    """Moduli u, squared singular values x, the numbers kept of them, and the eigenvalues in units of the
    law."""
    width = aspect * head_dim
    query, key = gaussian((values // head_dim, head_dim, width), generator)
    eigenvalues = query_key.eigenvalues(query, key)
    u = radial_law.radius(eigenvalues, float(width), width)
    x = product_law.scaled_squares(query_key.singular_values(query, key), float(width), width)
    small = np.linalg.svd(query_key.small_product(query, key), compute_uv=False)
    small_x = product_law.scaled_squares(small, float(width), width)
    unit = u.max() / np.abs(eigenvalues).max()
    row = {
        "radial_ks": radial_distances(u.ravel(), aspect),
        "product_ks": float(ks_distance(np.sort(product_law.cdf(x.ravel(), aspect)))),
        "small_ks": float(ks_distance(np.sort(product_law.cdf(small_x.ravel(), aspect)))),
        "first": float(x.mean()),
        "second": float(np.mean(x**2)),
        "small_first": float(small_x.mean()),
        "small_second": float(np.mean(small_x**2)),
        "edge": float(u.max(axis=-1).mean() / radial_law.edge(aspect)),
        "modulus_square": float(np.mean(u**2)),
        "real_share": float(np.mean(eigenvalues.imag == 0)),
    }
    flat = unit * eigenvalues.ravel()
    return u.ravel(), x.ravel(), row, np.stack([flat.real, flat.imag], axis=-1)


def radial_distances(u: FloatArray, aspect: float) -> list[float]:
    """KS distances of moduli (N,) from the law and its rivals, in the order of `RADIAL`."""
    return [float(ks_distance(np.sort(cdf(u, aspect)))) for cdf in RADIAL.values()]


def _rival(aspect: int, head_dim: int, values: int, generator: np.random.Generator) -> list[float]:
    """Distances of draws for which a rival is true: Ginibre's circular law at alpha = 1, else that of
    products of square matrices, stretched to the edge of this aspect."""
    shape = (values // head_dim, head_dim, head_dim)
    if aspect == 1:
        u = np.abs(np.linalg.eigvals(generator.standard_normal(shape))) / np.sqrt(head_dim)
    else:
        eigenvalues = query_key.eigenvalues(*gaussian(shape, generator))
        u = radial_law.radius(eigenvalues, float(head_dim), head_dim) * radial_law.edge(aspect)
    return radial_distances(u.ravel(), aspect)


def _radial_counts(u: FloatArray, aspect: int) -> FloatArray:
    return np.histogram(u, radial_edges(aspect))[0].astype(np.float64)


def _product_counts(x: FloatArray, aspect: int) -> FloatArray:
    return np.histogram(x, product_edges(aspect))[0].astype(np.float64)
