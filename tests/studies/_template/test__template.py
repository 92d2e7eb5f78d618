"""The study from its plan to its figures, and its predictions against brute force."""

import numpy as np
import pytest
import xarray as xr

from widthscope.statistics.claims import judge
from widthscope.studies._template.about import ABOUT
from widthscope.studies._template.claims import CLAIMS
from widthscope.studies._template.experiment import SHARED_SCALES, mean_squares, run
from widthscope.studies._template.figures import draw
from widthscope.studies._template.fit import fit
from widthscope.studies._template.plan import shards
from widthscope.studies._template.settings import Settings
from widthscope.studies._template.theory import variance, variance_with_shared_scale
from widthscope.work import Work

SMALL = Settings(widths=(4, 8, 16, 32), inputs=4, batches=16, draws=4000)


@pytest.fixture(scope="module")
def fitted() -> xr.DataTree:
    swept = {shard.name: xr.DataTree(run(shard.settings, {}, Work())) for shard in shards(SMALL, seed=1)}
    return fit(swept, {})


def test_the_claim_holds_and_its_control_is_rejected(fitted: xr.DataTree) -> None:
    (verdict,) = judge("_template", ABOUT.arxiv, CLAIMS, fitted)
    assert verdict.verdict == "supported", verdict.reason
    assert verdict.control is not None
    assert verdict.control.rejected


def test_every_claim_has_its_figure(fitted: xr.DataTree) -> None:
    assert {claim.figure for claim in CLAIMS} <= set(draw(fitted))


def test_another_width_or_batch_leaves_every_number_as_it_was() -> None:
    (shard,) = shards(SMALL, seed=1)
    fewer = {**shard.settings, "widths": [4, 16], "batches": 3}
    all_widths, two_widths = (run(settings, {}, Work()) for settings in (shard.settings, fewer))
    xr.testing.assert_equal(all_widths.sel(width=[4, 16], batch=[0, 1, 2]), two_widths)


@pytest.mark.parametrize("width", [1, 4, 32])
def test_variance_is_that_of_drawn_layers(width: int) -> None:
    squares = mean_squares(np.random.default_rng(width), width, inputs=4, draws=100_000)
    assert np.mean(squares) == pytest.approx(1, abs=5 * np.sqrt(variance(width) / 1e5))
    assert np.var(squares) == pytest.approx(variance(width), rel=5 * np.sqrt((2 + 12 / width) / 1e5))


def test_a_shared_scale_leaves_its_own_variance() -> None:
    assert variance_with_shared_scale(8, (1.0, 1.0)) == pytest.approx(variance(8))
    assert variance_with_shared_scale(10**9, SHARED_SCALES) == pytest.approx(np.var(SHARED_SCALES), rel=1e-6)
    generator = np.random.default_rng(0)
    squares = mean_squares(generator, 16, inputs=4, draws=100_000) * generator.choice(SHARED_SCALES, 100_000)
    assert np.var(squares) == pytest.approx(variance_with_shared_scale(16, SHARED_SCALES), rel=0.05)


def test_a_width_is_positive() -> None:
    with pytest.raises(ValueError, match="a width is at least 1, not 0"):
        variance(0)
