"""What must be alike in two evaluations of a user's module, and how it is put back afterwards."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Surroundings:
    """All that a loss may depend on beside parameters and data, at one moment.

    Buffers (running statistics of batch normalisation, vectors of spectral normalisation, ...) and the states
    of Torch's default generators on the CPU and on every device of the module.
    """

    buffers: tuple[tuple[nn.Module, str, Tensor, Tensor], ...]
    generators: tuple[tuple[torch.device, Tensor], ...]

    @classmethod
    def of(cls, model: nn.Module) -> "Surroundings":
        """As they are now; buffers are copied."""
        found = tuple(
            (owner, name, buffer, buffer.detach().clone())
            for owner in model.modules()
            for name, buffer in owner.named_buffers(recurse=False)
        )
        devices = {tensor.device for tensor in (*model.parameters(), *model.buffers())}
        return cls(found, tuple((device, _state(device)) for device in {torch.device("cpu"), *devices}))

    def restore(self) -> None:
        """Make everything again what it was."""
        with torch.no_grad():
            for owner, name, buffer, values in self.buffers:
                buffer.copy_(values)
                setattr(owner, name, buffer)  # a forward pass may have put another tensor there
        for device, state in self.generators:
            _set_state(device, state)


@contextlib.contextmanager
def displaced_in_place(
    parameters: Sequence[Tensor], directions: Sequence[Tensor | None], length: float | Tensor
) -> Iterator[None]:
    """Parameters are p + length * direction within, and p to the last bit afterwards, whatever happens.

    They keep their memory: optimisers, tied weights and compiled modules see the same tensors. None as a
    direction leaves a parameter as it is.
    """
    kept = [value.detach().clone() for value in parameters]
    try:
        with torch.no_grad():
            for value, direction in zip(parameters, directions, strict=True):
                if direction is not None:
                    if isinstance(length, Tensor):
                        value.addcmul_(direction, length.to(value))
                    else:
                        value.add_(direction, alpha=length)
        torch.clear_autocast_cache()  # it holds the old weights' casts
        yield
    finally:
        with torch.no_grad():
            for value, old in zip(parameters, kept, strict=True):
                value.copy_(old)
        torch.clear_autocast_cache()


def _state(device: torch.device) -> Tensor:
    if device.type == "cpu":
        return torch.get_rng_state()
    state: Tensor = torch.get_device_module(device).get_rng_state(*_place(device))
    return state


def _set_state(device: torch.device, state: Tensor) -> None:
    if device.type == "cpu":
        torch.set_rng_state(state)
    else:
        torch.get_device_module(device).set_rng_state(state, *_place(device))


def _place(device: torch.device) -> tuple[torch.device, ...]:
    """Which generator of its kind; Apple's devices have one only, and no argument for it."""
    return () if device.type == "mps" else (device,)
