"""Which source a step depends on, as one digest: a changed line reruns what imports it, a comment nothing.

The digest covers the parsed source of the entries and of every project module they reach by import, the
content of files that are no Python (report templates), and the versions of the packages that decide numbers,
as far as the reached modules import them. Modules found by name at run time (`studies.load`) must be entries.
"""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from widthscope.errors import StudyError
from widthscope.source_cache import write_newest
from widthscope.source_tree import SourceTree

DECIDING_PACKAGES = {
    "arviz_stats": "arviz-stats",
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "xarray": "xarray",
    "zarr": "zarr",
}
"""Packages whose version may change a number: import name to name in the package index."""

REMEMBERED = 4
"""Fingerprints kept for the same entries."""


@dataclass(frozen=True)
class Fingerprint:
    """What a step's numbers depend on besides its settings and inputs.

    Attributes:
        digest: sha256 over everything below.
        modules: for each module or script, the hash of each of its top-level functions and classes.
        files: sha256 of the content of each other file.
        versions: Python's and the deciding packages' versions.
    """

    digest: str
    modules: dict[str, dict[str, str]]
    files: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The fingerprint as it is kept in a product's provenance."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Fingerprint":
        """The fingerprint kept by `record`; parts that an older record lacks are empty."""
        return cls(
            str(record.get("digest", "")),
            dict(record.get("modules", {})),
            dict(record.get("files", {})),
            dict(record.get("versions", {})),
        )


def fingerprint(
    entries: Sequence[str],
    files: Sequence[str] = (),
    root: Path = Path("."),
    tree: SourceTree | None = None,
) -> Fingerprint:
    """Fingerprint of everything that the entries run.

    Args:
        entries: module names (``widthscope.studies.limit_law.fit``) or scripts relative to the workflow's
            root (``scripts/fit_limits.py``); their order does not matter.
        files: other files, relative to the workflow's root, whose bytes count.
        root: the workflow's root.
        tree: snapshot of the source to look at, instead of `root` as it is now; one tree for many
            fingerprints reads each file once.

    Raises:
        StudyError: if an entry or file does not exist, or a module is not Python.
    """
    tree = SourceTree(root=root) if tree is None else tree
    modules, external = tree.closure(entries)
    parts = {name: tree.source(name).parts for name in sorted(modules)}
    contents = {name: _file_digest(tree.root / name) for name in sorted(set(files))}
    versions = {"python": ".".join(platform.python_version_tuple()[:2])}
    versions |= {name: _version(name) for name in sorted(external & DECIDING_PACKAGES.keys())}
    whole = json.dumps([parts, contents, versions], sort_keys=True)
    found = Fingerprint(hashlib.sha256(whole.encode()).hexdigest(), parts, contents, versions)
    _remember(found, entries, files, tree.cache)
    return found


def recall(digest: str, cache_folder: Path) -> Fingerprint | None:
    """The fingerprint that had this digest when it was last taken here; None if that is forgotten."""
    for path in (cache_folder / "fingerprints").glob(f"*/{digest}.json"):
        try:
            return Fingerprint.from_record(json.loads(path.read_bytes()))
        except (OSError, ValueError):
            return None
    return None


def _remember(found: Fingerprint, entries: Sequence[str], files: Sequence[str], cache_folder: Path) -> None:
    """Keep the last few fingerprints of the same entries, to say what changed when a job is refused."""
    whose = hashlib.sha256(json.dumps([sorted(entries), sorted(files)]).encode()).hexdigest()[:16]
    path = cache_folder / "fingerprints" / whose / f"{found.digest}.json"
    if not path.exists():
        write_newest(path, found.record(), keep=REMEMBERED)


def _file_digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise StudyError(f"{path}, which a step depends on, cannot be read: {error.strerror}") from error


@cache
def _version(import_name: str) -> str:
    """Public version of a package; the build's local part (``+cpu``) differs between machines of one run."""
    try:
        return metadata.version(DECIDING_PACKAGES[import_name]).partition("+")[0]
    except metadata.PackageNotFoundError:
        return "not installed"
