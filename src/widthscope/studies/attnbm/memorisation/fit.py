"""Evidence of the family `memorisation`: what is memorised, and the plateau that merges explain."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.boltzmann.plateau import approximate_nll, nll_with_bias, orders_of, paired_share, plateau
from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.attnbm.memorisation.curves import drawn
from widthscope.studies.attnbm.memorisation.tables import Tables, sizes_of, tables_of

Floats = NDArray[np.float64]
Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

MEMORISED_WITHIN = 2.0
"""Nats above log P within which a pattern counts as memorised."""

SMALLEST = 1e-9
"""Nats below which a difference of NLLs is rounding."""

PUBLISHED_NLL, PUBLISHED_PATTERNS, PUBLISHED_NORM = 70.08, 200, 784.0
"""The end of the authors' loss curve, 14.016 times the batch of 5, in nats; and its patterns."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the family's claims and the curves of its figures, by path."""
    tables = tables_of(shards)
    if not tables:
        return {}
    claims = {
        "plateau-formula": plateau_formula(tables),
        "memorisation": memorisation(tables),
        "official-curve": official_curve(tables),
    }
    return claim_tree(claims) | drawn(tables)


def last(table: xr.Dataset) -> tuple[Floats, list[NDArray[np.int64]]]:
    """After training: each seed's mean NLL (seed,), and the orders of its components."""
    owners = table["owner"].isel(epoch=-1).values
    nll: Floats = table["nll"].isel(epoch=-1).mean("pattern").values
    return nll, [np.zeros(0, np.int64) if np.isnan(own).any() else orders_of(own) for own in owners]


def predicted(orders: list[NDArray[np.int64]], squared_norm: float) -> Floats:
    """The plateau of each seed's orders (seed,); NaN of a seed that diverged."""
    return np.array([plateau(own, squared_norm).nll if len(own) else np.nan for own in orders])


def memorised(table: xr.Dataset) -> Floats:
    """Share of the patterns whose NLL is within `MEMORISED_WITHIN` of log P, (seed,)."""
    nll = table["nll"].isel(epoch=-1).values
    share = (nll < np.log(nll.shape[1]) + MEMORISED_WITHIN).mean(1)
    return np.where(np.isnan(nll).any(1), np.nan, share)


def plateau_formula(tables: Tables) -> Evidence:
    """What the formula misses of the excess over log P, and how that shrinks.

    In control it is the formula for machines whose hidden biases are trained, at the same orders.
    """
    near, far, shrunk, still, above, approximate, other = {}, {}, {}, {}, {}, {}, {}
    for name in sizes_of(tables, "plateaus"):
        table = tables[f"plateaus/{name}/settled"]
        norm, floor = float(table.attrs["pixels"]), np.log(table.sizes["pattern"])
        nll, orders = last(table)
        star = predicted(orders, norm)
        merged = np.array([len(own) < table.sizes["pattern"] for own in orders])
        excess = star[merged] - floor
        near[name] = np.abs(nll - star)[merged] / excess
        biased = np.array([nll_with_bias(own, norm) if len(own) else np.nan for own in orders])
        far[name] = np.abs(nll - biased)[merged] / excess
        other[name] = np.abs(nll - np.roll(star, 1))[merged] / excess
        began = table["nll"].isel(epoch=0).mean("pattern").values
        shrunk[name] = _decades(began - star, nll - star)[merged]
        still[name] = _decades(began - biased, nll - biased)[merged]
        above[name] = (
            tables[f"plateaus/{name}/minibatches"]["nll"].isel(epoch=-1).mean("pattern") - star
        ).values
        approximate[name] = (
            np.array([approximate_nll(own, norm) for own in orders if len(own)]) - star[~np.isnan(star)]
        )
    found: Evidence = {
        "relative": (_means(near), _means(far)),
        "shrinks": (_means(shrunk), _means(still)),
        "other-seed": (_means(other), None),
        "minibatches": (_means(above), None),
        "approximation": (_means(approximate), None),
    }
    found["images"] = (_images(tables["images"]), None)
    return found


def memorisation(tables: Tables) -> Evidence:
    """The trend of the memorised share over hidden units, and the plateau at the judged number of them."""
    names = sizes_of(tables, "hidden-units")
    free = {name: tables[f"hidden-units/{name}"] for name in names}
    copied = {name: tables[f"copied/{name}"] for name in names}
    hidden = [table.attrs["hidden"] for table in free.values()]
    started = tables["from-patterns"]
    judged = free[f"H{started.attrs['hidden']}"]
    counted = {f"H={count}": memorised(table) for count, table in zip(hidden, free.values(), strict=True)}
    label = f"H={judged.attrs['hidden']}"
    excesses = {f"H={h}": _excess(table) for h, table in zip(hidden, free.values(), strict=True)}
    return {
        "trend": (_trend(hidden, list(free.values())), _trend(hidden, list(copied.values()))),
        "plateau": (_means({label: _excess(judged)}), _means({label: _excess(started)})),
        "memorised": (_means(counted), None),
        "excess": (_means(excesses), None),
        "ordered-pairs": (ordered_pairs(list(counted.values())), None),
        "with-bias": (_means({label: memorised(tables["with-bias"])}), None),
    }


