"""What the two arms of the training experiment are shown."""

import math

import pytest
import torch

from widthscope.ensembles.members import Members
from widthscope.models import walk_regression
from widthscope.studies.qk_spectrum.training.sequences import ArmSequences, sequences


def test_a_walk_is_summed_token_by_token_and_its_target_is_the_next_one():
    noise = torch.randn(3, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    shown = sequences(noise, "walk")
    position = torch.zeros(3, 4, dtype=torch.float64)
    for t in range(5):
        position = position + noise[:, t] / 2  # the square root of four tokens that are read
        expected = shown["targets"] if t == 4 else shown["tokens"][:, t]
        torch.testing.assert_close(expected, position)


def test_the_last_token_of_a_walk_and_independent_tokens_have_the_width_as_mean_square_norm():
    noise = torch.randn(20_000, 9, 6, generator=torch.Generator().manual_seed(2))
    for arm in ("walk", "iid"):
        squares = sequences(noise, arm)["tokens"][:, -1].square().sum(-1)
        assert squares.mean() == pytest.approx(6, abs=float(4 * squares.std()) / math.sqrt(20_000))


def test_uniform_attention_solves_independent_tokens_exactly_and_attention_to_the_last_token_walks_best():
    noise = torch.randn(2, 300, 9, 6, generator=torch.Generator().manual_seed(3))
    zero = {name: torch.zeros(2, 1, 1, 3, 6) for name in ("query", "key")}
    iid = sequences(noise, "iid")
    assert walk_regression.loss(zero, **iid).max() < 1e-12
    walk = sequences(noise, "walk")
    next_step = (walk["targets"] - walk["tokens"][..., -1, :]).square().mean()
    assert next_step == pytest.approx(1 / 8, rel=0.1)  # variance of one step, which nothing can predict
    assert walk_regression.loss(zero, **walk).mean() > 2 * next_step


def test_both_arms_of_a_seed_are_made_of_the_same_noise_whoever_else_is_trained():
    everyone = Members.grid(arm=("walk", "iid"), seed=range(3))
    few = everyone.take([5, 1])  # iid of seed 2, walk of seed 1
    batches = [ArmSequences(members, ("test", 0), 2, 4, 6, "cpu")(7) for members in (everyone, few)]
    for name in ("tokens", "targets"):
        assert torch.equal(batches[0][name][[5, 1]], batches[1][name])
    walk, iid = batches[0]["tokens"][0], batches[0]["tokens"][3]
    torch.testing.assert_close(walk, iid.cumsum(-2) / 2)
    assert not torch.equal(batches[0]["tokens"][3], batches[0]["tokens"][4])


def test_an_unknown_arm_is_named():
    with pytest.raises(ValueError, match="no arm 'walks'; the arms are walk, iid"):
        sequences(torch.zeros(2, 3, 4), "walks")
