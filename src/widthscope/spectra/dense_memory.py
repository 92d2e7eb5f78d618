"""When a Jacobian is formed, and what that needs.

The stated rule: a dense method runs if all of n values are wanted or n is at most the sizes below, at which
it and the matrix-free method take about as long on one core (benchmarks/jacobian_eigenvalues.py), and if the
matrices of all states fit the memory that is available; else the matrix-free one runs.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from widthscope.errors import DynamicsError

DENSE_EIGENVALUES = 320
DENSE_SINGULAR = 384
PROC, CONTROL_GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
_COPIES = 4  # the Jacobian, the product or the copy that LAPACK works on, and its work space


def dense_bytes(n: int, batch: int = 1) -> int:
    """Memory that dense eigenvalues or singular values of `batch` Jacobians of n x n float64 need."""
    return _COPIES * 8 * n * n * batch


def available_bytes() -> int:
    """Memory that this process may still take: the least that the machine and its control groups have left.

    Control groups lie within each other, and each has a limit of its own. File contents that the system
    keeps and has not used lately count as free, as they do in the machine's own number.
    """
    left = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for line in _lines(PROC / "meminfo"):
        if line.startswith("MemAvailable:"):
            left = int(line.split()[1]) * 1024
    for folder, limit, used, idle in _control_groups():
        numbers = [_lines(folder / name) for name in (limit, used)]
        if all(len(lines) == 1 and lines[0].isdigit() for lines in numbers):
            taken = int(numbers[1][0]) - _idle_bytes(folder, idle)
            left = min(left, max(0, int(numbers[0][0]) - taken))
    return left


def _control_groups() -> Iterator[tuple[Path, str, str, str]]:
    """Folders of this process' control groups, innermost first, with the names of what they hold.

    Of version 2, one hierarchy, and of version 1, that of the memory. Within a container the path may be
    that of the machine outside, of which only the last folder up, the root, is there.
    """
    second = ("memory.max", "memory.current", "inactive_file")
    first = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    found = [(CONTROL_GROUPS, "/", second), (CONTROL_GROUPS / "memory", "/", first)]
    for line in _lines(PROC / "self" / "cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found += [(CONTROL_GROUPS, path, second), (CONTROL_GROUPS / "unified", path, second)]
        elif "memory" in controllers.split(","):
            found.append((CONTROL_GROUPS / "memory", path, first))
    for root, path, names in found:
        inside = PurePosixPath(path.lstrip("/"))
        for folder in dict.fromkeys((inside, *inside.parents)):
            if ".." not in folder.parts:  # of a group outside of the container's
                yield (root / folder, *names)


def _idle_bytes(folder: Path, name: str) -> int:
    """Bytes of file contents in memory that the system gives up first."""
    for line in _lines(folder / "memory.stat"):
        key, _, number = line.partition(" ")
        if key == name and number.isdigit():
            return int(number)
    return 0


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