def official_curve(tables: Tables) -> Evidence:
    """The published metric, NLL over the batch size, at the start, and the plateau of the last orders."""
    table, held = tables["published/small"], tables["published/patterns"]
    batch, norm = table.attrs["batch"], float(table.attrs["pixels"])
    start, begun = (each["nll"].isel(epoch=0).mean("pattern").values for each in (table, held))
    nll, orders = last(table)
    star, floor = predicted(orders, norm), np.log(table.sizes["pattern"])
    pattern_count = table.sizes["pattern"]
    merged = np.array([own[own > 1].sum() / pattern_count for own in orders])
    some = merged > 0
    half = norm / 2 / batch
    curve = table["nll"].mean("pattern")
    return {
        "start": (
            of_seeds(["NLL / B"], [start / batch], prediction=half),
            of_seeds(["from the patterns"], [begun / batch], prediction=half),
        ),
        "plateau": (
            _means({"plateau of its orders": star - floor}),
            _means({"from the patterns, at the end": _excess(held)}),
        ),
        "excess": (_means({"at the end": nll - floor}), None),
        "metric": (
            _means({f"epoch {int(curve['epoch'][k])}": curve.values[:, k] / batch for k in _quarters(curve)}),
            None,
        ),
        "merged": (_means({"share of patterns": merged}), None),
        "published-merged": (
            evidence(
                "of the published end", paired_share(PUBLISHED_NLL, PUBLISHED_PATTERNS, PUBLISHED_NORM), 0.0
            ),
            None,
        ),
        "formula": (_means({"relative": (nll - star)[some] / (star - floor)[some]}), None),
    }


def _quarters(curve: xr.DataArray) -> list[int]:
    count = curve.sizes["epoch"] - 1
    return sorted({round(count * quarter / 4) for quarter in range(5)})


def _decades(before: Floats, after: Floats) -> Floats:
    """log10 of by how much a difference grew, those below rounding counted as rounding."""
    sizes = [np.maximum(np.abs(each), SMALLEST) for each in (after, before)]
    return np.asarray(np.log10(sizes[0] / sizes[1]))


def _excess(table: xr.Dataset) -> Floats:
    nll = last(table)[0]
    return np.asarray(nll - np.log(table.sizes["pattern"]))


def _images(table: xr.Dataset) -> xr.Dataset:
    """Relative difference from the formula on whitened images, whose norms are only nearly equal."""
    nll = table["nll"].isel(step=-1).mean("pattern").values
    orders = [orders_of(own) for own in table["owner"].isel(step=-1).values]
    norms = table["squared_norm"].values
    star = np.array([plateau(own, float(norm)).nll for own, norm in zip(orders, norms, strict=True)])
    return _means({"relative": (nll - star) / star, "cosine of two images": table["overlap"].values})


def _means(values: Mapping[str, Floats]) -> xr.Dataset:
    """Means over seeds; with fewer than two seeds a component counts as not measured."""
    return of_seeds(list(values), [own if len(own) > 1 else np.full(2, np.nan) for own in values.values()])


def _trend(hidden: list[int], tables: list[xr.Dataset]) -> xr.Dataset:
    """Slope of the memorised share on log2 H for each seed; seeds of two H share no draw.

    Seeds that all memorise the same share say no more than that it varies by less than they can show: then
    the standard error is that of seeds of which one has one pattern more, at the H that counts most.
    """
    doublings = np.log2(hidden)
    centred = doublings - doublings.mean()
    weights = centred / (centred @ centred)
    shares = np.stack([memorised(table) for table in tables])
    found = of_seeds(["per doubling"], [weights @ shares])
    if np.all(np.ptp(shares, axis=1) == 0):
        step = np.abs(weights).max() / tables[0].sizes["pattern"]
        found["standard_error"] = np.maximum(found["standard_error"], step / shares.shape[1])
    return found


def ordered_pairs(shares: list[Floats]) -> xr.Dataset:
    """Jonckheere's statistic over its number of pairs, with its deviation if all are alike, at 1/2."""
    pairs = [
        (np.sign(later[:, None] - earlier) + 1) / 2
        for place, earlier in enumerate(shares)
        for later in shares[place + 1 :]
    ]
    sizes = np.array([len(each) for each in shares], dtype=float)
    total, count = sizes.sum(), sum(each.size for each in pairs)
    variance = (total**2 * (2 * total + 3) - np.sum(sizes**2 * (2 * sizes + 3))) / 72
    share = sum(float(each.sum()) for each in pairs) / count
    return evidence("share of ordered pairs", share, np.sqrt(variance) / count, prediction=0.5, n=int(total))
