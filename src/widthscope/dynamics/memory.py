"""Which route the analysis takes: dense Jacobians, or Jacobian-vector products alone."""

from dataclasses import dataclass
from typing import Literal

from widthscope.errors import DynamicsError
from widthscope.spectra import arnoldi, largest_singular
from widthscope.spectra.dense_memory import DENSE_EIGENVALUES, available_bytes, dense_bytes

_RESTART = 5
"""A restart of Arnoldi's iteration holds a real basis, the same as complex numbers, and the turned one."""


@dataclass(frozen=True)
class Route:
    """How eigenvalues and singular values are found, and why so.

    Attributes:
        dense: whether Jacobians are formed.
        why: half a sentence for the user.
    """

    dense: bool
    why: str

    @property
    def spectrum(self) -> Literal["dense", "arnoldi"]:
        """Method of eigenvalues."""
        return "dense" if self.dense else "arnoldi"

    @property
    def product(self) -> Literal["dense", "golub-kahan"]:
        """Method of singular values."""
        return "dense" if self.dense else "golub-kahan"

    def wanted(self, count: int) -> int | None:
        """How many eigenvalues to ask for: all of a dense Jacobian."""
        return None if self.dense else count


def matrix_free_bytes(n: int, batch: int, count: int, steps: int) -> int:
    """Memory of the matrix-free methods: bases of vectors of n float64, and the states of a trajectory.

    Args:
        n: numbers of a state.
        batch: states.
        count: leading values asked for.
        steps: T, of the product whose singular values are found.
    """
    subspace = min(n, max(arnoldi.SUBSPACE, 3 * count))
    eigenvalues = (subspace + 1) * (_RESTART if subspace < n else 1)
    singular = 2 * min(n, max(largest_singular.SUBSPACE, 4 * count)) + steps + 1
    return 8 * n * batch * max(eigenvalues, singular)


def choose_route(n: int, batch: int, count: int, steps: int, dense: bool | None) -> Route:
    """Dense where the user says so, or leaves it open and the Jacobians are small and fit the memory.

    Args:
        n: numbers of a state.
        batch: states.
        count, steps: of `matrix_free_bytes`.
        dense: what the user asked for; None for nothing.

    Raises:
        DynamicsError: if dense Jacobians are asked for that do not fit, or nothing does: how much is needed.
    """
    needed, left = dense_bytes(n, batch), available_bytes()
    basis = matrix_free_bytes(n, batch, count, steps)
    states = f"{batch} state{'s' if batch > 1 else ''} of {n} numbers"
    wanted = dense if dense is not None else n <= DENSE_EIGENVALUES and needed <= left
    if wanted and needed > left:
        raise DynamicsError(
            f"--dense needs {in_bytes(needed)} of memory for the Jacobians of {states}, and {in_bytes(left)} "
            "are available; --matrix-free, which is taken where neither is asked for, forms none"
        )
    if not wanted and basis > left:
        raise DynamicsError(
            f"even --matrix-free needs {in_bytes(basis)} of memory for {states}, and {in_bytes(left)} are "
            "available; fewer or smaller states, a smaller --count or fewer --steps take less"
        )
    if dense is not None:
        return Route(dense, "as asked for")
    if n > DENSE_EIGENVALUES:
        return Route(False, f"n = {n} is above {DENSE_EIGENVALUES}; dense would take {in_bytes(needed)}")
    if not wanted:
        return Route(
            False,
            f"dense Jacobians of {states} would take {in_bytes(needed)}, and {in_bytes(left)} are available",
        )
    return Route(True, f"n = {n} is at most {DENSE_EIGENVALUES}; it takes {in_bytes(needed)}")


def in_bytes(count: int) -> str:
    """A number of bytes for people, such as 3.2 GB."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
