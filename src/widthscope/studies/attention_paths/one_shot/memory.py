"""What the theory of a network takes of memory, in bytes; for plans, so nothing heavy is imported."""

from math import prod

BLOCK = 1000
"""Episodes whose attention matrices are in memory at once."""

KEPT_STEPS = 112
"""Vectors of all coordinates that the search for a minimum keeps, its history of 50 twice among them."""


def theory_bytes(heads: tuple[int, ...], tokens: int, features: int, examples: int, sets: list[int]) -> int:
    """Of the path inputs of all sets, of one block of attention matrices, of the kernels and of the search.

    Args:
        heads: by layer.
        tokens: T of an episode.
        features: N_0 of a token.
        examples: P that the posterior is conditioned on.
        sets: numbers of episodes of the sets beside.
    """
    paths = prod(heads)
    counts = [examples, *sets]
    # The largest set is there twice while its blocks are joined, and again while its paths are summed up.
    inputs = 8 * paths * features * (sum(counts) + 2 * max(counts))
    shown = 8 * max(counts) * tokens * features  # as float32, joined from their parts
    block = (
        min(BLOCK, max(counts)) * tokens * (4 * sum(heads) * tokens + 8 * max(heads) * tokens + 24 * paths)
    )
    sizes = [prod(heads[layer:]) for layer in range(len(heads))]
    search = 8 * KEPT_STEPS * sum(size * (size + 1) // 2 for size in sizes)
    # K, its factor, its inverse and G; beside them the kernels of pairs of paths, or all paths' contractions.
    kernels = 32 * examples**2 + min(4 * examples**2 * paths * (paths + 1), 32 * examples * features * paths)
    return inputs + shown + block + search + kernels
