"""What holds for all tests: property tests repeat, and tests that share something slow share a process."""

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

# Property tests are about values, not about how busy the machine is, and fail the same way every time.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadScopeScheduling":
    """With `--numprocesses`, one process takes the tests of a file, and one all that share the smoke run.

    Files' fixtures and the smoke run, which takes minutes, are then made once.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "tests/workflow" if file.startswith("tests/workflow/") else file

    return ByFile(config, log)
