"""Second moments of squared singular values of random layers and of products of two: theory notes 3.4.

M_k = E tr (A^T A)^k / columns, docs/theory/pk_mixer.md. Weights are scaled so that M_1 = 1 without expansion.
Masks have an exact number of ones, so that two given places are both connected with a probability that is a
little below the square of one's: `pair_ratio`. With the ratio 1 the formulas are those of independent places.
"""


def pair_ratio(connections: int, places: int) -> float:
    """P(two given places are connected) / p^2 where `connections` of `places` are, uniformly."""
    return (connections - 1) / (places - 1) * places / connections


def mixer_layer_moment(side: int, expansion: int = 1) -> float:
    """M_2 of I_C kron W, W Gaussian of gamma S x S and variance 1/S: gamma (gamma + 1 + 1/S), exactly."""
    return expansion * (expansion + 1 + 1 / side)


def sparse_layer_moment(side: int, expansion: int = 1) -> float:
    """M_2 of a sparse layer of gamma m x m, m = S^2, with S connections of a unit on average.

    Of E tr (A^T A)^2 the terms that do not vanish are E a^4 = 3 v^2 p, once for each place, and E a^2 b^2 =
    v^2 q for two places of one row or one column; v = 1/S. With q = p^2 it is gamma (gamma + 1 + 3/S - 2/m).
    """
    units = side * side
    rows = expansion * units
    ratio = pair_ratio(rows * side, rows * units)
    return expansion * (3 / side + ratio * (rows + units - 2) / units)


def mixer_product_ratio(side: int) -> float:
    """E M_2 / M_1^2 of draws of V^T kron W: ((2 + 1/S) / (1 + 2/S^2))^2, exactly.

    Moments of the factors multiply. The direction of a Gaussian W is independent of its norm, so that
    E M_2 / M_1^2 = E M_2 / E M_1^2 for each factor.
    """
    return (mixer_layer_moment(side) / (1 + 2 / side**2)) ** 2


def sparse_product_moment(side: int) -> float:
    """M_2 of the product A B of two independent sparse layers of width m = S^2.

    Sums over rows r, r' of A and columns i, j of B of E (a_r b_i)(a_r b_j)(a_r' b_i)(a_r' b_j), where a
    fourth moment is f = 3 / (S m) and that of two places is g = q / S^2, for A as for B.
    """
    units = side * side
    fourth = 3 / (side * units)
    pair = pair_ratio(side * units, units * units) / units**2
    others = units - 1
    one_row = fourth**2 + 3 * others * pair**2 + others * (fourth * pair + others * pair**2)
    two_rows = others * pair * (fourth + 2 * others * pair)
    return units**2 * (one_row + two_rows)
