"""Evidence on states that gain energy, as simulated and in closed form."""

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import evidence, of_counts
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.jacobian_dynamics.energy.fit_flows import Tests


def overlap(table: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """dE/dt of heads I and -c I over its closed form; the control's form takes them for orthogonal."""
    names = [str(name) for name in table["overlap"].values]
    measured, control = (
        evidence(names, table["overlap_rate"] / table[name], 0.0, prediction=1.0)
        for name in ("overlap_formula", "overlap_wrong_formula")
    )
    return measured, control


def asymmetric_tests(table: xr.Dataset) -> Tests:
    """Counter-examples to descent with an asymmetric A and B = sym(A)."""
    betas = table["beta"].values
    at_beta = [f"β={beta:g}" for beta in betas]
    pairs, wrong = (
        evidence(at_beta, table[name].max(("skew", "angle")).values, 0.0, prediction=0.0)
        for name in ("pair_error", "pair_wrong_error")
    )
    ratio, rival = (
        of_seeds("over all draws", [table["measured_threshold"].values / table[name].values], prediction=1.0)
        for name in ("threshold", "rival_threshold")
    )
    ring, straight = (
        evidence(at_beta, _farthest(table[name], ring_balance(table)), 0.0, prediction=ring_balance(table))
        for name in ("ring_balance", "ring_symmetrised")
    )
    below = [(table["lowest_threshold"] < beta).sum().item() for beta in betas]
    return {
        "two-tokens": (pairs, wrong),
        "threshold": (ratio, rival),
        "ring": (ring, straight),
        "lowest-threshold": (of_counts(at_beta, below, table.sizes["draw"]), None),
    }


def ring_balance(table: xr.Dataset) -> float:
    """(1 - r^2) / (1 + r^2), as `theory.ring_balance`, which needs Torch to be imported."""
    squared = float(table.attrs["ratio"]) ** 2
    return (1 - squared) / (1 + squared)


def curve(table: xr.Dataset) -> xr.Dataset:
    """The map of two tokens: where their energy rises, and the critical skew; thresholds by draw."""
    names = ["pair_balance", "critical_skew", "threshold", "measured_threshold", "lowest_threshold"]
    return table[names]


def _farthest(balance: xr.DataArray, prediction: float) -> np.ndarray:
    """Of all draws the value farthest from the prediction, by inverse temperature."""
    values = balance.transpose("beta", "draw").values
    place = np.abs(values - prediction).argmax(axis=1)
    farthest: np.ndarray = values[np.arange(len(values)), place]
    return farthest
