"""Forward hooks that record how large every layer's output is, and how far it is from what it was.

Statistics are taken inside the hook: a later operation that works in place changes the tensor itself.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

STATISTICS = ("l1", "rms", "change_l1", "change_rms")
"""Mean |h| and root mean square of h(t), and of h(t) - h(0)."""
OUTPUT = "model output"
"""Name of what the model itself returns, where no layer has recorded that tensor already."""


class Recorder:
    """Records the outputs of a model's layers in every forward pass inside `listening`.

    Args:
        model: its leaf modules and those with parameters of their own are the layers.
        every: layers without parameters too.
    """

    def __init__(self, model: nn.Module, every: bool = False) -> None:
        self._layers = {module: name for name, module in model.named_modules() if _is_layer(module, every)}
        self._layers.pop(model, None)
        self._model = model
        self._first: dict[str, Tensor] = {}
        self._now: dict[str, Tensor] = {}
        self._seen: set[int] = set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hooks are in place inside."""
        handles = [module.register_forward_hook(self._layer_hook) for module in self._layers]
        handles.append(self._model.register_forward_hook(self._model_hook))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def take(self) -> dict[str, Tensor]:
        """Statistics (4,) of every layer since the last call, in the order in which they were called."""
        taken, self._now, self._seen = self._now, {}, set()
        return taken

    def _layer_hook(self, module: nn.Module, _: Any, output: Any) -> None:
        for place, tensor in enumerate(tensors(output)):
            self._record(self._layers[module] + (f"[{place}]" if place else ""), tensor)

    def _model_hook(self, _: nn.Module, __: Any, output: Any) -> None:
        found = next((tensor for tensor in tensors(output) if tensor.dim()), None)
        if found is not None and found.data_ptr() not in self._seen:
            self._record(OUTPUT, found)

    @torch.no_grad()
    def _record(self, name: str, output: Tensor) -> None:
        calls = 1
        base = name
        while name in self._now:  # a module that is called again
            calls += 1
            name = f"{base} (call {calls})"
        now = output.detach()
        self._seen.add(now.data_ptr())
        first = self._first.get(name)
        if first is None:
            self._first[name] = first = now.clone()
        self._now[name] = torch.stack([*_sizes(now), *_sizes(now - first)])


def tensors(output: Any) -> Iterator[Tensor]:
    """Tensors of floating-point numbers in an output, in their order."""
    if isinstance(output, Tensor):
        if output.is_floating_point() and output.numel():
            yield output
    elif isinstance(output, Mapping | tuple | list):
        for item in output.values() if isinstance(output, Mapping) else output:
            yield from tensors(item)


def _sizes(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean absolute value and root mean square.

    Not by `vector_norm`, whose sum in single precision loses digits as a layer grows; half precision would
    overflow.
    """
    exact = values.to(torch.promote_types(values.dtype, torch.float32))
    return exact.abs().mean().double(), exact.square().mean().double().sqrt()


def _is_layer(module: nn.Module, every: bool) -> bool:
    own = next(module.parameters(recurse=False), None) is not None
    return own or (every and next(module.children(), None) is None)
