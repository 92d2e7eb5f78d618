"""A symmetric mixer block and the energy that it lowers, a permuted-Kronecker layer, and CKA of features.

    python own_mixer.py

Tables of six tokens and eight channels, drawn at random, stand in for a mixer's features.
"""

import torch

from widthscope.associative_memory.lagrangians import RELU
from widthscope.associative_memory.memory import symmetric
from widthscope.mixers.mixing import examples_first
from widthscope.mixers.normalisation import EPS
from widthscope.mixers.parallel import Couplings, block
from widthscope.mixers.permuted_kronecker import inverse, permuted_kronecker, random_permutations
from widthscope.statistics.cka import linear_cka

TOKENS, CHANNELS, HIDDEN, EXAMPLES = 6, 8, 10, 200


def drawn(*shape: int, generator: torch.Generator) -> torch.Tensor:
    """Independent normal numbers, float64."""
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def energies(generator: torch.Generator, eps: float, steps: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    """Energy (steps + 1, example) along repeated blocks with tied couplings, and the last tables.

    A block's normalisation adds `normalisation.EPS` to the variance. The energy of this very block is that of
    a memory with the same number: a memory's own default is 0.
    """
    token = drawn(1, HIDDEN, TOKENS, generator=generator)  # one member; its matrices are tied by .mT
    channel = drawn(1, HIDDEN, CHANNELS, generator=generator)
    # By name: `Memory` has the same four matrices in another order.
    tied = Couplings(token=token, token_back=token.mT, channel=channel, channel_back=channel.mT)
    memory = symmetric(token[0], channel[0], RELU, eps=eps)  # the block's activation, with its Lagrangian

    x = drawn(1, TOKENS, EXAMPLES, CHANNELS, generator=generator)  # member, token, example, channel
    found = [memory.energy(examples_first(x)[0])]  # of states (example, token, channel)
    for _ in range(steps):
        x = block(x, tied, torch.relu, "parallel")
        found.append(memory.energy(examples_first(x)[0]))
    return torch.stack(found), examples_first(x)[0]


def permuted_layer(generator: torch.Generator) -> tuple[float, int, int]:
    """Largest difference of J_2 (W kron I) J_1 x and the dense product, numbers stored, and dense entries."""
    weight = drawn(HIDDEN, TOKENS, generator=generator)
    units, hidden_units = TOKENS * CHANNELS, HIDDEN * CHANNELS
    first = random_permutations(1, units, generator)[0]  # index lists: (J x)[i] = x[index[i]]
    second = random_permutations(1, hidden_units, generator)[0]
    x = drawn(units, EXAMPLES, generator=generator)  # vectors are columns

    layer = permuted_kronecker(weight, x, first, second)
    identity = torch.eye(CHANNELS, dtype=torch.float64)
    matrix = torch.kron(weight, identity)[second][:, inverse(first)]  # what the layer never forms
    stored = weight.numel() + len(first) + len(second)
    return float((layer - matrix @ x).abs().max()), stored, matrix.numel()


def main() -> dict[str, object]:
    """Energies, the layer's difference from its matrix, and likeness of features."""
    falling, last = energies(torch.Generator().manual_seed(0), eps=EPS)
    without, _ = energies(torch.Generator().manual_seed(0), eps=0.0)
    rises = int((falling.diff(dim=0) > 0).sum())
    before, after = falling[0].mean(), falling[-1].mean()
    print(f"energy {before:.1f}, after 20 blocks {after:.1f}; steps that raised it: {rises}")
    apart = float((falling - without).abs().max())
    print(f"with eps = 0 in place of the block's {EPS:g}: other by up to {apart:.0e}")

    difference, stored, entries = permuted_layer(torch.Generator().manual_seed(1))
    print(f"layer and matrix agree: {difference < 1e-12}; {stored} numbers stored, the matrix has {entries}")

    generator = torch.Generator().manual_seed(2)
    features = last.flatten(1)  # (example, feature)
    rotation = torch.linalg.qr(drawn(features.shape[1], features.shape[1], generator=generator)).Q
    rotated = linear_cka(features, 3 * features @ rotation)
    unrelated = linear_cka(features, drawn(*features.shape, generator=generator))
    print(f"CKA of features with themselves rotated {rotated:.3f}, with unrelated ones {unrelated:.3f}")
    return {
        "energies": falling,
        "without": without,
        "difference": difference,
        "counts": (stored, entries),
        "cka": (rotated, unrelated),
    }


if __name__ == "__main__":
    main()
