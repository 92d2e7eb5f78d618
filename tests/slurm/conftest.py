"""A SLURM cluster of two nodes on this machine, for as long as the tests need it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

CLUSTER = Path(__file__).with_name("cluster")


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """Starts the cluster if it is not up, and in that case stops it afterwards."""
    was_up = subprocess.run([CLUSTER, "status"], capture_output=True, timeout=60).returncode == 0
    if not was_up:
        subprocess.run([CLUSTER, "start"], check=True, timeout=300)
    yield
    if not was_up:
        subprocess.run([CLUSTER, "stop"], check=True, timeout=120)
