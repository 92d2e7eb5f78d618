"""In words, how the source that a step depends on differs from the source that made its product."""

from collections.abc import Iterator

from widthscope.fingerprint import Fingerprint
from widthscope.parsed_source import ORDER, STATEMENTS


def source_changes(old: Fingerprint, new: Fingerprint) -> Iterator[str]:
    """One line for each module, file or package that differs, with the functions and classes in it."""
    for name in sorted({*old.modules, *new.modules}):
        if name not in new.modules:
            yield f"source {name} is no longer imported"
        elif name not in old.modules:
            yield f"source {name} is newly imported"
        elif old.modules[name] != new.modules[name]:
            yield f"source {name} changed: {_parts(old.modules[name], new.modules[name])}"
    for path in sorted({*old.files, *new.files}):
        if old.files.get(path) != new.files.get(path):
            yield f"file {path} changed"
    for package in sorted({*old.versions, *new.versions}):
        before, after = old.versions.get(package, "not used"), new.versions.get(package, "not used")
        if before != after:
            yield f"package {package} changed: {before} -> {after}"


def _parts(old: dict[str, str], new: dict[str, str]) -> str:
    """E.g. ``slope, level added, old_slope removed, statements outside functions``."""
    words = []
    for part in sorted({*old, *new} - {ORDER, STATEMENTS}):
        if part not in old:
            words.append(f"{part} added")
        elif part not in new:
            words.append(f"{part} removed")
        elif old[part] != new[part]:
            words.append(part)
    if old.get(STATEMENTS) != new.get(STATEMENTS):
        words.append("statements outside functions")
    return ", ".join(words) or "the order of its definitions"
