"""The project's files and who imports whom, read once and remembered between processes.

Snakemake parses the Snakefile again in every job, and each parse asks for the closure of some forty entries.
So a `SourceTree` reads each file once, and what was parsed is kept on disk under the hash of the file's
content: no clock is trusted, and a copy or a checkout needs no new parse.
"""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from widthscope.errors import StudyError
from widthscope.parsed_source import Import, ParsedSource, parse

CACHE_FOLDER = ".widthscope_cache"
_CACHE_ENTRIES = 2000
_FORMAT = f"2, python {sys.version_info.major}.{sys.version_info.minor}"


class SourceTree:
    """A snapshot of the project's Python files; edits made later are seen by a new tree only.

    Args:
        packages: folder of each project package by its import name; default: this package.
        root: the workflow's root, from which scripts and other files are found.
        cache: folder for what was parsed; default ``<root>/.widthscope_cache``.
    """

    def __init__(
        self, packages: Mapping[str, Path] | None = None, root: Path = Path(), cache: Path | None = None
    ) -> None:
        self.packages = dict(packages) if packages else {"widthscope": Path(__file__).parent}
        self.root = root
        self.cache = root / CACHE_FOLDER if cache is None else cache
        self._paths: dict[str, Path | None] = {}
        self._sources: dict[str, ParsedSource] = {}
        self._closures: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._known: dict[str, ParsedSource] | None = None
        self._new: set[str] = set()

    def path(self, name: str) -> Path | None:
        """File of a module (``widthscope.store``) or script (``scripts/fit_limits.py``), or None."""
        if name not in self._paths:
            self._paths[name] = self._find(name)
        return self._paths[name]

    def source(self, name: str) -> ParsedSource:
        """The parsed source of a module or script.

        Raises:
            StudyError: if there is no such file, it cannot be read, or it is not Python.
        """
        if name not in self._sources:
            path = self.path(name)
            if path is None:
                raise StudyError(self._unknown(name))
            self._sources[name] = self._parsed(path)
        return self._sources[name]

    def closure(self, entries: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Project modules that the entries reach by import, and the other packages that those import.

        The parents of a module count as imported by it, as Python runs their ``__init__`` first.

        Raises:
            StudyError: if an entry does not exist or a file cannot be parsed.
        """
        modules: frozenset[str] = frozenset()
        external: frozenset[str] = frozenset()
        for entry in entries:
            if entry not in self._closures:
                self._closures[entry] = self._walk(entry)
            modules |= self._closures[entry][0]
            external |= self._closures[entry][1]
        self._save()
        return modules, external

    def _walk(self, entry: str) -> tuple[frozenset[str], frozenset[str]]:
        reached: set[str] = set()
        external: set[str] = set()
        waiting = [entry]
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            reached.add(name)
            if _is_script(name):
                parents: list[str] = []
            else:
                parents = [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
            for target in (*parents, *self._targets(name)):
                if target.partition(".")[0] not in self.packages:
                    external.add(target.partition(".")[0])
                elif self.path(target) is not None:
                    waiting.append(target)
        return frozenset(reached), frozenset(external)

    def _targets(self, name: str) -> Iterator[str]:
        """Dotted names that a module's imports may run; the caller drops those that are no modules."""
        path = self.path(name)
        is_package = path is not None and path.name == "__init__.py"
        for statement in self.source(name).imports:
            base = _absolute(statement, name, is_package)
            if base:
                yield from _with_parents(base)
                yield from (f"{base}.{imported}" for imported in statement.names if imported != "*")

    def _find(self, name: str) -> Path | None:
        if _is_script(name):
            script = self.root / name
            return script if script.is_file() else None
        package, *rest = name.split(".")
        if package not in self.packages:
            return None
        place = self.packages[package].joinpath(*rest)
        for candidate in (place / "__init__.py", place.with_name(place.name + ".py")):
            if candidate.is_file() and (rest or candidate.name == "__init__.py"):
                return candidate
        return None

    def _unknown(self, name: str) -> str:
        if _is_script(name):
            return f"there is no script '{name}' in {self.root.resolve()}"
        package = name.partition(".")[0]
        folder = self.packages.get(package)
        if folder is None:
            return f"'{name}' is no module of this project; its packages are {', '.join(self.packages)}"
        files = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py"))
        known = (".".join((package, *file.parts)) for file in files)
        near = get_close_matches(name, known, n=1)
        return f"there is no module '{name}'" + (f"; did you mean '{near[0]}'?" if near else "")

    def _parsed(self, path: Path) -> ParsedSource:
        try:
            text = path.read_bytes()
        except OSError as error:
            raise StudyError(f"the source {path} cannot be read: {error.strerror}") from error
        key = hashlib.sha256(text).hexdigest()
        if self._known is None:
            self._known = _load(self.cache / "parsed.json")
        if key not in self._known:
            try:
                self._known[key] = parse(text)
            except (SyntaxError, ValueError) as error:
                line = getattr(error, "lineno", None) or 1
                reason = getattr(error, "msg", error)
                raise StudyError(f"{path}, line {line} is not Python: {reason}") from error
            self._new.add(key)
        return self._known[key]

    def _save(self) -> None:
        """Keep what was parsed; entries lost to another process writing meanwhile cost one more parse."""
        if not self._new or not self._known:
            return
        merged = _load(self.cache / "parsed.json") | {key: self._known[key] for key in self._new}
        kept = list(merged.items())[-_CACHE_ENTRIES:]
        entries = {key: [source.parts, [_as_list(i) for i in source.imports]] for key, source in kept}
        save_cached(self.cache / "parsed.json", {"format": _FORMAT, "sources": entries})
        self._new.clear()


def save_cached(path: Path, content: object) -> None:
    """Write a cache file whole or not at all; a cache that cannot be written is no error."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content, separators=(",", ":")))
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _load(path: Path) -> dict[str, ParsedSource]:
    """What an earlier process parsed; anything wrong with the file means nothing is known."""
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != _FORMAT:
            return {}
        return {
            key: ParsedSource(dict(parts), tuple(Import(i[0], i[1], tuple(i[2:])) for i in imports))
            for key, (parts, imports) in content["sources"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}


def _as_list(statement: Import) -> list[int | str]:
    return [statement.level, statement.module, *statement.names]


def _is_script(name: str) -> bool:
    return name.endswith(".py")


def _absolute(statement: Import, importer: str, is_package: bool) -> str:
    if statement.level == 0:
        return statement.module
    up = statement.level - 1 if is_package else statement.level
    parts = importer.split(".")
    package = parts[: len(parts) - up] if up < len(parts) else []
    return ".".join((*package, statement.module)) if statement.module else ".".join(package)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:depth]) for depth in range(1, len(parts) + 1))
