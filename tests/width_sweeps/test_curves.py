"""What figures show is what was measured; figures draw for every kind of curve."""

import numpy as np
import pytest
import xarray as xr

from widthscope.plotting import svg
from widthscope.statistics.optimum import drift, optima
from widthscope.width_sweeps.curves import coordinate_curve, effective_rates, transfer_curve
from widthscope.width_sweeps.figures import (
    apart,
    coordinate_figure,
    coordinate_words,
    exponents_figure,
    transfer_figure,
    transfer_words,
)

X = np.arange(-5.0, 4.0)
WIDTHS = [16, 32, 64, 128]


def losses(slope, spread=0.02):
    centres = slope * np.arange(4)[:, None] + spread * np.arange(5)
    values = np.exp(-2 + 0.2 * (X[None, :, None] - centres[:, None, :]) ** 2)
    coords = {"width": WIDTHS, "lr": 2.0**X, "seed": range(5)}
    return xr.DataArray(values, dims=("width", "lr", "seed"), coords=coords)


def test_a_transfer_curve_holds_means_bands_and_the_optimum():
    values = losses(-0.5)
    values[3, -2:, 0] = np.inf
    curve = transfer_curve(values)
    first = curve.sel(width=16)
    np.testing.assert_allclose(first["loss"], np.exp(np.log(values[0]).mean("seed")))
    assert (first["loss_low"] < first["loss"]).all()
    assert curve["loss"].sel(width=128).isnull().values.tolist() == [False] * 7 + [True] * 2
    assert float(curve["diverged"].sel(width=128)[-1]) == pytest.approx(0.2)
    assert float(first["log2_lr"]) == pytest.approx(0.04)
    assert float(first["optimum_loss"]) == pytest.approx(np.exp(-2))
    assert float(curve["drift"]) == pytest.approx(drift(optima(values)).value) == pytest.approx(-0.5)
    assert curve.attrs["seeds"] == 5


def test_an_optimum_on_the_edge_is_marked_so():
    curve = transfer_curve(losses(1.2))
    assert np.isnan(curve["drift"])
    assert curve["log2_lr"].isnull().values.tolist() == [False, False, False, True]
    assert curve["high_edge"].values.tolist() == [0, 0, 0, 1]
    assert "an optimum lies on the grid's end" in transfer_words({"arm": curve})


def test_a_coordinate_curve_holds_slopes_and_predictions():
    widths = np.array(WIDTHS)
    coords = {"width": WIDTHS, "seed": range(3)}
    spread = np.exp(0.1 * np.arange(3))
    table = {
        name: xr.DataArray(widths[:, None] ** power * spread, dims=("width", "seed"), coords=coords)
        for name, power in (("h1", 0.0), ("h2", -0.5))
    }
    curve = coordinate_curve(table, {"h2": -0.5})
    assert curve["slope"].values.tolist() == pytest.approx([0.0, -0.5])
    assert curve["prediction"].values.tolist() == [pytest.approx(np.nan, nan_ok=True), -0.5]
    np.testing.assert_allclose(curve["value"].sel(curve="h2"), widths**-0.5 * np.exp(0.1))
    assert coordinate_words({"mup": curve}) == "mup: h1 +0.00 ± 0.00, h2 -0.50 ± 0.00"
    table["h1"][2, 1] = np.nan
    assert np.isnan(coordinate_curve(table)["slope"][0])


def table_of_rates():
    factors = np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 0.5]])
    lr, damping = np.array([0.5, 1.0]), np.array([0.1])
    coords = {"width": [8, 16], "lr": lr, "damping": damping, "layer": [1, 2, 3]}
    rates = (("width", "lr", "layer"), lr[None, :, None] * factors[:, None])
    dampings = (("width", "damping", "layer"), damping[None, :, None] * factors[:, None])
    return xr.Dataset({"lr_eff": rates, "rho_A_eff": dampings, "rho_B_eff": dampings}, coords=coords)


def test_effective_rates_are_factors_of_the_base_widths():
    found = effective_rates(table_of_rates())
    assert found["rate"].sel(width=16).values.tolist() == [2.0, 1.0, 0.5]
    np.testing.assert_allclose(found["damping_outputs"].sel(width=16), [2.0, 1.0, 0.5])
    without = effective_rates(table_of_rates().assign_coords(damping=[0.0]))
    assert list(without.data_vars) == ["rate"]


def test_figures_draw_and_name_every_width():
    cliff = losses(0.0)
    cliff = cliff.where(cliff["lr"] < 1.5, np.inf)
    dead = losses(0.0) * np.inf
    arms = {
        name: transfer_curve(values)
        for name, values in (("a", losses(-0.5)), ("b", losses(1.5)), ("c", cliff), ("d", dead))
    }
    figure = transfer_figure(arms)
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [str(w) for w in WIDTHS]
    assert len([axes for axes in figure.axes if axes.get_visible()]) == 4
    assert "diverges" not in transfer_words(arms)
    coordinates = coordinate_curve({"h1": losses(0.0).isel(lr=0)})
    for each in (
        figure,
        coordinate_figure({"mup": coordinates, "sp": coordinates}, labels={"h1": "layer 1"}),
        exponents_figure({"mup": effective_rates(table_of_rates())}),
    ):
        assert svg(each).startswith("<?xml")


def test_slopes_that_would_lie_on_each_other_are_written_apart():
    heights = np.array([0.9, 0.5, 0.51, np.nan, 0.1, 0.5])
    moved = apart(heights, 0.05)
    np.testing.assert_allclose(moved[[0, 4]], [0.9, 0.1])
    assert np.isnan(moved[3])
    close = np.sort(moved[[1, 2, 5]])
    np.testing.assert_allclose(np.diff(close), 0.05)
    assert close.mean() == pytest.approx(np.mean([0.5, 0.51, 0.5]))
    assert moved[2] == close[-1]
    np.testing.assert_allclose(
        np.sort(apart(np.array([0.5, 0.52, 0.58]), 0.05)), [0.4833333, 0.5333333, 0.5833333], atol=1e-6
    )
