"""Evidence of the family `coordinates`: slopes of what moved on the width, seed by seed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.width_slopes import slope_evidence
from widthscope.studies.mup_second_order.arm_names import LABELS
from widthscope.studies.mup_second_order.sweep_tables import Tables, tables_of
from widthscope.width_sweeps.curves import coordinate_curve, effective_rates

PLACES = ("layer 1", "layer 2", "output")
"""Of a network of three layers: what h_1, h_2 and f moved."""

JUDGED = ("sgd", "kfac", "shampoo")
FAILING = {"kfac": PLACES[:2]}
"""Where slopes of the standard parameterisation are not 0, if not everywhere: K-FAC's outputs stay."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = tables_of(shards, "coordinates")
    claims = {"coordcheck-train": stands_still(tables), "coordcheck-sp-fails": standard_fails(tables)}
    return claim_tree(claims) | movement(tables)


def moved(table: xr.Dataset, place: str, step: int = -1) -> xr.DataArray:
    """Root mean square change (width, seed) of a layer's pre-activations, or of the output, at a step."""
    at = table.isel(step=step, lr=0, damping=0, drop=True)
    return at["df"] if place == "output" else at["dh"].sel(layer=int(place.removeprefix("layer ")), drop=True)


def stands_still(tables: Tables) -> dict[str, tuple[xr.Dataset, xr.Dataset | None]]:
    """Slopes in the maximal-update parameterisation; the standard one is the control."""
    judged = {
        method: (
            _slopes(tables, [f"{method}-mup"], 0.0),
            _slopes(tables, [f"{method}-sp"], 0.0, FAILING.get(method, PLACES)),
        )
        for method in JUDGED
    }
    mup = [f"{method}-mup" for method in JUDGED]
    others = [arm for arm in tables if arm not in {*mup, *(f"{method}-sp" for method in JUDGED)}]
    return {
        **judged,
        "others": (_slopes(tables, others), None),
        "smallest-width-left-out": (_slopes(tables, mup, 0.0, drop=1), None),
        "steps": (_by_step(tables, mup), None),
    }


def standard_fails(tables: Tables) -> dict[str, tuple[xr.Dataset, xr.Dataset | None]]:
    """Slopes in the standard parameterisation; that of K-FAC's outputs is told from gradient descent's."""
    sp, mup = ([f"{method}-{scaling}" for method in JUDGED] for scaling in ("sp", "mup"))
    return {
        "layer-1": (_slopes(tables, sp, places=PLACES[:1]), _slopes(tables, mup, places=PLACES[:1])),
        "output": (
            _slopes(tables, ["sgd-sp"], places=PLACES[2:]),
            _slopes(tables, ["sgd-mup"], places=PLACES[2:]),
        ),
        "kfac-output": (
            _slopes(tables, ["kfac-sp"], 0.0, PLACES[2:]),
            _slopes(tables, ["sgd-sp"], 0.0, PLACES[2:]),
        ),
        "all-layers": (_slopes(tables, sp), None),
        "steps": (_by_step(tables, sp), None),
    }


def movement(tables: Tables) -> dict[str, xr.Dataset]:
    """What every arm moved after all steps, and its slopes, by path; and the rates that moved it."""
    found = {}
    for arm, table in tables.items():
        curve = coordinate_curve({place: moved(table, place) for place in PLACES})
        found[f"/curves/coordinates/{arm}"] = curve.assign_attrs(
            curve.attrs | {"steps": int(table["step"][-1])}
        )
        found[f"/curves/coordinates-rates/{arm}"] = effective_rates(table)
    return found


def _slopes(
    tables: Tables,
    arms: Iterable[str],
    prediction: float = np.nan,
    places: Sequence[str] = PLACES,
    step: int = -1,
    drop: int = 0,
) -> xr.Dataset:
    cells = [(arm, place) for arm in arms for place in places]
    return slope_evidence(
        [f"{LABELS[arm]}, {place}" for arm, place in cells],
        [moved(tables[arm], place, step) for arm, place in cells],
        prediction,
        drop,
    )


def _by_step(tables: Tables, arms: Sequence[str]) -> xr.Dataset:
    """Slopes after every recorded step but the last, which is judged."""
    steps = next(iter(tables.values()))["step"].values
    cells = [(arm, place, at) for at in range(1, len(steps) - 1) for arm in arms for place in PLACES]
    return slope_evidence(
        [f"{LABELS[arm]}, {place}, step {steps[at]}" for arm, place, at in cells],
        [moved(tables[arm], place, at) for arm, place, at in cells],
    )
