"""Evidence of the family `breaking`: accuracy and symmetry over the penalty, and over training."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_estimates
from widthscope.statistics.intervals import jackknife
from widthscope.statistics.over_seeds import band, of_seeds

Tables = dict[str, xr.Dataset]
Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

FLOOR = 0.1
"""From this penalty on Adam's normalised steps keep the asymmetry from falling further (theory notes, T7)."""

NAMES = {
    "sym": "symmetric",
    "sym2": "symmetric, twice the hidden units",
    "asym": "symmetric and a free part",
    "parasym": "free, tied at the start",
    "para": "free",
    "anti": "anti-tied and a free part",
}


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = tables_of(shards)
    claims = {
        "lambda-transition": transition(tables),
        "order-parameter": order_parameter(tables),
        "recovery": recovery(tables),
        "symmetric-not-invariant": not_invariant(tables["gradients"]),
        "asymmetry-growth": growth(tables),
    }
    return claim_tree(claims) | drawn(tables)


def tables_of(shards: Mapping[str, xr.DataTree]) -> Tables:
    """Each arm's table of all penalties and seeds, joined from the family's shards."""
    parts: dict[str, list[xr.Dataset]] = {}
    for name, tree in shards.items():
        if name == "breaking" or fnmatch(name, "breaking-*"):
            for arm, node in tree.children.items():
                parts.setdefault(arm, []).append(node.to_dataset())
    return {arm: _joined(found) for arm, found in parts.items()}


def _joined(parts: list[xr.Dataset]) -> xr.Dataset:
    """One arm's tables, of other penalties or of other seeds."""
    whole = xr.combine_by_coords(parts, combine_attrs="override") if len(parts) > 1 else parts[0]
    assert isinstance(whole, xr.Dataset)
    return whole


def accuracy(table: xr.Dataset, penalty: float = 0.0, part: str = "test") -> xr.DataArray:
    """Of every seed, (seed,)."""
    return table["accuracy"].sel(penalty=penalty, part=part, drop=True)


def overall(table: xr.Dataset, quantity: str, penalty: float = 0.0) -> xr.DataArray:
    """Asymmetry or alignment, mean over blocks and pairs: (seed, epoch)."""
    return table[quantity].sel(penalty=penalty, drop=True).mean(("block", "pair"))


def transition(tables: Tables) -> Evidence:
    """Accuracy at both ends of the penalties, against anti-tied networks and against tied ones."""
    asym, anti, sym, para = (tables[arm] for arm in ("asym", "anti", "sym", "para"))
    penalties, opposed = asym["penalty"].values, anti["penalty"].values
    last = float(penalties[-1])
    against = accuracy(sym)
    levels = {
        part: (
            of_seeds(
                [*(_at(p) for p in penalties), "symmetric", *(f"anti-tied, {_at(p)}" for p in opposed)],
                [
                    *(accuracy(asym, p, part) for p in penalties),
                    accuracy(sym, part=part),
                    *(accuracy(anti, p, part) for p in opposed),
                ],
            ),
            None,
        )
        for part in ("test", "train")
    }
    return {
        "fall": (_falls("asym", asym, last), _falls("anti", anti, last)),
        "largest-penalty": (
            of_seeds(_at(last), [accuracy(asym, last) - against], prediction=0.0),
            of_seeds("free", [accuracy(para) - against], prediction=0.0),
        ),
        "order": (
            of_seeds([NAMES["asym"], NAMES["anti"]], [_ranks(asym), _ranks(anti)], possible=(-1.0, 1.0)),
            None,
        ),
        "accuracy": levels["test"],
        "training-accuracy": levels["train"],
    }


def _falls(arm: str, table: xr.Dataset, last: float) -> xr.Dataset:
    return of_seeds(f"{NAMES[arm]}, {_at(last)}", [accuracy(table) - accuracy(table, last)])


def _ranks(table: xr.Dataset) -> np.ndarray:
    """Spearman's correlation of penalty and test accuracy, (seed,); 0 where all accuracies are equal."""
    from scipy.stats import rankdata  # a second to import, and only this needs it

    values = table["accuracy"].sel(part="test").transpose("penalty", ...).values
    ranked = rankdata(values, axis=0) - (len(values) + 1) / 2
    order = (np.arange(len(values)) - (len(values) - 1) / 2)[:, None]
    spread = np.sqrt((ranked**2).sum(0) * (order**2).sum())
    covariance = (ranked * order).sum(0)
    found = np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 0)
    return np.where(np.isnan(values).any(0), np.nan, found)


def order_parameter(tables: Tables) -> Evidence:
    """Asymmetry after training from one penalty to the next, up to the floor."""
    asym, anti = tables["asym"], tables["anti"]
    return {
        "falls": (_steps(asym), _steps(anti)),
        "asymmetry": (_by_penalty(asym, anti, "asymmetry"), None),
        "alignment": (_by_penalty(asym, anti, "alignment"), None),
    }


def _steps(table: xr.Dataset) -> xr.Dataset:
    """Falls of the asymmetry over the steps that begin below the floor."""
    steps = [(low, high) for low, high in pairwise(_penalties(table)) if low < FLOOR]
    return of_seeds(
        [f"{_at(low)} to {high:g}" for low, high in steps],
        [_last(table, "asymmetry", low) - _last(table, "asymmetry", high) for low, high in steps],
    )


