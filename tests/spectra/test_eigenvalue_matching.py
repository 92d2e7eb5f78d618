from itertools import permutations

import pytest
import torch
from tests.spectra.known_maps import F64, normal

from widthscope.spectra.eigenvalue_matching import largest_distance


def test_order_plays_no_part() -> None:
    values = torch.complex(normal(2, 9), normal(2, 9, seed=1))
    shuffled = values[:, torch.randperm(9, generator=torch.Generator().manual_seed(2))]
    assert largest_distance(values, shuffled).tolist() == [0, 0]


def test_sorted_pairs_would_be_far_apart_that_are_not() -> None:
    first = torch.tensor([[1 + 1j, 1 - 1j]], dtype=torch.complex128)
    second = torch.tensor([[1 + 1e-12 - 1j, 1 + 1j]], dtype=torch.complex128)
    assert float(largest_distance(first, second)) < 1e-11
    assert abs(complex(first[0, 0]) - complex(second[0, 0])) == pytest.approx(2)


def test_the_assignment_is_the_best_of_all() -> None:
    first, second = (torch.complex(normal(4, 5, seed=s), normal(4, 5, seed=s + 1)) for s in (0, 2))
    found = largest_distance(first, second)
    for a, b, distance in zip(first, second, found, strict=True):
        costs = {p: (a - b[list(p)]).abs() for p in permutations(range(5))}
        best = min(costs.values(), key=lambda cost: float(cost.sum()))
        assert float(distance) == pytest.approx(float(best.max()))


def test_sets_of_other_sizes_empty_sets_and_what_is_no_number() -> None:
    some = torch.tensor([[1.0, 5.0]], dtype=F64)
    assert float(largest_distance(some, torch.tensor([[9.0, 5.5, 1.0]], dtype=F64))) == 0.5
    assert float(largest_distance(some[:, :0], some)) == 0
    assert largest_distance(some * torch.nan, some).isnan().all()
