"""A chain of Gram matrices against the stack of layers it stands for, with all weights drawn."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram_chain import (
    Block,
    ChainLayer,
    finite_chain,
    limit_chain,
    naive_chain,
    token_correlation,
)
from widthscope.attention.sampling import chunks
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.cells import count
from widthscope.studies.limit_law.extensions.depth import block_of
from widthscope.work import Work

CHUNK = 5_000
TOKENS, HEADS, LAYERS, SKIP = 3, 2, 2, 0.7
"""A small stack, since small widths are farthest from the limit."""

FUNCTIONALS: dict[str, Callable[[Tensor], Tensor]] = {
    "K11": lambda K: K[:, 0, 0],
    "K12": lambda K: K[:, 0, 1],
    "K11-2K12+K22": lambda K: K[:, 0, 0] - 2 * K[:, 0, 1] + K[:, 1, 1],
    "correlation": token_correlation,
}
"""Functions of the Gram K (N, s, s) of the tokens that leave the last layer."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Counts (point, functional, cell) of functions of the last Gram.

    Args:
        settings: `points` (each with ``chain``: "naive", "finite" or "limit"; ``block``: "plain", "skip" or
            "skip-norm"), `width`, `draws`, `seed`.
        datasets: none is read.
        work: its progress wraps the loop; these small stacks are always computed on the CPU.
    """
    width, points = settings["width"], settings["points"]
    tables = []
    for point in work.progress(points, total=len(points), description="stacks"):
        generator = torch_generator(
            "limit_law", "extensions.witness", settings["seed"], width, point["chain"], point["block"]
        )
        block = block_of(point["block"], HEADS, SKIP)
        parts = []
        for size in chunks(settings["draws"], CHUNK):
            *_, last = stack(point["chain"], width, block, size, generator)
            parts.append([count(functional(last.gram).numpy()) for functional in FUNCTIONALS.values()])
        tables.append(np.sum(parts, axis=0))
    return xr.Dataset(
        {"counts": (("point", "functional", "cell"), np.stack(tables))},
        coords={
            **{
                key: ("point", np.array([point[key] for point in points], dtype=np.str_))
                for key in ("chain", "block")
            },
            "functional": list(FUNCTIONALS),
        },
        attrs={"draws": settings["draws"], "width": width, "layers": LAYERS, "heads": HEADS},
    )


def stack(
    kind: str, width: int, block: Block, draws: int, generator: torch.Generator
) -> Iterator[ChainLayer]:
    """Layers of stacks that begin with orthonormal tokens; "naive" draws all weights."""
    K = torch.eye(TOKENS, dtype=torch.float64).expand(draws, TOKENS, TOKENS)
    if kind == "naive":
        X = width**0.5 * torch.eye(TOKENS, width, dtype=torch.float64).expand(draws, TOKENS, width)
        return naive_chain(X, LAYERS, block, generator)
    if kind == "finite":
        return finite_chain(K, LAYERS, width, block, generator)
    return limit_chain(K, LAYERS, block, generator)
