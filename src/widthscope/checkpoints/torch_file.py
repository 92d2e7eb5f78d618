"""One file of ``torch.save``: read as tensors and plain containers only, so that nothing in it is executed.

A file in the zip format is mapped anew for every tensor that is read, because pages of a memory map stay in
the process as long as the map does. The old format cannot be mapped and is held whole.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from widthscope.checkpoints.stored_numbers import Float64
from widthscope.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "net", "weights", "params")
"""Keys under which training code keeps the state dict beside an optimiser's state and counters."""

CONFIGS = ("model_args", "config", "model_config", "hyper_parameters", "args")
"""Keys under which it keeps the model's sizes."""


class TorchFile:
    """The tensors of one file of ``torch.save``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self._mapped = file.read(4) == b"PK\x03\x04"
        loaded = _load(path, self._mapped)
        if not isinstance(loaded, Mapping):
            raise CheckpointError(f"{path} holds {_kind(loaded)}, not a state dict of named tensors")
        tensors = dict(_tensors(_unwrapped(loaded)))
        if not tensors:
            raise CheckpointError(f"{path} is not a state dict: it holds no tensor")
        self.config: Mapping[str, Any] = _config(loaded)
        self.formats = {name: _format(tensor) for name, tensor in tensors.items()}
        self.shapes = {name: _shape(tensor) for name, tensor in tensors.items()}
        self._held = None if self._mapped else tensors

    def read(self, name: str, rows: slice, columns: slice) -> Float64:
        """Part of a matrix, in float64; of a vector with ``columns`` left whole."""
        import torch

        tensors = self._held or dict(_tensors(_unwrapped(_load(self.path, self._mapped))))
        if name not in tensors or _shape(tensors[name]) != self.shapes[name]:
            raise CheckpointError(f"{self.path} changed after it was opened: {name} is another or gone")
        tensor = tensors[name].detach()
        part = tensor[rows, columns] if tensor.ndim > 1 else tensor[rows]
        values: Float64 = part.to(torch.float64).numpy()
        return values


def _load(path: Path, mapped: bool) -> Any:
    import pickle
    import warnings

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols; what cannot be read is refused below
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        called = re.search(r"GLOBAL ([\w.]+)", str(error))
        why = f"loading it would call {called[1]}" if called else "it holds more than tensors"
        if not called and "weights_only" not in str(error) and "Weights only" not in str(error):
            why = "it cannot be read as one"
        raise CheckpointError(
            f"{path} is not a plain state dict: {why}; nothing in it was executed, and "
            "torch.save(model.state_dict(), ...) writes one that can be read"
        ) from None
    except MemoryError:
        raise
    except Exception as error:
        # a damaged file makes the reader stumble in any way: a key, a struct, an assertion
        if "TorchScript" in str(error):
            raise CheckpointError(
                f"{path} is a TorchScript program, not a state dict; nothing in it was executed"
            ) from None
        raise CheckpointError(
            f"{path} cannot be read as a file of torch.save: it is damaged, cut off or of another kind"
        ) from None


def _unwrapped(loaded: Any) -> Mapping[Any, Any]:
    """The state dict inside what a training loop saved."""
    import torch

    found: Mapping[Any, Any] = loaded
    for _ in range(len(WRAPPERS)):  # a file can wrap itself
        if any(isinstance(value, torch.Tensor) and _shape(value)[1:] for value in found.values()):
            break
        inner = next((found[key] for key in WRAPPERS if isinstance(found.get(key), Mapping)), None)
        if inner is None:
            break
        found = inner
    return found


def _tensors(found: Mapping[Any, Any]) -> "Iterator[tuple[str, Tensor]]":
    """Every tensor by its name; containers inside the state dict become parts of the name.

    Each container is entered once, since a file may hold one in itself, or in many others.
    """
    import torch

    waiting, entered = [("", found)], {id(found)}
    while waiting:
        prefix, container = waiting.pop()
        for name, value in container.items():
            if isinstance(value, torch.Tensor):
                yield f"{prefix}{name}", value
            elif isinstance(value, Mapping) and id(value) not in entered:
                entered.add(id(value))
                waiting.append((f"{prefix}{name}.", value))


def _format(tensor: "Tensor") -> str:
    """How the numbers of a tensor are stored; what no `FORMATS` has where they are not simply there."""
    import torch

    number = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_nested or tensor.layout is not torch.strided:
        return f"{'nested' if tensor.is_nested else 'sparse'} {number}"
    if tensor.is_meta:
        return f"{number} without values"
    if not tensor.is_quantized and tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        return f"{number} of which one is repeated"  # a few bytes can claim a matrix of any size
    return number


def _shape(tensor: "Tensor") -> tuple[int, ...]:
    """Shape of a tensor; a nested one has none."""
    return () if tensor.is_nested else tuple(tensor.shape)


def _config(loaded: Mapping[Any, Any]) -> Mapping[str, Any]:
    """The model's sizes, if the training loop saved them as plain values."""
    for key in CONFIGS:
        if isinstance(loaded.get(key), Mapping):
            return {str(name): value for name, value in loaded[key].items()}
    return {}


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
