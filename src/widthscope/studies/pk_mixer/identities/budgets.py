"""Widest shapes at a fixed number of connections, and what layers of growing width store and multiply."""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from widthscope.mixers.effective_width import (
    best_tokens_at_connections,
    channels_at_connections,
    largest_width_at_connections,
    shapes_at_connections,
)
from widthscope.mixers.permuted_kronecker import permuted_kronecker
from widthscope.mixers.sparse import masked_product, stored_numbers
from widthscope.studies.pk_mixer.initial_networks import values_of
from widthscope.studies.pk_mixer.networks import Kind, Network

EXPANSIONS = (1, 2)
EXAMPLES = 16
FORMS = ("random permutation", "dense mask")
DRAWN_SIDE = 3
"""Of the sparse layer whose tensors are drawn."""


def widest_shapes(sides: Sequence[int]) -> xr.Dataset:
    """What a search over all whole shapes finds, beside the closed forms.

    Returns:
        Over (expansion, side), for budgets gamma side^3 of connections: ``tokens`` of the widest shape and
        its ``width``; ``fewest``, the whole number of tokens with the fewest free parameters where channels
        are real numbers; ``best`` and ``largest``, the closed forms; ``even`` and ``dense``, tokens and width
        if the width were that of a dense layer of the budget, the root of it.
    """
    names = ("tokens", "width", "fewest", "best", "largest", "even", "dense")
    found = {name: np.empty((len(EXPANSIONS), len(sides))) for name in names}
    for row, expansion in enumerate(EXPANSIONS):
        for column, side in enumerate(sides):
            connections = float(expansion * side**3)
            shapes = shapes_at_connections(connections, expansion)
            widest = max(shapes, key=lambda shape: shape.width)
            parameters = {
                shape.tokens: shape.tokens**2
                + channels_at_connections(shape.tokens, connections, expansion) ** 2
                for shape in shapes
            }
            values = (
                widest.tokens,
                widest.width,
                min(parameters, key=lambda tokens: parameters[tokens]),
                best_tokens_at_connections(connections, expansion),
                largest_width_at_connections(connections, expansion),
                (connections / expansion) ** 0.25,
                (connections / expansion) ** 0.5,
            )
            for name, value in zip(names, values, strict=True):
                found[name][row, column] = value
    return xr.Dataset(
        {name: (("expansion", "side"), values) for name, values in found.items()},
        coords={"expansion": list(EXPANSIONS), "side": list(sides)},
    )


def width_curve(side: int) -> xr.Dataset:
    """Widths and free parameters of all shapes of side^3 connections, channels as real numbers; (tokens,)."""
    connections = float(side**3)
    tokens = np.array([shape.tokens for shape in shapes_at_connections(connections)])
    channels = np.array([channels_at_connections(float(count), connections) for count in tokens])
    return xr.Dataset(
        {"width": ("tokens", tokens * channels), "parameters": ("tokens", tokens**2 + channels**2)},
        coords={"tokens": tokens},
        attrs={"connections": int(connections)},
    )


def layer_costs(sides: Sequence[int]) -> xr.Dataset:
    """Numbers and bytes stored, and multiply-adds of one example, counted on tensors and on what runs.

    Layers of S = C = side tokens and channels, without expansion. Stored are the tensors that the study's
    networks keep for a layer: a weight, two random permutations and their inverses, and a dense weight with
    its mask. Multiplied is on Torch's meta device, which knows shapes and multiplies nothing.

    Returns:
        ``stored``, ``bytes`` and ``multiply_adds`` over (form, width).
    """
    found = {name: np.empty((len(FORMS), len(sides))) for name in ("stored", "bytes", "multiply_adds")}
    drawn = kept_tensors("sparse", DRAWN_SIDE)
    for column, side in enumerate(sides):
        units = side * side
        weight, matrix, mask = (
            torch.empty(shape, device="meta") for shape in ((side, side), *[(units, units)] * 2)
        )
        order = torch.empty(units, dtype=torch.int64, device="meta")
        features = torch.empty(units, EXAMPLES, device="meta")
        with FlopCounterMode(display=False) as permuted:
            permuted_kronecker(weight, features, order, order)
        with FlopCounterMode(display=False) as masked:
            masked_product(matrix, mask, features)
        kept = (kept_tensors("random-permuted", side), _grown(drawn, DRAWN_SIDE**2, units))
        found["stored"][:, column] = [stored_numbers(tensors) for tensors in kept]
        found["bytes"][:, column] = [sum(one.nbytes for one in tensors) for tensors in kept]
        for row, counted in enumerate((permuted, masked)):
            found["multiply_adds"][row, column] = counted.get_total_flops() / 2 / EXAMPLES
    return xr.Dataset(
        {name: (("form", "width"), values) for name, values in found.items()},
        coords={"form": list(FORMS), "width": [side * side for side in sides]},
    )


def kept_tensors(kind: Kind, side: int) -> list[Tensor]:
    """What a network of the study, as it is trained, keeps for its first mixing layer (1, ...)."""
    network = Network(kind, "isolated", side, side, connections=side**3, blocks=1)
    values = values_of(network, [0], ("pk_mixer", "identities", "costs")).all()
    layer = network.layers[0]
    return [value for name, value in values.items() if name.split("_")[0] == layer]


def _grown(tensors: Sequence[Tensor], units: int, wanted: int) -> list[Tensor]:
    """The same tensors for another width, on the meta device: masks of the largest widths fill a memory."""
    return [
        torch.empty(
            [wanted if length == units else length for length in one.shape], dtype=one.dtype, device="meta"
        )
        for one in tensors
    ]
