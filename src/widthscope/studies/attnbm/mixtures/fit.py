"""Evidence of the family `mixtures`: how close machines come to the optimum, and what they learn at all."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_counts
from widthscope.statistics.over_seeds import band, of_seeds

MANY = "many-distant-means"
"""The setting whose runs from examples are a control."""

TRAPPED = 0.1
"""Nats above the best run's training loss at which a run counts as trapped.

More than the 0.03 nats that a constant rate leaves. Where one component stands for two of K at the distance
d, about 2/K (d^2/8 - log 2) nats are lost. At K = 5 that is more than this from d^2 = 7.6 on; two of five
means in 20 dimensions with standard deviation 0.75 are closer in 3 of 100 laws: such a merger goes uncounted.
"""

CLOSE = 0.02
"""Nats to the law within which a density counts as found."""

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    parts = tables_of({name: tree for name, tree in shards.items() if name.split("-")[0] == "mixtures"})
    likelihood, threshold = parts["likelihood"], parts["threshold"]
    claims = {
        "wilks": wilks(likelihood),
        "easy-to-train": easy_to_train(likelihood),
        "pca-threshold": pca_threshold(threshold),
        "dae-learns-score": dae_learns_score(parts["denoising"]),
    }
    curves = {
        "/curves/mixtures-likelihood": _likelihood_curves(_largest(likelihood)),
        "/curves/mixtures-optima": _optima(likelihood),
        "/curves/mixtures-threshold": _threshold_curve(threshold["optimum"]),
        "/curves/mixtures-denoising": _denoising_curve(parts["denoising"]),
    }
    return claim_tree(claims) | curves


def tables_of(shards: Mapping[str, xr.DataTree]) -> dict[str, dict[str, xr.Dataset]]:
    """The tables of each part by name, those of one name that hold different seeds joined."""
    blocks: dict[str, dict[str, list[xr.Dataset]]] = {}
    for tree in shards.values():
        for part, node in tree.children.items():
            for name, child in node.children.items():
                blocks.setdefault(str(part), {}).setdefault(str(name), []).append(child.to_dataset())
    return {
        part: {name: _joined(several) for name, several in sorted(tables.items())}
        for part, tables in blocks.items()
    }


def _joined(blocks: list[xr.Dataset]) -> xr.Dataset:
    """Tables of blocks of seeds as one, in the order of the seeds."""
    if len(blocks) == 1:
        return blocks[0]
    return xr.concat(
        sorted(blocks, key=lambda block: int(block["seed"][0])),
        dim="seed",
        data_vars="minimal",
        coords="minimal",
        compat="equals",
        join="exact",
        combine_attrs="identical",
    )


def wilks(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Excess test loss over the law's in units of k / 2P, and distance from expectation maximisation."""
    full = _full_batch(tables)
    largest = full[-1]
    expected = _numbers(full)
    share = {kind: [excess(table, kind) for table in full] for kind in ("small", "fewer")}
    distance = {kind: from_maximised(largest, kind) for kind in ("small", "fewer")}
    smaller = full[:-1] or full
    return {
        "excess": (
            of_seeds(expected[-1:], share["small"][-1:], prediction=1.0),
            of_seeds(expected[-1:], share["fewer"][-1:], prediction=1.0),
        ),
        "expectation-maximisation": (
            of_seeds(expected[-1:], [distance["small"]], prediction=0.0),
            of_seeds(expected[-1:], [distance["fewer"]], prediction=0.0),
        ),
        "fewer-examples": (
            of_seeds(expected[: len(smaller)], share["small"][: len(smaller)], prediction=1.0),
            None,
        ),
        "em-excess": (of_seeds(expected, [excess(table, "em") for table in full], prediction=1.0), None),
    }


