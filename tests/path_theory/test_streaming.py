"""Examples read in blocks give what examples in memory give, by either way to the energy."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import torch
import zarr

from widthscope.errors import PosteriorError
from widthscope.path_theory.attention import attention_matrices
from widthscope.path_theory.blocks import BlockedKernels
from widthscope.path_theory.energy import energy_gradient
from widthscope.path_theory.inputs import path_inputs
from widthscope.path_theory.kernels import PackedKernels
from widthscope.path_theory.memory import block_bytes, primal_bytes
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.prediction import predict
from widthscope.path_theory.primal import PrimalKernels
from widthscope.path_theory.problem import Problem, problem
from widthscope.path_theory.streaming import path_input_blocks, streamed_problem

NETWORK = Network(heads=(2, 2), widths=(12, 9, 10), variances=(1.3, 0.7, 1.5, 0.9))
WIDE, TALL = (30, 4, 9), (90, 4, 3)
"""Shapes (P, D, N0) with fewer and with more examples than numbers in one: kernels, and sums."""


def examples(shape: tuple[int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(11)
    inputs = torch.randn(shape, generator=generator, dtype=torch.float64)
    return inputs, torch.sign(inputs[:, 0, 0] - 0.5 * inputs[:, -1, 1] + 0.1)


def in_memory(shape: tuple[int, int, int], temperature: float = 0.2) -> Problem:
    inputs, labels = examples(shape)
    return problem(inputs, labels, temperature, NETWORK, PackedKernels(inputs, NETWORK.input_variance))


def streamed(shape: tuple[int, int, int], block: int = 16, temperature: float = 0.2) -> Problem:
    inputs, labels = examples(shape)
    return streamed_problem(da.from_array(inputs.numpy(), chunks=7), labels, temperature, NETWORK, block)


def positive_definite(count: int) -> torch.Tensor:
    draws = torch.randn(count, 4, 8, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    return draws @ draws.mT / 4


@pytest.mark.parametrize("shape", [WIDE, TALL], ids=["kernels", "sums"])
@pytest.mark.parametrize("block", [7, 30, 200])
def test_energy_gradient_and_predictor_are_those_of_examples_in_memory(
    shape: tuple[int, int, int], block: int
) -> None:
    lazy, whole, U = streamed(shape, block), in_memory(shape), positive_definite(2)
    assert isinstance(lazy.kernels, BlockedKernels if shape == WIDE else PrimalKernels)
    value, slope = energy_gradient(lazy, U)
    expected, expected_slope = energy_gradient(whole, U)
    torch.testing.assert_close(value, expected, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(slope, expected_slope, rtol=1e-10, atol=1e-10)
    tests = torch.randn(5, *shape[1:], generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    found, wanted = predict(lazy, U, tests), predict(whole, U, tests)
    torch.testing.assert_close(found.mean, wanted.mean, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(found.variance, wanted.variance, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("shape", [WIDE, TALL], ids=["kernels", "sums"])
def test_the_minimum_is_the_same(shape: tuple[int, int, int]) -> None:
    found, expected = minimise(streamed(shape, block=45)), minimise(in_memory(shape))
    assert found.converged
    assert found.value == pytest.approx(expected.value, rel=1e-11)
    torch.testing.assert_close(found.path_weights, expected.path_weights, rtol=1e-6, atol=1e-7)


def test_blocks_have_the_kernel_and_its_transpose() -> None:
    inputs, _ = examples(WIDE)
    blocked = BlockedKernels(da.from_array(inputs.numpy()), 1.3, block=8)
    packed, U = PackedKernels(inputs, 1.3), positive_definite(1)[0]
    torch.testing.assert_close(blocked.kernel(U), packed.kernel(U), rtol=1e-12, atol=1e-12)
    G = torch.randn(30, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(blocked.gradient(G + G.mT), packed.gradient(G + G.mT), rtol=1e-11, atol=1e-11)


def test_path_inputs_block_by_block_from_a_store(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(2)
    tokens = torch.randn(23, 6, 5, generator=generator, dtype=torch.float64)
    forms = [torch.randn(heads, 5, 5, generator=generator, dtype=torch.float64) for heads in (2, 3)]
    expected = path_inputs(tokens, [attention_matrices(tokens, form) for form in forms], "mean")
    stored = zarr.create_array(tmp_path / "tokens.zarr", data=tokens.numpy(), chunks=(4, 6, 5))
    lazy = path_input_blocks(da.from_zarr(stored), forms, "mean", block=10)
    assert lazy.chunks == ((10, 10, 3), (6,), (5,))
    np.testing.assert_allclose(lazy.compute(), expected.numpy(), rtol=1e-13, atol=1e-14)


def test_other_widths_and_temperatures_share_the_sums() -> None:
    lazy = streamed(TALL)
    wider = lazy.at(network=Network((2, 2), (60, 50, 40), NETWORK.variances), temperature=0.5)
    assert wider.kernels is lazy.kernels
    value, _ = energy_gradient(wider, positive_definite(1))
    torch.testing.assert_close(value, energy_gradient(in_memory(TALL, 0.5), positive_definite(1))[0])
    with pytest.raises(PosteriorError, match=r"need a finite temperature > 0, not 0\.0"):
        lazy.at(temperature=0.0)


def test_what_is_wrong_with_the_examples_is_said() -> None:
    inputs, labels = examples(TALL)
    broken = inputs.clone()
    broken[37, 2, 1] = torch.nan
    with pytest.raises(PosteriorError, match="the path inputs of example 37 are not all finite"):
        streamed_problem(da.from_array(broken.numpy()), labels, 0.2, NETWORK, block=8)
    with pytest.raises(PosteriorError, match="all 90 labels are 1: "):
        streamed_problem(da.from_array(inputs.numpy()), torch.ones(90), 0.2, NETWORK)
    with pytest.raises(PosteriorError, match=r"labels of shape \(90,\), not \(89,\)"):
        streamed_problem(da.from_array(inputs.numpy()), labels[1:], 0.2, NETWORK)
    with pytest.raises(PosteriorError, match=r"need a finite temperature > 0, not -1\.0"):
        streamed_problem(da.from_array(inputs.numpy()), labels, -1.0, NETWORK)
    with pytest.raises(PosteriorError, match="path inputs of all examples are 0"):
        streamed_problem(da.zeros(TALL), labels, 0.2, NETWORK)
    with pytest.raises(
        PosteriorError, match="a dask array, not this Tensor: `problem` takes those in memory"
    ):
        streamed_problem(inputs, labels, 0.2, NETWORK)
    repeated, same = torch.cat([inputs[:20]] * 2).repeat(1, 1, 4), torch.cat([labels[:20]] * 2)
    singular = streamed_problem(da.from_array(repeated.numpy()), same, 1e-300, NETWORK)
    with pytest.raises(
        PosteriorError, match="the kernel of 40 examples plus temperature 1e-300 is not positive"
    ):
        energy_gradient(singular, positive_definite(1))


def test_too_many_examples_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widthscope.path_theory.memory_limit.available_bytes", lambda: 10**9)
    lazy = da.zeros((20_000, 4, 6000), chunks=(1000, 4, 6000))
    labels = torch.arange(20_000) % 2
    with pytest.raises(
        PosteriorError, match=r"one kernel of 20000 examples .* would take 4\.8\d GB of memory"
    ):
        streamed_problem(lazy, labels, 0.2, NETWORK)


def test_what_each_way_takes() -> None:
    assert block_bytes(20_000, 3072, 1000) == 8 * (4 * 10**8 + 6 * 10**7 + 6 * 3072 * 1000)
    assert primal_bytes(924) == 48 * 924**2


def test_bilinear_forms_that_do_not_fit_are_refused() -> None:
    tokens, form = da.zeros((23, 6, 5)), torch.zeros(2, 5, 5)
    with pytest.raises(PosteriorError, match=r"forms of layer 1 have shape \(H, 5, 5\), not \(5, 5\)"):
        path_input_blocks(tokens, form, "mean")
    with pytest.raises(PosteriorError, match=r"forms of layer 2 have shape \(H, 5, 5\), not \(2, 4, 4\)"):
        path_input_blocks(tokens, [form, torch.zeros(2, 4, 4)], "mean")
    with pytest.raises(PosteriorError, match="bilinear forms of at least one layer"):
        path_input_blocks(tokens, [], "mean")
    with pytest.raises(PosteriorError, match="not this Tensor: `path_inputs` takes those in memory"):
        path_input_blocks(torch.zeros(23, 6, 5), [form], "mean")


@pytest.mark.parametrize("shape", [WIDE, TALL], ids=["kernels", "sums"])
def test_lazy_tests_and_labels_in_a_list_are_taken(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, labels = examples(shape)
    lazy = da.from_array(inputs.numpy(), chunks=7)
    posed, U = streamed_problem(lazy, labels.tolist(), 0.2, NETWORK, 16), positive_definite(1)[0]
    found, expected = predict(posed, U, lazy, chunk=8), predict(posed, U, inputs)
    torch.testing.assert_close(found.mean, expected.mean, rtol=0, atol=0)
    torch.testing.assert_close(found.variance, expected.variance, rtol=0, atol=0)
    monkeypatch.setattr("widthscope.path_theory.memory_limit.available_bytes", lambda: 100)
    with pytest.raises(PosteriorError, match="which streamed training examples need at once, would take"):
        predict(posed, U, lazy)
