"""Evidence on one update: slopes over the width of every row, and what they are held against."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.parameterisations.methods import SGD, Method
from widthscope.parameterisations.slopes import predicted
from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.width_slopes import seed_slopes
from widthscope.studies.mup_second_order.onestep.rows import (
    FOOF,
    GENERAL,
    KFAC,
    METHODS,
    NULL_DIRECTION,
    READOUTS,
    SHAMPOO,
    Row,
    name_of,
    rows,
    wrong_rows,
)

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Component = tuple[str, str, float]
"""Name of a row, entry, and the slope that it is held against."""

LAYERS = ("first", "hidden", "last")
SHOWN = {"first": "h1", "hidden": "h2", "last": "f", "output": "f by W2"}
MARGIN = 0.125
"""Half the spacing of the exponents that rival parameterisations give; also that of the claims."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    table = joined(shards)
    every = {row.name: row for row in rows(_absolute(table))}
    slopes = seed_slopes(table["change"])
    claims = {
        "onestep-exponents": exponents_tests(slopes, every, table),
        "onestep-general-ea-eb": general_tests(slopes, every),
        "kfac-sp-is-lazy": lazy_tests(slopes),
        "damping-heuristic-fails": heuristic_tests(slopes, _absolute(table)),
        "damping-const-fails": const_tests(slopes, _absolute(table)),
    }
    return {
        **claim_tree(claims),
        "/curves/onestep-slopes": slopes_curve(slopes, every),
        "/curves/onestep-damping": damping_curve(table),
    }


def exponents_tests(slopes: xr.DataArray, every: Mapping[str, Row], table: xr.Dataset) -> Evidence:
    """Slopes of all methods in three parameterisations, beside wrong exponents and wrong formulas."""
    judged = [(method, layer) for method in METHODS for layer in LAYERS if (method, layer) != NULL_DIRECTION]
    mup, sp = (
        [(name_of(method, p), layer, _predicted(every, method, p, layer)) for method, layer in judged]
        for p in ("mup", "sp")
    )
    ntk = [
        (name_of(method, "ntk"), layer, _predicted(every, method, "ntk", layer))
        for method in (SGD, SHAMPOO)
        for layer in LAYERS
    ]
    through = [
        (name_of(method, p), "output", _predicted(every, method, p, "output"))
        for method in METHODS
        for p in ("mup", "sp")
    ]
    as_sgd = [(row, layer, _predicted(every, SGD, "sp", layer)) for row, layer, _ in sp]
    as_sp = [
        (name_of(method, "ntk"), layer, _predicted(every, method, "sp", layer))
        for method in (SGD, SHAMPOO)
        for layer in LAYERS
    ]
    drift = seed_slopes(table["change"], drop=1)
    return {
        "maximal-update": (
            _evidence(slopes, mup),
            _evidence(slopes, _differing([(row, layer, 0.0) for row, layer, _ in sp], every) + wrong(every)),
        ),
        "standard": (_evidence(slopes, sp), _evidence(slopes, _differing(as_sgd, every))),
        "neural-tangent": (_evidence(slopes, ntk), _evidence(slopes, _differing(as_sp, every))),
        "through-the-readout": (
            _evidence(slopes, through),
            _evidence(slopes, _differing([(row, entry, 0.0) for row, entry, _ in through], every)),
        ),
        "null-direction": (
            _evidence(
                slopes,
                [(name_of(NULL_DIRECTION[0], "mup"), "last", 0.0)]
                + [(f"{name_of(KFAC, p)}, empirical", "last", 0.0) for p in ("mup", "sp")],
            ),
            None,
        ),
        "large-outputs": (
            _evidence(
                slopes,
                [
                    (f"{method.name} mup, large f(0)", layer, 0.0)
                    for method in (SGD, FOOF, KFAC)
                    for layer in LAYERS
                ],
            ),
            None,
        ),
        "smallest-width-left-out": (_evidence(drift, mup), None),
    }


def wrong(every: Mapping[str, Row]) -> list[Component]:
    """Rows of the methods with wrong exponents, held against slopes of zero where they are off."""
    found = [(row.name, layer, 0.0) for row in wrong_rows() for layer in LAYERS if row.method not in GENERAL]
    return _differing([one for one in found if (every[one[0]].method, one[1]) != NULL_DIRECTION], every)


def general_tests(slopes: xr.DataArray, every: Mapping[str, Row]) -> Evidence:
    """Other powers of both factors, beside K-FAC's exponents and K-FAC's formula."""
    mup, sp = (
        [
            (name_of(method, p), layer, _predicted(every, method, p, layer))
            for method in GENERAL
            for layer in LAYERS
        ]
        for p in ("mup", "sp")
    )
    swapped = [(row.name, layer, 0.0) for row in wrong_rows() for layer in LAYERS if row.method in GENERAL]
    as_kfac = [(row, layer, _predicted(every, KFAC, "sp", layer)) for row, layer, _ in sp]
    empirical = [(f"{row}, empirical", layer, value) for row, layer, value in mup + sp if layer == "last"]
    return {
        "maximal-update": (_evidence(slopes, mup), _evidence(slopes, _differing(swapped, every))),
        "standard": (_evidence(slopes, sp), _evidence(slopes, _differing(as_kfac, every))),
        "null-direction": (_evidence(slopes, empirical), None),
    }


