import dask.array as da
import numpy as np
import pytest
import torch
from tests.path_theory.tasks import F64, UNEQUAL, gaussian_paths, posed, positive

from widthscope.errors import PosteriorError
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.prediction import gaussian_process_prediction, predict


@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("chunk", [2, 1000])
def test_predictor_is_a_conditional_gaussian(batch, chunk):
    """Against the joint covariance of labels and tests, conditioned by its inverse (Schur complement)."""
    task = posed(UNEQUAL, 8)
    tests, _ = gaussian_paths((2, 3), 5, 10, seed=9)
    U = positive(6, batch=batch)
    xi = torch.cat((task.inputs, tests))
    joint = 1.3 / 6 * torch.einsum("...ab,mai,nbi->...mn", U, xi, xi) / 10
    joint[..., :8, :8] += 0.1 * torch.eye(8, dtype=F64)
    precision = torch.linalg.inv(joint)
    covariance = torch.linalg.inv(precision[..., 8:, 8:])
    mean = -(covariance @ precision[..., 8:, :8]) @ task.labels
    found = predict(task, U, tests, chunk)
    torch.testing.assert_close(found.mean, mean, rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(found.variance, covariance.diagonal(dim1=-2, dim2=-1), rtol=1e-8, atol=1e-9)


def test_training_labels_are_met_exactly_at_temperature_zero():
    task = posed(Network.equal((2,), 10), 8, 5, temperature=0.0)
    found = predict(task, positive(2), task.inputs)
    torch.testing.assert_close(found.mean, task.labels, rtol=1e-9, atol=1e-9)
    assert found.variance.min() >= 0
    assert found.variance.max() < 1e-10


def test_infinite_width_is_ridge_regression_on_the_path_inputs():
    task = posed(Network((2, 3), (4, 4, 4), UNEQUAL.variances), 30)
    tests, _ = gaussian_paths((2, 3), 5, 10, seed=9)
    prior = 1.3 * 0.7 * 1.5 * 0.9 / (6 * 10)
    features = task.inputs.flatten(1)
    weights = torch.linalg.solve(
        features.T @ features + 0.1 / prior * torch.eye(60, dtype=F64), features.T @ task.labels
    )
    found = gaussian_process_prediction(task, tests)
    torch.testing.assert_close(found.mean, tests.flatten(1) @ weights, rtol=1e-9, atol=1e-9)


def test_tests_that_do_not_fit_are_refused():
    task = posed(UNEQUAL, 8)
    with pytest.raises(PosteriorError, match=r"shape \(tests, 6, 10\), not \(5, 6, 9\)"):
        predict(task, positive(6), torch.zeros(5, 6, 9))
    with pytest.raises(PosteriorError, match="not positive definite"):
        predict(task, -positive(6), torch.zeros(5, 6, 10))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_or_do_not_fit_are_refused(wrong):
    task, tests, U = posed(UNEQUAL, 8), torch.zeros(5, 6, 10, dtype=F64), positive(6)
    with pytest.raises(PosteriorError, match=r"order parameters have shape \(..., 6, 6\), not \(4, 4\)"):
        predict(task, positive(4), tests)
    tests[3, 0, 0] = wrong
    with pytest.raises(PosteriorError, match="path inputs of test example 3 are not all finite"):
        predict(task, U, tests)
    U[0, 0] = wrong
    with pytest.raises(PosteriorError, match="order parameters are not all finite"):
        predict(task, U, torch.zeros(5, 6, 10))


@pytest.mark.parametrize("form", [torch.Tensor.numpy, torch.Tensor.tolist, torch.Tensor.requires_grad_])
def test_arrays_and_lists_are_taken(form):
    task, U = posed(UNEQUAL, 8), positive(6)
    tests, _ = gaussian_paths((2, 3), 5, 10, seed=9)
    expected, infinite = predict(task, U, tests), gaussian_process_prediction(task, tests)
    found = predict(task, form(U.clone()), form(tests.clone()))
    torch.testing.assert_close(found.mean, expected.mean, rtol=0, atol=0)
    torch.testing.assert_close(found.variance, expected.variance, rtol=0, atol=0)
    assert not found.mean.requires_grad
    again = gaussian_process_prediction(task, form(tests.clone()))
    torch.testing.assert_close(again.mean, infinite.mean, rtol=0, atol=0)


def test_float32_order_parameters_are_converted():
    task, U = posed(UNEQUAL, 8), positive(6).float()
    found, expected = predict(task, U, task.inputs), predict(task, U.double(), task.inputs)
    torch.testing.assert_close(found.mean, expected.mean, rtol=0, atol=0)


@pytest.mark.parametrize("examples", [8, 80])  # kernels, and sums over examples
def test_tests_in_a_dask_array_are_read_a_chunk_at_a_time(examples):
    task, U = posed(UNEQUAL, examples), positive(6)
    tests, _ = gaussian_paths((2, 3), 11, 10, seed=9)
    lazy = da.from_array(tests.numpy(), chunks=(4, 2, 10))
    found, expected = predict(task, U, lazy, chunk=5), predict(task, U, tests, chunk=5)
    torch.testing.assert_close(found.mean, expected.mean, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(found.variance, expected.variance, rtol=1e-12, atol=1e-13)
    broken = tests.numpy().copy()
    broken[7, 1, 1] = np.nan
    with pytest.raises(PosteriorError, match="path inputs of test example 7 are not all finite"):
        predict(task, U, da.from_array(broken), chunk=5)


def test_what_is_no_order_parameter_or_no_test_is_refused():
    task, tests = posed(UNEQUAL, 8), torch.ones(5, 6, 10)
    solution = minimise(task)
    for whole in (solution, solution.order):
        with pytest.raises(PosteriorError, match=r"are a matrix U, .* say `solution.path_weights`"):
            predict(task, whole, tests)
    with pytest.raises(PosteriorError, match=r"shape \(..., 6, 6\), not \(3, 3\)"):
        predict(task, np.eye(3), tests)
    tilted = positive(6)
    tilted[0, 1] += 0.25
    with pytest.raises(PosteriorError, match=r"differ from their transposes by 0\.25"):
        predict(task, torch.stack([positive(6), tilted]), tests)
    for empty in (tests[:0], np.empty((0, 6, 10))):
        with pytest.raises(PosteriorError, match="the test inputs hold no example"):
            gaussian_process_prediction(task, empty)
    with pytest.raises(PosteriorError, match=r"test inputs are a tensor, a NumPy array or lists .* this str"):
        predict(task, positive(6), "tests")
