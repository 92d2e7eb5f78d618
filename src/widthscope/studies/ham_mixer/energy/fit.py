"""Evidence of the family `energy`: errors of identities, and shares of runs whose energy rose."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence, of_counts

ROUNDING = 1e-12
"""Of an identity in float64, and of derivatives by automatic differentiation."""

SKIP_ROUNDING = 1e-10
"""Of two trajectories, whose rounding errors the dynamics may enlarge."""

TOLERANCE = 1e-9
"""Rise of a step, as a share of the run's range of energies, from which on it counts."""

CONVEX = ("relu", "tanh")
DECAYS = {0.0: "no decay", 1.0: "decay"}

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    identities, flow, steps, small, hidden = (
        table_of(shards, name) for name in ("identities", "flow", "steps", "counterexample", "hidden")
    )
    claims = {
        "lagrangian-ln": normalisation_tests(identities),
        "lagrangian-gelu": activation_tests(identities),
        "hessian": hessian_tests(identities),
        "skip-decay": skip_tests(identities),
        "energy-ode": flow_tests(flow),
        "energy-discrete": steps_tests(steps),
        "gelu-discrete-counterexample": counterexample_tests(small),
        "finite-tau-gelu": hidden_tests(hidden),
    }
    shown = ["phi", "potential", "eigenvalues", "skip", "skip_unscaled"]
    return {
        **claim_tree(claims),
        "/curves/energy/identities": identities[shown],
        "/curves/energy/flow": flow[["energy", "energy_mismatched"]].assign_attrs(
            flow.attrs | {"systems": flow.sizes["system"]}
        ),
        "/curves/energy/steps": steps_curve(steps, small),
        "/curves/energy/hidden": hidden[["energy"]].assign_attrs(
            hidden.attrs | {"systems": hidden.sizes["system"]}
        ),
    }


def table_of(shards: Mapping[str, xr.DataTree], name: str) -> xr.Dataset:
    """The table of one experiment, from the shard that ran it."""
    (found,) = [
        tree[name].to_dataset().load()
        for shard, tree in shards.items()
        if (shard == "energy" or shard.startswith("energy-")) and name in tree.children
    ]
    return found


def normalisation_tests(table: xr.Dataset) -> Evidence:
    """Errors of the gradient of N sqrt(var + eps), beside gradients of two other Lagrangians."""
    names = [f"eps={eps:g}" for eps in table["eps"].values]
    wrong = {
        "length of the centred state": "normalisation_length",
        "each token alone": "normalisation_per_token",
    }
    return {
        "gradient": (
            rounding(names, table["normalisation"].values),
            rounding(list(wrong), [float(table[name]) for name in wrong.values()]),
        )
    }


def activation_tests(table: xr.Dataset) -> Evidence:
    """Errors of the derivatives of hidden units' Lagrangians, beside GELU's form with tanh."""
    units = ["gelu", "relu", "tanh"]
    return {
        "derivative": (
            rounding(units, table["activation"].sel(unit=units).values),
            rounding(["gelu by tanh"], [float(table["activation_tanh_form"])]),
        )
    }


def hessian_tests(table: xr.Dataset) -> Evidence:
    """The formula, the two null directions, and the least eigenvalue, each beside what lacks the property."""

    def of(names: Mapping[str, str]) -> xr.Dataset:
        return rounding(list(names), [float(table[name]) for name in names.values()])

    return {
        "formula": (
            of({"every entry": "hessian", "quadratic form": "curvature"}),
            of({"without the state's direction": "hessian_without_state"}),
        ),
        "null-directions": (
            of({"constant": "null_ones", "state": "null_state"}),
            of({"constant, mean kept": "null_ones_wrong", "state, eps=1": "null_state_wrong"}),
        ),
        "least-eigenvalue": (of({"LN": "least_eigenvalue"}), of({"GELU": "least_eigenvalue_gelu"})),
    }


def skip_tests(table: xr.Dataset) -> Evidence:
    """Largest distance of normalised states over all steps, beside a branch that is not rescaled."""
    units = [str(unit) for unit in table["skip_unit"].values]
    right, wrong = (table[name].max("step").values for name in ("skip", "skip_unscaled"))
    return {"distance": (rounding(units, right, SKIP_ROUNDING), rounding(units, wrong, SKIP_ROUNDING))}


def flow_tests(table: xr.Dataset) -> Evidence:
    """Shares of runs whose energy rose on the way."""
    cells = [(unit, decay) for unit in table["unit"].values for decay in table["decay"].values]
    names = [f"{unit}, {DECAYS[float(decay)]}" for unit, decay in cells]

    def runs(name: str, couplings: str) -> list[np.ndarray]:
        one = table[name].sel(couplings=couplings)
        return [one.sel(unit=unit, decay=decay).values for unit, decay in cells]

    symmetric, asymmetric = runs("rise", "symmetric"), runs("rise", "asymmetric")
    mismatched = runs("rise_mismatched", "symmetric")
    wrong = [*(f"asymmetric, {name}" for name in names), *(f"other Lagrangian, {name}" for name in names)]
    return {
        "symmetric": (shares(names, symmetric), shares(wrong, [*asymmetric, *mismatched])),
        "largest-rise": (largest(names, symmetric), median(names, asymmetric)),
        "asymmetric": (shares(names, asymmetric), shares(names, symmetric)),
        "other-lagrangian": (shares(names, mismatched), None),
    }


