"""A run of the family at a size at which nothing is learnt, for all that does not need that."""

import xarray as xr

from widthscope.datasets.sudoku.prepare import prepare
from widthscope.studies.jacobian_dynamics.sudoku.settings import Measured, Run, Sudoku

DATA = {"train": 60, "id": 12, "ood": 12, "seed": 0}
FEW = Run(seeds=2, steps=6)
MEASURED = Measured(
    longest=4,
    untrained_boards=6,
    akorn_boards=6,
    exponent_puzzles=2,
    eigen_seeds=2,
    long_run=10,
    warm_up=10,
    exponents=3,
    settled=20,
    energy_puzzles=3,
    alignment_puzzles=1,
    votes=3,
    voting_puzzles=4,
)
SMALL = Sudoku(
    width=8,
    heads=2,
    iterations=4,
    batch=6,
    warmup=2,
    recorded=2,
    measured=MEASURED,
    **dict.fromkeys(("rms", "unit", "none", "sym", "akorn", "akorn_wide"), FEW),
)


def boards() -> xr.Dataset:
    """A small dataset of order 4."""
    return prepare(DATA, None)
