"""Evidence on the rate of the joint law, and on its distance from laws that it does not approach."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import xarray as xr

from widthscope.attention.competitors import (
    gaussian_characteristic_function,
    independent_coordinates,
    infinite_head_kernel,
    uniform_kernel,
)
from widthscope.attention.gram import FloatArray, limit_gram
from widthscope.statistics.distances import squared_mmd
from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import Jackknife, jackknife
from widthscope.statistics.power_laws import PowerFit, fit_rate

LIMIT, HEADS, COORDINATES, UNIFORM = (
    "limit law",
    "infinite heads",
    "independent coordinates",
    ("uniform attention"),
)
LAWS = (LIMIT, HEADS, COORDINATES, UNIFORM)

TOLD_APART = {"fixed": (HEADS, COORDINATES, UNIFORM), "clip": (HEADS, UNIFORM), "relu": (UNIFORM,)}
"""Laws that widths up to 512 tell from the limit law. With random tokens the layer itself is still about as
far from its limit as the limit is from the other laws; for ReLU tokens the excess kurtosis of the limit is
0.0018 (theory notes 3.4)."""

CONTROL = {"fixed": HEADS, "clip": HEADS, "relu": UNIFORM}
"""Gaussian law that the rate is put to as a control, told apart at every width of the sweep."""


@dataclass(frozen=True)
class Sweep:
    """One token law and number of heads over all widths.

    Attributes:
        token_law, heads: what was swept.
        shard: batch means by repeat, width and batch.
        gaussian: characteristic functions of the Gaussian laws, (R,) each, by name.
    """

    token_law: str
    heads: int
    shard: xr.Dataset
    gaussian: dict[str, FloatArray]

    @property
    def name(self) -> str:
        """For example ``fixed, H=2``."""
        return f"{self.token_law}, H={self.heads}"

    @property
    def widths(self) -> FloatArray:
        """Widths n."""
        return np.asarray(self.shard.n.values, dtype=np.float64)

    @property
    def draws(self) -> int:
        """Draws per width of one repeat."""
        return int(self.shard.attrs["draws"]) * self.shard.sizes["batch"]

    def coupled(self, repeat: int, place: int) -> FloatArray:
        """Batch means (batch, frequency) of the characteristic function at a width less that of the limit."""
        differences: FloatArray = self.shard.difference.values[repeat, place]
        return differences

    @cached_property
    def limit(self) -> tuple[FloatArray, FloatArray]:
        """Batch means of the limit's characteristic functions: joint (batch, R), by coordinate (batch, m, R).

        A batch is that of all widths and repeats together, as they share one limit.
        """
        shared = self.shard[["limit_cf", "marginal_cf"]].mean(("repeat", "n"))
        joint = shared.limit_cf.transpose("batch", "frequency").values
        return joint, shared.marginal_cf.transpose("batch", "coordinate", "frequency").values

    def squared_distance(
        self, law: str, coupled: FloatArray, limit: FloatArray, marginals: FloatArray
    ) -> float:
        """Unbiased squared distance from a law, from batch means of `coupled` and `limit`."""
        if law == LIMIT:
            return float(squared_mmd(coupled).value)
        other = independent_coordinates(marginals.mean(0)) if law == COORDINATES else self.gaussian[law]
        return float(squared_mmd(coupled + limit.mean(0) - other).value)

    def distances(self, repeat: int, law: str) -> list[Jackknife]:
        """Squared distances from a law by width; errors are over batches, those of the limit included."""
        return [
            jackknife(partial(self.squared_distance, law), self.coupled(repeat, place), *self.limit)
            for place in range(len(self.widths))
        ]

    def rate(self, repeat: int, law: str) -> PowerFit:
        """Fit of the rate at which the distance from a law falls (theory notes 3.6, step 4)."""
        found = self.distances(repeat, law)
        values, errors = ([getattr(one, name) for one in found] for name in ("value", "standard_error"))
        return fit_rate(self.widths, values, errors, degrees=found[0].degrees)


def sweeps(shards: Mapping[str, xr.DataTree]) -> list[Sweep]:
    """All sweeps, widths of one sweep joined whether they come in one shard or in several."""
    parts: dict[tuple[str, int], list[xr.Dataset]] = {}
    for tree in shards.values():
        shard = tree.to_dataset()
        if "token_law" in shard.attrs and "plain_difference" in shard:
            parts.setdefault((shard.attrs["token_law"], int(shard.attrs["heads"])), []).append(shard)
    found = []
    for (law, heads), pieces in parts.items():
        frequencies = pieces[0].frequencies
        joined = xr.concat(
            [piece.drop_vars("frequencies") for piece in pieces], "n", combine_attrs=("override")
        )
        shard = joined.sortby("n").load()
        found.append(Sweep(law, heads, shard, _gaussian_laws(law, shard, np.asarray(frequencies.values))))
    return sorted(found, key=lambda sweep: (tuple(TOLD_APART).index(sweep.token_law), sweep.heads))


def _gaussian_laws(law: str, shard: xr.Dataset, w: FloatArray) -> dict[str, FloatArray]:
    """Characteristic functions of the Gaussian laws (theory notes 3.5) at the frequencies w, (R,)."""
    tokens = int(shard.attrs["tokens"])
    K = limit_gram(law, tokens, np.eye(tokens) if law == "fixed" else None)  # type: ignore[arg-type]
    return {
        HEADS: gaussian_characteristic_function(infinite_head_kernel(K), w),
        UNIFORM: gaussian_characteristic_function(uniform_kernel(K), w),
    }


def rate_tests(found: list[Sweep]) -> dict[str, tuple[xr.Dataset, xr.Dataset | None]]:
    """Rates by token law, of the first sweep and of those that confirm it, beside a Gaussian law."""
    tests: dict[str, tuple[xr.Dataset, xr.Dataset | None]] = {}
    for law in TOLD_APART:
        chosen = [sweep for sweep in found if sweep.token_law == law]
        repeats = chosen[0].shard.sizes["repeat"]
        for test, which in ((law, range(1)), (f"{law}-fresh-seeds", range(1, repeats))):
            cells = [(sweep, repeat) for sweep in chosen for repeat in which]
            tests[test] = (rates(cells, LIMIT), rates(cells, CONTROL[law]))
    return tests


def rates(cells: list[tuple[Sweep, int]], law: str) -> xr.Dataset:
    """Fitted exponents of the distance from a law, for some sweeps and repeats."""
    fits = [sweep.rate(repeat, law) for sweep, repeat in cells]
    return of_estimates(
        [f"H={sweep.heads}" + (f", repeat {repeat}" if repeat else "") for sweep, repeat in cells],
        [one.estimate for one in fits],
        prediction=1.0,
        n=[sweep.draws * len(sweep.widths) for sweep, _ in cells],
    )


def plateau_tests(found: list[Sweep]) -> dict[str, tuple[xr.Dataset, xr.Dataset | None]]:
    """Squared distance from the limit law in units of that from other laws, at the largest width.

    In the control the limit law itself is the other law, its distance measured by an independent repeat.
    """
    tests: dict[str, tuple[xr.Dataset, xr.Dataset | None]] = {}
    for law, told_apart in TOLD_APART.items():
        chosen = [sweep for sweep in found if sweep.token_law == law]
        measured = _ratios([(sweep, other) for sweep in chosen for other in told_apart])
        tests[law] = (measured, _ratios([(sweep, LIMIT) for sweep in chosen]))
    rest = [(s, law) for s in found for law in LAWS[1:] if law not in TOLD_APART[s.token_law]]
    tests["not-told-apart"] = (_ratios(rest), None)
    return tests


def _ratios(cells: list[tuple[Sweep, str]]) -> xr.Dataset:
    estimates = []
    for sweep, law in cells:
        last = len(sweep.widths) - 1
        near, far = sweep.coupled(0, last), sweep.coupled(1 if law == LIMIT else 0, last)
        estimates.append(jackknife(partial(_ratio, sweep, law), near, far, *sweep.limit))
    names = [f"{sweep.name}, {law}" for sweep, law in cells]
    return of_estimates(names, estimates, prediction=0.0, n=[sweep.draws for sweep, _ in cells])


def _ratio(
    sweep: Sweep, law: str, near: FloatArray, far: FloatArray, limit: FloatArray, marginals: FloatArray
) -> float:
    to_limit = sweep.squared_distance(LIMIT, near, limit, marginals)
    return to_limit / sweep.squared_distance(law, far, limit, marginals)


def curves(found: list[Sweep]) -> xr.Dataset:
    """Squared distances by sweep, repeat, law and width, their fits, and what the control variate saves."""
    repeats = range(found[0].shard.sizes["repeat"])
    distances = [[[sweep.distances(r, law) for law in LAWS] for r in repeats] for sweep in found]
    fits = [[[sweep.rate(r, law) for law in LAWS] for r in repeats] for sweep in found]
    plain = [[squared_mmd(d) for d in sweep.shard.plain_difference.values[0]] for sweep in found]
    by_width, by_law = ("sweep", "repeat", "law", "n"), ("sweep", "repeat", "law")

    def column(values: Any, name: str) -> FloatArray:
        values = np.array(values, dtype=object)
        read = np.array([float(getattr(one, name)) for one in values.ravel()])
        return read.reshape(values.shape)

    return xr.Dataset(
        {
            "squared_distance": (by_width, column(distances, "value")),
            "standard_error": (by_width, column(distances, "standard_error")),
            "plain_standard_error": (("sweep", "n"), column(plain, "standard_error")),
            **{name: (by_law, column(fits, name)) for name in ("exponent", "intercept", "correction")},
            "exponent_error": (by_law, column(fits, "standard_error")),
            "told_apart": (
                ("sweep", "law"),
                [[law in TOLD_APART[s.token_law] for law in LAWS] for s in found],
            ),
        },
        coords={
            "sweep": [sweep.name for sweep in found],
            "token_law": ("sweep", [sweep.token_law for sweep in found]),
            "heads": ("sweep", [sweep.heads for sweep in found]),
            "law": list(LAWS),
            "n": found[0].widths.astype(int),
        },
        attrs={"draws": found[0].draws, "tokens": int(found[0].shard.attrs["tokens"])},
    )
