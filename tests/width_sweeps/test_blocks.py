"""A rate that is added changes no earlier shard; plans load no Torch."""

import subprocess
import sys

import pytest

from widthscope.width_sweeps.blocks import RateBlockError, rate_blocks


def test_blocks_keep_the_order_written():
    assert rate_blocks((1, 4, 2, 8, 0.5), 2) == [("", (1.0, 4.0)), ("-2", (2.0, 8.0)), ("-3", (0.5,))]
    assert rate_blocks((1, 2), 5) == [("", (1.0, 2.0))]


def test_an_added_rate_is_a_shard_of_its_own():
    before, after = rate_blocks((1, 2, 4), 3), rate_blocks((1, 2, 4, 8), 3)
    assert after[: len(before)] == before
    assert after[len(before) :] == [("-2", (8.0,))]


@pytest.mark.parametrize(
    ("rates", "per_shard", "message"),
    [
        ((), 2, "lists no learning rate"),
        ((1, 0), 2, "learning rate 0 of a sweep must be a positive number"),
        ((1, float("nan")), 2, "learning rate nan"),
        ((1, 2, 1.0), 2, "learning rate 1 of a sweep is listed twice"),
        ((1,), 0, "train 0 learning rates"),
    ],
)
def test_what_cannot_be_shared_out_is_named(rates, per_shard, message):
    with pytest.raises(RateBlockError, match=message):
        rate_blocks(rates, per_shard)


def test_plans_load_no_torch():
    code = (
        "import sys\n"
        "import widthscope.width_sweeps.blocks, widthscope.width_sweeps.cost, widthscope.width_sweeps.sizes\n"
        "assert not {'torch', 'numpy', 'xarray'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
