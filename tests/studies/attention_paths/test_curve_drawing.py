"""Curves with intervals: the means and half-widths of a table, in the colours of the palette."""

import numpy as np
import xarray as xr

from widthscope.plotting import MARKERS, PALETTE, new
from widthscope.studies.attention_paths.curve_drawing import curve


def test_means_and_intervals_are_drawn_where_they_belong():
    _, axes = new()
    table = xr.Dataset({"finite": ("width", [0.5, 0.7]), "finite_half": ("width", [0.1, 0.2])})
    curve(axes, [10, 100], table, "finite", 1, "c2", "finite")
    (drawn,) = axes.containers
    line, _, (bars,) = drawn.lines
    assert line.get_xydata().tolist() == [[10, 0.5], [100, 0.7]]
    np.testing.assert_allclose(
        [segment[:, 1] for segment in bars.get_segments()], [[0.4, 0.6], [0.5, 0.9]], atol=1e-12
    )
    assert (line.get_marker(), line.get_color()) == (MARKERS[1], PALETTE["c2"])
    assert axes.get_legend_handles_labels()[1] == ["finite"]


def test_more_curves_than_markers_start_again_and_a_point_is_a_curve():
    _, axes = new()
    point = xr.Dataset({"limit": 0.5, "limit_half": 0.1})
    curve(axes, [3.0], point.expand_dims("at"), "limit", len(MARKERS), "#123456", "limit", ls="none")
    (drawn,) = axes.containers
    assert drawn.lines[0].get_marker() == MARKERS[0]
    assert drawn.lines[0].get_color() == "#123456"
