"""Which dimensions of the parameters grow with the width, and so what kind of parameter each is.

Read off the shapes at several widths, as the base shapes of the `mup` package are; where the layout of a
weight is not known, from what the module that holds it receives and returns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from widthscope.coordinate_check.anatomy import Anatomy, Shape
from widthscope.coordinate_check.request import CoordinateCheckError

Kind = Literal["input", "hidden", "output", "vector", "fixed", "other"]
"""Of a parameter or a layer: which of its sides grow, outputs, both, inputs; a vector grows and has no
inputs, as biases and gains; nothing of a fixed one grows; other: three dimensions or more."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of the model, over the widths.

    Attributes:
        name: first name in the model.
        layer: module that holds it.
        kind: see `Kind`.
        shape: at the smallest width.
        grows: axes that grow.
        inputs: by how much the inputs' side has grown, at each width relative to the smallest.
        outputs: the same of the outputs' side.
        readout: of an input weight that is shared with a readout, that module.
    """

    name: str
    layer: str
    kind: Kind
    shape: Shape
    grows: tuple[int, ...]
    inputs: tuple[float, ...]
    outputs: tuple[float, ...]
    readout: str | None = None


@dataclass(frozen=True)
class Architecture:
    """What of a model grows with the width.

    Attributes:
        parameters: in the model's order.
        layers: kind of each module, by what it receives and returns.
        growing_heads: modules whose head dimension grows, with it at the smallest and the largest width.
        unknown_softmaxes: modules that call one, where no head dimension is known in the whole model.
    """

    parameters: tuple[Parameter, ...]
    layers: dict[str, Kind]
    growing_heads: dict[str, tuple[int, int]]
    unknown_softmaxes: tuple[str, ...] = ()


def architecture(models: Mapping[int, Anatomy], name: str) -> Architecture:
    """Compare a model's parts at several widths.

    Args:
        models: by width, increasing.
        name: of the factory.

    Raises:
        CoordinateCheckError: if the models have different parameters, or no shape grows between two widths.
    """
    widths = list(models)
    parts = list(models.values())
    for width, part in zip(widths[1:], parts[1:], strict=True):
        _check_same(parts[0], part, widths[0], width, name)
    for at in range(1, len(parts)):
        if parts[at].shapes == parts[at - 1].shapes:
            raise CoordinateCheckError(
                f"{name} does not depend on the width: all shapes are the same at {widths[at - 1]} and "
                f"{widths[at]}"
            )
    first, last = parts[0], parts[-1]
    return Architecture(
        tuple(_parameter(parameter, parts) for parameter in first.shapes),
        {module: _flow(module, first, last) for module in first.returned},
        {
            module: (first.head_dimensions[module], last.head_dimensions[module])
            for module in first.head_dimensions
            if last.head_dimensions.get(module, 0) > first.head_dimensions[module]
        },
        () if first.head_dimensions else first.softmaxes,
    )


def readouts(found: Architecture) -> tuple[str, ...]:
    """Weights of the last layers, those after which nothing grows; not those that an embedding shares."""
    last: list[str] = []
    for module in reversed(found.layers):
        own = [parameter for parameter in found.parameters if parameter.layer == module]
        holds_others = not module or any(other.startswith(f"{module}.") for other in found.layers)
        if holds_others or not own:
            continue
        if not {parameter.kind for parameter in own} <= {"output", "fixed"}:
            break
        last += [parameter.name for parameter in own if parameter.kind == "output"]
    return tuple(last)


def _check_same(first: Anatomy, other: Anatomy, narrow: int, wide: int, name: str) -> None:
    for one, width, rest in ((first, wide, other), (other, narrow, first)):
        missing = [parameter for parameter in one.shapes if parameter not in rest.shapes]
        if missing:
            raise CoordinateCheckError(
                f"{name} makes different models at widths {narrow} and {wide}: there is no parameter "
                f"'{missing[0]}' at {width}; only sizes may depend on the width"
            )
    for parameter, shape in first.shapes.items():
        if len(shape) != len(other.shapes[parameter]):
            raise CoordinateCheckError(
                f"{name} makes different models at widths {narrow} and {wide}: '{parameter}' has "
                f"{len(shape)} and {len(other.shapes[parameter])} dimensions; only sizes may depend on the "
                "width"
            )


def _parameter(name: str, parts: Sequence[Anatomy]) -> Parameter:
    first, last = parts[0], parts[-1]
    shape, layer = first.shapes[name], first.owners[name][0]
    grows = tuple(axis for axis, (a, b) in enumerate(zip(shape, last.shapes[name], strict=True)) if a != b)
    sides = _sides(name, layer, grows, first, last)
    if sides is None:
        ones = (1.0,) * len(parts)
        return Parameter(name, layer, "other", shape, grows, ones, ones)
    inputs, outputs = (
        tuple(1.0 if axis is None else part.shapes[name][axis] / shape[axis] for part in parts)
        for axis in sides
    )
    kind = _kind(sides[0] is not None, sides[1] is not None)
    readout = None
    if kind == "input" or kind == "hidden":
        readout = next(
            (other for other in first.owners[name][1:] if _flow(other, first, last) == "output"), None
        )
    elif kind == "output" and any(_flow(other, first, last) == "input" for other in first.owners[name][1:]):
        kind, readout, inputs, outputs = "input", layer, outputs, inputs  # the readout was named first
    if kind == "input" and len(shape) == 1:
        kind = "vector"
    return Parameter(name, layer, kind, shape, grows, inputs, outputs, readout)


def _sides(
    name: str, layer: str, grows: tuple[int, ...], first: Anatomy, last: Anatomy
) -> tuple[int | None, int | None] | None:
    """Growing axis of the inputs and of the outputs, None where none grows; None in all if there are more."""
    if len(grows) > 2:
        return None
    fan = first.fan.get(name)
    if fan and all(axis in fan for axis in grows):
        return tuple(axis if axis in grows else None for axis in fan)  # type: ignore[return-value]
    if len(grows) == 2:
        return grows[1], grows[0]  # as most of Torch's layers
    if not grows:
        return None, None
    reads = _flow(layer, first, last) == "output" and len(first.shapes[name]) > 1
    return (grows[0], None) if reads else (None, grows[0])


def _kind(inputs: bool, outputs: bool) -> Kind:
    if inputs:
        return "hidden" if outputs else "output"
    return "input" if outputs else "fixed"


def _flow(module: str, first: Anatomy, last: Anatomy) -> Kind:
    """Kind of a module by whether what it receives grows, and whether what it returns does."""
    return _kind(
        first.received.get(module) != last.received.get(module),
        first.returned.get(module) != last.returned.get(module),
    )
