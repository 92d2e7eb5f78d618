"""Evidence on how accuracy depends on the width, and on the number of layers."""

import numpy as np
import xarray as xr
from scipy import stats

from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.attention_paths.hidden_markov.accuracies import Evidence, Tables, called, infinite
from widthscope.studies.attention_paths.hidden_markov.variants import FOUR, VARIANTS


def width_tests(tables: Tables) -> Evidence:
    """Rank correlations beside those of rescaling; the gain of the widest beside that of the narrowest."""
    widths = tables[FOUR].sizes["width"]
    rescaling = [rank_correlations(tables[variant]["rescaled_accuracy"]) for variant in VARIANTS]
    falling = [rank_correlations(tables[variant]["accuracy"].sel(subset="all")) for variant in VARIANTS]
    widest, least = (
        [
            tables[variant]["accuracy"].sel(subset="all").isel(width=place).values - infinite(tables[variant])
            for variant in VARIANTS
        ]
        for place in (-1, 0)
    )
    return {
        "rank-correlation": (
            rank_evidence(called(VARIANTS), falling, widths),
            rank_evidence(called(VARIANTS), rescaling, widths),
        ),
        "widest": (
            of_seeds(called(VARIANTS), widest, prediction=0.0),
            of_seeds(called(VARIANTS), least, prediction=0.0),
        ),
        "depth": (_depth_gains(tables["depth"]), None),
    }


def rank_correlations(accuracy: xr.DataArray) -> np.ndarray:
    """Spearman's correlation of accuracy and width by seed; NaN where an accuracy is missing or none varies.

    Args:
        accuracy: over (seed, width).
    """
    values = accuracy.transpose("seed", "width").values
    found = np.full(len(values), np.nan)
    for place, row in enumerate(values):
        if np.isfinite(row).all():
            level = np.ptp(row) == 0
            found[place] = 0.0 if level else stats.spearmanr(accuracy["width"].values, row).statistic
    return found


def rank_evidence(components: list[str], correlations: list[np.ndarray], widths: int) -> xr.Dataset:
    """Evidence of mean rank correlations, whose errors are not 0 where all seeds agree.

    Two neighbouring widths swapped in one of n seeds would move the mean by 12 / (k (k^2 - 1) n), k being the
    number of widths: less than that no number of seeds can tell apart.
    """
    table = of_seeds(components, list(correlations), possible=(-1.0, 1.0))
    least = 12 / (widths * (widths**2 - 1) * table["n"])
    return table.assign(standard_error=table["standard_error"].clip(min=least))


def _depth_gains(table: xr.Dataset) -> xr.Dataset:
    gain = table["finite"].sel(width=table["width"].min()) - table["infinite"]
    names = [f"L={layers}" for layers in table["layers"].values]
    return of_seeds(names, list(gain.transpose("layers", "seed").values))
