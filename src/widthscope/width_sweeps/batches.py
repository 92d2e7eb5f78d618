"""Minibatches of a sweep, the same for all its members."""

from collections.abc import Callable

from torch import Tensor

from widthscope.ensembles.batches import epochs
from widthscope.streams import Name, torch_generator
from widthscope.width_sweeps.problems import Problem


def shared_batches(
    problem: Problem, batch: int, steps: int, purpose: tuple[Name, ...], members: int
) -> Callable[[int], dict[str, Tensor]]:
    """Minibatches x (member, N, D) and y (member, N, C), the same for all members: views of one copy."""
    x, y = problem.train_x, problem.train_y
    if batch == 0:
        whole = {"x": x.expand(members, -1, -1), "y": y.expand(members, -1, -1)}
        return lambda step: whole
    order = epochs([torch_generator(*purpose, "batches")], len(x), batch, steps)[0].long().to(x.device)

    def of(step: int) -> dict[str, Tensor]:
        return {
            "x": x[order[step]].expand(members, -1, -1),
            "y": y[order[step]].expand(members, -1, -1),
        }

    return of
