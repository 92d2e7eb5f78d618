"""A function is found by its name, and what cannot be one is refused in one sentence."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from widthscope.dynamics.state_function import load_function
from widthscope.errors import DynamicsError

MODEL = """
import math
from math import sqrt
LIMIT = 3
def step(state): return 2 * state
def update(state): return state
def with_drive(state, drive): return state + drive
def with_default(state, drive=1): return state + drive
class Model:
    def update(self, state): return 3 * state
    def __call__(self, state): return 5 * state
model = Model()
"""


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test in a folder of its own, and no module of it afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "own_model.py").write_text(MODEL)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def refused(name: str) -> str:
    """The sentence; it is one."""
    with pytest.raises(DynamicsError) as error:
        load_function(name)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert not sentence.endswith(".")
    return sentence


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("own_model.py:step", 2),
        ("./own_model.py:step", 2),
        ("own_model:step", 2),
        ("own_model:model.update", 3),
        ("own_model:model", 5),
        ("own_model.py:with_default", 2),
    ],
)
def test_files_modules_methods_and_instances(name: str, factor: int) -> None:
    assert load_function(name)(1) == factor


def test_a_module_inside_a_package(tmp_path: Path) -> None:
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "__init__.py").write_text("")
    (tmp_path / "own_package" / "inner.py").write_text("from own_model import step")
    assert load_function("own_package.inner:step")(1) == 2
    assert "no module named 'own_package.iner'" in refused("own_package.iner:step")
    assert refused("own_package.iner:step").endswith("did you mean own_package.inner?")


def test_neighbours_are_found_on_import_and_when_the_function_is_called(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "neighbour.py").write_text("FACTOR = 7")
    (tmp_path / "sub" / "later.py").write_text("FACTOR = 11")
    (tmp_path / "sub" / "user.py").write_text(
        "from neighbour import FACTOR\n"
        "def step(state):\n    from later import FACTOR as other\n    return FACTOR * other * state\n"
    )
    assert load_function("sub/user.py:step")(1) == 77


def test_a_file_may_have_the_name_of_an_installed_module(tmp_path: Path) -> None:
    import random

    (tmp_path / "random.py").write_text(MODEL)
    assert load_function("random.py:step")(1) == 2
    assert sys.modules["random"] is random
    assert sys.path[0] != str(tmp_path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("own_model.py", "names no function; write MODULE:FUNCTION"),
        ("own_model.py:", "names no function"),
        (":step", "names no function"),
        ("own_modle.py:step", "own_modle.py does not exist; did you mean own_model.py?"),
        ("nowhere/model.py:step", "nowhere/model.py does not exist; write MODULE:FUNCTION"),
        (".:step", "is a folder"),
        ("own_modle:step", "did you mean own_model?"),
        ("own model:step", "'own model' is no name of a module"),
        ("own_model:stpe", "own_model has no function 'stpe'; did you mean step?"),
        ("own_model:qqqq", "has no function 'qqqq'; it has model, sqrt, step, update, …"),
        ("own_model:model.updat", "did you mean update?"),
        ("own_model:LIMIT", "own_model:LIMIT is of type int and cannot be called"),
        ("own_model:Model", "is a class; name a function of a state, or an instance"),
        ("own_model:with_drive", "(state, drive) cannot be called with the state alone (missing a required"),
    ],
)
def test_names_that_lead_nowhere(name: str, says: str) -> None:
    assert says in refused(name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nothing_like_this", "it needs the module 'nothing_like_this', which is not installed"),
        ("def step(state)\n  return state", "SyntaxError: expected ':'"),
        ("x = 1\ny = x / 0", "it raises ZeroDivisionError: division by zero (bad.py, line 2)"),
        ("import sys; sys.exit(1)", "ends the process when it is imported"),
        ("raise ValueError('one.\\ntwo.')", "it raises ValueError: one ("),
        ("from own_model import nothing", "it raises ImportError: cannot import name 'nothing'"),
        ("", "has no function 'step'; it has no function at all"),
    ],
)
@pytest.mark.parametrize("by_file", [True, False])
def test_modules_that_fail_on_import(
    text: str, says: str, by_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.py").write_text(text)
    sentence = refused("bad.py:step" if by_file else "bad:step")
    assert says in sentence.replace(f"{tmp_path}/", "")


def test_a_keyboard_interrupt_is_passed_on(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_function("bad.py:step")


def test_functions_whose_signature_is_unknown_are_left_to_the_call() -> None:
    function: Callable[[float], float] = load_function("math:sin")
    assert function(0.0) == 0.0
