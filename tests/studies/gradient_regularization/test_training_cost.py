"""How seeds are shared out, by time and memory, and networks that are refused."""

import pytest

from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.gradient_regularization.label_noise import plan
from widthscope.studies.gradient_regularization.label_noise.settings import LabelNoise
from widthscope.studies.gradient_regularization.training_cost import (
    MOST_MB,
    SHARD_MB,
    Size,
    check_member,
    member_megabytes,
    seed_parts,
)


@pytest.mark.parametrize(
    ("seconds", "megabytes", "lengths"),
    [
        (SHARD_SECONDS / 10, SHARD_MB / 10, [10]),
        (SHARD_SECONDS / 5, SHARD_MB / 10, [5, 5]),
        (SHARD_SECONDS / 10, SHARD_MB / 4, [4, 4, 2]),
        (SHARD_SECONDS / 5, SHARD_MB / 3, [3, 3, 3, 1]),
        (SHARD_SECONDS * 2, SHARD_MB / 10, [1] * 10),
        (1.0, SHARD_MB * 2, [1] * 10),
    ],
)
def test_jobs_are_short_and_small_enough(seconds, megabytes, lengths):
    parts = seed_parts(list(range(10)), lambda count: (count * seconds, count * megabytes))
    assert [len(part) for part in parts] == lengths
    assert [seed for part in parts for seed in part] == list(range(10))


def test_memory_of_a_member_by_hand():
    assert member_megabytes(Size(1.0, 3.0, 5.0), copies=2, images=4, number_bytes=8) * 2**20 == 8 * (10 + 12)


def test_what_one_network_may_take_has_an_end():
    network = {"layers": 3, "width": 1000, "inputs": 1, "classes": 1}
    units = 2002
    images = int(MOST_MB * 2**20 / 4 / units)
    check_member(network, 0, images)
    with pytest.raises(
        ValueError, match="3 layers and width 1000 takes about 64 GB to train, more than 64: it"
    ):
        check_member(network, 0, images + 1)


def test_large_networks_do_not_share_a_job_however_few_their_updates():
    settings = LabelNoise.model_validate(
        {
            "dataset": "cifar10",
            "batch": 1,
            "steps": 1,
            "relu": {"kind": "resnet-18", "width": 16, "seeds": 24},
        }
    )
    shards = plan.shards(settings, seed=0)
    assert max(shard.cost.memory_mb for shard in shards) <= SHARD_MB + plan.BASE_MEMORY_MB
    assert len({shard.name for shard in shards}) == len(shards) > 2
