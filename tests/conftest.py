"""What holds for all tests: property tests repeat, and tests that share something slow share a process."""

import pytest
from hypothesis import settings

# Property tests are about values, not about how busy the machine is, and fail the same way every time.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--numprocesses`, one process takes all tests of the smoke run, which is made once; another takes
    those of a file."""
    for item in items:
        shared = "smoke" in getattr(item, "fixturenames", ())
        group = "smoke" if shared else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
