"""What each way of computing the energy takes of memory, in bytes; for plans, so nothing heavy is imported.

P examples, D attention paths, N0 features, M = D N0. Float64 throughout. The kernels that are stored (packed,
factored) are counted in `widthscope.path_theory.kernels`; here is what an energy with its gradient takes on
top of the path inputs.
"""

_FLOAT = 8


def block_bytes(examples: int, features: int, block: int) -> int:
    """Of one P x P matrix that is factored and inverted in place, and blocks of examples.

    Args:
        examples: P.
        features: M = D N0, numbers in the path inputs of one example.
        block: examples in a block.
    """
    return _FLOAT * (examples**2 + 3 * block * examples + 6 * block * features)


def primal_bytes(features: int) -> int:
    """Of the M x M form: the sum over examples, what is factored, its inverse, and what they are made of.

    Args:
        features: M = D N0.
    """
    return 6 * _FLOAT * features**2
