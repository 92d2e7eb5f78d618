"""Problems whose examples are not in memory at once: path inputs block by block, and the energy from them.

Tokens or path inputs are dask arrays, for example of a zarr store, and only blocks of examples are in memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dask.array as da
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.attention import attention_matrices
from widthscope.path_theory.blocks import BlockedKernels, in_blocks, loaded
from widthscope.path_theory.example_sums import ExampleSums
from widthscope.path_theory.given_numbers import Numbers, as_float64, is_lazy
from widthscope.path_theory.inputs import Readout, path_inputs
from widthscope.path_theory.network import Network
from widthscope.path_theory.primal import PrimalKernels
from widthscope.path_theory.problem import ALL_ZERO, Problem, check_labels, check_shapes


@dataclass(frozen=True)
class StreamedProblem(Problem):
    """A problem whose inputs are elsewhere: `inputs` has their shape and no numbers (device "meta")."""

    def at(self, *, network: Network | None = None, temperature: float | None = None) -> Problem:
        """As `Problem.at`, at a temperature > 0.

        Raises:
            PosteriorError: as there, or if the temperature is 0.
        """
        _check_temperature(self.temperature if temperature is None else temperature)
        return super().at(network=network, temperature=temperature)


def path_input_blocks(
    tokens: da.Array, bilinear: Sequence[Numbers], readout: Readout, block: int = 1000
) -> da.Array:
    """Path inputs (P, D, N0), float64 and lazy, of tokens (P, T, N0) and bilinear forms (H_l, N0, N0).

    The attention matrices of a block of examples exist only while its path inputs are computed. Every use of
    the array computes them again: store it (`to_zarr`) or persist it where it is read more than once.

    Args:
        tokens: lazy, any chunks.
        bilinear: the frozen bilinear forms of layers 1..L.
        readout: last, first or mean query token.
        block: examples at a time.

    Raises:
        PosteriorError: if the tokens are no dask array or a layer's forms do not have the shape; when it is
            computed, as `path_inputs`.
    """
    _check_lazy(tokens, "tokens", "path_inputs")
    forms_by_layer = _forms(bilinear, tokens.shape[-1])
    paths = int(np.prod([len(forms) for forms in forms_by_layer]))

    def inputs(part: NDArray[np.float64]) -> NDArray[np.float64]:
        x = torch.from_numpy(np.array(part, dtype=np.float64))
        found: NDArray[np.float64] = path_inputs(
            x, [attention_matrices(x, forms) for forms in forms_by_layer], readout
        ).numpy()
        return found

    parts = [
        da.map_blocks(  # type: ignore[no-untyped-call]
            inputs,
            lazy,
            chunks=((span.stop - span.start,), (paths,), (tokens.shape[-1],)),
            dtype=np.float64,
            meta=np.empty((0, 0, 0)),
        )
        for span, lazy in in_blocks(tokens, block)
    ]
    found: da.Array = da.concatenate(parts)  # type: ignore[no-untyped-call]
    return found


def streamed_problem(
    inputs: da.Array, labels: Numbers, temperature: float, network: Network, block: int = 1000
) -> Problem:
    """The checked problem of path inputs (P, D, N0) that are read a block of examples at a time.

    Where P > N0 D, they are read once, into sums over examples; else whenever a kernel is built of them.
    `minimise` and `predict` take it like any other problem.

    Args:
        inputs: lazy path inputs, the layer-1 head slowest.
        labels: regression targets (P,).
        temperature: variance of the noise on the labels, > 0.
        network: heads, widths, prior variances.
        block: examples at a time.

    Raises:
        PosteriorError: if a shape does not fit, a number is not finite, all labels are equal, the temperature
            is not above 0, or memory would not do, which is said before anything large is allocated.
    """
    _check_lazy(inputs, "path inputs", "problem")
    shape, y = torch.empty(inputs.shape, device="meta"), as_float64(labels, "labels")
    check_shapes(shape, y, network)
    check_labels(y)
    _check_temperature(temperature)
    examples, paths, features = inputs.shape
    kernels: PrimalKernels | BlockedKernels
    if features * paths < examples:
        sums = ExampleSums(paths, features)
        for span, part in _checked_blocks(inputs, block):
            sums.add(part, y[span])
        kernels = PrimalKernels(sums, network.input_variance)
    else:
        kernels = BlockedKernels(inputs, network.input_variance, block)
        for _ in _checked_blocks(inputs, block):
            pass
    return StreamedProblem(shape, y, float(temperature), network, kernels)


def _checked_blocks(inputs: da.Array, block: int) -> Iterator[tuple[slice, Tensor]]:
    """Every block (p, D, N0), with the examples that it holds; not all of them may be 0."""
    some = False
    for span, lazy in in_blocks(inputs, block):
        part = loaded(lazy)
        finite = torch.isfinite(part).flatten(1).all(1)
        if not bool(finite.all()):
            example = span.start + int((~finite).nonzero()[0])
            raise PosteriorError(f"the path inputs of example {example} are not all finite")
        some = some or bool(part.any())
        yield span, part
    if not some:
        raise PosteriorError(ALL_ZERO)


def _check_lazy(given: object, what: str, otherwise: str) -> None:
    if not is_lazy(given):
        raise PosteriorError(
            f"{what} that are read in blocks are a dask array, not this {type(given).__name__}: "
            f"`{otherwise}` takes those in memory"
        )


def _forms(bilinear: Sequence[Numbers], features: int) -> list[Tensor]:
    """Bilinear forms (H_l, N0, N0) in float64, by layer."""
    found = [as_float64(forms, "bilinear forms") for forms in bilinear]
    for layer, forms in enumerate(found, start=1):
        if forms.dim() != 3 or forms.shape[1:] != (features, features):
            raise PosteriorError(
                f"the bilinear forms of layer {layer} have shape (H, {features}, {features}), "
                f"not {tuple(forms.shape)}"
            )
    if not found:
        raise PosteriorError("path inputs need the bilinear forms of at least one layer, none were given")
    return found


def _check_temperature(temperature: float) -> None:
    if not 0.0 < temperature < float("inf"):
        raise PosteriorError(
            f"examples that are read in blocks need a finite temperature > 0, not {temperature!r}"
        )
