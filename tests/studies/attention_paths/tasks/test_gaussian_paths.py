"""The regression on normal path inputs: its moments and its streams."""

import pytest
import torch

from widthscope.studies.attention_paths.tasks.gaussian_paths import NOISE, gaussian_paths


def test_paths_share_half_of_their_variance() -> None:
    inputs = gaussian_paths(4000, 20, 3, 1, seed=101, data_seed=0).inputs
    covariance = torch.einsum("pai,pbi->ab", inputs, inputs) / (4000 * 20)
    wanted = 0.5 * torch.eye(3).double() + 0.5
    assert (covariance - wanted).abs().max() < 5 * (2 / 80000) ** 0.5


def test_targets_set_the_first_path_against_the_last_and_only_those_learned_are_noisy() -> None:
    task = gaussian_paths(400, 6, 3, 50, seed=101, data_seed=1)
    contrast = (task.test_inputs[:, 0] - 0.7 * task.test_inputs[:, 2]) / 6**0.5
    weights = torch.linalg.lstsq(contrast, task.test_labels[:, None]).solution[:, 0]
    torch.testing.assert_close(contrast @ weights, task.test_labels)
    noise = task.labels - (task.inputs[:, 0] - 0.7 * task.inputs[:, 2]) @ weights / 6**0.5
    assert noise.std().item() == pytest.approx(NOISE, rel=5 / 800**0.5)


def test_data_sets_are_distinct_and_come_again() -> None:
    task = gaussian_paths(4, 5, 2, 3, seed=101, data_seed=1)
    assert torch.equal(task.inputs, gaussian_paths(4, 5, 2, 3, seed=101, data_seed=1).inputs)
    assert not torch.equal(task.inputs, gaussian_paths(4, 5, 2, 3, seed=101, data_seed=2).inputs)
    assert not torch.equal(task.inputs, gaussian_paths(4, 5, 2, 3, seed=102, data_seed=1).inputs)
    assert not torch.equal(task.inputs[:3], task.test_inputs)


def test_some_paths_alone_and_other_labels() -> None:
    task = gaussian_paths(4, 5, 4, 3, seed=101, data_seed=1)
    some = task.with_paths([0, 2])
    assert torch.equal(some.inputs[:, 1], task.inputs[:, 2])
    assert torch.equal(some.test_inputs[:, 1], task.test_inputs[:, 2])
    assert torch.equal(some.labels, task.labels)
    other = task.with_labels(-task.labels)
    assert torch.equal(other.labels, -task.labels)
    assert torch.equal(other.test_labels, task.test_labels)
