"""Evidence on the bound of the Jacobian's norm, the exact rotation, and the number of tokens."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import evidence, of_counts
from widthscope.statistics.over_seeds import band, of_seeds

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

BOUNDS = {"any step": "fixed", "large steps": "large_step"}
WRONG_BOUNDS = {"longest length": "longest", "no norm": "bare"}
EXACT_ARMS = ("unit", "oscillator")


def bound_tests(table: xr.Dataset) -> Evidence:
    """Largest ratio of norm to bound over the draws, beside bounds that do not hold; and the median."""

    def rows(names: dict[str, str], of: str) -> xr.Dataset:
        values = [float(getattr(table[name], of)()) for name in names.values()]
        return evidence(list(names), values, 0.0, n=table.sizes["draw"])

    return {
        "bound": (rows(BOUNDS, "max"), rows(WRONG_BOUNDS, "max")),
        "tightness": (rows(BOUNDS, "median"), None),
    }


def rotation_tests(table: xr.Dataset) -> Evidence:
    """Largest distances from the exact spectrum and exponents, beside those without the norm."""
    transient, settled = table["transient"].values, table["settled"].values
    outside = of_counts("random states", int((transient > 1).sum()), transient.size)
    radii = of_seeds(["random states", "fastest rotation alone"], [transient, settled])
    bare = table["outside"].sel(arm="none").max(["width", "angle"])
    return {
        "spectrum": (_largest(table["spectrum"], EXACT_ARMS), _largest(table["spectrum"], ("none",))),
        "exponents": (_largest(table["exponents"], EXACT_ARMS), _largest(table["exponents"], ("none",))),
        "without-norm": (
            evidence("distance from 1 ± i tan θ", float(bare), 0.0, prediction=0.0, n=table.attrs["states"]),
            None,
        ),
        "unequal-frequencies": (outside, None),
        "unequal-radii": (radii, None),
    }


def token_count_tests(table: xr.Dataset) -> Evidence:
    """Ratio of norms with and without normalisation by number of tokens, and slopes over that number."""
    logs = table["log_norm"]
    counts = [f"S={count}" for count in table["tokens"].values]

    def ratios(arm: str, place: int) -> list[np.ndarray]:
        logarithms = (logs.sel(arm=arm) - logs.sel(arm="none")).isel(length=place)
        return list(np.exp(logarithms.transpose("tokens", "seed").values))

    lengths = [(place, float(logs["length"][place])) for place in (1, 0)]
    named = [f"|x|={length:.3g}, {count}" for _, length in lengths for count in counts]
    both = [values for place, _ in lengths for values in ratios("unit", place)]
    divided = [1 / length for _, length in lengths for _ in counts]
    names, slopes = [], []
    for length in logs["length"].values:
        for arm in ("unit", "none"):
            names.append(f"{arm}, |x|={length:.3g}")
            slopes.append(_slopes(logs.sel(length=length, arm=arm)))
    return {
        "ratio": (of_seeds(counts, ratios("unit", 0)), of_seeds(counts, ratios("own length", 0))),
        "shorter-tokens": (of_seeds(named, both, divided), None),
        "slope": (of_seeds(names, slopes, prediction=0.0), None),
    }


def curves(bound: xr.Dataset, rotation: xr.Dataset, token_count: xr.Dataset) -> dict[str, xr.Dataset]:
    """What the figures show, by path."""
    ratios = bound[["fixed", "large_step", "longest", "bare"]]
    return {
        "/curves/jacobian-bound": ratios,
        "/curves/rotation": rotation[["cloud"]].assign_attrs(rotation.attrs),
        "/curves/token-count": band(token_count["log_norm"], "log_norm").assign_attrs(token_count.attrs),
    }


def _largest(distances: xr.DataArray, arms: Sequence[str]) -> xr.Dataset:
    """Largest over the angles, by arm and width: deterministic."""
    names, values = [], []
    for arm in arms:
        for width in distances["width"].values:
            names.append(f"{arm}, D={width}")
            values.append(float(distances.sel(arm=arm, width=width).max()))
    return evidence(names, values, 0.0, prediction=0.0)


def _slopes(logs: xr.DataArray) -> np.ndarray:
    """Each seed's slope of ln ||J|| on ln S, (seed,)."""
    abscissa = np.log(logs["tokens"].values)
    centred = abscissa - abscissa.mean()
    return np.asarray(logs.transpose("seed", "tokens").values @ centred / (centred @ centred))
