"""Experiments of the heads family: many heads, and layers whose head dimension and width vary apart."""

import numpy as np
import torch

from widthscope.attention.sampling import characteristic_function, sample_limit
from widthscope.attention.softmax_moments import finite_excess_kurtosis
from widthscope.studies.limit_law.frequencies import joint_frequencies
from widthscope.studies.limit_law.heads import low_rank, many_heads
from widthscope.studies.limit_law.measurements import excess_kurtosis, rows
from widthscope.work import Work


def test_low_rank_tables_hold_coupled_differences():
    """The mean difference on common random numbers against that of the functions themselves."""
    points = [
        {"law": "clip", "heads": 2, "head_dim": 16, "width": 32},
        {"law": "fixed", "heads": 2, "head_dim": 16, "width": 0},
        {"law": "clip", "heads": 2, "head_dim": 0, "width": 32},
    ]
    sizes = {"tokens": 4, "coordinates": 2, "frequencies": 8, "seed": 0, "draws": 8_000, "batches": 10}
    table = low_rank.run({"points": points, **sizes}, {}, Work())
    w = torch.from_numpy(joint_frequencies(8, 4))
    limit = sample_limit(np.eye(4), 2, 200_000, 0, torch.Generator().manual_seed(1)).covariance
    cf = characteristic_function(limit, w).numpy()
    for row in rows(table):
        plain = row["finite"].values.mean(axis=0) - cf.mean(axis=0)
        error = np.hypot(row["finite"].values.std(axis=0, ddof=1) / 10**0.5, cf.std(axis=0) / 200_000**0.5)
        difference = row["difference"].values
        assert (np.abs(plain - difference.mean(axis=0)) < 5 * error).all()
        assert (difference.std(axis=0) < row["finite"].values.std(axis=0)).all()


def test_many_heads_have_their_exact_excess_kurtosis():
    points = [
        {"law": "fixed", "tokens": 4, "heads": heads, "width": 64, "scores": scores}
        for heads in (1, 8)
        for scores in ("own", "shared")
    ]
    settings = {"points": points, "seed": 1, "draws": 20_000, "batches": 20}
    table = many_heads.run(settings, {}, Work())
    for row in rows(table, scores="own"):
        estimate = excess_kurtosis(row, "token")
        exact = finite_excess_kurtosis(4, int(row["heads"]), 64, 64)
        assert abs(estimate.value - exact) < 4.5 * estimate.standard_error
    shared = excess_kurtosis(next(rows(table, scores="shared", heads=8)), "token")
    # the scores average nothing, the values of 8 heads do: d_v is replaced by 8 d_v
    exact = finite_excess_kurtosis(4, 1, 64, 8 * 64)
    assert abs(shared.value - exact) < 4.5 * shared.standard_error


def test_random_tokens_keep_many_heads_from_being_gaussian():
    point = {"law": "clip", "tokens": 4, "heads": 64, "width": 64, "scores": "own"}
    settings = {"points": [point], "seed": 1, "draws": 4000, "batches": 20}
    estimate = excess_kurtosis(next(rows(many_heads.run(settings, {}, Work()))), "token")
    assert abs(64 * estimate.value - 18.9) < 2 + 4.5 * 64 * estimate.standard_error