def lazy_tests(slopes: xr.DataArray) -> Evidence:
    """K-FAC with one rate at all widths, by the readout's exponent."""

    def of(entries: Sequence[str], value: float | None, readouts: Sequence[float]) -> list[Component]:
        """Held against `value`, or against b_L - 1."""
        return [
            (f"K-FAC b={b:g}", entry, b - 1 if value is None else value)
            for b in readouts
            for entry in entries
        ]

    features, outputs = ("first", "hidden"), ("last", "output")
    moving = [b for b in READOUTS if b > 0.5]
    sgd = [(name_of(SGD, "sp"), entry, 0.0) for entry in outputs]
    return {
        "features": (
            _evidence(slopes, of(features, None, [0.5])),
            _evidence(slopes, of(features, -0.5, [1.0])),
        ),
        "output": (_evidence(slopes, of(outputs, 0.0, [0.5])), _evidence(slopes, sgd)),
        "any-readout": (
            _evidence(slopes, of(features, None, moving) + of(outputs, 0.0, moving)),
            _evidence(slopes, of(features, -0.5, moving) + sgd),
        ),
    }


def heuristic_tests(slopes: xr.DataArray, absolute: Sequence[float]) -> Evidence:
    """The heuristic's slopes beside those of the scaled rules, and of the constant one."""
    names = [f"heuristic {value:g}" for value in absolute]
    scaled = [name_of(KFAC, "mup"), *(f"mup_abs {value:g}" for value in absolute)]
    return {
        "first-layer": (
            _evidence(slopes, [(name, "first", -1.0) for name in names]),
            _evidence(slopes, [(name, "first", -1.0) for name in scaled]),
        ),
        "hidden-layer": (
            _evidence(slopes, [(name, "hidden", 0.0) for name in names]),
            _evidence(slopes, [(f"const {value:g}", "hidden", 0.0) for value in absolute]),
        ),
        "readout": (_evidence(slopes, [(name, "last", 0.0) for name in names]), None),
    }


def const_tests(slopes: xr.DataArray, absolute: Sequence[float]) -> Evidence:
    """The slopes of constant damping beside those of damping with the right powers of the width."""
    layers = ("first", "hidden")

    def of(rule: str) -> list[Component]:
        return [(f"{rule} {value:g}", layer, -1.0) for value in absolute for layer in layers]

    return {"both-layers": (_evidence(slopes, of("const")), _evidence(slopes, of("mup_abs")))}


def slopes_curve(slopes: xr.DataArray, every: Mapping[str, Row]) -> xr.Dataset:
    """Slopes of every row with their bands, beside those predicted."""
    formula = [predicted(row.method, row.exponents) for row in every.values()]
    return band(slopes, "slope", "member").assign(
        predicted=(("row", "entry"), np.array(formula, dtype=float)),
    )


def damping_curve(table: xr.Dataset) -> xr.Dataset:
    """Changes by width under each rule of damping, over those at the smallest width."""
    names = [name_of(KFAC, "mup")]
    names += [f"{rule} {value:g}" for rule in ("mup_abs", "heuristic", "const") for value in _absolute(table)]
    chosen = table["change"].sel(row=names)
    return band(chosen / chosen.isel(width=0).mean("member"), "change", "member").assign_attrs(
        base=table.attrs["base"], damping=table.attrs["damping"], initial=float(table["initial"].mean())
    )


def joined(shards: Mapping[str, xr.DataTree]) -> xr.Dataset:
    """The table of all widths, each of which may come from a shard of its own."""
    found = [shards[name].to_dataset().load() for name in sorted(shards) if name.startswith("onestep")]
    return xr.concat(found, dim="width", data_vars="minimal", coords="minimal", compat="override").sortby(
        "width"
    )


def _evidence(slopes: xr.DataArray, components: Sequence[Component]) -> xr.Dataset:
    return of_seeds(
        [f"{row}: {SHOWN[entry]}" for row, entry, _ in components],
        [slopes.sel(row=row, entry=entry).values for row, entry, _ in components],
        [value for _, _, value in components],
    )


def _predicted(every: Mapping[str, Row], method: Method, p: str, entry: str) -> float:
    """Slope of an entry of a method in a parameterisation."""
    return _of_row(every[name_of(method, p)], entry)


def _of_row(row: Row, entry: str) -> float:
    slopes = predicted(row.method, row.exponents)
    return slopes.hidden_to_output if entry == "output" else float(getattr(slopes, entry))


def _differing(components: Sequence[Component], every: Mapping[str, Row]) -> list[Component]:
    """Those whose rows' own formula is off what they are held against by more than the margin."""
    return [one for one in components if abs(_of_row(every[one[0]], one[1]) - one[2]) > MARGIN]


def _absolute(table: xr.Dataset) -> list[float]:
    return [float(value) for value in np.atleast_1d(table.attrs["absolute"])]
