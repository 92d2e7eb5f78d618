"""Outputs of one image's tokens, and of limit laws whose scores have a wrong covariance across queries."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import FloatArray, gram, root
from widthscope.attention.sampling import chunks, normals, sample_finite, sample_given_scores, sample_limit
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.cells import count
from widthscope.studies.limit_law.tokens.image_tokens import image_tokens
from widthscope.work import Work

CHUNK = 10_000

FUNCTIONALS: dict[str, Callable[[Tensor], Tensor]] = {
    "y3": lambda y: y[:, 2],
    "y4": lambda y: y[:, 3],
    "y3-y4": lambda y: y[:, 2] - y[:, 3],
    "y1-y8": lambda y: y[:, 0] - y[:, 7],
    "y3·y4": lambda y: y[:, 2] * y[:, 3],
}
"""Functions of one output coordinate y (N, 8); each value comes from one draw."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Counts (point, functional, cell) of each law.

    Args:
        settings: `points` (each with ``law``, see `outputs`), `image`, `width`, `heads`, `draws`, `seed`.
        datasets: ``digits``.
        work: its device is where to compute; its progress wraps the loop.

    Returns:
        The laws as coordinate `law` of `point`; the Gram of the image as `gram` (row, col).
    """
    image, heads, width = settings["image"], settings["heads"], settings["width"]
    K = gram(image_tokens(datasets["digits"], image + 1)[image])
    laws = [point["law"] for point in settings["points"]]
    tables = []
    for law in work.progress(laws, total=len(laws), description="laws of one image"):
        generator = torch_generator(
            "limit_law", "tokens.joint_gram", settings["seed"], image, heads, width, law
        )
        parts = []
        for size in chunks(settings["draws"], CHUNK):
            y = outputs(law, K, heads, width, size, generator, work.device)
            parts.append([count(functional(y).cpu().numpy()) for functional in FUNCTIONALS.values()])
        tables.append(np.sum(parts, axis=0))
    return xr.Dataset(
        {"counts": (("point", "functional", "cell"), np.stack(tables)), "gram": (("row", "col"), K)},
        coords={"law": ("point", np.array(laws, dtype=np.str_)), "functional": list(FUNCTIONALS)},
        attrs={"draws": settings["draws"], "image": image, "heads": heads, "width": width},
    )


def outputs(
    law: str, K: FloatArray, heads: int, width: int, draws: int, generator: torch.Generator, device: str
) -> Tensor:
    """One output coordinate (N, s) under a law of the scores.

    Args:
        law: "finite" (the layer of this width); "limit", P ~ N(0, K ⊗ K); and three laws with the same
            variances or rows but wrong dependence: "iid scores", P_ij ~ N(0, 1); "independent rows", each
            row of P as it should be but independent of the others; "same row", all rows multiples of one.
    """
    L = torch.from_numpy(root(K)).to(device)
    if law in ("finite", "limit"):
        layer = (
            sample_finite(L, heads, width, width, draws, 1, generator, device=device)
            if law == "finite"
            else sample_limit(L, heads, draws, 1, generator, device=device)
        )
    else:
        scores = wrong_scores(law, L, heads, draws, generator)
        layer = sample_given_scores(scores, L, 1, generator)
    assert layer.outputs is not None  # one coordinate was asked for
    return layer.outputs[:, :, 0]


def wrong_scores(law: str, L: Tensor, heads: int, draws: int, generator: torch.Generator) -> Tensor:
    """Scores (N, H, s, s) of one of the three wrong laws of `outputs`, K = L L^T.

    Raises:
        ValueError: if the law is none of them.
    """
    tokens, rank = L.shape
    if law == "iid scores":
        return normals((draws, heads, tokens, tokens), generator, device=L.device)
    if law not in ("independent rows", "same row"):
        raise ValueError(f"unknown law of scores '{law}': iid scores, independent rows or same row")
    rows = tokens if law == "independent rows" else 1
    scale = L.square().sum(dim=-1, keepdim=True).sqrt()
    return normals((draws, heads, rows, rank), generator, device=L.device) @ L.mT * scale
