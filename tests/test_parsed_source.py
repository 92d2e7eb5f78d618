"""Comments, formatting and docstrings leave no trace; every literal and operator does."""

import ast
import io
import tokenize
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import widthscope
from widthscope.parsed_source import ORDER, STATEMENTS, Import, parse

SOURCES = sorted(Path(widthscope.__file__).parent.glob("*.py"))
texts = st.sampled_from(SOURCES).map(lambda path: path.read_text(encoding="utf-8"))
words = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\x00\x0c"), max_size=20)


def with_comments(text: str, comment: str) -> str:
    """Comment at the end of every logical line."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE and "#" not in lines[token.start[0] - 1]:
            lines[token.start[0] - 1] += f"  # {comment}"
    return "\n".join(lines) + "\n"


def documented(node: ast.AST) -> bool:
    return (
        isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None
    )


@given(texts, words)
@settings(max_examples=20, deadline=None)
def test_comments_and_formatting_leave_no_trace(text: str, comment: str) -> None:
    assert parse(with_comments(text, comment)) == parse(text)
    assert parse(ast.unparse(ast.parse(text))) == parse(text)


@given(texts, st.text(max_size=30))
@settings(max_examples=20, deadline=None)
def test_docstrings_leave_no_trace(text: str, words: str) -> None:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            doc = ast.Expr(ast.Constant(words))
            node.body[: int(documented(node))] = [doc]
    assert parse(ast.unparse(ast.fix_missing_locations(tree))) == parse(text)


def changeable(tree: ast.Module) -> list[ast.AST]:
    """Every literal that is no docstring, and every arithmetic, comparing or logical operation."""
    docs = {id(node.body[0].value) for node in ast.walk(tree) if documented(node)}  # type: ignore[attr-defined]
    inside_f_strings = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    kinds = (ast.Constant, ast.BinOp, ast.Compare, ast.BoolOp)
    return [
        node for node in ast.walk(tree) if isinstance(node, kinds) and id(node) not in docs | inside_f_strings
    ]


def change(node: ast.AST) -> None:
    match node:
        case ast.Constant(value=bool() as value):
            node.value = not value
        case ast.Constant(value=int() | float() as value):
            node.value = value + 1
        case ast.Constant(value=str() | bytes() as value):
            node.value = value + value[:1] if value else type(value)() + ("x" if value == "" else b"x")
        case ast.Constant():
            node.value = "something else"
        case ast.BinOp(op=op):
            node.op = ast.Sub() if isinstance(op, ast.Add) else ast.Add()
        case ast.Compare(ops=[first, *rest]):
            node.ops = [ast.GtE() if isinstance(first, ast.Lt) else ast.Lt(), *rest]
        case ast.BoolOp(op=op):
            node.op = ast.Or() if isinstance(op, ast.And) else ast.And()


@given(texts, st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_literal_or_operator_changes_exactly_its_own_part(text: str, data: st.DataObject) -> None:
    tree = ast.parse(text)
    nodes = changeable(tree)
    if not nodes:
        return
    chosen = data.draw(st.sampled_from(nodes))
    (home,) = [statement for statement in tree.body if any(n is chosen for n in ast.walk(statement))]
    change(chosen)
    before, after = parse(text).parts, parse(ast.unparse(tree)).parts
    assert {name for name in before if before[name] != after[name]} == {getattr(home, "name", STATEMENTS)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 'a'", "x = b'a'"),
        ("x = 0.1", "x = 0.10000000000000002"),
        ("x = -1", "x = 1"),
        ("f(); 'a string that is no docstring'", "f()"),
        ("def f(x, y): return x", "def f(y, x): return x"),
        ("def f(x=1): return x", "def f(x=2): return x"),
        ("@cache\ndef f(): return 1", "def f(): return 1"),
        ("class A(B): pass", "class A(C): pass"),
        ("async def f(): pass", "def f(): pass"),
        ("def f(): pass\ndef g(): pass", "def g(): pass\ndef f(): pass"),
        ("def f(): return 1\ndef f(): return 2", "def f(): return 2\ndef f(): return 1"),
    ],
)
def test_what_may_change_a_number_is_told_apart(one: str, other: str) -> None:
    assert parse(one).parts != parse(other).parts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1_000", "x = 1000"),
        ("x = 'a' 'b'", 'x = "ab"'),
        ("x = (1 + 2)", "x = 1+2"),
        ("def f():\n  'doc'", "def f():\n  pass"),
        ("'doc'", ""),
        ("f(\n a,\n b,\n)", "f(a, b)"),
    ],
)
def test_spelling_is_not_told_apart(one: str, other: str) -> None:
    assert parse(one).parts == parse(other).parts or parse(one).parts[ORDER] == parse("").parts[ORDER]
    assert parse(one) == parse(other)


def test_parts_are_named_after_what_they_define() -> None:
    parts = parse("import a\nX = 1\ndef f(): ...\nclass A:\n    def g(self): ...\n").parts
    assert set(parts) == {"f", "A", STATEMENTS, ORDER}


def test_imports_are_found_wherever_they_are_executed() -> None:
    text = """
import a.b as c, d
from e import f as g, h
from . import i
from ..j import k
from l import *
def m():
    import n
    try:
        from o import p
    except ImportError:
        import q
if typing.TYPE_CHECKING:
    import never
else:
    import r
if TYPE_CHECKING:
    from never import ever
class S:
    from t import u
with v():
    import w
match x:
    case 1:
        import y
"""
    assert set(parse(text).imports) == {
        Import(0, "a.b"),
        Import(0, "d"),
        Import(0, "e", ("f", "h")),
        Import(1, "", ("i",)),
        Import(2, "j", ("k",)),
        Import(0, "l", ("*",)),
        Import(0, "n"),
        Import(0, "o", ("p",)),
        Import(0, "q"),
        Import(0, "r"),
        Import(0, "t", ("u",)),
        Import(0, "w"),
        Import(0, "y"),
    }
