"""Axes of figures do not go on where no value is possible."""

import numpy as np
import pytest

from widthscope.plotting import new
from widthscope.possible_values import limit


@pytest.mark.parametrize("along", ["x", "y"])
def test_wide_intervals_do_not_widen_an_axis_beyond_what_is_possible(along):
    _, axes = new()
    axes.errorbar([0.5], [0.5], xerr=[2.0], yerr=[2.0])
    limit(axes, 0.0, 1.0, along)
    lowest, highest = axes.get_xlim() if along == "x" else axes.get_ylim()
    assert (lowest, highest) == pytest.approx((-0.03, 1.03))
    ticks = axes.get_xticks() if along == "x" else axes.get_yticks()
    shown = [tick for tick in ticks if lowest <= tick <= highest]
    assert shown[0] > -1e-9
    assert shown[-1] < 1 + 1e-9


def test_narrow_axes_and_the_other_axis_stay_as_they_are():
    _, axes = new()
    axes.plot([-5.0, 5.0], [0.4, 0.6])
    before = np.array([axes.get_xlim(), axes.get_ylim()])
    limit(axes, 0.0, 1.0)
    assert np.array_equal(before, np.array([axes.get_xlim(), axes.get_ylim()]))
