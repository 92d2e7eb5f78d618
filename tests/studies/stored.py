"""What a family's experiment stores, without a workflow."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import xarray as xr

from widthscope.studies.base import Shard
from widthscope.work import Work

Run = Callable[[Mapping[str, Any], Mapping[str, xr.Dataset], Work], xr.DataTree]


def results_of(
    shards: Iterable[Shard], run: Run, datasets: Mapping[str, xr.Dataset] | None = None
) -> dict[str, xr.DataTree]:
    """What each shard's experiment gives, by the shard's name, as a family's fit takes it."""
    return {shard.name: run(shard.settings, datasets or {}, Work()) for shard in shards}
