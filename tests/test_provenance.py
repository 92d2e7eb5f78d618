import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from widthscope import provenance
from widthscope.errors import StoreError
from widthscope.provenance import Provenance

RECORD: dict[str, Any] = {
    "product": "results/smoke/claims.json",
    "rule": "judge_claims",
    "wildcards": {},
    "settings": {"level": 0.99, "widths": [64, 256]},
    "source": {"digest": "s", "modules": {}},
    "inputs": {"a": "1"},
    "outputs": {"b": "2"},
    "seconds": 1.5,
    "peak_mb": 100.0,
    "host": "here",
    "platform": "Linux",
    "versions": {"python": "3.11"},
    "commit": None,
    "started": "2026-01-01T00:00:00+00:00",
    "threads": 1,
    "device": "cpu",
}


def test_a_record_survives_the_disk(tmp_path: Path) -> None:
    record = Provenance(**RECORD)
    provenance.write(record, tmp_path / "claims.provenance.json")
    assert provenance.read(tmp_path / "claims.provenance.json") == record


@pytest.mark.parametrize("content", ["", "{}", '{"product": 3}', "not json"])
def test_a_torn_record_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "fit.provenance.json"
    path.write_text(content)
    with pytest.raises(
        StoreError, match=r"fit\.provenance\.json is no provenance record \(.+\); run snakemake"
    ):
        provenance.read(path)


def test_a_store_is_known_by_its_content_and_a_file_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "fit.zarr").mkdir()
    (tmp_path / "fit.digest.json").write_text('{"digest": "abc", "written": "whenever"}')
    (tmp_path / "claims.json").write_bytes(b"[]")
    (tmp_path / "claims.provenance.json").write_text("{}")
    found = provenance.digests(sorted(tmp_path.iterdir()))
    assert found == {
        (tmp_path / "fit.digest.json").as_posix(): "abc",
        (tmp_path / "claims.json").as_posix(): hashlib.sha256(b"[]").hexdigest(),
    }


@pytest.mark.parametrize("content", ["", "[]", '{"arrays": {}}', '{"digest": "a'])
def test_a_torn_digest_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "fit.digest.json"
    path.write_text(content)
    with pytest.raises(StoreError, match=r"fit\.digest\.json is no whole digest file"):
        provenance.file_digest(path)


def test_the_commit_is_that_of_the_checkout(tmp_path: Path) -> None:
    assert provenance.commit(tmp_path) is None
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    (tmp_path / "file").write_text("one")
    for command in (["init", "-q"], ["add", "file"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert provenance.commit(tmp_path) == head.stdout.strip()
    (tmp_path / "file").write_text("two")
    assert provenance.commit(tmp_path) == f"{head.stdout.strip()}-dirty"
