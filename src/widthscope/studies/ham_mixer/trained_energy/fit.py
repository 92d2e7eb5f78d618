"""Evidence of the family `trained_energy`: how often energies of trained blocks rise."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import of_seeds

TOLERANCE = 1e-9
"""Rise of a step, as a share of the run's range of energies, from which on it counts."""

NAMES = {"sym": "symmetric", "para": "free", "neg": "anti-tied", "parasym": "tied at start"}

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Tables = dict[tuple[str, str], xr.Dataset]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claim of the family and the curves of its figure, by path."""
    tables = tables_of(shards)
    drawn = {
        f"/curves/trained-energy/{activation}/{arm}": table[["energy"]].assign_attrs(
            table.attrs
            | {"label": NAMES[arm], "risen": float(risen(table).mean()), "seeds": table.sizes["seed"]}
        )
        for (activation, arm), table in tables.items()
    }
    return claim_tree({"energy-trained": tests(tables)}) | drawn


def tables_of(shards: Mapping[str, xr.DataTree]) -> Tables:
    """Each activation's and arm's table over all seeds; energies of single images are the first seed's."""
    parts: dict[tuple[str, str], list[xr.Dataset]] = {}
    for name, tree in shards.items():
        if name == "trained-energy" or name.startswith("trained-energy-"):
            for activation, by_arm in tree.children.items():
                for arm, by_seed in by_arm.children.items():
                    parts.setdefault((activation, arm), []).extend(
                        node.to_dataset().load() for node in by_seed.children.values()
                    )
    return {key: _joined(found) for key, found in parts.items()}


def _joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    ordered = sorted(parts, key=lambda part: int(part["seed"][0]))
    by_seed = [part.drop_vars("energy") for part in ordered]
    whole = xr.concat(by_seed, "seed") if len(by_seed) > 1 else by_seed[0]
    return whole.assign(energy=ordered[0]["energy"])


def risen(table: xr.Dataset) -> xr.DataArray:
    """Share of each seed's images whose energy rose in some step, (seed,); NaN where training diverged."""
    diverged = table["rise"].isnull().any("image")
    return (table["rise"] > TOLERANCE).mean("image").where(~diverged)


def tests(tables: Tables) -> Evidence:
    """Symmetric arms beside the others, and what is reported of these."""
    activations = [activation for activation, arm in tables if arm == "sym"]

    def of(arms: Sequence[str], values: Any) -> xr.Dataset:
        cells = [(unit, arm) for unit in activations for arm in arms]
        names = [f"{NAMES[arm]}, {unit}" for unit, arm in cells]
        return of_seeds(names, [values(tables[cell]).values for cell in cells])

    def steps(table: xr.Dataset) -> xr.DataArray:
        return table["rising_steps"].mean("image", skipna=False)

    def largest(table: xr.Dataset) -> float:
        return float(table["rise"].max(skipna=False))

    def least_median(table: xr.Dataset) -> float:
        return float(table["rise"].median("image", skipna=False).min(skipna=False))

    def extreme(chosen: Mapping[str, xr.Dataset], value: Callable[[xr.Dataset], float]) -> xr.Dataset:
        """What the networks at hand have at most or at least: n of them, no error for others."""
        seeds = [table.sizes["seed"] for table in chosen.values()]
        return evidence(list(chosen), [value(table) for table in chosen.values()], 0.0, n=seeds)

    every = ("sym", "para", "neg", "parasym")
    wrong = {f"{NAMES[arm]}, {unit}": tables[unit, arm] for unit in activations for arm in ("para", "neg")}
    return {
        "largest-rise": (
            extreme({unit: tables[unit, "sym"] for unit in activations}, largest),
            extreme(wrong, least_median),
        ),
        "free": (of(["para"], typical), of(["sym"], typical)),
        "others": (of(["neg", "parasym"], typical), None),
        "images": (of(every, risen), None),
        "rising-steps": (of(every, steps), None),
        "accuracy": (of(every, lambda table: table["accuracy"]), None),
    }


def typical(table: xr.Dataset) -> xr.DataArray:
    """Largest rise of an image's energy over its range, median over images, (seed,)."""
    return table["rise"].median("image", skipna=False)
