"""A sweep's learning rates shared out among shards, so that an added rate is a shard of its own."""

from collections.abc import Sequence

from widthscope.errors import WidthscopeError


class RateBlockError(WidthscopeError):
    """Learning rates repeat, are not positive, or a shard is to hold none."""


def rate_blocks(rates: Sequence[float], per_shard: int) -> list[tuple[str, tuple[float, ...]]]:
    """Blocks of at most `per_shard` rates in the order written, each with the suffix of its shard's name.

    The first block's suffix is empty, the others' are "-2", "-3", ... A rate written at the end of the list
    fills the last block or begins a new one; where `per_shard` divides the number of rates that there were,
    it begins a new one, and no earlier shard changes.

    Raises:
        RateBlockError: if there is no rate, one is not positive, or one is listed twice.
    """
    listed = [float(rate) for rate in rates]
    if per_shard < 1:
        raise RateBlockError(f"a shard is to train {per_shard} learning rates; it must train at least 1")
    if not listed:
        raise RateBlockError("a sweep lists no learning rate; it needs at least one")
    wrong = [rate for rate in listed if not 0 < rate < float("inf")]
    if wrong:
        raise RateBlockError(f"learning rate {wrong[0]:g} of a sweep must be a positive number")
    twice = next((rate for place, rate in enumerate(listed) if rate in listed[:place]), None)
    if twice is not None:
        raise RateBlockError(f"learning rate {twice:g} of a sweep is listed twice; list each once")
    begins = range(0, len(listed), per_shard)
    return [
        ("" if place == 0 else f"-{place + 1}", tuple(listed[begin : begin + per_shard]))
        for place, begin in enumerate(begins)
    ]
