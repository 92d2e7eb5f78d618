"""What can be read off one model: its parameters' shapes and owners, and the shapes that pass its modules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from widthscope.coordinate_check.attention import ScoresSeen, kept_dimension
from widthscope.coordinate_check.recording import tensors

Shape = tuple[int, ...]


@dataclass
class Anatomy:
    """One model's parts.

    Attributes:
        shapes: of every parameter; one that is shared has the name that it has first.
        owners: names of the modules that hold it; several where it is shared.
        fan: of weights of known layers, (axis of the inputs, axis of the outputs).
        received: shapes of the tensors that a module was called with.
        returned: shapes of those that it returned.
        head_dimensions: of modules that have one.
        softmaxes: modules that call a softmax of which it is not known whether it is attention's.
    """

    shapes: dict[str, Shape] = field(default_factory=dict)
    owners: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fan: dict[str, tuple[int, int]] = field(default_factory=dict)
    received: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    returned: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    head_dimensions: dict[str, int] = field(default_factory=dict)
    softmaxes: tuple[str, ...] = ()


def anatomy(model: nn.Module, forward: Callable[[], Any]) -> Anatomy:
    """The parts of a model, whose forward pass is run once.

    Args:
        model: any.
        forward: calls the model on a batch.
    """
    found = Anatomy()
    names = {parameter: name for name, parameter in model.named_parameters()}
    owners: dict[str, list[str]] = {name: [] for name in names.values()}
    for module_name, module in model.named_modules():
        for attribute, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            owners[names[parameter]].append(module_name)
            if names[parameter] == f"{module_name}.{attribute}".lstrip(".") and parameter.dim() > 1:
                fan = _fan(module)
                if fan:
                    found.fan[names[parameter]] = fan
    found.shapes = {name: tuple(parameter.shape) for parameter, name in names.items()}
    found.owners = {name: tuple(modules) for name, modules in owners.items()}
    _follow(model, forward, found)
    return found


def _follow(model: nn.Module, forward: Callable[[], Any], found: Anatomy) -> None:
    """Run the model, and keep the shapes that pass each module, and attention's head dimensions."""
    seen = ScoresSeen()

    def entered(name: str) -> Callable[..., None]:
        return lambda *_: seen.inside.append(name)

    def hook(name: str) -> Callable[..., None]:
        def keep(_: nn.Module, inputs: Any, keywords: Any, output: Any) -> None:
            found.received[name] = _shapes((inputs, keywords))
            found.returned[name] = _shapes(output)
            seen.inside.pop()

        return keep

    handles = [
        module.register_forward_hook(hook(name), with_kwargs=True) for name, module in model.named_modules()
    ] + [module.register_forward_pre_hook(entered(name)) for name, module in model.named_modules()]
    try:
        with seen:
            forward()
    finally:
        for handle in handles:
            handle.remove()
    for name, module in model.named_modules():
        received = next((shape[-1] for shape in found.received.get(name, ()) if shape), None)
        dimension = seen.dimensions.get(name, kept_dimension(module, received))
        if dimension is not None:
            found.head_dimensions[name] = dimension
    found.softmaxes = tuple(seen.softmaxes)


def _shapes(value: Any) -> tuple[Shape, ...]:
    return tuple(tuple(tensor.shape) for tensor in tensors(value))


def _fan(module: nn.Module) -> tuple[int, int] | None:
    """(axis of the inputs, axis of the outputs) of the weight of a layer whose layout is known."""
    if isinstance(module, _ConvTransposeNd | nn.Embedding | nn.EmbeddingBag):
        return 0, 1
    if isinstance(module, nn.Linear | _ConvNd):
        return 1, 0
    if type(module).__name__ == "Conv1D" and isinstance(getattr(module, "weight", None), Tensor):
        return 0, 1  # transformers' own name for a transposed linear layer
    return None
