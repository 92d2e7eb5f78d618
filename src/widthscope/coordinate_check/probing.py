"""Whether a coordinate check of the user's model can be run, asked before any of it is."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from widthscope.coordinate_check.anatomy import Anatomy, anatomy
from widthscope.coordinate_check.losses import Loss, loss_of, reason
from widthscope.coordinate_check.request import CoordinateCheckError, Request
from widthscope.coordinate_check.shapes import Architecture, architecture
from widthscope.coordinate_check.training import Member, batch_of, member
from widthscope.coordinate_check.user_code import Batch, UserCode, call, explained, seeded


@dataclass(frozen=True)
class Probed:
    """A user's code that passed.

    Attributes:
        code: the user's functions.
        loss: (output, batch) -> loss.
        loss_name: as printed.
        architecture: which shapes grow.
        numbers: how many numbers the parameters hold, by width.
        optimizer: class of the optimizer, such as "Adam".
        own_optimizer: whether the factory brings it.
        weight_decay: whether some weights decay.
        batch_shapes: of the tensors in a batch, as printed.
        untrained: parameters that the factory's optimizer does not have, though they take gradients.
        unused: parameters on which the loss does not depend.
    """

    code: UserCode
    loss: Loss
    loss_name: str
    architecture: Architecture
    numbers: dict[int, int]
    optimizer: type[torch.optim.Optimizer]
    own_optimizer: bool
    weight_decay: bool
    batch_shapes: str
    untrained: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def probe(code: UserCode, request: Request, loss: str | None = None) -> Probed:
    """Build each width once, call it on a batch, and look at what comes out.

    Args:
        code: the user's functions.
        request: widths and the rest.
        loss: see `losses.loss_of`.

    Raises:
        CoordinateCheckError: what is wrong; see docs/mup.md.
    """
    if request.device.startswith("cuda") and not torch.cuda.is_available():
        raise CoordinateCheckError(f"--device is '{request.device}', but Torch finds no such device here")
    batch = batch_of(code, request, 0)
    if not _equal(batch, batch_of(code, request, 0)):
        raise CoordinateCheckError(
            f"{code.batch_name} is not deterministic: two calls with the same seed differ"
        )
    loss_name, function = loss_of(loss, code.name, batch)
    if loss is None:
        loss_name = f"{loss_name}, {reason(batch)}"
    models: dict[int, Anatomy] = {}
    numbers: dict[int, int] = {}
    for width in request.widths:
        with seeded(0), explained(f"{code.name}({width})"):
            fresh = member(code, request, width)
        _check_parameters(fresh.model, code.name, width)
        untrained = _untrained(fresh, code.name, width)
        models[width], unused = _pass(fresh.model, batch, function, code.name, width)
        numbers[width] = sum(parameter.numel() for parameter in fresh.model.parameters())
        if width == request.widths[0]:
            first = fresh
    found = architecture(models, code.name)
    _check_seeds(code, request, first)
    own = first.own_optimizer
    if own and (request.optimizer is not None or request.rate is not None):
        option = "--optimizer" if request.optimizer is not None else "--rate"
        raise CoordinateCheckError(
            f"{code.name} brings its own optimizer, which {option} would overrule; leave out the one or the "
            "other"
        )
    return Probed(
        *(code, function, loss_name, found, numbers, type(first.optimizer), own),
        any(group.get("weight_decay", 0) for group in first.optimizer.param_groups),
        *(_shapes(batch), untrained, unused),
    )


def _check_parameters(model: nn.Module, name: str, width: int) -> None:
    parameters = dict(model.named_parameters())
    if not parameters:
        raise CoordinateCheckError(f"{name}({width}) has no parameters")
    for parameter_name, parameter in parameters.items():
        if is_lazy(parameter):
            raise CoordinateCheckError(
                f"{name}({width}) has parameters without a shape, such as '{parameter_name}'; call lazy "
                "modules once in the factory"
            )
        if not torch.isfinite(parameter).all():
            raise CoordinateCheckError(
                f"{name}({width}): '{parameter_name}' starts with numbers that are not finite"
            )
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise CoordinateCheckError(f"{name}({width}) has no parameters that can be trained")


def _untrained(fresh: Member, name: str, width: int) -> tuple[str, ...]:
    """Parameters that the optimizer does not have, though they take gradients; it must have some."""
    held = {parameter for group in fresh.optimizer.param_groups for parameter in group["params"]}
    named = dict(fresh.model.named_parameters())
    if held.isdisjoint(named.values()):
        raise CoordinateCheckError(f"the optimizer of {name}({width}) has none of the model's parameters")
    return tuple(key for key, weight in named.items() if weight.requires_grad and weight not in held)


def _pass(
    model: nn.Module, batch: Batch, loss: Loss, name: str, width: int
) -> tuple[Anatomy, tuple[str, ...]]:
    """One pass forward, whose loss must be a finite number that depends on the parameters, and one back.

    Returns:
        the model's parts, and the names of parameters that take gradients and got none.
    """
    outputs: list[object] = []
    what = f"the model of {name}({width}), called on the batch,"
    with seeded(0):
        with explained(what):
            found = anatomy(model, lambda: outputs.append(call(model, batch.inputs)))
        with explained(f"the loss of {name}({width})"):
            value = loss(outputs[0], batch)
    if not isinstance(value, Tensor) or value.numel() != 1:
        shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise CoordinateCheckError(f"the loss of {name}({width}) must be one number, not {shape}")
    if not torch.isfinite(value):
        raise CoordinateCheckError(
            f"the loss of {name}({width}) is {value.item():g} at step 0, before any update"
        )
    if not value.requires_grad:
        raise CoordinateCheckError(f"the loss of {name}({width}) does not depend on the model's parameters")
    model.zero_grad()
    with seeded(0), explained(f"the backward pass of {name}({width})"):
        value.backward()  # type: ignore[no-untyped-call]
    unused = tuple(
        key for key, weight in model.named_parameters() if weight.requires_grad and weight.grad is None
    )
    model.zero_grad()
    return found, unused


def _check_seeds(code: UserCode, request: Request, built: Member) -> None:
    """Seed 0, of which a member was built, must make the same weights again, and another seed others."""
    first = dict(built.model.named_parameters())
    again, other = (_weights(code, request, seed) for seed in (0, 1))
    for name, weight in first.items():
        if not torch.equal(weight, again[name]):
            raise CoordinateCheckError(
                f"{code.name} is not deterministic: '{name}' differs between two calls after the same seed; "
                "draw weights from Torch's, NumPy's or Python's global stream"
            )
    if all(torch.equal(weight, other[name]) for name, weight in first.items()):
        raise CoordinateCheckError(
            f"{code.name} makes the same weights after every seed; leave seeding to this command, which "
            "needs independent members for its intervals"
        )


def _weights(code: UserCode, request: Request, seed: int) -> dict[str, Tensor]:
    with seeded(seed):
        fresh: Member = member(code, request, request.widths[0])
    return {name: parameter.detach() for name, parameter in fresh.model.named_parameters()}


def _equal(one: object, other: object) -> bool:
    if isinstance(one, Batch) and isinstance(other, Batch):
        return _equal(one.inputs, other.inputs) and _equal(one.targets, other.targets)
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        same = (one == other) | ((one != one) & (other != other)) if one.shape == other.shape else None
        return same is not None and bool(same.all())  # not-a-number may stand for what is missing
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
    return True  # what is no tensor is the user's business


def _shapes(batch: Batch) -> str:
    named = batch.inputs if isinstance(batch.inputs, dict) else {"inputs": batch.inputs}
    given = {**named, **({} if batch.targets is None else {"targets": batch.targets})}
    return ", ".join(
        f"{name} {'x'.join(map(str, value.shape)) or 'a number'}"
        for name, value in given.items()
        if isinstance(value, Tensor)
    )
