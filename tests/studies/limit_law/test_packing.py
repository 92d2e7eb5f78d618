"""How experiments share out shards, and how their tables are found again."""

import pytest
import xarray as xr

from widthscope.errors import StudyError
from widthscope.studies.limit_law.measurements import part_table
from widthscope.studies.limit_law.packing import Part, packed, split
from widthscope.studies.limit_law.parts import run_parts
from widthscope.work import Work


def part(name, seconds, points=3, datasets=()):
    return Part(
        name, {"seed": 0}, [{"width": n} for n in range(1, points + 1)], lambda point: seconds, datasets
    )


def test_small_experiments_share_one_shard():
    (shard,) = packed("family", "family.entry", [part("a", 1.0, datasets=("digits",)), part("b", 2.0)], 500)
    assert shard.name == "family"
    assert shard.cost.seconds == 9.0
    assert shard.datasets == ("digits",)
    assert shard.settings["b"] == {"seed": 0, "points": [{"width": 1}, {"width": 2}, {"width": 3}]}


def test_large_experiments_are_split_first_by_experiment_then_by_point():
    shards = packed("family", "family.entry", [part("a", 100.0, datasets=("digits",)), part("b", 300.0)], 500)
    assert [shard.name for shard in shards] == ["family-a", "family-b-1", "family-b-2", "family-b-3"]
    assert [shard.datasets for shard in shards] == [("digits",), (), (), ()]
    assert shards[2].settings == {"b": {"seed": 0, "points": [{"width": 2}]}}


def test_one_experiment_is_split_by_point():
    (whole,) = split(part("family-a", 1.0), "family.a", 500)
    assert (whole.name, whole.entry, whole.cost.seconds) == ("family-a", "family.a", 3.0)
    assert whole.settings == {"seed": 0, "points": [{"width": 1}, {"width": 2}, {"width": 3}]}
    shards = split(part("family-a", 300.0, datasets=("digits",)), "family.a", 500)
    assert [shard.name for shard in shards] == ["family-a-1", "family-a-2", "family-a-3"]
    assert shards[1].settings == {"seed": 0, "points": [{"width": 2}]}
    assert {shard.datasets for shard in shards} == {("digits",)}


def test_split_and_unsplit_shards_give_the_same_table():
    def experiment(settings, datasets, work):
        widths = [point["width"] for point in settings["points"]]
        return xr.Dataset(
            {"value": ("point", [10.0 * n for n in widths])}, coords={"width": ("point", widths)}
        )

    tables = []
    for seconds in (1.0, 300.0):
        shards = packed("family", "family.entry", [part("a", seconds), part("b", seconds)], 500)
        stored = {
            shard.name: run_parts({"a": experiment, "b": experiment}, shard.settings, {}, Work())
            for shard in shards
        }
        tables.append(part_table(stored, "family", "b"))
    xr.testing.assert_identical(*tables)


def test_a_missing_experiment_is_named():
    with pytest.raises(StudyError, match="no shard 'family\\*' that holds the experiment 'c'"):
        part_table({"family": xr.DataTree()}, "family", "c")
