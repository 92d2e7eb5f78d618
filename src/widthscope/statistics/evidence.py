"""Evidence for or against a claim: a table of components, each an estimate with its standard error."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from widthscope.statistics.intervals import Estimate

MEANING = {
    "estimate": "estimate; NaN where it failed",
    "standard_error": "standard error of the estimate (0: deterministic); for a KS distance its DKW scale",
    "prediction": "value predicted for this component; NaN where there is none",
    "n": "independent draws behind the estimate; 0 for a deterministic value",
    "degrees": "degrees of freedom of the standard error; infinite for a normal quantile",
    "scale": "size against which a deviation is called relative; NaN for |prediction|",
    "p_value": "p-value of this component's own test; NaN where there is none",
}


UNSAID: dict[str, float] = {
    "prediction": np.nan,
    "n": 0,
    "degrees": np.inf,
    "scale": np.nan,
    "p_value": np.nan,
}
"""What a column holds where nothing was said; a column of nothing else need not be stored."""


def evidence(
    component: str | Sequence[str],
    estimate: ArrayLike,
    standard_error: ArrayLike,
    prediction: ArrayLike | None = None,
    n: ArrayLike = 0,
    degrees: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    p_value: ArrayLike | None = None,
    possible: tuple[float, float] | None = None,
) -> xr.Dataset:
    """Return evidence as a Dataset over `component`; numbers broadcast over the components.

    Args:
        component: names of the C components, distinct, such as `n=64`; one name may be given bare. C = 0 is
            allowed and stands for "nothing could be measured".
        estimate: (C,) estimates; NaN marks one that failed, and is judged as missing, not as wrong.
        standard_error: (C,) standard errors in the estimate's unit, 0 for deterministic values, NaN if
            unknown.
        prediction: (C,) predicted values.
        n: (C,) numbers of independent draws (the sampling units, not the coordinates of one draw).
        degrees: (C,) degrees of freedom of the standard errors (batches - 1); none for a normal quantile.
        scale: (C,) size that makes a deviation relative; needed where the prediction is 0. Default
            |prediction|.
        p_value: (C,) p-values, for rules that compare laws.
        possible: least and largest value that what is estimated can have, finite: intervals end there, which
            keeps their level.

    Raises:
        ValueError: if names repeat, a length differs from C, or a standard error, n, scale, degrees or
            p-value is out of range.
    """
    names = [component] if isinstance(component, str) else [str(name) for name in component]
    if len(set(names)) < len(names):
        raise ValueError(
            f"component names repeat: {sorted({name for name in names if names.count(name) > 1})}"
        )
    columns = {
        "estimate": _column("estimate", estimate, len(names)),
        "standard_error": _column("standard_error", standard_error, len(names), low=0.0),
        "prediction": _column("prediction", np.nan if prediction is None else prediction, len(names)),
        "n": _column("n", n, len(names), low=0.0).astype(np.int64),
        "degrees": _column("degrees", np.inf if degrees is None else degrees, len(names), low=1e-9),
        "scale": _column("scale", np.nan if scale is None else scale, len(names), low=0.0),
        "p_value": _column("p_value", np.nan if p_value is None else p_value, len(names), low=0.0, high=1.0),
    }
    return xr.Dataset(
        {name: ("component", values, {"long_name": MEANING[name]}) for name, values in columns.items()},
        coords={"component": np.asarray(names, dtype=np.str_)},
        attrs={} if possible is None else {"possible": [float(end) for end in possible]},
    )


def of_estimates(
    component: str | Sequence[str],
    found: Estimate | Sequence[Estimate],
    prediction: ArrayLike | None = None,
    n: ArrayLike = 0,
    scale: ArrayLike | None = None,
    possible: tuple[float, float] | None = None,
) -> xr.Dataset:
    """Return estimates as evidence.

    Args:
        component: names of the C components.
        found: C estimates, or one that holds C values of any shape in the order of the names.
        prediction, n, scale, possible: as in `evidence`; predictions in the shape of the values.

    Raises:
        ValueError: as `evidence`.
    """
    every = [found] if isinstance(found, Estimate) else list(found)
    values = [np.ravel(one.value) for one in every]
    degrees = [
        np.broadcast_to(np.ravel(one.degrees), value.shape) for one, value in zip(every, values, strict=True)
    ]
    return evidence(
        component,
        np.concatenate([*values, np.empty(0)]),
        np.concatenate([*(np.ravel(one.standard_error) for one in every), np.empty(0)]),
        prediction if prediction is None else np.ravel(prediction) if np.ndim(prediction) else prediction,
        n=n,
        degrees=np.concatenate([*degrees, np.empty(0)]),
        scale=scale if scale is None else np.ravel(scale) if np.ndim(scale) else scale,
        possible=possible,
    )


def of_counts(component: str | Sequence[str], successes: ArrayLike, trials: ArrayLike) -> xr.Dataset:
    """Return shares of independent trials as evidence, whose intervals are exact (Clopper and Pearson).

    So 0 of n is not certainty: rules see the shares that it leaves possible.

    Args:
        component: names of the C components.
        successes: (C,) numbers of trials that succeeded.
        trials: (C,) numbers of independent trials, at least 1.

    Raises:
        ValueError: as `evidence`; or if there are fewer trials than successes, or none.
    """
    counted, every = (np.asarray(numbers, dtype=float) for numbers in (successes, trials))
    if np.any(every < 1) or np.any(counted > every) or np.any(counted < 0):
        raise ValueError(f"successes {counted} of {every} trials, allowed: 0 to trials, of at least 1 trial")
    share = counted / every
    table = evidence(component, share, np.sqrt(share * (1 - share) / every), n=every, possible=(0.0, 1.0))
    found = _column("successes", counted, table.sizes["component"], low=0.0)
    return table.assign(successes=("component", found, {"long_name": "trials that succeeded, of n"}))


def law_evidence(
    component: str | Sequence[str],
    distance: ArrayLike,
    p_value: ArrayLike,
    n: ArrayLike,
    n_reference: ArrayLike = np.inf,
) -> xr.Dataset:
    r"""Return Kolmogorov-Smirnov evidence for `SameLaw`: distances, p-values and their DKW scale.

    The scale stored as `standard_error` is 1/√(2n) + 1/√(2 n_reference): by the Dvoretzky-Kiefer-Wolfowitz
    inequality with Massart's constant, and the triangle inequality, the true distance lies within scale ·
    √log(4/δ) of the measured one with probability at least 1 - δ.

    Args:
        component: names of the C functionals compared, such as `y3-y4`.
        distance: (C,) KS distances in [0, 1].
        p_value: (C,) p-values of the equality of the two laws.
        n: (C,) independent draws in the sample.
        n_reference: (C,) independent draws in the reference sample; infinite for an exact distribution
            function.

    Raises:
        ValueError: as `evidence`.
    """
    scale = 1 / np.sqrt(2 * np.asarray(n, dtype=float)) + 1 / np.sqrt(
        2 * np.asarray(n_reference, dtype=float)
    )
    return evidence(component, distance, scale, prediction=0.0, n=n, p_value=p_value)


def claim_tree(
    claims: Mapping[str, Mapping[str, tuple[xr.Dataset, xr.Dataset | None]]],
) -> dict[str, xr.Dataset]:
    """Return `{claim: {test: (measured, control)}}` as nodes `/claims/<claim>/<test>/measured|control`.

    Columns that say nothing (`UNSAID`) are left out: a study has hundreds of such nodes, and each array that
    is stored takes milliseconds to write and to verify, whatever its size.

    Raises:
        ValueError: if a name is empty or contains a slash.
    """
    tree = {}
    for claim, tests in claims.items():
        for test, (measured, control) in tests.items():
            for name in (claim, test):
                if not name or "/" in name:
                    raise ValueError(
                        f"'{name}' cannot name a claim or a test: it must be non-empty and without '/'"
                    )
            tree[f"/claims/{claim}/{test}/measured"] = _said(measured)
            if control is not None:
                tree[f"/claims/{claim}/{test}/control"] = _said(control)
    return tree


def _said(table: xr.Dataset) -> xr.Dataset:
    """Evidence without the columns that hold only what they hold where nothing was said."""
    silent = [
        name
        for name, unsaid in UNSAID.items()
        if name in table and np.array_equal(table[name], np.full(table[name].shape, unsaid), equal_nan=True)
    ]
    return table.drop_vars(silent)


def _column(
    name: str, values: ArrayLike, length: int, low: float = -np.inf, high: float = np.inf
) -> np.ndarray:
    """Return values as a float column of the given length, with NaN allowed and the range checked."""
    column = np.asarray(values, dtype=float)
    if column.ndim > 1 or (column.ndim == 1 and len(column) != length):
        raise ValueError(
            f"{name} has shape {column.shape}, expected one number or {length} (one per component)"
        )
    if np.any(column < low) or np.any(column > high):
        raise ValueError(
            f"{name} is out of range: {column[(column < low) | (column > high)]}, allowed [{low}, {high}]"
        )
    return np.broadcast_to(column, (length,)).copy()
