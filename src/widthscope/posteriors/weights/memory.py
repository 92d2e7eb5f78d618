"""Memory that block Gibbs takes; known before anything is allocated, and without Torch."""

import math

from widthscope.path_theory.network import Network

_FLOAT_BYTES = 8


def sampling_bytes(network: Network, inputs: tuple[int, ...], tests: int, chains: int, sweeps: int) -> int:
    """Bytes at the peak of `gibbs`, for path inputs of shape (data, P, D, N0).

    Of every sweep the outputs, U and u are kept. While V^l is drawn, its kernel, a factor and products of
    P x P numbers are in memory for every chain, beside five copies at most of the hidden units of all paths
    and of the weights: new ones, old ones, transposed ones and normals.
    """
    data, examples, paths, features = inputs
    kept = sweeps * (tests + paths**2 + 1)
    widest = max(int(width) for width in network.widths)
    maps = zip((1, *network.heads, 1), (*network.widths, 1), (features, *network.widths), strict=True)
    weights = sum(int(heads * rows * columns) for heads, rows, columns in maps)
    working = 4 * examples**2 + 5 * examples * paths * widest + 5 * weights
    shared = 3 * (paths * examples) ** 2 + 2 * math.prod((examples + tests, paths, features))
    return _FLOAT_BYTES * data * (chains * (kept + working) + shared)
