"""Why a member's result does not depend on who shares its batch, to the last bit, and how a study checks it.

Three things would break it on a CPU; they were found by comparing operations on 1, 2, 5, 16 and 17 members:

- several threads: matrix products and sums are split by the number of members. Training uses one thread; more
  cores are used by more jobs.
- a member alone: products with a matrix of one row or column then take another kernel. It is given a copy of
  itself for company.
- functions whose last places in memory are computed by other code than the rest (`sigmoid`, `gelu`, `elu`,
  `softplus`, powers above 3, ...). A loss must avoid them; `widthscope.models.activations` has their equals.

On a GPU the library chooses its kernels by the number of members, and results agree up to rounding only.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import Parameters


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Torch uses one thread for an operation within."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def needs_company(parameters: Parameters) -> bool:
    """Whether there is one member only, on a CPU."""
    first = next(iter(parameters.values()))
    return len(first) == 1 and first.device.type == "cpu"


def in_company(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A lone member's tensors, (1, ...), beside a copy of themselves, (2, ...)."""
    return {name: torch.cat([values, values]) for name, values in tensors.items()}


def first_members(tensors: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    """The first members' tensors."""
    return {name: values[:count] for name, values in tensors.items()}


def dependent_on_company(
    run: Callable[[Members], Parameters], members: Members, groups: tuple[int, ...] = (1, 2)
) -> list[str]:
    """Names of what comes out otherwise, in any bit, when members are run in smaller groups.

    Args:
        run: members -> tensors (member, ...), say the parameters after some steps of training.
        members: run all at once, and then in groups of each size.

    Returns:
        the names that differ, sorted; none where members are independent.
    """
    together, differing = run(members), set()
    for size in groups:
        for begin in range(0, len(members), size):
            places = list(range(begin, min(begin + size, len(members))))
            for name, values in run(members.take(places)).items():
                if not torch.equal(values.nan_to_num(), together[name][places].nan_to_num()):
                    differing.add(name)
    return sorted(differing)
