"""The mixture family as a whole: its plan, and its claims judged at a small size."""

import pytest
import xarray as xr
from pydantic import ValidationError

from widthscope.statistics.claims import judge
from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.limit_law.mixture import coordinates, figures, kurtosis, plan
from widthscope.studies.limit_law.mixture.claims import CLAIMS
from widthscope.studies.limit_law.mixture.fit import fit
from widthscope.studies.limit_law.mixture.settings import Coordinates, Kurtosis, Mixture
from widthscope.work import Work

ENTRIES = {"mixture.kurtosis": kurtosis, "mixture.coordinates": coordinates}


@pytest.fixture(scope="module")
def tree():
    settings = Mixture(
        kurtosis=Kurtosis(widths=(64, 128, 256, 512), draws=40_000, batches=20),
        coordinates=Coordinates(widths=(64, 256, 1024, 4096), heads=(1,), draws=100_000, batches=20),
    )
    shards = {
        shard.name: xr.DataTree(ENTRIES[shard.entry].run(shard.settings, {}, Work()))
        for shard in plan.shards(settings, 0)
    }
    return xr.DataTree.from_dict(fit(shards, {}))


def test_every_claim_is_supported_and_its_control_rejected(tree):
    verdicts = {verdict.id: verdict for verdict in judge("limit_law", "2506.00846", CLAIMS, tree)}
    assert len(verdicts) == 5
    for name, verdict in verdicts.items():
        assert verdict.control.rejected, (name, verdict.control)
        assert verdict.verdict == "supported", (name, verdict.reason)


def test_every_claim_names_a_figure_that_is_drawn(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert len(drawing.alt) > 80
        assert len(drawing.caption) > 80
        assert "nan" not in drawing.alt


def test_shards_of_a_laptop_run_hold_what_they_read():
    shards = plan.shards(Mixture(), 3)
    assert [shard.name for shard in shards] == ["mixture-kurtosis", "mixture-coordinates"]
    assert set(shards[0].settings) == {"seed", "draws", "batches", "points"}
    assert set(shards[1].settings) == {"seed", "draws", "batches", "points", "coordinates"}
    assert sum(shard.cost.seconds for shard in shards) < 35


def test_large_runs_are_split_by_point_without_changing_a_point():
    settings = Mixture(kurtosis=Kurtosis(draws=10**7))
    whole = plan.shards(Mixture(), 0)[0].settings["points"]
    shards = [shard for shard in plan.shards(settings, 0) if shard.entry == "mixture.kurtosis"]
    names = [shard.name for shard in shards]
    assert names[:2] == ["mixture-kurtosis-orthonormal-4-1-16", "mixture-kurtosis-identical-4-1-16"]
    assert all(shard.cost.seconds < SHARD_SECONDS for shard in shards)
    points = [point for shard in shards for point in shard.settings["points"]]
    assert sorted(map(str, points)) == sorted(map(str, whole))


def test_a_length_that_is_run_anyway_is_not_run_twice():
    settings = Mixture(kurtosis=Kurtosis(lengths=(2, 4)))
    points = plan.shards(settings, 0)[0].settings["points"]
    assert len({str(point) for point in points}) == len(points)


def test_widths_below_the_number_of_tokens_are_refused():
    with pytest.raises(ValidationError, match="greater than or equal to 16"):
        Kurtosis(widths=(8, 64, 128, 256))
