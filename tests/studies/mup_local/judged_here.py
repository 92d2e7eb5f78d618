"""Verdicts of one family's claims on shards, at the level of the whole study."""

import xarray as xr

from widthscope.statistics.claims import judge


def verdicts(fit, claims, shards):
    """By the claim's name its verdict, from shards by name, each a mapping of tables by row."""
    trees = {
        name: xr.DataTree.from_dict({f"/{row}": table for row, table in tables.items()})
        for name, tables in shards.items()
    }
    tree = xr.DataTree.from_dict(fit.fit(trees, {}))
    level = 1 - 0.01 * len([test for claim in claims for test in claim.judged]) / 50  # of 50 tests, 99 %
    found = judge("mup_local", "2411.02001", claims, tree, level=level)
    return {verdict.id.split("/")[1]: verdict for verdict in found}
