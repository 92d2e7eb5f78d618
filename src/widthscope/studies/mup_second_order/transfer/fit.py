"""Evidence of the family `transfer`: where the best learning rate lies at each width, seed by seed."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_counts, of_estimates
from widthscope.statistics.optimum import curves, drift, flag_counts, mean_optima, optima, transfer_regret
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.mup_second_order.arm_names import LABELS, method_of
from widthscope.studies.mup_second_order.sweep_tables import Tables, tables_of
from widthscope.width_sweeps.curves import effective_rates, transfer_curve

RIVALS = {"sgd": "sgd-sp", "kfac": "kfac-foof", "shampoo": "shampoo-sp"}
"""The arm of each rule whose optimum must be seen to drift: the control."""

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = tables_of(shards, "transfer")
    losses = {arm: curves(table) for arm, table in tables.items()}
    claims = {f"lr-transfer-{method}": transfer(losses, method) for method in RIVALS}
    return claim_tree(claims) | drawn(tables, losses)


def drawn(tables: Tables, losses: Mapping[str, xr.DataArray]) -> dict[str, xr.Dataset]:
    """Every arm's losses over the learning rate, and its layers' rates and dampings, by path.

    A mean loss above the largest before training is not shown: it may be so by many powers of ten.
    """
    found = {}
    for arm, table in tables.items():
        curve = transfer_curve(losses[arm])
        shown = ("loss", "loss_low", "loss_high")
        began = table["train_loss"].isel(step=0, drop=True).max()
        curve = curve.assign({name: curve[name].where(curve["loss"] <= began) for name in shown})
        found[f"/curves/transfer-{method_of(arm)}/{arm}"] = curve.assign_attrs(
            curve.attrs | {"steps": int(table["step"][-1])}
        )
        found[f"/curves/transfer-rates/{arm}"] = effective_rates(table)
    return found


def transfer(losses: Mapping[str, xr.DataArray], method: str) -> Evidence:
    """Drift of the optimum per doubling of the width; the rival's is the control.

    K-FAC's is judged in the standard parameterisation too, where it is claimed to stay within the margin.
    """
    arms = [arm for arm in losses if method_of(arm) == method]
    mup, rival = f"{method}-mup", RIVALS[method]
    best = {arm: optima(losses[arm]) for arm in arms}
    standard: Evidence = {}
    if method == "kfac":
        standard["standard"] = (_drifts(best, ["kfac-sp"]), _drifts(best, [rival]))
    found: Evidence = {
        "drift": (_drifts(best, [mup]), _drifts(best, [rival])),
        **standard,
        "others": (_drifts(best, [arm for arm in arms if arm != mup]), None),
        "smallest-width-left-out": (_drifts(best, arms, drop=1), None),
        "optimum": (_by_width(best[mup]), None),
        "unmeasured": (_unmeasured(best), None),
        **_regrets({arm: losses[arm] for arm in arms}),
    }
    return found


def _drifts(best: Mapping[str, xr.Dataset], arms: Iterable[str], drop: int = 0) -> xr.Dataset:
    named = list(arms)
    return of_estimates(
        [LABELS[arm] for arm in named],
        [drift(best[arm], drop if best[arm].sizes["width"] > drop + 1 else 0) for arm in named],
        prediction=0.0 if not drop else None,
        n=[best[arm].sizes["seed"] for arm in named],
    )


def _by_width(best: xr.Dataset) -> xr.Dataset:
    names = [f"width {int(width)}" for width in best["width"].values]
    return of_estimates(names, mean_optima(best), n=best.sizes["seed"])


def _unmeasured(best: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Share of curves, all widths and seeds, with the flags that leave the optimum without a parabola."""
    rows = [
        (f"{LABELS[arm]}: {flag}", count, found["flag"].size)
        for arm, found in best.items()
        for flag, count in {"measured": 0, **flag_counts(found)}.items()
    ]
    return of_counts([name for name, _, _ in rows], [count for _, count, _ in rows], [n for *_, n in rows])


def _regrets(losses: Mapping[str, xr.DataArray]) -> Evidence:
    """What it costs to tune at the smallest width, and how often its best rate diverges at the largest."""
    regrets = {LABELS[arm]: transfer_regret(of_arm).values for arm, of_arm in losses.items()}
    finite = [np.where(np.isfinite(values), values, np.nan) for values in regrets.values()]
    known = {name: values[~np.isnan(values)] for name, values in regrets.items()}
    known = {name: values for name, values in known.items() if len(values)}
    diverged = [int(np.isinf(values).sum()) for values in known.values()]
    return {
        "regret": (of_seeds(list(regrets), finite), None),
        "transferred-diverges": (of_counts(list(known), diverged, [len(v) for v in known.values()]), None),
    }
