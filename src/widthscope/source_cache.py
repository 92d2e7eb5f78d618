"""What earlier processes found out about the source: a help that may be lost, damaged or shared at any time.

Files are written whole under a name of their own and then renamed, so that concurrent jobs never read half of
one; anything wrong with a file means that it is computed again.
"""

import contextlib
import json
import sys
import uuid
from pathlib import Path
from typing import Any

from widthscope.parsed_source import Import, ParsedSource

CACHE_FOLDER = ".widthscope_cache"

_LARGEST = 2000  # parsed files; a checkout has some hundred, and every edit adds one
_FORMAT = f"2, python {sys.version_info.major}.{sys.version_info.minor}"  # the syntax tree depends on Python


class ParsedSources:
    """Parsed files by the sha256 of their content: no clock is trusted, and a copy needs no new parse.

    Args:
        folder: where the memory is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "parsed.json"
        self._known: dict[str, ParsedSource] | None = None
        self._new: dict[str, ParsedSource] = {}

    def get(self, digest: str) -> ParsedSource | None:
        """What was parsed from this content, if that is known."""
        if self._known is None:
            self._known = self._load()
        return self._new.get(digest) or self._known.get(digest)

    def add(self, digest: str, source: ParsedSource) -> None:
        """Remember this in the process; `save` makes it last."""
        self._new[digest] = source

    def save(self) -> None:
        """Keep what was added; entries lost to another process writing meanwhile cost one more parse."""
        if not self._new:
            return
        self._known = self._load() | self._new
        self._new = {}
        kept = list(self._known.items())[-_LARGEST:]
        entries = {digest: [source.parts, [_as_list(i) for i in source.imports]] for digest, source in kept}
        write(self._path, {"format": _FORMAT, "sources": entries})

    def _load(self) -> dict[str, ParsedSource]:
        try:
            content = json.loads(self._path.read_bytes())
            if content["format"] != _FORMAT:
                return {}
            return {
                digest: ParsedSource(dict(parts), tuple(Import(i[0], i[1], tuple(i[2:])) for i in imports))
                for digest, (parts, imports) in content["sources"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return {}


def _as_list(statement: Import) -> list[int | str]:
    return [statement.level, statement.module, *statement.names]


def write(path: Path, content: Any) -> None:
    """Write a cache file whole or not at all; a cache that cannot be written is no error."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content, separators=(",", ":")))
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_newest(path: Path, content: Any, keep: int) -> None:
    """Write a cache file, and drop all but the newest `keep` of its folder."""
    write(path, content)
    with contextlib.suppress(OSError):
        by_age = sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        for old in by_age[keep:]:
            old.unlink(missing_ok=True)
