"""The prepared puzzles: one solution each, held-out classes, and a stream for each puzzle."""

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError
from tests.datasets.sudoku import sat_solver

from widthscope import datasets
from widthscope.datasets.settings import Sudoku
from widthscope.datasets.sudoku import prepare as preparing
from widthscope.datasets.sudoku.grids import is_solved, relabelled
from widthscope.datasets.sudoku.prepare import PARTS, part_of
from widthscope.errors import DataError

SIZES = {
    4: {"train": 60, "id": 20, "ood": 20},
    6: {"train": 12, "id": 6, "ood": 6},
    9: {"train": 6, "id": 3, "ood": 3},
}
RANGES = {4: ((7, 10), (4, 5)), 6: ((18, 24), (10, 13)), 9: ((31, 42), (22, 30))}


@pytest.fixture(scope="module", params=(4, 6, 9))
def puzzles(request: pytest.FixtureRequest) -> xr.Dataset:
    order = request.param
    return datasets.prepare("sudoku", {"order": order, "seed": 3, **SIZES[order]})


def test_every_puzzle_has_one_solution_by_an_independent_solver(puzzles: xr.Dataset) -> None:
    for puzzle, solution in zip(puzzles["puzzle"].values, puzzles["solution"].values, strict=True):
        assert sat_solver.solutions(puzzle, most=2) == [solution.ravel().tolist()]


def test_solutions_are_grids_that_agree_with_the_givens(puzzles: xr.Dataset) -> None:
    puzzle, solution = puzzles["puzzle"].values, puzzles["solution"].values
    assert puzzle.dtype == solution.dtype == np.uint8
    assert all(is_solved(grid.ravel().tolist(), puzzles.attrs["order"]) for grid in solution)
    assert (puzzle == np.where(puzzle > 0, solution, 0)).all()


def test_parts_have_their_sizes_and_their_givens(puzzles: xr.Dataset) -> None:
    order = puzzles.attrs["order"]
    easy, hard = RANGES[order]
    for part in PARTS:
        found = part_of(puzzles, part)
        assert found.sizes["sample"] == SIZES[order][part]
        givens = (found["puzzle"].values > 0).sum((1, 2))
        low, high = hard if part == "ood" else easy
        assert low <= givens.min() <= givens.max() <= high


def test_grids_of_the_tests_are_of_classes_that_are_not_trained_on(puzzles: xr.Dataset) -> None:
    order = puzzles.attrs["order"]
    classes = {
        part: {relabelled(grid.ravel().tolist(), order) for grid in part_of(puzzles, part)["solution"].values}
        for part in PARTS
    }
    assert not classes["train"] & (classes["id"] | classes["ood"])
    if order == 4:
        assert (len(classes["train"]), len(classes["id"] | classes["ood"])) == (9, 3)


@pytest.mark.parametrize("part", PARTS)
def test_more_puzzles_leave_the_first_ones(part: str) -> None:
    few = {"order": 4, "train": 3, "id": 2, "ood": 2, "seed": 1}
    one = datasets.prepare("sudoku", few)
    two = datasets.prepare("sudoku", {"order": 4, "train": 9, "id": 8, "ood": 7, "seed": 1})
    first = part_of(two, part).isel(sample=slice(few[part]))
    xr.testing.assert_identical(part_of(one, part), first.assign_attrs(one.attrs))


def test_puzzles_depend_on_the_seed_alone() -> None:
    settings = {"order": 4, "train": 8, "id": 1, "ood": 1, "seed": 1}
    again = [datasets.prepare("sudoku", settings).attrs["sha256"] for _ in range(2)]
    assert again[0] == again[1] != datasets.prepare("sudoku", settings | {"seed": 2}).attrs["sha256"]


def test_givens_may_be_chosen() -> None:
    found = datasets.prepare("sudoku", {"order": 4, "train": 5, "id": 4, "ood": 4, "ood_givens": [6, 6]})
    assert ((part_of(found, "ood")["puzzle"].values > 0).sum((1, 2)) == 6).all()


@pytest.mark.parametrize("bad", [{"givens": [9, 8]}, {"ood_givens": [4, 16]}, {"order": 5}, {"givens": [7]}])
def test_settings_that_no_puzzle_meets_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Sudoku.model_validate(bad)


def test_too_few_givens_say_what_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "ATTEMPTS", 10)
    with pytest.raises(DataError) as caught:
        datasets.prepare("sudoku", {"order": 4, "ood_givens": [3, 3], "train": 1, "id": 1, "ood": 1})
    assert str(caught.value) == (
        "no puzzle of order 4 with 3 givens was found in 10 grids; "
        "let datasets.sudoku.ood_givens start higher than 3"
    )
