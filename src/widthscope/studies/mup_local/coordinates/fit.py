"""Evidence of the family `coordinates`: slopes of movements on the width, after a few steps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import of_seeds
from widthscope.statistics.width_slopes import seed_slopes, slope_evidence
from widthscope.studies.mup_local.coordinates.cases import CASES, GAMMAS, INFERENCES
from widthscope.studies.mup_local.trained_tables import at_step, trained_tables, where_inferred
from widthscope.width_sweeps.curves import coordinate_curve

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Named = tuple[list[str], list[xr.DataArray]]

RESIDUAL = 1e-4
"""Above this relative residual of the inference a member counts as not measured."""

MOVEMENTS: dict[str, tuple[str, int | None]] = {"h1": ("dh", 1), "h2": ("dh", 2), "f": ("df", None)}
"""What moves, and the sweep's name and layer of it."""

WRONG = {
    # Wrong row: the right one, and the direction in which each movement leaves 0.
    "si-1-sgd": ("si-1", {"h1": 1, "h2": 1, "f": 1}),
    "si-sp": ("si-0", {"h1": -1, "f": 1}),
    "eq-ntk": ("eq-0", {"h1": -1, "h2": -1}),
}
"""Wrong parameterisations of predictive coding."""

CONTROLS = {"si_fpa": "si_fpa-sp", "si": "si-sp", "eq": "eq-ntk"}
"""The wrong row by way of inference, with the same inference, at the lower rate of the wrong ones."""

WORDS = {
    "si_fpa-sp": "standard parameterisation, fixed predictions",
    "si-1-sgd": "rates of gradient descent, gamma=-1",
    "si-sp": "standard parameterisation",
    "eq-ntk": "kernel regime's rates and readout, equilibrium",
}


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = trained_tables(shards, "coordinates", CASES)
    judged = int(tables["eq-0"]["step"].max())
    claims = {
        "pc-coordcheck": coordinate_tests(tables, judged),
        "pc-coordcheck-controls": wrong_tests(tables, judged),
        "tp-coordcheck-sp-fails": target_tests(tables),
    }
    lines = {f"/curves/coordinates/{row}": curve(tables, row, judged) for row in tables}
    return {**claim_tree(claims), **lines}


def coordinate_tests(tables: Mapping[str, xr.Dataset], judged: int) -> Evidence:
    """Slopes by way of inference; the control of each is a wrong parameterisation."""
    found: Evidence = {}
    for kind in INFERENCES:
        names, values = _right(tables, kind, judged)
        wrong = CONTROLS[kind]
        control = _row(tables, wrong, judged, WORDS[wrong])
        found[kind.replace("_", "-")] = (slope_evidence(names, values, 0.0), slope_evidence(*control, 0.0))
    last = int(tables["si-0"]["step"].max())
    found["later"] = (slope_evidence(*_several(tables, ("si_fpa", "si"), last), 0.0), None)
    found["without-narrowest"] = (_from_the_second(_several(tables, tuple(INFERENCES), judged)), None)
    found["later-without-narrowest"] = (_from_the_second(_several(tables, ("si_fpa", "si"), last)), None)
    found["half"] = (slope_evidence(*_row(tables, "si-half", judged, "one pass, gamma=-0.5"), 0.0), None)
    found["residual"] = (_residuals(tables), None)
    return found


def wrong_tests(tables: Mapping[str, xr.Dataset], judged: int) -> Evidence:
    """Slopes in the direction in which a wrong parameterisation leaves 0, and the right one's beside."""
    names, measured, right = [], [], []
    for wrong, (correct, directions) in WRONG.items():
        for movement, sign in directions.items():
            names.append(f"{WORDS[wrong]}: {'' if sign > 0 else 'minus '}{movement}")
            measured.append(sign * seed_slopes(_movement(tables, wrong, movement, judged)).values)
            right.append(sign * seed_slopes(_movement(tables, correct, movement, judged)).values)
    return {"slopes": (of_seeds(names, measured), of_seeds(names, right))}


def target_tests(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Slopes of target propagation without powers of the width, after one step and after all."""
    steps = [int(tables["dtp-sp"]["step"].min()), int(tables["dtp-sp"]["step"].max())]
    pairs = [(step, movement) for step in steps for movement in ("h2", "f")]
    names = [f"{movement} after {step}" for step, movement in pairs]

    def of(row: str) -> xr.Dataset:
        return slope_evidence(names, [_movement(tables, row, movement, step) for step, movement in pairs])

    first = [_movement(tables, "dtp-sp", "h1", step) for step in steps]
    return {
        "slopes": (of("dtp-sp"), of("dtp")),
        "first-layer": (slope_evidence([f"h1 after {step}" for step in steps], first), None),
    }


def curve(tables: Mapping[str, xr.Dataset], row: str, step: int) -> xr.Dataset:
    """Movements of one row over widths, and their slopes, after a number of steps, attribute `steps`."""
    found = coordinate_curve({name: _movement(tables, row, name, step) for name in MOVEMENTS})
    return found.assign_attrs(steps=step)


def _movement(tables: Mapping[str, xr.Dataset], row: str, movement: str, step: int) -> xr.DataArray:
    """One of `MOVEMENTS` over (width, seed), NaN where an equilibrium was asked for and not reached."""
    quantity, layer = MOVEMENTS[movement]
    values = at_step(tables[row], quantity, step, layer)
    return where_inferred(values, tables[row], RESIDUAL) if CASES[row].equilibrium else values


def _from_the_second(named: Named) -> xr.Dataset:
    """Slopes without the smallest width; of nothing where two widths are all."""
    names, values = named
    if min(each.sizes["width"] for each in values) < 3:
        return of_seeds([], [])
    return slope_evidence(names, values, 0.0, drop=1)


def _row(tables: Mapping[str, xr.Dataset], row: str, step: int, words: str) -> Named:
    names = [f"{words}: {movement}" for movement in MOVEMENTS]
    return names, [_movement(tables, row, movement, step) for movement in MOVEMENTS]


def _right(tables: Mapping[str, xr.Dataset], kind: str, step: int) -> Named:
    return _merged(
        _row(tables, f"{kind}-{g}", step, f"{INFERENCES[kind]}, gamma={_gamma(g)}") for g in GAMMAS
    )


def _several(tables: Mapping[str, xr.Dataset], kinds: Sequence[str], step: int) -> Named:
    return _merged(_right(tables, kind, step) for kind in kinds)


def _merged(parts: Iterator[Named]) -> Named:
    names: list[str] = []
    values: list[xr.DataArray] = []
    for more_names, more_values in parts:
        names += more_names
        values += more_values
    return names, values


def _gamma(suffix: str) -> str:
    return "0" if suffix == "0" else f"-{suffix}"


def _residuals(tables: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Largest relative residual of any seed, width and step, of each row that goes to the equilibrium."""
    rows = [name for name in tables if CASES[name].equilibrium]
    worst = [tables[name]["infer_residual"].max(skipna=False).item() for name in rows]
    return evidence(rows, worst, 0.0)
