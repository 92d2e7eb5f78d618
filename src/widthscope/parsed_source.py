"""One Python file as the fingerprint sees it: what it defines, without its words, and what it imports."""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

STATEMENTS = "<statements>"
"""Name of the part that holds a module's statements outside functions and classes."""
ORDER = "<order>"
"""Name of the part that holds the order in which a module's names are defined."""

HASH_DIGITS = 16
"""Hexadecimal digits kept of a part's sha256: 64 bits tell edits apart and keep records short."""

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Import:
    """One import statement.

    Attributes:
        level: leading dots of a relative import; 0 for an absolute one.
        module: dotted name after the dots; may be empty.
        names: what follows ``import`` in ``from module import ...``; empty for a plain import.
    """

    level: int
    module: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParsedSource:
    """What of a file can change a number.

    Attributes:
        parts: hash of each top-level function and class by name, of other `STATEMENTS`, and of the `ORDER`.
        imports: every import that is executed, also inside functions, but not under ``TYPE_CHECKING``.
    """

    parts: dict[str, str]
    imports: tuple[Import, ...]


def parse(text: str | bytes) -> ParsedSource:
    """Parse a file's text; comments, formatting and docstrings leave no trace.

    Raises:
        SyntaxError: if the text is not Python.
    """
    tree = ast.parse(text)
    imports = tuple(dict.fromkeys(_imports(tree)))
    _strip_docstrings(tree)
    dumps: dict[str, list[str]] = {}
    order: list[str] = []
    for statement in tree.body:
        name = statement.name if isinstance(statement, _DEFINITIONS) else STATEMENTS
        dumps.setdefault(name, []).append(ast.dump(statement))
        order.append(name)
    parts = {name: _short_hash("\n".join(dump)) for name, dump in dumps.items()}
    parts[ORDER] = _short_hash(" ".join(order))
    return ParsedSource(parts, imports)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def _strip_docstrings(tree: ast.Module) -> None:
    """Remove docstrings in place; a string anywhere else may matter and stays."""
    for node in ast.walk(tree):
        if not isinstance(node, _DOCUMENTED) or not node.body:
            continue
        first = node.body[0]
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            del node.body[0]
            if not node.body and not isinstance(node, ast.Module):
                node.body.append(ast.Pass())


def _imports(node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(0, alias.name)
    elif isinstance(node, ast.ImportFrom):
        yield Import(node.level, node.module or "", tuple(alias.name for alias in node.names))
    elif isinstance(node, ast.If) and _is_type_checking(node.test):
        for statement in node.orelse:
            yield from _imports(statement)
    elif not isinstance(node, ast.expr):
        for child in ast.iter_child_nodes(node):
            yield from _imports(child)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"
