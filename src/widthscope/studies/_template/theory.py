"""The predictions: pure functions with their formula and where it stands."""


def variance(width: int) -> float:
    r"""Variance of the mean square output of a Gaussian layer.

    The outputs h_i are independent standard Gaussians for an input with |x|² = d, so

        Var(q_n) = Var(h²) / n = 2 / n .

    Args:
        width: n >= 1.

    Raises:
        ValueError: if the width is not positive.
    """
    if width < 1:
        raise ValueError(f"a width is at least 1, not {width}")
    return 2 / width


def variance_with_shared_scale(width: int, scales: tuple[float, ...]) -> float:
    r"""The same where all weights of a draw share a factor √c, with c uniform on `scales`.

    Given c the mean square is c q_n, so

        Var(c q_n) = E(c²) (1 + 2/n) - E(c)² ,

    which tends to Var(c) and not to 0.
    """
    mean = sum(scales) / len(scales)
    mean_square = sum(scale**2 for scale in scales) / len(scales)
    return mean_square * (1 + variance(width)) - mean**2
