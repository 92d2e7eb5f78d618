"""What holds for all tests: property tests repeat, and tests that share something slow share a process."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]

# Property tests are about values, not about how busy the machine is, and fail the same way every time.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@cache
def shares_the_smoke_run(file: str) -> bool:
    """Whether a test file, relative to the repository, asks for the finished smoke run or a copy of it."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return "smoke: Checkout" in text or "disturbed: Checkout" in text


def file_of(nodeid: str) -> str:
    """The file of a test, relative to the repository."""
    return nodeid.partition("::")[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that share the smoke run first: no other group takes as long, and none should wait for it."""
    items.sort(key=lambda item: not shares_the_smoke_run(file_of(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadScopeScheduling":
    """With `--numprocesses`, one process takes the tests of a file, and one all that share the smoke run.

    Files' fixtures and the smoke run, which takes minutes, are then made once.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = file_of(nodeid)
            return "the smoke run" if shares_the_smoke_run(file) else file

    config.option.loadscopereorder = False  # the order is ours, not that of the number of tests
    return ByFile(config, log)
