"""The steps from stored batch means to evidence."""

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.errors import StudyError
from widthscope.progress import quiet
from widthscope.statistics.intervals import Estimate
from widthscope.studies.limit_law import batch_means, measurements, series

POINTS = [{"law": "b", "width": 64}, {"law": "a", "width": 16}, {"law": "a", "width": 64}]


def exponentials(point):
    def statistics(draws, generator):
        values = torch.empty(draws, 3, dtype=torch.float64).exponential_(generator=generator)
        return {"mean": values.mean(dim=1), "each": values}

    return statistics


def table(points=POINTS, **changes):
    sizes = {"seed": 1, "draws": 400, "batches": 8} | changes
    return batch_means.sweep("test", points, exponentials, progress=quiet, dims=("part",), **sizes)


def test_a_sweep_has_a_row_for_each_point_and_batch():
    swept = table()
    assert swept["mean"].dims == ("point", "batch")
    assert swept["each"].dims == ("point", "batch", "part")
    assert swept.sizes == {"point": 3, "batch": 8, "part": 3}
    assert swept.attrs["draws"] == 50
    np.testing.assert_allclose(swept["each"].mean("part"), swept["mean"], rtol=1e-12)
    assert abs(float(swept["mean"].mean()) - 1) < 5 / np.sqrt(3 * 3 * 400)


def test_a_points_numbers_do_not_depend_on_the_other_points():
    alone = table(points=[{"width": 64, "law": "a"}])  # nor on the order of its keys
    np.testing.assert_array_equal(alone["mean"].values[0], table()["mean"].values[2])


def test_more_batches_leave_the_first_ones_as_they_were():
    more = table(draws=800, batches=16)
    np.testing.assert_array_equal(more["mean"].values[:, :8], table()["mean"].values)


def test_points_and_seeds_have_different_streams():
    values = np.concatenate([table()["mean"].values.ravel(), table(seed=2)["mean"].values.ravel()])
    assert len(set(values)) == values.size


def test_draws_are_held_one_chunk_at_a_time(monkeypatch):
    monkeypatch.setattr(batch_means, "CHUNK", 100)
    held = []

    def statistics(draws, generator):
        held.append(draws)
        return {"one": torch.ones(draws)}

    means = batch_means.batch_mean(statistics, 250, torch.Generator())
    assert held == [100, 100, 50]
    assert means["one"] == 1


def test_shards_are_joined_along_the_points_and_others_left_out():
    shards = {
        "other-1": xr.DataTree(table()),
        "mine-n16": xr.DataTree(table(points=POINTS[1:2])),
        "mine-n64": xr.DataTree(table(points=[POINTS[0], POINTS[2]])),
    }
    joined = measurements.joined(shards, "mine")
    assert joined.sizes["point"] == 3
    found = list(measurements.rows(joined, law="a"))
    assert [int(row["width"]) for row in found] == [16, 64]
    np.testing.assert_array_equal(found[1]["mean"], table()["mean"].values[2])
    assert measurements.draws(found[0]) == 400


def test_a_missing_shard_is_named():
    with pytest.raises(StudyError, match="'mine'"):
        measurements.joined({}, "mine")


def test_excess_kurtosis_of_a_scale_mixture():
    # S uniform on (0, 2): 3 Var S / (E S)² = 1.
    generator = np.random.default_rng(1)
    S = generator.uniform(0, 2, (50, 4000))
    row = xr.Dataset({"y": ("batch", S.mean(1)), "y_square": ("batch", (S**2).mean(1))})
    estimate = measurements.excess_kurtosis(row, "y")
    assert abs(estimate.value - 1) < 4 * estimate.standard_error
    assert 0.5 < estimate.standard_error * np.sqrt(S.size) / 1.27 < 2  # delta method: √(Var(3S² - 6S))


def test_a_polynomial_in_one_over_n_is_extrapolated_exactly():
    n = np.array([64, 128, 256, 512])
    estimates = [Estimate(2 - 3 / k + 700 / k**2, 0.01, 19) for k in n]
    limit = measurements.extrapolate(n, estimates)
    assert limit.value == pytest.approx(2, abs=1e-9)
    assert 3 <= limit.degrees <= 4 * 19
    line = measurements.extrapolate(n[:3], [Estimate(2 - 3 / k, 0.01 * k, 19) for k in n[:3]])
    assert line.value == pytest.approx(2, abs=1e-9)


def test_the_error_of_an_extrapolation_is_that_of_repeated_samples():
    generator = np.random.default_rng(2)
    n, sigma = np.array([64, 128, 256, 512, 1024]), np.array([1, 2, 1, 3, 2])
    limits = []
    for _ in range(2000):
        estimates = [
            Estimate(generator.normal(1 + 5 / k, s), s, np.inf) for k, s in zip(n, sigma, strict=True)
        ]
        limits.append(measurements.extrapolate(n, estimates))
    assert np.std([limit.value for limit in limits]) == pytest.approx(limits[0].standard_error, rel=0.06)


def test_too_few_widths_are_not_extrapolated():
    with pytest.raises(ValueError, match="at least 3 widths, not 2"):
        measurements.extrapolate([64, 128], [Estimate(1, 1), Estimate(1, 1)])


def test_narrow_widths_stay_out_of_an_extrapolation_if_enough_are_left():
    assert measurements.wide_enough([16, 64, 256, 1024]).tolist() == [False, True, True, True]
    assert measurements.wide_enough([16, 20, 24, 32, 64]).tolist() == [False, False, True, True, True]


def test_relative_measurements_have_the_prediction_one():
    relative = measurements.Measurement("a", Estimate(3.0, 0.5, 7), 10, 2.0).relative()
    assert (relative.estimate.value, relative.estimate.standard_error) == (1.5, 0.25)
    assert (relative.estimate.degrees, relative.prediction, relative.draws) == (7, 1.0, 10)


def test_series_of_a_figure_are_found_by_name():
    curve = measurements.curves(
        measurements.points_of_curve("measured", [16, 64], [Estimate(1.0, 0.1), Estimate(0.5, 0.1)]),
        measurements.exact_curve("a longer name", [64, 16], [5, 6]),
    )
    assert series.names(curve) == ["measured", "a longer name"]
    measured = series.part(curve, "measured")
    assert float(measured["high"][0]) == pytest.approx(1 + 2.5758 * 0.1, abs=1e-4)
    assert series.last(curve, "a longer name") == 5
    with pytest.raises(KeyError, match="longer"):
        series.part(curve, "absent")
