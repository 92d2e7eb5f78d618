"""Tables put together from shards."""

import numpy as np
import xarray as xr

from widthscope.studies.gradient_regularization.tables import tables_of


def shard(node, arms, seeds):
    table = xr.Dataset(
        {"value": (("arm", "seed"), [[100 * int(arm) + seed for seed in seeds] for arm in arms])},
        coords={"arm": arms, "seed": seeds},
    )
    return xr.DataTree.from_dict({f"/{node}": table})


def test_arms_and_seeds_of_several_shards_come_together_in_order():
    shards = {
        "own-from2": shard("here", ["1", "2"], [2, 3]),
        "own-from0": shard("here", ["2", "1"], [0, 1]),
        "own-other": shard("there", ["1"], [0, 1]),
        "another": shard("here", ["3"], [0, 1]),
    }
    found = {str(table["arm"].item()): table for table in tables_of(shards, "own", "here")}
    assert set(found) == {"1", "2"}
    for arm, table in found.items():
        assert table["seed"].values.tolist() == [0, 1, 2, 3]
        np.testing.assert_array_equal(table["value"].values, [100 * int(arm) + np.arange(4)])
