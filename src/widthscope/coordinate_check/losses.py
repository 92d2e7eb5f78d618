"""The loss to train on: the model's own, cross-entropy, squared error, or a function of the user's."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from widthscope.coordinate_check.request import CoordinateCheckError
from widthscope.coordinate_check.user_code import Batch, load_loss

OWN, CROSS_ENTROPY, SQUARED = "own", "cross-entropy", "mse"
Loss = Callable[[Any, Batch], Tensor]


def loss_of(name: str | None, factory: str, batch: Batch) -> tuple[str, Loss]:
    """What the loss is called, and the function (output, batch) -> loss.

    Args:
        name: "own", "cross-entropy", "mse", a function of the user's module, or None: the model's own where
            the batch is a dict, cross-entropy where the targets are whole numbers, else the mean squared
            error.
        factory: MODULE:FACTORY, in whose module a function of another name is looked for.
        batch: an example.

    Raises:
        CoordinateCheckError: if the name is none of these, or the batch has no targets for it.
    """
    if name is None:
        name = OWN if batch.targets is None else CROSS_ENTROPY if _whole(batch.targets) else SQUARED
    if name == OWN:
        return "the model's own", lambda output, _: own_loss(output)
    if name in (CROSS_ENTROPY, SQUARED):
        if not isinstance(batch.targets, Tensor):
            raise CoordinateCheckError(
                f"--loss {name} needs a batch (inputs, targets) with targets in one tensor; a dict needs "
                "the model's own loss (--loss own), or a function of your module by --loss NAME"
            )
        chosen = cross_entropy if name == CROSS_ENTROPY else squared_error
        return name, lambda output, given: chosen(predictions(output), given.targets)
    function = load_loss(factory, name)
    return name, lambda output, given: function(
        output, given.inputs if given.targets is None else given.targets
    )


def reason(batch: Batch) -> str:
    """Why `loss_of` takes the loss that it takes by default."""
    if batch.targets is None:
        return "as the batch is a dict"
    return f"as targets are {'whole' if _whole(batch.targets) else 'real'} numbers"


def squared_error(output: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of tensors of one shape, which Torch would otherwise stretch to each other.

    Raises:
        CoordinateCheckError: if their shapes differ.
    """
    if output.shape != targets.shape:
        shapes = [" x ".join(map(str, tensor.shape)) or "a number" for tensor in (output, targets)]
        raise CoordinateCheckError(
            f"the loss mse compares an output of {shapes[0]} with targets of {shapes[1]}; their shapes must "
            "be the same, and classes whole numbers, for which the loss is cross-entropy"
        )
    return functional.mse_loss(output, targets)


def cross_entropy(output: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy with the classes along the last axis of the output, or where Torch expects them."""
    if not targets.is_floating_point() and output.shape[:-1] == targets.shape:
        return functional.cross_entropy(output.flatten(0, -2), targets.flatten())
    return functional.cross_entropy(output, targets)


def own_loss(output: Any) -> Tensor:
    """The loss in a model's output: `output.loss`, `output["loss"]`, the first of a tuple, or the output.

    Raises:
        CoordinateCheckError: if there is none.
    """
    found = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
    if found is None and isinstance(output, tuple) and output:
        found = output[0]
    if found is None and isinstance(output, Tensor):
        found = output
    if not isinstance(found, Tensor):
        raise CoordinateCheckError(
            f"the model's output, of type {type(output).__name__}, has no loss; models of transformers "
            "return one where the batch has labels"
        )
    return found


def predictions(output: Any) -> Tensor:
    """The tensor among a model's outputs that a loss compares: itself, its `logits`, or its first.

    Raises:
        CoordinateCheckError: if there is none.
    """
    if isinstance(output, Tensor):
        return output
    found = output.get("logits") if isinstance(output, Mapping) else getattr(output, "logits", None)
    if found is None and isinstance(output, tuple) and output:
        found = output[0]
    if not isinstance(found, Tensor):
        raise CoordinateCheckError(
            f"the model returns {type(output).__name__}, which holds no tensor of predictions"
        )
    return found


def _whole(targets: Any) -> bool:
    return isinstance(targets, Tensor) and not targets.is_floating_point() and targets.dtype != torch.bool
