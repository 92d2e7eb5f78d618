"""Read a state from a file: .npy, .npz, .pt or .safetensors. Nothing in the file is executed.

A state is one array of floating-point numbers of any shape, a single number included. Pickles are read by
``torch.load(weights_only=True)`` only, and NumPy files without ``allow_pickle``. What a header claims is
checked against what the file can hold, and against the memory, before memory is taken.
"""

import math
import zipfile
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from widthscope.dynamics.state_function import NEAR
from widthscope.errors import DynamicsError

if TYPE_CHECKING:
    from torch import Tensor

MOST = 6
"""Names that one sentence has room for."""

DEFLATED = 1032
"""Bytes that one byte of a deflated file unpacks to at most."""

FLOATS = ("float64", "float32", "float16", "bfloat16")


def read_state(path: Path, array: str | None = None) -> "Tensor":
    """The state in a file, of the shape and the floating-point type that it has there.

    Args:
        path: ``.npy``, ``.npz``, ``.pt`` (or ``.pth``), ``.safetensors``.
        array: name of the array, where the file has several.

    Raises:
        DynamicsError: if the file is missing, unreadable, torn or of another kind, holds no or several
            arrays, or an array that is no state: empty, not of floating-point numbers, not finite, beyond
            the memory.
    """
    reader = _readers().get(path.suffix.lower())
    try:
        _check_file(path, reader is not None)
    except OSError as error:
        raise DynamicsError(f"the state file {path} cannot be read: {error.strerror or error}") from error
    assert reader is not None
    stored = reader(path)
    name = _pick(path, stored, array)
    where = f"{path}, array {name}" if name else str(path)
    found = stored[name]
    return _checked(_as_tensor(found() if callable(found) else found, where), where)


def _readers() -> Mapping[str, "Callable[[Path], Mapping[str, Any]]"]:
    return {
        ".npy": _read_npy,
        ".npz": _read_npz,
        ".pt": _read_torch,
        ".pth": _read_torch,
        ".safetensors": _read_safetensors,
    }


def _check_file(path: Path, known: bool) -> None:
    kinds = ", ".join(_readers())
    if not path.exists():
        beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        near = get_close_matches(path.name, beside, 1, NEAR)
        hint = f"; did you mean {path.parent / near[0]}?" if near else ""
        raise DynamicsError(f"the state file {path} does not exist{hint}")
    if not path.is_file():
        raise DynamicsError(f"the state file {path} is {'a folder' if path.is_dir() else 'no file'}")
    if not known:
        ending = f"ends in {path.suffix}" if path.suffix else "has no ending"
        raise DynamicsError(f"the name of the state file {path} {ending}; a state is read from {kinds}")
    if path.stat().st_size == 0:
        raise DynamicsError(f"the state file {path} is empty")
    with path.open("rb") as file:  # what the system refuses is told here, not taken for damage below
        file.read(1)


def _read_npy(path: Path) -> Mapping[str, Any]:
    """The one array, under no name; its length is checked against the file's before memory is taken."""
    try:
        with path.open("rb") as file:
            shape, dtype = _header(file, path)
        if 0 in shape:
            return {"": np.empty(shape, dtype)}
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        _check_room(stored.nbytes, str(path))
        return {"": np.array(stored)}
    except (DynamicsError, MemoryError):
        raise
    except Exception as error:  # a damaged header makes the reader stumble in any way
        raise _torn(path, ".npy file of NumPy") from error


def _header(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], "np.dtype[Any]"]:
    """Shape and type that the header of a .npy file claims."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    if dtype.hasobject:
        raise DynamicsError(f"{path} holds Python objects, not numbers; nothing in it was executed")
    return shape, dtype


def _read_npz(path: Path) -> Mapping[str, Callable[[], Any]]:
    """Every array's name, and how it is read: only the chosen one is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except Exception as error:  # of the archive
        raise _torn(path, ".npz file of NumPy") from error
    return {member.removesuffix(".npy"): partial(_unpacked, path, member) for member in members}


def _unpacked(path: Path, member: str) -> Any:
    """One array of an archive; its header is checked against the archive's entry before memory is taken."""
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(member)
            with archive.open(entry) as file:
                shape, dtype = _header(file, path)
                claimed, left = math.prod(shape) * dtype.itemsize, entry.file_size - file.tell()
            if claimed != left or entry.file_size > DEFLATED * path.stat().st_size:
                raise ValueError("the header claims other than the archive holds")
            _check_room(claimed, f"{path}, array {member.removesuffix('.npy')}")
            with archive.open(entry) as file:
                return np.lib.format.read_array(file, allow_pickle=False)
    except (DynamicsError, MemoryError):
        raise
    except Exception as error:  # of the compression, or the header
        raise _torn(path, ".npz file of NumPy") from error


