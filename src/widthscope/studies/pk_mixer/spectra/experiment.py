"""Moments of the squared singular values of random layers and of products of two layers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.mixers.permuted_kronecker import dense, random_permutations
from widthscope.streams import torch_generator
from widthscope.studies.pk_mixer.spectra import moments
from widthscope.studies.pk_mixer.spectra.draw_counts import draws_at
from widthscope.work import Work

SLUG = "pk_mixer"
FILL_DRAWS = 12
"""Products of which non-zero entries are counted, and products whose factors are looked at."""

PICTURE_DRAWS = 6
BINS = np.linspace(0.0, 4.0, 41)

Drawn = Callable[[], torch.Tensor]


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Nodes `layers/...`, if single layers are asked for, and `products/...`, by side.

    Args:
        settings: those of `Spectra`, and `seed`; sides that other shards compute are left out.
        datasets: none is read.
        work: its progress shows the sides done.
    """
    nodes = {}
    if settings["layer_sides"]:
        nodes["layers/permuted"] = permuted_layers(settings)
        nodes["layers/signal"] = signals(settings)
        cells = [(side, 1) for side in settings["layer_sides"]] + [(settings["expanded"], 2)]
        for side, expansion in work.progress(cells, total=len(cells), description="layers"):
            nodes[f"layers/s{side}-e{expansion}"] = layers(settings, side, expansion)
    sides = settings["product_sides"]
    for side in work.progress(sides, total=len(sides), description="products"):
        nodes[f"products/s{side}"] = products(settings, side)
    return xr.DataTree.from_dict(nodes)


def layers(settings: Mapping[str, Any], side: int, expansion: int) -> xr.Dataset:
    """Moments M_2 of layers: ``mixer`` (draw) and ``sparse`` (sparse_draw)."""
    names = (SLUG, "spectra.layers", settings["seed"], side, expansion)
    count = draws_at(settings["sparse_draws"], settings["fewest"], side, min(settings["layer_sides"]), 1)
    mixer = moments.mixer_layers(side, expansion, settings["factor_draws"], torch_generator(*names, "mixer"))
    sparse = moments.sparse_layers(side, expansion, count, torch_generator(*names, "sparse"))
    return xr.Dataset(
        {"mixer": ("draw", mixer[:, 1]), "sparse": ("sparse_draw", sparse[:, 1])},
        attrs={"side": side, "expansion": expansion},
    )


def permuted_layers(settings: Mapping[str, Any]) -> xr.Dataset:
    """Largest differences of singular values from those of the mixer layer with the same weight, relative.

    Returns:
        Over (draw): ``permuted``, of the layer between two random permutations, and ``sparse``, of a sparse
        layer of the same density.
    """
    side = min(settings["layer_sides"])
    units = side * side
    found: dict[str, list[float]] = {"permuted": [], "sparse": []}
    for draw in range(settings["fewest"]):
        generator = torch_generator(SLUG, "spectra.permuted", settings["seed"], draw)
        weight = torch.randn(side, side, dtype=torch.float64, generator=generator) / side**0.5
        wanted = torch.linalg.svdvals(torch.kron(torch.eye(side, dtype=torch.float64), weight))
        first, second = random_permutations(2, units, generator)
        others = {
            "permuted": dense(weight, units, first, second),
            "sparse": moments.sparse_layer(side, 1, generator),
        }
        for name, matrix in others.items():
            moved = (torch.linalg.svdvals(matrix) - wanted).abs().max() / wanted.max()
            found[name].append(float(moved))
    return xr.Dataset({name: ("draw", values) for name, values in found.items()}, attrs={"side": side})


def signals(settings: Mapping[str, Any]) -> xr.Dataset:
    """Mean square after the layers over that of the inputs: ``right`` and ``without_density`` (draw)."""
    side = max(settings["layer_sides"])
    found = {}
    for name, with_density in (("right", True), ("without_density", False)):
        generator = torch_generator(SLUG, f"spectra.signal.{name}", settings["seed"])
        found[name] = [
            moments.signal_sizes(side, settings["depth"], with_density, generator)
            for _ in range(settings["signals"])
        ]
    return xr.Dataset(
        {name: ("draw", values) for name, values in found.items()},
        attrs={"side": side, "depth": settings["depth"]},
    )


def products(settings: Mapping[str, Any], side: int) -> xr.Dataset:
    """Moments of products of two layers, and what the figure shows of them.

    Returns:
        ``mixer`` and ``unmixed`` (factor_draw, moment), ``permuted`` and ``sparse`` (draw, moment): M_1 and
        M_2 of each draw. ``fill`` (between, fill_draw), the share of non-zero entries of the product with a
        random permutation, the identity or the commutation between its layers; ``deviation``, likewise, of
        the whole product's moments from products of its factors' moments, relative. At sides of at most
        `largest_picture` also ``density`` (form, bin), of singular values over their root mean square.
    """
    names = (SLUG, "spectra.products", settings["seed"], side)
    many = settings["factor_draws"]
    count = draws_at(
        settings["product_draws"], settings["fewest"], side, settings["smallest_product_side"], 2
    )
    generators = {
        name: torch_generator(*names, name)
        for name in ("mixer", "unmixed", "permuted", "sparse", "fill", "picture", "factors")
    }
    draw: dict[str, Drawn] = {
        "permuted": lambda: moments.permuted_product(side, "random", generators["permuted"]),
        "sparse": lambda: moments.sparse_product(side, generators["sparse"]),
    }
    large = {
        name: torch.stack([moments.moments(one()) for _ in range(count)]).numpy()
        for name, one in draw.items()
    }
    between = ["random", "identity", "commutation"]
    fill = [
        [
            float((moments.permuted_product(side, name, generators["fill"]) != 0).double().mean())
            for _ in range(FILL_DRAWS)
        ]
        for name in between
    ]
    deviation = [
        [moments.factor_deviation(side, name, generators["factors"]) for _ in range(FILL_DRAWS)]
        for name in between
    ]
    found = xr.Dataset(
        {
            "mixer": (("factor_draw", "moment"), moments.mixer_products(side, many, generators["mixer"])),
            "unmixed": (
                ("factor_draw", "moment"),
                moments.unmixed_products(side, many, generators["unmixed"]),
            ),
            "permuted": (("draw", "moment"), large["permuted"]),
            "sparse": (("draw", "moment"), large["sparse"]),
            "fill": (("between", "fill_draw"), fill),
            "deviation": (("between", "fill_draw"), deviation),
        },
        coords={"moment": [1, 2], "between": between},
        attrs={"side": side},
    )
    if side <= settings["largest_picture"]:
        found = found.merge(densities(side, generators["picture"]))
    return found


def densities(side: int, generator: torch.Generator) -> xr.Dataset:
    """Histograms of singular values over their root mean square: ``density`` (form, bin)."""
    draws: dict[str, Drawn] = {
        "mixer": lambda: moments.permuted_product(side, "commutation", generator),
        "permuted": lambda: moments.permuted_product(side, "random", generator),
        "sparse": lambda: moments.sparse_product(side, generator),
    }
    rows = []
    for draw in draws.values():
        values = torch.stack([torch.linalg.svdvals(draw()) for _ in range(PICTURE_DRAWS)]).flatten()
        scaled = (values / values.square().mean().sqrt()).numpy()  # a few beyond the last bin are not shown
        rows.append(np.histogram(scaled, BINS)[0] / len(scaled) / np.diff(BINS))
    middles = (BINS[1:] + BINS[:-1]) / 2
    return xr.Dataset(
        {"density": (("form", "bin"), np.array(rows))}, coords={"form": list(draws), "bin": middles}
    )
