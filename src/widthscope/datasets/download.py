"""Fetches an archive once, resumes what was cut off, and refuses what differs from its checksum."""

import fcntl
import hashlib
import http.client
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from widthscope.datasets.catalogue import Archive, Card
from widthscope.datasets.settings import Download
from widthscope.errors import DataError
from widthscope.progress import progress

CHUNK = 2**20
TIMEOUT = 30.0
ATTEMPTS = 4
AGENT = "Mozilla/5.0 (compatible; widthscope)"  # some mirrors refuse the name of Python's own client


def archive_of(entry: Card, settings: Download, part: str = "") -> Archive:
    """An archive of a dataset, with the mirror and the checksum that the settings may name instead.

    Args:
        entry: the dataset's card.
        settings: those of this archive.
        part: which one, of a dataset of several archives.

    Raises:
        DataError: it is not read from such an archive, or nobody says what its checksum is.
    """
    found = [archive for archive in entry.archives if archive.part == part]
    if not found:
        named = f" named '{part}'" if part else ""
        raise DataError(f"dataset '{entry.name}' is not read from an archive{named}")
    archive = found[0]
    if settings.url is not None:
        archive = replace(archive, url=settings.url)
    if settings.sha256 is not None:
        archive = replace(archive, size=None, checksums={"sha256": settings.sha256})
    if not archive.checksums:
        where = ".".join(filter(None, ("datasets", entry.name, part)))
        raise DataError(
            f"no checksum of {archive.name} is known, so it cannot be trusted; "
            f"set {where}.sha256 to one that you have verified"
        )
    return archive


def fetch(archive: Archive, folder: Path) -> Path:
    """Path of the verified archive, downloaded if it is not there yet.

    A download goes to ``<name>.part`` and is renamed once its checksums agree, so a file under its own
    name is whole; one that was cut off is resumed. Two jobs that want the same file wait for each other.

    Args:
        archive: what to fetch and the checksums it must have.
        folder: where it is kept.

    Raises:
        DataError: it cannot be fetched or kept, or differs from a checksum; says what to do by hand.
    """
    path = folder / archive.name
    if path.exists():
        return _trusted(path, archive)
    part = folder / f"{archive.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _held(folder / f".{archive.name}.lock"):
            if path.exists():  # another job was faster
                return _trusted(path, archive)
            resumed = part.exists()
            _download(archive, part)
            wrong = _mismatch(part, archive.checksums)
            if wrong and resumed:  # the two halves may be of different files: start over, once
                part.unlink()
                _download(archive, part)
                wrong = _mismatch(part, archive.checksums)
            if wrong:
                part.unlink()
                raise DataError(f"what {archive.url} sent is not {archive.name}: {wrong}; it was thrown away")
            os.replace(part, path)
    except OSError as error:
        raise DataError(f"{archive.name} cannot be kept in {folder}: {error.strerror or error}") from None
    return path


def _trusted(path: Path, archive: Archive) -> Path:
    try:
        wrong = _mismatch(path, archive.checksums)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if wrong:
        raise DataError(f"{path} is not the published file: {wrong}; delete it, and it is fetched again")
    return path


def _mismatch(path: Path, checksums: Mapping[str, str]) -> str:
    """What is wrong with a file, by its checksums; empty if nothing is."""
    for algorithm, expected in sorted(checksums.items()):
        with path.open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
        if found != expected.lower():
            return f"its {algorithm} is {found}, but must be {expected}"
    return ""


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(archive: Archive, part: Path) -> None:
    """Fill the part file, going on where an earlier attempt stopped.

    Raises:
        DataError: the network does not give the whole file.
        OSError: the disk does not take it.
    """
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(0.2 * 2**attempt)
        try:
            whole = _receive(archive, part)
        except HTTPError as error:
            reason = f"the server answers {error.code} {error.reason}"
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.unlink(missing_ok=True)
            elif error.code < http.client.INTERNAL_SERVER_ERROR:
                break
        except (URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
            reason = str(getattr(error, "reason", None) or error or type(error).__name__)
            if not part.exists():
                break  # nothing came at all: there is no network, and trying again only takes time
        else:
            if whole:
                return
            reason = f"it stopped after {part.stat().st_size} bytes"
    sums = ", ".join(f"{kind} {value}" for kind, value in sorted(archive.checksums.items()))
    raise DataError(
        f"{archive.url} cannot be downloaded ({reason}); on a machine with a network fetch that file, "
        f"and put it at {part.with_name(archive.name)} ({sums})"
    )


def _receive(archive: Archive, part: Path) -> bool:
    """One request for what is missing; true if the file is as long as the server, or the card, says."""
    if urlsplit(archive.url).scheme not in ("http", "https"):
        raise DataError(f"{archive.url} is not an address that starts with http:// or https://")
    start = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": AGENT, **({"Range": f"bytes={start}-"} if start else {})}
    with urlopen(Request(archive.url, headers=headers), timeout=TIMEOUT) as reply:
        resumed = reply.status == http.client.PARTIAL_CONTENT and _starts_at(reply, start)
        start = start if resumed else 0
        length = reply.headers.get("Content-Length")
        total = start + int(length) if length else archive.size
        with part.open("r+b" if resumed else "wb") as file:
            file.seek(start)
            chunks = iter(lambda: reply.read(CHUNK), b"")
            expected = None if total is None else -(-(total - start) // CHUNK)
            for chunk in progress(chunks, expected, f"{archive.name} (MiB)"):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            return total is None or file.tell() == total


def _starts_at(reply: http.client.HTTPResponse, start: int) -> bool:
    return reply.headers.get("Content-Range", "").startswith(f"bytes {start}-")