def easy_to_train(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Share of seeds whose first run ends at the best optimum that any run found, setting by setting."""
    full, distant, crowded = _full_batch(tables), tables["distant-means"], tables[MANY]
    judged = {
        "full-batch": full[-1:],
        "fewer-examples": full[:-1] or full,
        "constant-rate": [tables["constant-rate"]],
    }
    shares = {name: (reached(found, "small"), reached(found, "fewer")) for name, found in judged.items()}
    shorter = [str(start) for start in distant["start"].values if str(start).startswith("small in")]
    best = [int((_gap_of_best(table) < TRAPPED).sum()) for table in full]
    gaps = {
        f"{key}, {start}": single_gap(table, start)
        for key, table in tables.items()
        for start in ("small", "data", *(shorter if key == "distant-means" else ()))
    }
    return {
        **shares,
        "distant-means": (reached([distant], "small"), reached([crowded], "data")),
        "many-distant-means": (reached([crowded], "small"), None),
        "from-examples": (reached([*tables.values()], "data", list(tables)), None),
        "shorter": (
            of_counts(
                [*(start.removeprefix("small in ") for start in shorter), f"{distant.attrs['steps']} steps"],
                [int((single_gap(distant, start) < TRAPPED).sum()) for start in (*shorter, "small")],
                distant.sizes["seed"],
            ),
            None,
        ),
        "best-of-restarts": (
            of_counts(_numbers(full), best, [table.sizes["seed"] for table in full]),
            None,
        ),
        "gap": (of_seeds(list(gaps), list(gaps.values())), None),
    }


def reached(of: list[xr.Dataset], start: str, names: list[str] | None = None) -> xr.Dataset:
    """Share of seeds whose first run of this start is not trapped, for each table."""
    counts = [int((single_gap(table, start) < TRAPPED).sum()) for table in of]
    return of_counts(names or _numbers(of), counts, [table.sizes["seed"] for table in of])


def pca_threshold(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Growth rates of tiny weights, learned variances, and their difference across the threshold."""
    growth, optimum = tables["growth"], tables["optimum"]["learned_variance"]
    eigenvalues = growth["eigenvalue"]
    step = growth.attrs["learning_rate"] / growth.attrs["components"]
    formulas = {"above noise": np.log1p(step * (eigenvalues - 1)), "all": np.log1p(step * eigenvalues)}
    off = {name: abs(growth["rate"] - rate).max("eigenvalue").values for name, rate in formulas.items()}
    values = optimum["eigenvalue"].values
    names = [f"eigenvalue {value:g}" for value in values]
    predicted = np.maximum(values - 1, 0.0)
    variances = {
        str(data): of_seeds(
            names, list(optimum.sel(data=data).transpose("eigenvalue", ...).values), predicted
        )
        for data in optimum["data"].values
    }
    steps = {str(data): across_threshold(optimum.sel(data=data)) for data in optimum["data"].values}
    pair = f"eigenvalues {values[values > 1].min():g} and {values[values < 1].max():g}"
    return {
        "variance": (variances["given"], variances["shrunken"]),
        "threshold": (of_seeds(pair, [steps["given"]]), of_seeds(pair, [steps["shrunken"]])),
        "growth": (
            of_seeds("largest deviation", [off["above noise"]]),
            of_seeds("largest deviation", [off["all"]]),
        ),
    }


def dae_learns_score(tables: Mapping[str, xr.Dataset]) -> Evidence:
    """Share of seeds whose autoencoder has the density of the noisy data; gaps and mixing weights beside."""
    words = {
        "autoencoder": "autoencoder",
        "likelihood": "likelihood",
        "distant": "autoencoder, centres further apart",
        "loud": "autoencoder, trained with more noise",
    }

    def close(*arms: str) -> xr.Dataset:
        counts = [int((tables[arm]["gap"] < CLOSE).sum()) for arm in arms]
        return of_counts([words[arm] for arm in arms], counts, [tables[arm].sizes["seed"] for arm in arms])

    def means(variable: str) -> xr.Dataset:
        return of_seeds([words[arm] for arm in words], [tables[arm][variable].values for arm in words])

    return {
        "found": (close("autoencoder"), close("loud")),
        "others": (close("likelihood", "distant"), None),
        "gap": (means("gap"), None),
        "mixing-weights": (means("mixing_error"), None),
    }


def excess(table: xr.Dataset, start: str) -> np.ndarray[Any, Any]:
    """Test loss less the law's, (seed,), in units of k / 2P, of the run that is best on training examples."""
    best = _best(table, start, "test_loss") - table["law_loss"]
    found: np.ndarray[Any, Any] = (best / statistical_error(table)).values
    return found


def from_maximised(table: xr.Dataset, start: str) -> np.ndarray[Any, Any]:
    """Training loss less that of the best of expectation maximisation, (seed,), in units of k / 2P."""
    maximised = table["train_loss"].isel(run=_runs(table, "em", "em-from-law")).min("run")
    found: np.ndarray[Any, Any] = (
        (_best(table, start, "train_loss") - maximised) / statistical_error(table)
    ).values
    return found


def single_gap(table: xr.Dataset, start: str) -> np.ndarray[Any, Any]:
    """Training loss of the first run of this start less the least of all runs, (seed,), in nats."""
    losses = table["train_loss"]
    found: np.ndarray[Any, Any] = (losses.isel(run=_runs(table, start)[0]) - losses.min("run")).values
    return found


def across_threshold(variances: xr.DataArray) -> np.ndarray[Any, Any]:
    """Learned variance at the least eigenvalue above 1 less that at the largest below, (seed,)."""
    values = variances["eigenvalue"].values
    above, below = values[values > 1].min(), values[values < 1].max()
    found: np.ndarray[Any, Any] = (variances.sel(eigenvalue=above) - variances.sel(eigenvalue=below)).values
    return found


def statistical_error(table: xr.Dataset) -> float:
    """k / 2P nats, the expected excess of the best fit with k = K N + K - 1 parameters on P examples."""
    count = table.attrs["components"]
    parameters = count * table.attrs["visible"] + count - 1
    return float(parameters / (2 * table.attrs["examples"]))


def _gap_of_best(table: xr.Dataset) -> np.ndarray[Any, Any]:
    found: np.ndarray[Any, Any] = (
        _best(table, "small", "train_loss") - table["train_loss"].min("run")
    ).values
    return found


def _best(table: xr.Dataset, start: str, loss: str) -> xr.DataArray:
    """A loss (seed) of the run of this start whose training loss is least; NaN where one diverged."""
    own = table.isel(run=_runs(table, start))
    first = own["train_loss"].fillna(np.inf).argmin("run")
    return own[loss].isel(run=first)


def _runs(table: xr.Dataset, *starts: str) -> np.ndarray[Any, Any]:
    return np.flatnonzero(np.isin(table["start"].values, starts))


def _full_batch(tables: Mapping[str, xr.Dataset]) -> list[xr.Dataset]:
    """Tables of the settings that take all examples at each step, by their number."""
    found = [table for name, table in tables.items() if name.startswith("full-batch")]
    return sorted(found, key=lambda table: int(table.attrs["examples"]))


def _largest(tables: Mapping[str, xr.Dataset]) -> xr.Dataset:
    return _full_batch(tables)[-1]


def _numbers(tables: list[xr.Dataset]) -> list[str]:
    return [f"P={table.attrs['examples']}" for table in tables]


def _name(key: str, table: xr.Dataset) -> str:
    kind = "full batch" if key.startswith("full-batch") else key.replace("-", " ")
    return f"{kind}, P={table.attrs['examples']}"


def _likelihood_curves(table: xr.Dataset) -> xr.Dataset:
    """Losses over updates of the first runs less the best of expectation maximisation, and their levels."""
    best = table["train_loss"].isel(run=_runs(table, "em", "em-from-law")).min("run")
    kept = {
        start: table["curve"].isel(trained=int(np.flatnonzero(table["trained_start"].values == start)[0]))
        for start in ("small", "data")
    }
    found = xr.Dataset({start: (curve - best).reset_coords(drop=True) for start, curve in kept.items()})
    return found.assign_attrs(table.attrs | {"statistical_error": statistical_error(table)})


def _optima(tables: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """``gap`` (setting, start, seed): of first runs, in nats, with the level that counts as trapped."""
    gaps = [[single_gap(table, start) for start in ("small", "data")] for table in tables.values()]
    names = [_name(key, table) for key, table in tables.items()]
    return xr.Dataset(
        {"gap": (("setting", "start", "seed"), np.array(gaps))},
        coords={"setting": names, "start": ["small", "data"]},
        attrs={"trapped": TRAPPED},
    )


def _threshold_curve(table: xr.Dataset) -> xr.Dataset:
    return band(table["learned_variance"], "variance").assign_attrs(
        table.attrs | {"seeds": table.sizes["seed"]}
    )


def _denoising_curve(tables: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """``gap`` (arm, seed) in nats."""
    arms = ("likelihood", "autoencoder", "distant", "loud")
    loud = tables["loud"].attrs["noise"]
    return xr.Dataset(
        {"gap": (("arm", "seed"), np.stack([tables[arm]["gap"].values for arm in arms]))},
        coords={"arm": list(arms)},
        attrs={"close": CLOSE, "loud": loud, "restarts": tables["loud"].attrs["restarts"]},
    )
