"""Evidence on the covariance of the scores, within and across heads."""

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.attention.score_law import score_covariance
from widthscope.statistics.evidence import evidence, of_estimates
from widthscope.statistics.intervals import Estimate, batch_means
from widthscope.studies.limit_law.scores.generic_tokens import TOKENS, generic_gram


def _blocks(law: xr.Dataset, name: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Batch means (batch, 16, 16) within the first and the second head, and across them."""
    values, half = law[name].values, TOKENS**2
    return values[:, :half, :half], values[:, half:, half:], values[:, :half, half:]


def _widths(shard: xr.Dataset) -> list[str]:
    return [f"n={n}" for n in shard.attrs["widths"]]


def tests(shard: xr.Dataset) -> dict[str, tuple[xr.Dataset, xr.Dataset]]:
    """Covariances, and their mean square deviations, beside iid and shared scores."""
    return {
        "within-heads": (_covariances(shard, _widths(shard)), _covariances(shard, ["iid"])),
        "mean-square-deviation": (_calibration(shard), _calibration_control(shard)),
    }


def _covariances(shard: xr.Dataset, laws: list[str]) -> xr.Dataset:
    """The 136 covariances of one head's scores, over heads and widths, with errors from single draws."""
    exact = score_covariance(generic_gram())
    rows, columns = np.triu_indices(len(exact))
    size = shard.attrs["draws"]
    estimates, variances = [], []
    for law in laws:
        one = shard.sel(law=law)
        seconds, fourths = _blocks(one, "second"), _blocks(one, "fourth")
        for head in (0, 1):
            mean = seconds[head].mean(0)
            estimates.append(mean)
            variances.append((fourths[head].mean(0) - mean**2) / size)
    estimate = np.mean(estimates, axis=0)
    error = np.sqrt(np.sum(variances, axis=0)) / len(variances)
    labels = [f"{i}{j}" for i in range(1, TOKENS + 1) for j in range(1, TOKENS + 1)]
    scale = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    return evidence(
        [f"Cov(G{labels[i]}, G{labels[j]})" for i, j in zip(rows, columns, strict=True)],
        estimate[rows, columns],
        error[rows, columns],
        prediction=exact[rows, columns],
        scale=scale[rows, columns],
        n=size * len(laws),
    )


def _mean_square(seconds: FloatArray, fourths: FloatArray, exact: FloatArray, size: float) -> Estimate:
    """Mean square of the standardised deviations of all covariances, by batch: its expectation is 1."""
    variance = (fourths.mean(0) - seconds.mean(0) ** 2) / size
    squares = (seconds - exact) ** 2 / variance
    return batch_means(squares.reshape(len(squares), -1).mean(1))


def _calibration(shard: xr.Dataset) -> xr.Dataset:
    exact = score_covariance(generic_gram())
    size = shard.attrs["draws"] / shard.sizes["batch"]
    names, found = [], []
    for law in _widths(shard):
        seconds, fourths = (_blocks(shard.sel(law=law), name) for name in ("second", "fourth"))
        names += [f"{law}, within heads", f"{law}, across heads"]
        found.append(_mean_square(seconds[0], fourths[0], exact, size))
        found.append(_mean_square(seconds[2], fourths[2], np.zeros_like(exact), size))
    return _mean_square_evidence(names, found, shard)


def _calibration_control(shard: xr.Dataset) -> xr.Dataset:
    """Scores that are iid within a head, and heads that share their scores, each its own partner."""
    exact = score_covariance(generic_gram())
    size = shard.attrs["draws"] / shard.sizes["batch"]
    found = []
    for law, expected in (("iid", exact), (_widths(shard)[-1], np.zeros_like(exact))):
        second, fourth = (_blocks(shard.sel(law=law), name)[0] for name in ("second", "fourth"))
        found.append(_mean_square(second, fourth, expected, size))
    return _mean_square_evidence(["iid scores, within heads", "shared scores, across heads"], found, shard)


def _mean_square_evidence(names: list[str], found: list[Estimate], shard: xr.Dataset) -> xr.Dataset:
    return of_estimates(names, found, prediction=1.0, n=shard.attrs["draws"])


def curves(shard: xr.Dataset) -> xr.Dataset:
    """What the figure shows."""
    laws = {law: _covariances(shard, [law]) for law in (*_widths(shard), "iid")}
    first = next(iter(laws.values()))
    return xr.Dataset(
        {
            "estimate": (("law", "component"), np.stack([one.estimate.values for one in laws.values()])),
            "standard_error": (
                ("law", "component"),
                np.stack([one.standard_error.values for one in laws.values()]),
            ),
            "prediction": ("component", first.prediction.values),
        },
        coords={"law": list(laws), "component": first.component.values},
    )
