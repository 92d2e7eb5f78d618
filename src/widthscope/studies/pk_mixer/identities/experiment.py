"""Everything about mixing layers that is exact: equalities, counts, norms, budgets, and pictures of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.mixers.permuted_kronecker import dense, random_permutations
from widthscope.mixers.sparse import initial_sparse_weights, random_mask
from widthscope.streams import torch_generator
from widthscope.studies.pk_mixer.identities import budgets, equalities, norms
from widthscope.work import Work

SLUG, PURPOSE = "pk_mixer", "identities"

PICTURE_SIDE = 6
"""Tokens and channels of the matrices that are shown."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Tables `equalities`, `densities`, `norms`, `budgets`, `widths`, `costs` and `pictures`.

    Args:
        settings: those of `Identities`, and `seed`.
        datasets: none is read.
        work: nothing of it is needed.
    """
    drawn = [
        [_drawn(settings, tokens, channels, seed) for seed in range(settings["seeds"])]
        for tokens, channels in settings["shapes"]
    ]
    compared, counted, normed = ([[draw[part] for draw in row] for row in drawn] for part in range(3))
    shapes = [f"S={tokens}, C={channels}" for tokens, channels in settings["shapes"]]
    coords = {"shape": shapes, "seed": range(settings["seeds"])}
    by_draw = ("shape", "seed", "formula")
    pairs = [*coords.items(), ("formula", ["right", "wrong"])]
    tables = {
        "equalities": xr.Dataset(_stacked(compared, by_draw), coords=dict(pairs)),
        "norms": xr.Dataset(_stacked(normed, by_draw), coords=dict(pairs)),
        "densities": xr.Dataset(_stacked(counted, by_draw[:2]), coords=coords).assign(
            tokens=("shape", [tokens for tokens, _ in settings["shapes"]]),
            channels=("shape", [channels for _, channels in settings["shapes"]]),
        ),
        "budgets": budgets.widest_shapes(settings["budgets"]),
        "widths": budgets.width_curve(settings["budgets"][len(settings["budgets"]) // 2]),
        "costs": budgets.layer_costs(settings["sides"]),
        "pictures": pictures(settings["seed"]),
    }
    return xr.DataTree.from_dict(tables)


def _drawn(
    settings: Mapping[str, Any], tokens: int, channels: int, seed: int
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """All comparisons of one draw of weights and a table."""
    generator = torch_generator(SLUG, PURPOSE, settings["seed"], seed, tokens, channels)
    table = torch.randn(tokens, channels, dtype=torch.float64, generator=generator)
    weights = equalities.drawn_weights(tokens, channels, settings["expansion"], generator)
    compared = (
        equalities.layer_deviations(table, weights)
        | equalities.block_deviations(table, weights)
        | equalities.monarch_deviations(table, weights)
    )
    V, W = weights["v2"], weights["w1"]
    normed = norms.norm_deviations(V, W) | {
        "slack": norms.bound_slack(V, W),
        "slack at equality": norms.equality_slack(V, W),
    }
    return compared, equalities.densities(tokens, channels, weights), normed


def _stacked(rows: list[Any], dims: tuple[str, ...]) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Numbers by name, without blanks, over (shape, seed, ...)."""
    return {
        name.replace(" ", "_"): (dims, np.array([[found[name] for found in row] for row in rows]))
        for name in rows[0][0]
    }


def pictures(seed: int) -> xr.Dataset:
    """Sizes of the entries of one layer's dense matrix (row, column): sparse, mixer, randomly permuted."""
    generator = torch_generator(SLUG, f"{PURPOSE}.pictures", seed)
    side, units = PICTURE_SIDE, PICTURE_SIDE**2
    weight = torch.randn(side, side, dtype=torch.float64, generator=generator) / side**0.5
    first, second = random_permutations(2, units, generator)
    # As on vec, I_C kron W, whose blocks stand on the diagonal.
    blocks = torch.kron(torch.eye(side, dtype=torch.float64), weight)
    mask = random_mask(units, units, side * units, generator)
    found = {
        "sparse": initial_sparse_weights(mask, 1.0, generator),
        "mixer": blocks,
        "permuted": dense(weight, units, first, second),
    }
    return xr.Dataset({name: (("row", "column"), matrix.abs().numpy()) for name, matrix in found.items()})
