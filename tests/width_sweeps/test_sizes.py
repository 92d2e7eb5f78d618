"""Sizes that plans reckon with are those of the data."""

import pytest

from widthscope.datasets import cifar10, digits
from widthscope.width_sweeps.problems import digits_problem
from widthscope.width_sweeps.sizes import EXAMPLES, INPUTS, TESTED, examples


def test_sizes_are_those_of_the_data(tmp_path):
    problem = digits_problem(digits.prepare({}, tmp_path), train=300)
    assert problem.inputs == INPUTS["digits"]
    assert len(problem.train_x) + len(problem.test_x) == examples("digits", 300) == EXAMPLES["digits"]
    layout = cifar10.LAYOUT
    assert INPUTS["cifar10"] == layout.record - 1
    assert layout.most * len(layout.test) == TESTED["cifar10"]
    whole = layout.most * (len(layout.train) + len(layout.test))
    assert whole == EXAMPLES["cifar10"] == examples("cifar10", 50_000)
    assert examples("cifar10", 1000) == 11_000


def test_a_data_set_without_sizes_is_not_guessed():
    with pytest.raises(KeyError):
        examples("imagenet", 1000)
