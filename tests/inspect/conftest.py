import shutil
from pathlib import Path

import pytest
from tests.inspect.hand_made import Lab, make_lab


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run; tests must not change it."""
    root = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        make_lab(root)
    return root


@pytest.fixture
def lab(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A finished run in the current folder, to be changed at will."""
    root = tmp_path / "lab"
    shutil.copytree(finished, root)
    monkeypatch.chdir(root)
    return Lab(root)
