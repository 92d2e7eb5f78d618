"""What the figures of the family show: means over data sets with their bands."""

import xarray as xr

from widthscope.statistics.over_seeds import band
from widthscope.studies.attention_paths.hidden_markov.accuracies import Tables, chosen_temperature, tuned
from widthscope.studies.attention_paths.hidden_markov.variants import VARIANTS


def curves(tables: Tables) -> dict[str, xr.Dataset]:
    """Means over seeds with their bands, and order parameters and overlaps, for the figures."""
    found = {"/curves/hidden-markov-depth": _depth_curve(tables["depth"])}
    for variant in VARIANTS:
        table = tables[variant]
        suffix = variant.replace("_", "-")
        best = tuned(table["infinite_by_temperature"])
        accuracy = xr.merge(
            [
                band(table["accuracy"], "finite"),
                band(table["infinite_accuracy"], "infinite"),
                band(best, "tuned"),
                band(table["restricted_accuracy"], "restricted"),
                band(table["rescaled_accuracy"], "rescaled"),
            ]
        )
        scaled = table["order_parameter"].mean("seed", skipna=False)
        kernel = xr.merge([band(table["overlap"], "overlap"), band(table["cosine"], "cosine")])
        found[f"/curves/hidden-markov-accuracy-{suffix}"] = accuracy.assign_attrs(seeds=table.sizes["seed"])
        found[f"/curves/hidden-markov-weights-{suffix}"] = xr.Dataset({"order_parameter": scaled})
        found[f"/curves/hidden-markov-kernel-{suffix}"] = kernel
        found[f"/curves/hidden-markov-minimiser-{suffix}"] = xr.Dataset(
            {
                "gradient_norm": table["gradient_norm"].max("seed"),
                "evaluations": table["evaluations"].mean("seed"),
                "temperature": (
                    "seed",
                    chosen_temperature(table["infinite_by_temperature"].sel(subset="all")).values,
                ),
            }
        )
    return found


def _depth_curve(table: xr.Dataset) -> xr.Dataset:
    return xr.merge([band(table["finite"], "finite"), band(table["infinite"], "infinite")])
