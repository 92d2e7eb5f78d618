"""Evidence of the family `rule`: deviations of derivatives, mean ratios against their map, drift."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.feature_augmentation.replicator import mean_field, neutral_diversity
from widthscope.statistics.evidence import claim_tree, evidence, of_counts

FINER = {"coarse": 1, "fine": 10}
"""What the rate is divided by, and the steps are multiplied with."""

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    found = shards["rule"]
    derivative, selected, neutral = (
        found[name].to_dataset().load() for name in ("hypergradient", "selection", "neutral")
    )
    claims: dict[str, Evidence] = {
        "rule-hypergradient": hypergradient_tests(derivative),
        "rule-replicator": replicator_tests(selected),
        "rule-neutral-drift": neutral_tests(neutral),
    }
    return {
        **claim_tree(claims),
        "/curves/hypergradient": derivative,
        "/curves/selection": with_map(found["selection_paths"].to_dataset().load()),
        "/curves/neutral-drift": with_law(found["neutral_paths"].to_dataset().load()),
    }


def hypergradient_tests(table: xr.Dataset) -> Evidence:
    """Largest deviations over seeds by operation and position; least ones with the other order."""
    components = [
        f"{name}, position {k}" for name in table["operation"].values for k in range(table.sizes["position"])
    ]
    draws = table.sizes["seed"]
    right = table["after"].max("seed", skipna=False).values.ravel()
    wrong = table["before"].min("seed", skipna=False).values.ravel()
    return {
        "deviation": (
            evidence(components, right, 0.0, 0.0, n=draws),
            evidence(components, wrong, 0.0, 0.0, n=draws),
        )
    }


def mapped(table: xr.Dataset, scale: str, share: float = 1.0) -> np.ndarray:
    """Ratios of the mean-field map, (position,), after a share of the steps."""
    alignments = table["alignment"].values
    rate = table.attrs["ratio_rate"] / FINER[scale]
    steps = round(share * table.attrs["coarse_steps"] * FINER[scale])
    equal = np.full(len(alignments), 1 / len(alignments))
    return np.array(mean_field(equal.tolist(), (rate * alignments).tolist(), steps))


def replicator_tests(table: xr.Dataset) -> Evidence:
    """Deviations from the map in units of rate times largest alignment, and how the best one's shrinks."""
    return {
        "mean-field": (_off_map(table, "sampled"), _off_map(table, "weighted")),
        "shrinks": (_shrinking(table, "sampled"), _shrinking(table, "weighted")),
    }


def _off_map(table: xr.Dataset, rule: str) -> xr.Dataset:
    components, values, errors, runs = [], [], [], []
    for scale in FINER:
        own = table.sel(rule=rule, scale=scale)
        unit = table.attrs["ratio_rate"] / FINER[scale] * float(table["alignment"].max())
        values.append((own["mean"].values - mapped(table, scale)) / unit)
        errors.append(own["standard_error"].values / unit)
        components += [f"{scale} steps, G={alignment:g}" for alignment in table["alignment"].values]
        runs += [int(own["runs"])] * table.sizes["position"]
    return evidence(components, np.concatenate(values), np.concatenate(errors), 0.0, n=runs, scale=1.0)


def _shrinking(table: xr.Dataset, rule: str) -> xr.Dataset:
    """Size of the best position's deviation in fine steps less half of that in coarse ones."""
    best = int(np.argmax(table["alignment"].values))
    own = table.sel(rule=rule).isel(position=best)
    off = {scale: float(own["mean"].sel(scale=scale)) - mapped(table, scale)[best] for scale in FINER}
    error = np.hypot(own["standard_error"].sel(scale="fine"), own["standard_error"].sel(scale="coarse") / 2)
    value = abs(off["fine"]) - abs(off["coarse"]) / 2
    return evidence("best position", [value], [float(error)], n=int(own["runs"].min()))


def neutral_tests(table: xr.Dataset) -> Evidence:
    """Diversity over its closed form, means of a ratio, and how often one ratio looks like a choice."""
    names, law, naive = [], [], []
    steps, runs = table.attrs["steps"], table.attrs["runs"]
    for positions in table["positions"].values:
        for strength in table["strength"].values:
            names.append(f"K={positions}, a={strength:g}")
            law.append(neutral_diversity(int(positions), float(strength), steps))
            naive.append((1 - 1 / int(positions)) * (1 - float(strength) ** 2) ** steps)

    def over(expected: list[float], prefix: str = "") -> xr.Dataset:
        value, error = (table[f"{prefix}diversity{part}"].values.ravel() for part in ("", "_error"))
        return evidence(names, value / np.array(expected), error / np.array(expected), 1.0, n=runs)

    off = (table["diversity"].values.ravel() - np.array(law)) / table["diversity_error"].values.ravel()
    equal = np.repeat(1 / table["positions"].values, table.sizes["strength"])
    mean = evidence(names, table["first"].values.ravel(), table["first_error"].values.ravel(), equal, n=runs)
    every = [*names, *(f"{name}, clipped" for name in names)]
    counted = np.concatenate([table["winners"].values.ravel(), table["clipped_winners"].values.ravel()])
    return {
        "diversity": (over(law), over(naive)),
        "standard-errors": (evidence(names, off, 1.0, 0.0, n=runs), None),
        "mean": (mean, None),
        "clipped": (over(law, "clipped_"), None),
        "winners": (of_counts(every, counted, np.full(len(every), runs)), None),
    }


def with_map(paths: xr.Dataset) -> xr.Dataset:
    """Mean ratios over time with those of the map in coarse steps, `map`, (record, position)."""
    total = paths.attrs["coarse_steps"]
    rows = [mapped(paths, "coarse", float(step) / total) for step in paths["coarse_step"].values]
    return paths.assign(map=(("record", "position"), np.array(rows)))


def with_law(paths: xr.Dataset) -> xr.Dataset:
    """Diversity over time with its closed form, `law`, (positions, strength, record)."""
    law = [
        [
            [neutral_diversity(int(k), float(a), int(step)) for step in paths["step"].values]
            for a in paths["strength"].values
        ]
        for k in paths["positions"].values
    ]
    return paths.assign(law=(("positions", "strength", "record"), np.array(law)))
