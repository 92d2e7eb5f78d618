"""When a Jacobian is formed, and what that needs.

The stated rule: a dense method runs if all of n values are wanted or n is at most the sizes below, at which
it and the matrix-free method take about as long on one core (benchmarks/jacobian_eigenvalues.py), and if the
matrices of all states fit the memory that is available; else the matrix-free one runs.
"""

import os
from pathlib import Path

from widthscope.errors import DynamicsError

DENSE_EIGENVALUES = 320
DENSE_SINGULAR = 384
_COPIES = 4  # the Jacobian, the product or the copy that LAPACK works on, and its work space


def dense_bytes(n: int, batch: int = 1) -> int:
    """Memory that dense eigenvalues or singular values of `batch` Jacobians of n x n float64 need."""
    return _COPIES * 8 * n * n * batch


def available_bytes() -> int:
    """Memory that this process may still take: what the machine has left, or its control group's rest."""
    left = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            left = int(line.split()[1]) * 1024
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        numbers = [_lines(Path("/sys/fs/cgroup") / name) for name in (limit, used)]
        if all(len(lines) == 1 and lines[0].isdigit() for lines in numbers):
            left = min(left, max(0, int(numbers[0][0]) - int(numbers[1][0])))
    return left


def fits(n: int, batch: int) -> bool:
    """Whether the available memory suffices for dense methods on `batch` states of n numbers."""
    return dense_bytes(n, batch) <= available_bytes()


def require_fit(n: int, batch: int) -> None:
    """Raise unless `fits`.

    Raises:
        DynamicsError: how much is needed and available, and what can be had without.
    """
    needed, left = dense_bytes(n, batch), available_bytes()
    if needed > left:
        raise DynamicsError(
            f"the Jacobian of {batch} state(s) of n = {n} numbers takes {8 * n * n * batch / 1e9:.3g} GB and "
            f"its analysis {needed / 1e9:.3g} GB, more than the {left / 1e9:.3g} GB available; ask for a "
            "count of leading values, which are found matrix-free, or for fewer states"
        )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
