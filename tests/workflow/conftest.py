"""A copy of the repository in which the smoke run has been made once, and cheap copies of it to disturb."""

from pathlib import Path

import pytest
from tests.checkout import Checkout, fresh_checkout


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with a finished smoke run; tests must not change it (see `disturbed`)."""
    checkout = fresh_checkout(tmp_path_factory.mktemp("smoke") / "widthscope")
    done = checkout.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


@pytest.fixture
def disturbed(smoke: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished smoke run that a test may change."""
    return smoke.copy(tmp_path / "widthscope")
