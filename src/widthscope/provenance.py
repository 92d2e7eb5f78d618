"""Where a product came from: the record written beside it, which triggers nothing.

A provenance file says what decided the product (settings, source, inputs), what came out (digests), and the
volatile facts of the run (host, versions, time, memory). ``widthscope explain`` and ``verify`` compare the
first two with the plan and with the disk; the report shows the third.
"""

import hashlib
import json
import platform
import resource
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from widthscope.errors import StoreError
from widthscope.files import atomic_write_json
from widthscope.fingerprint import DECIDING_PACKAGES

VOLATILE_SUFFIX = ".provenance.json"


class Provenance(BaseModel):
    """The content of a ``.provenance.json`` file.

    Attributes:
        product: path of the file that stands for the result; rule and wildcards: the job that made it.
        settings: the values that the job read.
        source: digest, modules, files and versions of its `Fingerprint`.
        inputs, outputs: digest of each file by path, see `file_digest`.
        seconds: wall time of the job; peak_mb: peak resident memory.
        host, platform, versions, commit, started, threads, device: the circumstances.
    """

    model_config = ConfigDict(extra="ignore")

    product: str
    rule: str
    wildcards: dict[str, str]
    settings: dict[str, Any]
    source: dict[str, Any]
    inputs: dict[str, str]
    outputs: dict[str, str]
    seconds: float
    peak_mb: float
    host: str
    platform: str
    versions: dict[str, str]
    commit: str | None
    started: str
    threads: int
    device: str


def write(provenance: Provenance, path: Path) -> None:
    """Write the record, whole or not at all.

    Raises:
        StoreError: if the disk is full or the folder cannot be written.
    """
    atomic_write_json(path, provenance.model_dump(mode="json"))


def read(path: Path) -> Provenance:
    """Read a record.

    Raises:
        FileNotFoundError: if there is none.
        StoreError: if the file is not a provenance record.
    """
    try:
        return Provenance.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"{where}: {first['msg']}" if where else first["msg"]
        raise StoreError(f"{path} is no provenance record ({reason}); run snakemake again") from error


def file_digest(path: Path) -> str:
    """What identifies a product's content: the recorded digest of a store, or the sha256 of a file's bytes.

    Raises:
        FileNotFoundError: if there is no such file.
        StoreError: if a store's digest file is not whole.
    """
    content = path.read_bytes()
    if not path.name.endswith(".digest.json"):
        return hashlib.sha256(content).hexdigest()
    try:
        return str(json.loads(content)["digest"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is no whole digest file; delete it and run snakemake again") from error


def digests(paths: Iterable[str | Path]) -> dict[str, str]:
    """Digest of every file among the paths that identifies content.

    Folders (a store, a folder of figures) are left out, because the small file beside them stands for them,
    and so are provenance records, because they hold times and hosts.
    """
    kept = (Path(path) for path in paths if not str(path).endswith(VOLATILE_SUFFIX))
    return {path.as_posix(): file_digest(path) for path in kept if path.is_file()}


def circumstances(root: Path) -> dict[str, Any]:
    """Host, platform, versions and commit of the running process."""
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "versions": _versions(),
        "commit": commit(root),
    }


def peak_megabytes() -> float:
    """Peak resident memory of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def commit(root: Path) -> str | None:
    """Commit of the checkout, with ``-dirty`` after it if files differ from it; None outside a repository."""
    # Without a lock on the index, which a person may be committing to.
    describe = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(describe, cwd=root, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def _versions() -> Mapping[str, str]:
    """Exact versions of Python, of this package, and of the imported packages that decide numbers."""
    versions = {"python": platform.python_version()}
    imported = [name for module, name in DECIDING_PACKAGES.items() if module in sys.modules]
    for name in ("widthscope", *imported):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "unknown"
    return versions
