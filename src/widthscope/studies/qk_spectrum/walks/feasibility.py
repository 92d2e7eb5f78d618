"""Which (xi, eta) a spectrum can have. Imported by settings and plan: no numpy."""


class InfeasibleSpectrumError(ValueError):
    """No symmetric matrix of this rank has these traces."""


def least_eta(xi: float, rank: int) -> float:
    """Smallest eta = tr W^2 of a symmetric W with tr W = xi and this rank: xi^2 / rank (Cauchy-Schwarz).

    It is reached by a multiple of a projector, all of whose non-zero eigenvalues are equal. Source: theory
    notes 3.2.
    """
    return xi**2 / rank


def check_feasible(xi: float, eta: float, rank: int) -> None:
    """Refuse what no spectrum has; nothing is moved to the nearest that one could have (theory notes, trap
    5).

    Raises:
        InfeasibleSpectrumError: if eta < xi^2 / rank, or eta is zero where a variance is needed.
    """
    least = least_eta(xi, rank)
    if not eta > 0 or eta < least * (1 - 1e-12):
        raise InfeasibleSpectrumError(
            f"no symmetric matrix of rank {rank} has trace xi = {xi:g} and eta = tr W^2 = {eta:g}; allowed "
            f"is eta > 0 and at least xi^2/rank = {least:g}"
        )
