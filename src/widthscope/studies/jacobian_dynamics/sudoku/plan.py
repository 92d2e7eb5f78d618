"""Shards of the family `sudoku`: the training of ItrSA, of oscillators, and of the other arms."""

from typing import Any

from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.jacobian_dynamics.sudoku.settings import Sudoku

SECONDS_PER_NUMBER = 2.2e-9
"""Of one number of a step's activations, forth and back, on one core."""

PRODUCTS = 16
"""Multiplications that take as long as reading and writing a number."""

SPECTRA_SHARE = 0.22
"""Time of the analysis beside that of the training, at the laptop's sizes, besides `SPECTRA_SECONDS`."""

SPECTRA_SECONDS = 9.0
"""Of the eigenvalues and the rest, for each shard at the laptop's sizes."""

TOGETHER_SECONDS = 15.0
"""Arms that take no longer than this in all share one job, whose start would cost as much."""

START_MB = 500
"""A Torch process with the boards."""

FAMILY = "sudoku"


def shards(settings: Sudoku, seed: int) -> list[Shard]:
    """Arms that cost about as much in each shard; one shard for all where they are short, one for each arm
    where they are long."""
    runs = _runs(settings, seed)
    groups = {
        f"{FAMILY}-itrsa": [arm for arm in runs if arm == "rms"],
        f"{FAMILY}-akorn": [arm for arm in runs if arm.startswith("akorn")],
        f"{FAMILY}-others": [arm for arm in runs if arm in ("unit", "none", "sym")],
    }
    seconds = sum(_seconds(run) for run in runs.values())
    if seconds <= TOGETHER_SECONDS:
        groups = {FAMILY: list(runs)}
    elif seconds > SHARD_SECONDS:
        groups = {f"{FAMILY}-{arm}": [arm] for arm in runs}
    measured = settings.measured.model_dump(mode="json")
    return [_shard(name, {arm: runs[arm] for arm in arms}, measured) for name, arms in groups.items()]


def _shard(name: str, runs: dict[str, dict[str, Any]], measured: dict[str, Any]) -> Shard:
    seconds, memory = sum(map(_seconds, runs.values())), max(map(_memory, runs.values()))
    return Shard(
        name,
        "sudoku.experiment",
        {"runs": runs},
        Cost(seconds, memory),
        datasets=("sudoku",),
        spectra="sudoku.spectra",
        spectra_settings={"runs": runs, "measured": measured},
        spectra_cost=Cost(SPECTRA_SHARE * seconds + SPECTRA_SECONDS, 2 * memory),
        spectra_device=True,
        gpu_speedup=GPU_SPEEDUP,
        dataset_settings={"sudoku.order": next(iter(runs.values()))["order"]},
    )


def _runs(settings: Sudoku, seed: int) -> dict[str, dict[str, Any]]:
    """What the training of each arm reads, by arm."""
    own = settings.runs()
    fields = {"rms", "unit", "none", "sym", "akorn", "akorn_wide", "measured"}
    common = {"seed": seed, **settings.model_dump(mode="json", exclude=fields)}
    return {arm: {"arm": arm, **common, **run.model_dump(mode="json")} for arm, run in own.items()}


def _numbers(run: dict[str, Any]) -> int:
    """Numbers of one member's activations in one step."""
    tokens, width = run["order"] ** 2, run["width"]
    return int(run["batch"] * tokens * run["iterations"] * (20 * width + 4 * run["heads"] * tokens))


def _seconds(run: dict[str, Any]) -> float:
    products = run["batch"] * run["order"] ** 2 * run["iterations"] * 4 * run["width"] ** 2 / PRODUCTS
    factor = 1.4 if run["arm"].startswith("akorn") else 1.0
    return float(factor * SECONDS_PER_NUMBER * (_numbers(run) + products) * run["seeds"] * run["steps"])


def _memory(run: dict[str, Any]) -> int:
    return int(START_MB + 4 * run["seeds"] * _numbers(run) / 2**20)
