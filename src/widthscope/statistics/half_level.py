"""Half-level damping: where along an axis of dampings the loss is half-way from its least to its plateau.

At a small learning rate less damping is simply better, and no optimum lies inside; but too much damping
always stops the training, and where that begins scales with the width as an optimum would.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

FLAGS = ("measured", "no plateau", "no rise", "diverged")
MEASURED, NO_PLATEAU, NO_RISE, DIVERGED = range(len(FLAGS))

PLATEAU = 0.1
"""Share of the rise that the last step of the axis may still hold."""


class HalfLevel(NamedTuple):
    """Where one curve is half-way.

    Attributes:
        log2_damping: NaN where it is not measured.
        flag: place in `FLAGS`.
    """

    log2_damping: float
    flag: int


def half_level(log2_dampings: ArrayLike, losses: ArrayLike, plateau: float = PLATEAU) -> HalfLevel:
    """Where (L - L_min) / (L_last - L_min) crosses 1/2 above the least loss, by linear interpolation.

    Of several crossings the first above the least loss counts.

    Args:
        log2_dampings: (K,), rising.
        losses: (K,); a value that is not finite, of one that diverged, is allowed below the least loss only.
        plateau: largest share of the rise between the last two dampings; a curve that still rises more has no
            plateau on this axis.

    Raises:
        ValueError: if dampings do not rise.
    """
    x, loss = np.asarray(log2_dampings, dtype=float), np.asarray(losses, dtype=float)
    if (np.diff(x) <= 0).any():
        raise ValueError(f"dampings must rise, got log2 {x}")
    if not np.isfinite(loss).any():
        return HalfLevel(np.nan, DIVERGED)
    least = int(np.nanargmin(np.where(np.isfinite(loss), loss, np.inf)))
    x, loss = x[least:], loss[least:]
    if not np.isfinite(loss).all():
        return HalfLevel(np.nan, DIVERGED)
    if not loss[-1] > loss[0]:
        return HalfLevel(np.nan, NO_RISE)
    level = (loss - loss[0]) / (loss[-1] - loss[0])
    if len(level) < 3 or abs(1 - level[-2]) > plateau:
        return HalfLevel(np.nan, NO_PLATEAU)
    after = int(np.argmax(level >= 0.5))
    share = (0.5 - level[after - 1]) / (level[after] - level[after - 1])
    return HalfLevel(float(x[after - 1] + share * (x[after] - x[after - 1])), MEASURED)


def half_levels(losses: xr.DataArray, plateau: float = PLATEAU) -> xr.Dataset:
    """`log2_damping` and `flag` of curves over ``damping``, over the other dimensions; as `half_level`."""
    rising = losses.sortby("damping").transpose(..., "damping")
    x = np.log2(rising["damping"].values.astype(float))
    found = np.array([half_level(x, row, plateau) for row in rising.values.reshape(-1, len(x))], dtype=float)
    found = found.reshape(*rising.shape[:-1], 2)
    kept = rising.isel(damping=0, drop=True)
    return xr.Dataset(
        {"log2_damping": kept.copy(data=found[..., 0]), "flag": kept.copy(data=found[..., 1].astype(int))},
        attrs={"flags": list(FLAGS)},
    )
