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


@pytest.mark.parametrize("version", [1, 2])
def test_the_tightest_group_above_the_process_counts(
    version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    monkeypatch.setattr(dense_memory, "PROC", proc)
    monkeypatch.setattr(dense_memory, "CONTROL_GROUPS", groups)
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemAvailable: 5000 kB\n")
    root = groups / "memory" if version == 1 else groups
    names = (
        ("memory.limit_in_bytes", "memory.usage_in_bytes")
        if version == 1
        else ("memory.max", "memory.current")
    )
    idle = "total_inactive_file" if version == 1 else "inactive_file"
    line = "4:cpu,memory:/user/job/step" if version == 1 else "0::/user/job/step"
    (proc / "self" / "cgroup").write_text(f"7:pids:/other\n{line}\n")

    def limited(group: str, limit: str, used: int, inactive: int) -> None:
        folder = root / group
        folder.mkdir(parents=True, exist_ok=True)
        for name, number in zip(names, (limit, used), strict=True):
            (folder / name).write_text(f"{number}\n")
        (folder / "memory.stat").write_text(f"anon 5\n{idle} {inactive}\nactive_file 9\n")

    assert dense_memory.available_bytes() == 5000 * 1024  # no folder of a group is there
    limited("user/job", "9000", 8000, 500)
    assert dense_memory.available_bytes() == 1500
    limited("user/job/step", "max" if version == 2 else str(2**63 - 4096), 3000, 0)
    assert dense_memory.available_bytes() == 1500
    limited("user", "10000", 9900, 100)
    assert dense_memory.available_bytes() == 200
    limited("other", "1", 1, 0)  # of another group
    assert dense_memory.available_bytes() == 200