def _read_torch(path: Path) -> Mapping[str, Any]:
    import pickle
    import warnings

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols; what cannot be read is refused below
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "GLOBAL" in str(error):  # a name of something that would be called
            raise DynamicsError(
                f"{path} holds more than tensors; nothing in it was executed, and torch.save of a plain "
                "tensor writes one that can be read"
            ) from None
        raise _torn(path, "file of torch.save") from error
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes the reader stumble in any way
        if "allocate memory" in str(error):
            raise MemoryError(str(error)) from error
        raise _torn(path, "file of torch.save") from error
    if isinstance(loaded, torch.Tensor):
        return {"": loaded}
    if isinstance(loaded, Mapping):
        tensors = {str(name): value for name, value in loaded.items() if isinstance(value, torch.Tensor)}
        if loaded and not tensors:
            names = ", ".join(str(name) for name in list(loaded)[:MOST])
            raise DynamicsError(
                f"{path} holds no tensor at the top level of its dictionary, which has {names}; torch.save "
                "of the state alone writes one that can be read"
            )
        return tensors
    raise DynamicsError(f"{path} holds an object of type {type(loaded).__name__}; a state is one tensor")


def _read_safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _torn(path, "safetensors file") from error


def _torn(path: Path, kind: str) -> DynamicsError:
    return DynamicsError(f"{path} is not a sound {kind}: it is damaged, cut off or of another kind")


def _pick(path: Path, stored: Mapping[str, Any], array: str | None) -> str:
    if not stored:
        raise DynamicsError(f"{path} holds no array")
    names = [name for name in stored if name]
    if array is None:
        if len(stored) > 1:
            listed = ", ".join(names[:MOST]) + (", …" if len(names) > MOST else "")
            raise DynamicsError(f"{path} holds {len(names)} arrays, {listed}; name the state by --array")
        return next(iter(stored))
    if not names:
        raise DynamicsError(f"{path} holds one array without a name; leave out --array {array}")
    if array not in stored:
        near = get_close_matches(array, names, 1, NEAR)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(names[:MOST])}"
        raise DynamicsError(f"{path} holds no array '{array}'; {hint}")
    return array


def _check_room(size: int, where: str) -> None:
    """Refuse an array beyond the memory; checking and copying it takes its own size again."""
    from widthscope.dynamics.memory import in_bytes
    from widthscope.spectra.dense_memory import available_bytes

    left = available_bytes()
    if 2 * size > left:
        raise DynamicsError(
            f"{where} takes {in_bytes(2 * size)} of memory to read, and {in_bytes(left)} are available"
        )


def _as_tensor(stored: Any, where: str) -> "Tensor":
    import torch

    if isinstance(stored, torch.Tensor):
        if stored.is_nested or stored.layout is not torch.strided or stored.is_meta or stored.is_quantized:
            raise DynamicsError(f"{where} is no dense tensor of plain numbers; a state is one")
        _check_room(stored.numel() * stored.element_size(), where)  # views may claim more than is stored
        return stored.detach().clone()
    if stored.dtype.name not in FLOATS:
        raise _not_floating(where, stored.dtype.name)
    return torch.from_numpy(np.ascontiguousarray(stored, stored.dtype.newbyteorder("="))).reshape(
        stored.shape
    )


def _checked(state: "Tensor", where: str) -> "Tensor":
    import torch

    number = str(state.dtype).removeprefix("torch.")
    if number not in FLOATS:
        raise _not_floating(where, number)
    if state.numel() == 0:
        raise DynamicsError(f"{where} is empty: its shape is {tuple(state.shape)}")
    wrong = ~torch.isfinite(state)
    if wrong.any():
        place = tuple(torch.nonzero(wrong)[0].tolist())
        kind = "NaN" if bool(torch.isnan(state[place])) else "infinite"
        at = f" at index {place}" if place else ""
        raise DynamicsError(
            f"{where} is {kind}{at} ({int(wrong.sum())} of its {state.numel()} numbers are not finite)"
        )
    return state


def _not_floating(where: str, number: str) -> DynamicsError:
    return DynamicsError(
        f"{where} holds numbers of type {number}; a state is of {', '.join(FLOATS[:-1])} or {FLOATS[-1]}"
    )
