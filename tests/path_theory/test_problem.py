import math

import dask.array as da
import pytest
import torch
from tests.path_theory.tasks import F64, gaussian_paths, posed

from widthscope.errors import PosteriorError
from widthscope.path_theory import memory_limit
from widthscope.path_theory.kernels import PackedKernels
from widthscope.path_theory.network import Network
from widthscope.path_theory.problem import problem

PAIR = Network.equal((2,), 10)


def test_float32_is_taken_to_float64():
    xi, y = gaussian_paths((2,), 6, 5, seed=1)
    made = problem(xi.float(), y.float(), 0.1, PAIR)
    assert made.inputs.dtype == made.labels.dtype == F64
    assert made.examples == 6


@pytest.mark.parametrize(
    ("inputs", "labels", "temperature", "said"),
    [
        (torch.zeros(6, 2), torch.arange(6.0), 0.1, r"shape \(P, D, N0\)"),
        (torch.zeros(0, 2, 5), torch.zeros(0), 0.1, "none of them 0"),
        (torch.zeros(6, 3, 5), torch.arange(6.0), 0.1, "make 2 attention paths, the inputs have 3"),
        (torch.zeros(6, 2, 5), torch.arange(5.0), 0.1, "6 examples need labels"),
        (torch.full((6, 2, 5), math.nan), torch.arange(6.0), 0.1, "inputs of example 0 are not all finite"),
        (torch.zeros(6, 2, 5), torch.tensor([1.0, math.inf] * 3), 0.1, "label of example 1 is not finite"),
        (torch.zeros(6, 2, 5), torch.ones(6), 0.1, "all 6 labels are 1: .* at least two classes"),
        (torch.zeros(6, 2, 5), torch.arange(6.0), -0.1, "not negative, not -0.1"),
        (torch.zeros(6, 2, 5), torch.arange(6.0), math.nan, "not nan"),
        (torch.zeros(6, 2, 5), torch.arange(6.0), 0.1, "path inputs of all examples are 0"),
        (da.zeros((6, 2, 5)), torch.arange(6.0), 0.1, "dask array: `streaming.streamed_problem` takes one"),
        (
            torch.ones(6, 2, 5),
            ["cat", "dog"] * 3,
            0.1,
            "labels are a tensor, a NumPy array or lists of numbers",
        ),
    ],
)
def test_what_is_no_problem_is_refused(inputs, labels, temperature, said):
    with pytest.raises(PosteriorError, match=said):
        problem(inputs, labels, temperature, PAIR)


def test_temperature_zero_of_independent_examples_is_allowed():
    assert posed(PAIR, 10, 5, temperature=0.0).temperature == 0.0


def test_temperature_zero_with_more_examples_than_rank_is_refused():
    with pytest.raises(PosteriorError, match="11 examples are more than its largest rank N0 D = 10"):
        posed(PAIR, 11, 5, temperature=0.0)


def test_duplicate_examples_are_named_at_temperature_zero_and_allowed_above():
    xi, y = gaussian_paths((2,), 6, 5, seed=1)
    xi[4] = xi[1]
    with pytest.raises(PosteriorError, match="examples 1 and 4 have the same path inputs"):
        problem(xi, y, 0.0, PAIR)
    with pytest.raises(PosteriorError, match="examples 1 and 4"):
        problem(xi, y, 0.1, PAIR).at(temperature=0.0)


def test_examples_that_depend_on_each_other_are_refused_at_temperature_zero():
    xi, y = gaussian_paths((2,), 6, 5, seed=1)
    xi[4] = 0.3 * xi[1] - 2.0 * xi[2]
    with pytest.raises(
        PosteriorError, match="positive definite kernel, and that of these examples is singular"
    ):
        problem(xi, y, 0.0, PAIR)


def test_an_example_of_zeros_is_refused_at_temperature_zero():
    xi, y = gaussian_paths((2,), 6, 5, seed=1)
    xi[4] = 0.0
    with pytest.raises(PosteriorError, match="singular"):
        problem(xi, y, 0.0, PAIR)


def test_scaling_the_inputs_does_not_make_a_kernel_singular():
    xi, y = gaussian_paths((2,), 6, 5, seed=1)
    xi[2] *= 1e-7
    assert problem(1e-6 * xi, y, 0.0, PAIR).examples == 6


def test_kernels_of_other_examples_are_refused():
    xi, y = gaussian_paths((2,), 6, 5, seed=1)
    with pytest.raises(PosteriorError, match="kernels are of 5 examples"):
        problem(xi, y, 0.1, PAIR, PackedKernels(xi[:5]))


def test_other_widths_share_the_kernels_and_other_kernels_are_refused():
    one = posed(PAIR)
    other = one.at(network=Network.equal((2,), 1000))
    assert other.kernels is one.kernels
    assert other.network.widths == (1000, 1000)
    with pytest.raises(PosteriorError, match="do not serve"):
        one.at(network=Network((2,), (10, 10), (2.0, 1.0, 1.0)))
    with pytest.raises(PosteriorError, match="not -1"):
        one.at(temperature=-1.0)


def test_more_heads_than_memory_allows_are_refused_with_their_size(monkeypatch):
    xi = torch.zeros(1, 1, 1).expand(1000, 4096, 50)  # nothing of it is allocated
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 5 * 10**9)
    with pytest.raises(PosteriorError, match=r"4096 attention paths and 1000 examples would take 6\.58 GB"):
        problem(xi, torch.arange(1000.0), 0.1, Network.equal((8, 8, 8, 8), 10))


@pytest.mark.parametrize("form", [torch.Tensor.numpy, torch.Tensor.tolist, torch.Tensor.requires_grad_])
def test_arrays_and_lists_are_taken(form):
    xi, y = gaussian_paths((2,), 6, 5, seed=1)
    made = problem(form(xi.clone()), form(y.clone()), 0.1, PAIR)
    torch.testing.assert_close(made.inputs, xi, rtol=0, atol=0)
    torch.testing.assert_close(made.labels, y, rtol=0, atol=0)
    assert not made.inputs.requires_grad
    assert problem(xi, [0, 1] * 3, 0.1, PAIR).labels.dtype == F64
