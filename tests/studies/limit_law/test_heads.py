"""The heads family as a whole: its plan, and its claims judged at a small size."""

import pytest
import xarray as xr

from widthscope.statistics.claims import judge
from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.limit_law.heads import figures, fit_low_rank, low_rank, many_heads, plan
from widthscope.studies.limit_law.heads.claims import CLAIMS
from widthscope.studies.limit_law.heads.fit import fit
from widthscope.studies.limit_law.heads.settings import HeadCounts, LowRank, ManyHeads, OrderOfLimits
from widthscope.work import Work

ENTRIES = {"heads.many_heads": many_heads, "heads.low_rank": low_rank}


@pytest.fixture(scope="module")
def shards():
    settings = HeadCounts(
        many_heads=ManyHeads(heads=(1, 2, 4, 8, 16, 32), draws=40_000, batches=40),
        order_of_limits=OrderOfLimits(heads=64, widths=(16, 64, 256), ladder=(1, 8), draws=10_000),
        low_rank=LowRank(heads=2, paper_heads=(1, 4), draws=16_000, frequencies=64),
    )
    return {
        shard.name: xr.DataTree(ENTRIES[shard.entry].run(shard.settings, {}, Work()))
        for shard in plan.shards(settings, 0)
    }


@pytest.fixture(scope="module")
def tree(shards):
    return xr.DataTree.from_dict(fit(shards, {}))


def test_every_claim_is_supported_and_its_control_rejected(tree):
    verdicts = {verdict.id: verdict for verdict in judge("limit_law", "2506.00846", CLAIMS, tree)}
    assert len(verdicts) == 3
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


def test_sweeps_of_the_low_rank_table_are_told_apart(shards):
    table = shards["heads-low-rank"].to_dataset()
    by_head_dim, by_width, at_fixed_width = fit_low_rank.sweeps(table)
    assert [int(row["head_dim"]) for row in by_head_dim] == [16, 32, 64, 128, 256, 512]
    assert {str(row["law"].values) for row in by_head_dim} == {"fixed"}
    assert [int(row["width"]) for row in by_width] == [16, 32, 64, 128, 256, 512]
    assert {int(row["head_dim"]) for row in by_width} == {0}
    assert [int(row["head_dim"]) for row in at_fixed_width] == [16, 32, 64, 128, 256, 512]
    assert {int(row["width"]) for row in at_fixed_width} == {256}
    assert {int(row["heads"]) for row in [*by_head_dim, *by_width, *at_fixed_width]} == {2}


def test_the_papers_points_come_with_their_parts(shards):
    points = fit_low_rank.whole_layers(shards["heads-low-rank"].to_dataset())
    # two heads of dimension 128 at n = 256 are in the sweep of the head dimension
    assert [int(whole["heads"]) for whole, _, _ in points] == [1, 2, 4]
    for whole, head_part, width_part in points:
        heads, head_dim, width = (int(whole[name]) for name in ("heads", "head_dim", "width"))
        assert width == heads * head_dim == int(width_part["width"])
        assert int(head_part["head_dim"]) == head_dim
        assert heads == int(head_part["heads"]) == int(width_part["heads"])
        assert (str(head_part["law"].values), int(width_part["head_dim"])) == ("fixed", 0)


def test_shards_of_a_laptop_run_hold_what_they_read():
    shards = plan.shards(HeadCounts(), 3)
    assert [shard.name for shard in shards] == ["heads-count", "heads-order-of-limits", "heads-low-rank"]
    assert set(shards[0].settings) == {"seed", "draws", "batches", "points"}
    assert sum(shard.cost.seconds for shard in shards) < 35
    for shard in shards:
        points = shard.settings["points"]
        assert len({str(point) for point in points}) == len(points)


def test_large_runs_are_split_by_point():
    settings = HeadCounts(low_rank=LowRank(draws=10**6))
    shards = [shard for shard in plan.shards(settings, 0) if shard.entry == "heads.low_rank"]
    assert len({shard.name for shard in shards}) == len(shards) > 10
    assert all(len(shard.settings["points"]) == 1 for shard in shards)
    assert all(shard.cost.seconds < SHARD_SECONDS for shard in shards)
    assert "heads-low-rank-fixed-4-16-0" in {shard.name for shard in shards}
