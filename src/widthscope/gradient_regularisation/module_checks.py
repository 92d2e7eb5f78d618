"""Refuse, in one sentence, what gradient regularisation of a user's module would silently get wrong."""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from widthscope.gradient_regularisation.errors import GradientRegularisationError


def trained_by(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    """The parameters of an optimiser that require a gradient."""
    return [p for group in optimiser.param_groups for p in group["params"] if p.requires_grad]


def checked_optimiser(optimiser: torch.optim.Optimizer, model: nn.Module) -> None:
    """Whether the optimiser can step by the gradients in `.grad` and trains parameters of the model only.

    Raises:
        GradientRegularisationError: if not.
    """
    if not isinstance(optimiser, torch.optim.Optimizer):
        raise GradientRegularisationError(
            f"optimiser is a {type(optimiser).__name__}, not a torch.optim.Optimizer: gradient scaling (a "
            "GradScaler) is not supported, bfloat16 autocast needs none"
        )
    if isinstance(optimiser, torch.optim.LBFGS):
        raise GradientRegularisationError(
            "optimiser LBFGS evaluates the loss itself, and would not see the regularised gradient: take one "
            "whose step needs no closure"
        )
    own = {id(p) for p in model.parameters()}
    strangers = sum(id(p) not in own for p in trained_by(optimiser))
    if strangers:
        raise GradientRegularisationError(
            f"optimiser trains {strangers} parameters that are not the model's: join the modules in one "
            "nn.ModuleList and give that as the model"
        )


def checked_parameters(parameters: Iterable[Tensor]) -> list[Tensor]:
    """Those that require a gradient, each once.

    Raises:
        GradientRegularisationError: if there is none, or one without values yet or of too few digits.
    """
    found = list({id(p): p for p in parameters if p.requires_grad}.values())
    if not found:
        raise GradientRegularisationError("no parameter requires a gradient: there is nothing to train")
    for p in found:
        if is_lazy(p):
            raise GradientRegularisationError(
                "a parameter has no values yet (a lazy module): evaluate the model once before the first step"
            )
        if p.dtype in (torch.float16, torch.bfloat16):
            raise GradientRegularisationError(
                f"a parameter of shape {tuple(p.shape)} is in {p.dtype}, where a difference of gradients "
                "is mostly rounding: keep parameters in float32 and use bfloat16 autocast"
            )
    return found


def checked_layout(gradients: Iterable[Tensor | None]) -> None:
    """Whether gradients are dense.

    Raises:
        GradientRegularisationError: if one is not.
    """
    for g in gradients:
        if g is not None and g.layout != torch.strided:
            raise GradientRegularisationError(
                f"a parameter of shape {tuple(g.shape)} has a gradient of layout {g.layout}: gradient "
                "regularisation needs dense ones, as of an embedding with sparse=False"
            )


def checked_loss(loss: Callable[[], Tensor], trained: Sequence[Tensor]) -> Tensor:
    """What the closure gives, if it is one number whose gradient can be taken.

    Raises:
        GradientRegularisationError: if it is not, or if the closure is none or calls `backward`.
    """
    if not callable(loss):
        raise GradientRegularisationError(
            "loss must be a function that evaluates the loss, such as lambda: cross_entropy(model(x), y), "
            f"not a {type(loss).__name__}: it is called at other parameters too"
        )
    value = loss()
    if not isinstance(value, Tensor) or value.numel() != 1:
        found = f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise GradientRegularisationError(f"loss gave {found}, and must give a tensor with one number")
    if not value.requires_grad:
        raise GradientRegularisationError("loss gave a number that depends on no parameter with a gradient")
    if any(p.grad is not None for p in trained):
        raise GradientRegularisationError(
            "loss calls backward itself: it must only return the loss, each gradient is taken from it"
        )
    return value.squeeze()


def checked_reach(value: Tensor, found: Sequence[Tensor | None]) -> None:
    """Whether a loss reached what is trained, as far as its gradients and its graph tell.

    Checkpointing with `use_reentrant=True` hides parameters from the graph: where nothing before it is
    trained, its backward pass is not run, and they would stay as they are without a word.

    Raises:
        GradientRegularisationError: if there is no gradient at all, or one is missing and may be so hidden.
    """
    if all(g is not None for g in found):
        return
    if _has_reentrant_checkpoint(value):
        raise GradientRegularisationError(
            "a parameter got no gradient, and the loss has activation checkpointing with use_reentrant=True, "
            "which hides parameters: call torch.utils.checkpoint with use_reentrant=False"
        )
    if all(g is None for g in found):
        raise GradientRegularisationError(
            "loss depends on none of the parameters that are trained: is it of another model?"
        )


def _has_reentrant_checkpoint(value: Tensor) -> bool:
    """Whether a step of the graph of this number is one; Torch tells them by their name alone."""
    waiting, seen = [value.grad_fn], set()
    while waiting:
        step = waiting.pop()
        if step is None or step in seen:
            continue
        if "CheckpointFunction" in step.name():
            return True
        seen.add(step)
        waiting += [before for before, _ in step.next_functions]
    return False
