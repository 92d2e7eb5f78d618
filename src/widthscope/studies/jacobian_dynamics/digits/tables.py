"""One table for each run, seed by seed, from what the sweep and the spectral stage stored."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from widthscope.errors import StudyError
from widthscope.studies.jacobian_dynamics.digits.scores import MODELS

PREFIX = "digits"
SWEPT = ("validation", "choice", "candidate_rate", "candidate_strength", "diverged_at")


@dataclass(frozen=True)
class Runs:
    """Every run over (seed, ...).

    Attributes:
        tables: by the run's name: what `spectra.measured` found and, of the sweep, the validation accuracy
            and the choice; ``exponent`` and ``long_run`` are means over images. An exponent whose iteration
            did not converge is NaN, and so is the mean that it belongs to.
    """

    tables: Mapping[str, xr.Dataset]

    @property
    def trained(self) -> int:
        """T, iterations of the recurrence in training."""
        return int(self.tables["rms"].attrs["iterations"])

    @property
    def longest(self) -> int:
        """Most test-time iterations, of the parity of T."""
        return int(self.tables["rms"]["iteration"].values[-1])

    def penalised(self, penalty: str) -> list[str]:
        """Runs with a penalty, by rising strength."""
        found = [name for name, table in self.tables.items() if table.attrs["penalty"] == penalty]
        return sorted(found, key=lambda name: float(self.tables[name].attrs["strength"]))

    def accuracy(self, run: str, iterations: int) -> xr.DataArray:
        """Accuracy after a number of iterations, (seed,)."""
        return self.tables[run]["accuracy"].sel(iteration=iterations, drop=True)

    def trained_accuracy(self, run: str) -> xr.DataArray:
        """Accuracy after T iterations, (seed,)."""
        return self.accuracy(run, self.trained)

    def first_accuracy(self, run: str) -> xr.DataArray:
        """Accuracy after T iterations before training, (seed,)."""
        return self.tables[run]["accuracy_before"]

    def weights(self, run: str, measure: str) -> xr.DataArray:
        """``condition`` or ``values_outputs`` of the trained weights, (seed,)."""
        return self.tables[run][measure].isel(step=-1, drop=True)

    def exponent(self, run: str, when: int = -1) -> xr.DataArray:
        """Mean exponent over T iterations before (0) or after training (-1), (seed,)."""
        return self.tables[run]["exponent"].isel(step=when, drop=True)


def runs_of(shards: Mapping[str, xr.DataTree]) -> Runs:
    """The runs of the sweep.

    Raises:
        StudyError: if a model was not trained.
    """
    found = {}
    for name, shard in shards.items():
        if name.startswith(PREFIX):
            for run, node in shard.children.items():
                found[run] = _table(node, shards[f"spectra/{name}"].children[run])
    missing = [arm for arm in MODELS if arm not in found]
    if missing:
        raise StudyError(f"the sweep's shards '{PREFIX}*' have no run {', '.join(missing)}")
    return Runs(found)


def paired(first: xr.DataArray, second: xr.DataArray) -> np.ndarray:
    """One run's values less another's, for the seeds that both have, (seed,)."""
    one, other = xr.align(first, second, join="inner")
    return np.asarray((one - other).values, dtype=float)


def ratio(first: xr.DataArray, second: xr.DataArray) -> np.ndarray:
    """One run's values as shares of another's, for the seeds that both have, (seed,)."""
    one, other = xr.align(first, second, join="inner")
    return np.asarray((one / other).values, dtype=float)


def _table(swept: xr.DataTree, spectra: xr.DataTree) -> xr.Dataset:
    kept = swept.to_dataset(inherit=False)[list(SWEPT)].load()
    measured = spectra.to_dataset(inherit=False).load()
    joined = xr.merge([kept, measured], join="exact", compat="equals", combine_attrs="drop")
    known = joined.assign(exponent=joined["exponent"].where(joined["unconverged"] == 0))
    means = {
        name: known[name].mean("exponent_image", skipna=False)
        for name in ("exponent", "long_run")
        if name in known
    }
    if "rescaled_exponent" in known:
        means["rescaled_exponent"] = known["rescaled_exponent"].where(known["rescaled_unconverged"] == 0)
    return known.assign(means).swap_dims(member="seed").assign_attrs(kept.attrs)
