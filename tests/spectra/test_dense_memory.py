from pathlib import Path

import pytest

from widthscope.errors import DynamicsError
from widthscope.spectra import dense_memory


def test_what_a_jacobian_of_the_paper_needs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense_memory, "available_bytes", lambda: 8 * 10**9)
    n = 81 * 512
    assert dense_memory.dense_bytes(n) == 4 * 8 * n**2
    assert not dense_memory.fits(n, 1)
    with pytest.raises(
        DynamicsError, match=r"n = 41472 .* 13\.8 GB .* 55 GB, more than the 8 GB .* matrix-free"
    ):
        dense_memory.require_fit(n, 1)
    dense_memory.require_fit(1000, 10)


def test_the_limit_of_the_control_group_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"/proc/meminfo": ["MemTotal: 9 kB", "MemAvailable:   5000 kB"]}
    monkeypatch.setattr(dense_memory, "_lines", lambda path: files.get(str(path), []))
    assert dense_memory.available_bytes() == 5000 * 1024
    files |= {"/sys/fs/cgroup/memory.max": ["max"], "/sys/fs/cgroup/memory.current": ["7"]}
    assert dense_memory.available_bytes() == 5000 * 1024
    files["/sys/fs/cgroup/memory.max"] = ["1007"]
    assert dense_memory.available_bytes() == 1000
    files["/sys/fs/cgroup/memory.max"] = ["5"]
    assert dense_memory.available_bytes() == 0


def test_this_machine_has_memory() -> None:
    assert dense_memory.available_bytes() > 2**20
    assert dense_memory._lines(Path("/nowhere/at/all")) == []
