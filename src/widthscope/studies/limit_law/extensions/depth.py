"""Stacks of layers as chains of Gram matrices, at finite width and in the limit."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram_chain import Block, ChainLayer, finite_chain, limit_chain, token_correlation
from widthscope.studies.limit_law.batch_means import Statistics, sweep
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means (point, batch, layer) of the conditional output variance, its square, and token
    correlation.

    The variance is that of an attention output given all that came before; it is averaged over the tokens of
    a draw. `correlation` is that of the tokens that leave the layer.

    Args:
        settings: `points` (each with ``chain``: "finite", "limit", or "separate", in which every layer is
            given fresh orthonormal tokens; ``block``: "plain", or "skip-norm" with skip and RMSNorm; and
            ``width``, 0 for the limit), `tokens`, `layers`, `heads`, `skip`, `draws`, `batches`, `seed`.
        datasets: none is read.
        work: its progress wraps the loop; chains are small and always computed on the CPU.
    """
    tokens, layers = settings["tokens"], settings["layers"]

    def statistics_at(point: Mapping[str, Any]) -> Statistics:
        block = block_of(point["block"], settings["heads"], settings["skip"])

        def statistics(draws: int, generator: torch.Generator) -> dict[str, Tensor]:
            K = torch.eye(tokens, dtype=torch.float64).expand(draws, tokens, tokens)
            stack = list(chain(point["chain"], K, layers, point["width"], block, generator))
            variances = torch.stack([layer.covariance.diagonal(dim1=-2, dim2=-1) for layer in stack], dim=1)
            return {
                "variance": variances.mean(dim=-1),
                "variance_square": variances.square().mean(dim=-1),
                "correlation": torch.stack([token_correlation(layer.gram) for layer in stack], dim=1),
            }

        return statistics

    table = sweep(
        f"extensions.depth s={tokens} H={settings['heads']} skip={settings['skip']}",
        settings["points"],
        statistics_at,
        seed=settings["seed"],
        draws=settings["draws"],
        batches=settings["batches"],
        progress=work.progress,
        dims=("layer",),
    )
    return table.assign_attrs({key: settings[key] for key in ("tokens", "layers", "heads", "skip")})


def block_of(name: str, heads: int, skip: float) -> Block:
    """The block named "plain", "skip" or "skip-norm"."""
    if name == "plain":
        return Block(heads)
    return Block(heads, skip=skip, normalise=name == "skip-norm")


def chain(
    kind: str, gram: Tensor, layers: int, width: int, block: Block, generator: torch.Generator
) -> Iterator[ChainLayer]:
    """Layers of a chain, see `run`."""
    if kind == "limit":
        yield from limit_chain(gram, layers, block, generator)
    elif kind == "finite":
        yield from finite_chain(gram, layers, width, block, generator)
    else:
        for _ in range(layers):
            yield from finite_chain(gram, 1, width, block, generator)
