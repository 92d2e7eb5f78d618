"""The project's files and who imports whom, read once.

Snakemake parses the Snakefile again in every job, and each parse asks for the closure of some forty entries.
So a `SourceTree` reads each file once, and what was parsed is remembered between processes.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from widthscope.errors import StudyError
from widthscope.parsed_source import Import, ParsedSource, parse
from widthscope.source_cache import CACHE_FOLDER, ParsedSources


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
        self._imported: dict[str, tuple[set[str], set[str]]] = {}
        self._closures: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._parsed_before = ParsedSources(self.cache)

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
        self._parsed_before.save()
        return modules, external

    def _walk(self, entry: str) -> tuple[frozenset[str], frozenset[str]]:
        reached: set[str] = set()
        external: set[str] = set()
        waiting = [entry]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                modules, others = self._direct(name)
                waiting += modules
                external |= others
        return frozenset(reached), frozenset(external)

    def _direct(self, name: str) -> tuple[set[str], set[str]]:
        """Project modules that run when this one is imported, and the other packages that it imports."""
        if name not in self._imported:
            modules: set[str] = set()
            external: set[str] = set()
            for target in self._targets(name):
                package = target.partition(".")[0]
                if package not in self.packages:
                    external.add(package)
                elif self.path(target) is not None:
                    modules.add(target)
            self._imported[name] = modules, external
        return self._imported[name]

    def _targets(self, name: str) -> Iterator[str]:
        """Dotted names that an import of the module may run; names that are no modules are dropped later."""
        if not _is_script(name):
            yield from _parents(name)
        path = self.path(name)
        is_package = path is not None and path.name == "__init__.py"
        for statement in self.source(name).imports:
            base = _absolute(statement, name, is_package)
            if base:
                yield from (*_parents(base), base)
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
        digest = hashlib.sha256(text).hexdigest()
        known = self._parsed_before.get(digest)
        if known is not None:
            return known
        try:
            parsed = parse(text)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            reason = getattr(error, "msg", error)
            raise StudyError(f"{path}, line {line} is not Python: {reason}") from error
        self._parsed_before.add(digest, parsed)
        return parsed


def _is_script(name: str) -> bool:
    return name.endswith(".py")


def _absolute(statement: Import, importer: str, is_package: bool) -> str:
    if statement.level == 0:
        return statement.module
    up = statement.level - 1 if is_package else statement.level
    parts = importer.split(".")
    package = parts[: len(parts) - up] if up < len(parts) else []
    return ".".join((*package, statement.module)) if statement.module else ".".join(package)


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:depth]) for depth in range(1, len(parts)))
