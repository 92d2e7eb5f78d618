"""Grids, their classes, and the solver, against an independent SAT solver and known numbers."""

from itertools import permutations

import numpy as np
import pytest
from tests.datasets.sudoku import sat_solver

from widthscope.datasets.sudoku.classes import all_classes, held_out
from widthscope.datasets.sudoku.digging import dig
from widthscope.datasets.sudoku.grids import is_solved, peers, relabelled, units
from widthscope.datasets.sudoku.solver import count, random_grid, solutions

ORDERS = (4, 6, 9)


def test_there_are_288_grids_of_order_4_in_12_classes() -> None:
    grids = set(solutions((0,) * 16, 4))
    assert len(grids) == 288
    assert all(is_solved(grid, 4) for grid in grids)
    assert {relabelled(grid, 4) for grid in grids} == set(all_classes(4))
    assert len(all_classes(4)) == 12


def test_the_sat_solver_finds_the_same_288_grids() -> None:
    found = {tuple(grid) for grid in sat_solver.solutions(np.zeros((4, 4), dtype=int), most=1000)}
    assert found == set(solutions((0,) * 16, 4))


@pytest.mark.parametrize("order", ORDERS)
def test_units_are_rows_columns_and_boxes(order: int) -> None:
    table = np.array(units(order))
    for kind in range(3):
        assert np.bincount(table[:, kind]).tolist() == [order] * order
    shape = {4: (2, 2), 6: (2, 3), 9: (3, 3)}[order]
    box = [cell for cell in range(order**2) if table[cell, 2] == 0]
    assert box == [row * order + col for row in range(shape[0]) for col in range(shape[1])]
    in_line = 2 * (order - 1)
    assert {len(each) for each in peers(order)} == {in_line + (shape[0] - 1) * (shape[1] - 1)}


@pytest.mark.parametrize("order", ORDERS)
def test_a_class_is_one_for_all_relabellings(order: int) -> None:
    generator = np.random.default_rng(0)
    grid = random_grid(order, generator)
    digits = generator.permutation(order) + 1
    other = tuple(int(digits[digit - 1]) for digit in grid)
    assert other != grid
    assert relabelled(other, order) == relabelled(grid, order)
    assert is_solved(relabelled(grid, order), order)


def test_classes_are_what_no_relabelling_joins() -> None:
    for one in all_classes(4):
        relabellings = {tuple(digits[d - 1] for d in one) for digits in permutations(range(1, 5))}
        assert relabellings & set(all_classes(4)) == {one}


@pytest.mark.parametrize(("share", "expected"), [(0.25, 3), (0.01, 1), (0.99, 11)])
def test_a_share_of_the_classes_of_order_4_is_held_out(share: float, expected: int) -> None:
    kept_back = held_out(4, share, seed=0)
    assert sum(map(kept_back, all_classes(4))) == expected


@pytest.mark.parametrize("order", [6, 9])
def test_larger_orders_hold_out_each_class_by_its_own_lot(order: int) -> None:
    generator = np.random.default_rng(1)
    grids = [random_grid(order, generator) for _ in range(200)]
    kept_back = held_out(order, 0.25, seed=0)
    assert abs(sum(map(kept_back, grids)) - 50) < 4 * np.sqrt(200 * 0.25 * 0.75)
    assert [kept_back(relabelled(grid, order)) for grid in grids] == [kept_back(grid) for grid in grids]


@pytest.mark.parametrize("order", ORDERS)
def test_solutions_are_counted_as_by_the_sat_solver(order: int) -> None:
    generator = np.random.default_rng(2)
    for blanks in (order, 2 * order, order**2 - order - 2):
        puzzle = np.array(random_grid(order, generator))
        puzzle[generator.permutation(order**2)[:blanks]] = 0
        expected = len(sat_solver.solutions(puzzle.reshape(order, order), most=30))
        assert count(puzzle.tolist(), order, most=30) == expected


def test_a_puzzle_whose_givens_clash_has_no_solution() -> None:
    assert count((1, 1, *[0] * 14), 4) == 0
    assert count((1, 2, 3, 0, *[0] * 3, 4, *[0] * 8), 4) == 0


def test_digging_that_cannot_reach_so_few_givens_gives_none() -> None:
    generator = np.random.default_rng(3)
    assert dig(random_grid(4, generator), 4, 3, generator) is None  # 4 are needed for one solution
    grid = random_grid(4, generator)
    assert dig(grid, 4, 16, generator) == grid
