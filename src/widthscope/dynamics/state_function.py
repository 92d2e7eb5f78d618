"""Find a user's state-update function by its name, ``MODULE:FUNCTION``. This runs the module's code.

MODULE is a name that Python can import, or the path of a ``.py`` file. FUNCTION may have dots in it
(``model.update``) and may be anything that can be called with one state: a function, a method, an instance
of ``torch.nn.Module``.
"""

import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from widthscope.errors import DynamicsError

HOW = "write MODULE:FUNCTION, such as model.py:{0} or package.module:{0}"
MOST = 4
"""Names that one sentence has room for."""
NEAR = 0.7
"""Share of letters in which a guess agrees with what was written, at least."""
_NOT_THE_USERS = (str(Path(__file__).parents[1]), sysconfig.get_paths()["stdlib"])
"""Folders of this package and of Python itself."""


def module_file(name: str) -> Path | None:
    """File of the module in ``MODULE:FUNCTION``, where it is one here; nothing is imported."""
    where = name.rpartition(":")[0]
    parts = Path.cwd().joinpath(*where.split("."))
    for path in (Path(where), parts.with_name(f"{parts.name}.py"), parts / "__init__.py"):
        if where and path.is_file():
            return path
    return None


def load_function(name: str) -> Callable[[Any], Any]:
    """Import the module and return its function; whatever the module does on import is done.

    Args:
        name: ``MODULE:FUNCTION``.

    Raises:
        DynamicsError: if there is no such module or function, the module fails on import, or what is named
            cannot be called with one state.
    """
    found = load_named(name)
    _check_callable(found, name)
    return found  # type: ignore[no-any-return]


def load_named(name: str, example: str = "step") -> Any:
    """As `load_function`, of whatever kind the thing named is; errors suggest the example's name."""
    where, _, path = name.rpartition(":")
    how = HOW.format(example)
    if not where or not path:
        raise DynamicsError(f"'{name}' names no function; {how}")
    is_file = where.endswith(".py") or os.sep in where or Path(where).is_dir()
    module = _from_file(Path(where), how) if is_file else _by_name(where, how)
    found: Any = module
    for part in path.split("."):
        found = _attribute(found, part, name, whole=module)
    return found


def raised(error: BaseException) -> str:
    """An error of the user's code in half a sentence: its kind, its first line, and where it was raised."""
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<", *_NOT_THE_USERS)) and "site-packages" not in frame.filename
    ]
    if isinstance(error, SyntaxError):
        where = f" ({error.filename}, line {error.lineno})" if error.filename else ""
        return f"{type(error).__name__}: {error.msg}{where}"
    where = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
    said = "".join(f": {line.rstrip('. ')}" for line in str(error).strip().splitlines()[:1])
    ends = ", which would end the process" if isinstance(error, SystemExit) else ""
    return f"{type(error).__name__}{said}{where}{ends}"


def _from_file(path: Path, how: str) -> ModuleType:
    if path.suffix != ".py" or not path.is_file():
        folder = path.parent
        beside = [entry.name for entry in folder.glob("*.py")] if folder.is_dir() else []
        what = "is a folder" if path.is_dir() else "does not exist"
        if path.is_file():
            what = "is no .py file"
        near = get_close_matches(path.name, beside, 1, NEAR) if beside else []
        raise DynamicsError(f"{path} {what}{f'; did you mean {folder / near[0]}?' if near else f'; {how}'}")
    # A name of its own: a user's random.py must not become everybody's `random`.
    name = f"widthscope_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # of every .py file
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with _importable(path.resolve().parent), _explained(str(path), how):
        spec.loader.exec_module(module)
    return module


def _by_name(name: str, how: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise DynamicsError(f"'{name}' is no name of a module; {how}")
    with _importable(Path.cwd()), _explained(name, how):
        return importlib.import_module(name)


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Modules of the folder come first while the user's module is imported, and last from then on.

    Last, because the function may import its neighbours when it is called, and no neighbour's name may stand
    in the way of what this package itself has yet to import.
    """
    entry = str(folder)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)
        if entry not in sys.path:
            sys.path.append(entry)


@contextmanager
def _explained(module: str, how: str) -> Iterator[None]:
    """Failures of an import as one sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if not f"{module}.".startswith(f"{missing}."):
            raise DynamicsError(
                f"{module} cannot be imported: it needs the module '{missing}', which is not installed"
            ) from None
        near = get_close_matches(missing, _modules_beside(missing), 1, NEAR)
        raise DynamicsError(
            f"there is no module named '{missing}' here or among the installed ones"
            f"{f'; did you mean {near[0]}?' if near else f'; {how}'}"
        ) from None
    except SystemExit:
        raise DynamicsError(
            f"{module} ends the process when it is imported; what it runs as a script belongs under "
            "if __name__ == '__main__'"
        ) from None
    except Exception as error:
        raise DynamicsError(f"{module} cannot be imported: it raises {raised(error)}") from error


def _modules_beside(missing: str) -> list[str]:
    """Names of modules that stand where the missing one was looked for."""
    parent = missing.rpartition(".")[0]
    if not parent:
        return [module.name for module in pkgutil.iter_modules()] + [
            entry.stem for entry in Path.cwd().glob("*.py")
        ]
    paths = getattr(sys.modules.get(parent), "__path__", [])
    return [f"{parent}.{module.name}" for module in pkgutil.iter_modules(paths)]


def _attribute(owner: Any, part: str, name: str, whole: ModuleType) -> Any:
    try:
        return getattr(owner, part)
    except AttributeError:
        of_module = owner is whole
        where = f"{name.rpartition(':')[0]}" if of_module else f"{type(owner).__name__} in {name}"
        known = list(_own_callables(owner))
        near = get_close_matches(part, known, 1, NEAR)
        if near:
            hint = f"; did you mean {near[0]}?"
        elif known:
            hint = f"; it has {', '.join(known[:MOST])}{', …' if len(known) > MOST else ''}"
        else:
            hint = "; it has no function at all"
        raise DynamicsError(f"{where} has no function '{part}'{hint}") from None


def _own_callables(owner: Any) -> Iterable[str]:
    """Names of what can be called and was not imported from elsewhere."""
    for name in sorted(vars(owner) if isinstance(owner, ModuleType) else dir(owner)):
        if name.startswith("_"):
            continue
        value = getattr(owner, name, None)
        foreign = isinstance(owner, ModuleType) and getattr(value, "__module__", None) != owner.__name__
        instance = not (inspect.isfunction(value) or inspect.isclass(value))
        if callable(value) and not inspect.isclass(value) and (instance or not foreign):
            yield name


def _check_callable(found: Any, name: str) -> None:
    if inspect.isclass(found):
        raise DynamicsError(f"{name} is a class; name a function of a state, or an instance of the class")
    if not callable(found):
        raise DynamicsError(f"{name} is of type {type(found).__name__} and cannot be called with a state")
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return  # some built-in functions do not tell
    try:
        signature.bind(None)
    except TypeError as error:
        raise DynamicsError(
            f"{name}{signature} cannot be called with the state alone ({error}); write a function of the "
            "state that passes the rest on"
        ) from None
