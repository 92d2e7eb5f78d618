"""What tests of several families use."""

import pytest
import xarray as xr

from widthscope.datasets import digits


@pytest.fixture(scope="session")
def small_digits(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """The prepared digits, which are bundled."""
    return digits.prepare({}, tmp_path_factory.mktemp("digits"))