def steps_tests(table: xr.Dataset) -> Evidence:
    """Shares of runs whose energy rose in some step, by the size of the steps."""

    def runs(units: Sequence[str], couplings: str) -> tuple[list[str], list[np.ndarray]]:
        cells = [(unit, length) for unit in units for length in table["length"].values]
        one = table["rise"].sel(couplings=couplings)
        return (
            [f"{unit}, step {length:g}" for unit, length in cells],
            [one.sel(unit=unit, length=length).values for unit, length in cells],
        )

    names, symmetric = runs(CONVEX, "symmetric")
    _, asymmetric = runs(CONVEX, "asymmetric")
    gained = table["rise_gain"]
    return {
        "symmetric": (shares(names, symmetric), shares(names, asymmetric)),
        "largest-rise": (largest(names, symmetric), median(names, asymmetric)),
        "asymmetric": (shares(names, asymmetric), shares(names, symmetric)),
        "gelu": (shares(*runs(["gelu"], "symmetric")), None),
        "gain": (
            shares([f"step {length:g}" for length in gained["length"].values], list(gained.values)),
            None,
        ),
    }


def counterexample_tests(table: xr.Dataset) -> Evidence:
    """Shares of runs whose energy rose, GELU's and ReLU's, at the largest steps and at all."""
    runs = table.attrs["systems"]

    def of(unit: str, lengths: Sequence[float]) -> xr.Dataset:
        cells = [(scale, length) for scale in table["scale"].values for length in lengths]
        names = [f"{unit}, scale {scale:g}, step {length:g}" for scale, length in cells]
        risen = table["risen"].sel(unit=unit)
        return of_counts(
            names,
            [int(risen.sel(scale=scale, length=length)) for scale, length in cells],
            [runs] * len(names),
        )

    every = list(table["length"].values)
    return {
        "gelu": (of("gelu", every[-1:]), of("relu", every[-1:])),
        "relu": (of("relu", every[-1:]), of("gelu", every[-1:])),
        "gelu-all-steps": (of("gelu", every), None),
        "relu-all-steps": (of("relu", every), None),
    }


def hidden_tests(table: xr.Dataset) -> Evidence:
    """Shares of runs whose energy rose, GELU's and ReLU's, from where GELU falls and from anywhere."""
    scales = table["scale"].values

    def runs(unit: str) -> tuple[list[str], list[np.ndarray]]:
        one = table["rise"].sel(unit=unit)
        return [f"{unit}, scale {scale:g}" for scale in scales], [one.sel(scale=s).values for s in scales]

    gelu, relu = runs("gelu"), runs("relu")
    units = [str(unit) for unit in table["unit"].values]
    return {
        "gelu": (shares(*gelu), shares(*relu)),
        "relu": (shares(*relu), shares(*gelu)),
        "largest-rise-relu": (largest(*relu), median(*gelu)),
        "from-anywhere": (shares(units, list(table["rise_broad"].transpose("unit", "system").values)), None),
    }


def steps_curve(table: xr.Dataset, small: xr.Dataset) -> xr.Dataset:
    """Shares of runs that rose over (unit, couplings, length), and energies of the smallest memory."""
    share = risen(table["rise"]).mean("system")
    return xr.Dataset(
        {"share": share, "example": small["example"]},
        attrs={"systems": table.sizes["system"], "small_systems": small.attrs["systems"]}
        | {"example_length": float(small["length"][-1]), "iterations": table.attrs["iterations"]},
    )


def risen(rise: xr.DataArray | np.ndarray) -> Any:
    """Which runs rose; one whose energy was not finite did."""
    return ~(rise <= TOLERANCE)


def shares(names: Sequence[str], runs: Sequence[np.ndarray]) -> xr.Dataset:
    """Shares of runs whose energy rose."""
    return of_counts(names, [int(risen(one).sum()) for one in runs], [len(one) for one in runs])


def largest(names: Sequence[str], runs: Sequence[np.ndarray]) -> xr.Dataset:
    """Largest rise of any step of any run, in tolerances."""
    return evidence(names, [one.max() / TOLERANCE for one in runs], 0.0, n=[len(one) for one in runs])


def median(names: Sequence[str], runs: Sequence[np.ndarray]) -> xr.Dataset:
    """What the largest rise of every second run exceeds, in tolerances."""
    return evidence(names, [np.median(one) / TOLERANCE for one in runs], 0.0, n=[len(one) for one in runs])


def rounding(names: Sequence[str], errors: Any, unit: float = ROUNDING) -> xr.Dataset:
    """Errors in units of what rounding can do."""
    return evidence(names, np.asarray(errors, dtype=float) / unit, 0.0, 0.0)