def _penalties(table: xr.Dataset) -> list[float]:
    return [float(penalty) for penalty in table["penalty"].values]


def _last(table: xr.Dataset, quantity: str, penalty: float) -> xr.DataArray:
    return overall(table, quantity, penalty).isel(epoch=-1, drop=True)


def _by_penalty(asym: xr.Dataset, anti: xr.Dataset, quantity: str) -> xr.Dataset:
    return of_seeds(
        [*(_at(p) for p in _penalties(asym)), *(f"anti-tied, {_at(p)}" for p in _penalties(anti))],
        [_last(table, quantity, p) for table in (asym, anti) for p in _penalties(table)],
    )


def recovery(tables: Tables) -> Evidence:
    """Share of the deficit of symmetric couplings that the arms recover."""
    arms = ("asym", "parasym")
    everyone = ("sym", "sym2", *arms, "para")
    levels = {
        part: of_seeds(
            [NAMES[arm] for arm in everyone], [accuracy(tables[arm], part=part) for arm in everyone]
        )
        for part in ("test", "train")
    }
    free = accuracy(tables["para"])
    deficits = [(free - accuracy(tables[arm])).values for arm in everyone[:-1]]
    return {
        "share": (_shares(tables, arms), _shares(tables, ("sym2",))),
        "deficit": (of_seeds([NAMES[arm] for arm in everyone[:-1]], deficits), None),
        "accuracy": (levels["test"], None),
        "training-accuracy": (levels["train"], None),
    }


def _shares(tables: Tables, arms: Sequence[str]) -> xr.Dataset:
    found, counts = [], []
    for arm in arms:
        each, free, tied = xr.align(*(accuracy(tables[name]) for name in (arm, "para", "sym")), join="inner")
        found.append(jackknife(_share, each.values, free.values, tied.values))
        counts.append(each.size)
    return of_estimates([NAMES[arm] for arm in arms], found, n=counts)


def _share(each: np.ndarray, free: np.ndarray, tied: np.ndarray) -> float:
    """What an arm recovers of the difference between free and tied couplings; NaN where there is none."""
    whole = free.mean() - tied.mean()
    return float((each.mean() - tied.mean()) / whole) if whole else float("nan")


def not_invariant(table: xr.Dataset) -> Evidence:
    """Relative asymmetry of the gradients at tied couplings, block by block."""
    mixer = table["mixer"].transpose("seed", "block", "pair")
    cells = [(block, pair) for block in range(mixer.sizes["block"]) for pair in mixer["pair"].values]
    measured = of_seeds(
        [f"block {block + 1}, {pair}s" for block, pair in cells],
        [mixer.isel(block=block).sel(pair=pair) for block, pair in cells],
        possible=(0.0, 1.0),
    )
    control = of_seeds("linear auto-encoder", [table["autoencoder"]], possible=(0.0, 1.0))
    return {"gradient": (measured, control)}


def growth(tables: Tables) -> Evidence:
    """Symmetry after the last epoch against that after the first, from tied couplings and under a penalty."""
    last = float(tables["asym"]["penalty"].values[-1])
    cases = (("parasym", 0.0, NAMES["parasym"]), ("asym", last, f"penalty {last:g}"))

    def change(quantity: str, sign: int) -> list[xr.Dataset]:
        found = []
        for arm, penalty, name in cases:
            along = overall(tables[arm], quantity, penalty)
            first, end = along.sel(epoch=1), along.isel(epoch=-1)
            found.append(of_seeds(name, [sign * (end.values - first.values)]))
        return found

    grown, fallen = change("asymmetry", 1), change("alignment", -1)
    return {
        "asymmetry": (grown[0], grown[1]),
        "alignment": (fallen[0], fallen[1]),
        "asymmetry-by-epoch": (_by_epoch(tables["parasym"], "asymmetry"), None),
        "alignment-by-epoch": (_by_epoch(tables["parasym"], "alignment"), None),
    }


def _by_epoch(table: xr.Dataset, quantity: str) -> xr.Dataset:
    along = overall(table, quantity)
    epochs = [int(epoch) for epoch in along["epoch"].values if epoch]
    return of_seeds([f"epoch {epoch}" for epoch in epochs], [along.sel(epoch=epoch) for epoch in epochs])


def drawn(tables: Tables) -> dict[str, xr.Dataset]:
    """Accuracy and symmetry after training by penalty, and symmetry by epoch, by path."""
    found = {}
    for arm, table in tables.items():
        if arm == "gradients":
            continue
        curve = band(table["accuracy"], "accuracy")
        for quantity in ("asymmetry", "alignment"):
            curve = curve.merge(band(table[quantity].mean(("block", "pair")), quantity))
        found[f"/curves/breaking/{arm}"] = curve.assign_attrs({**table.attrs, "seeds": table.sizes["seed"]})
    mixer = tables["gradients"]["mixer"]
    found["/curves/breaking-gradients"] = xr.Dataset(attrs={"mean": float(mixer.mean())})
    return found


def _at(penalty: float) -> str:
    return f"penalty {penalty:g}"
