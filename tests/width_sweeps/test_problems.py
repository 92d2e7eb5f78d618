"""What is learnt: standardised as the notes say, and the same at every call."""

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.datasets import digits
from widthscope.width_sweeps import problems
from widthscope.width_sweeps.problems import ProblemError, digits_problem, quadratic_problem


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return digits.prepare({}, tmp_path_factory.mktemp("digits"))


def test_digits_are_centred_by_pixel_with_unit_rms_and_centred_targets(images):
    problem = digits_problem(images)
    assert problem.train_x.shape == (1000, 64)
    assert problem.test_x.shape == (797, 64)
    every = torch.cat([problem.train_x, problem.test_x])
    torch.testing.assert_close(every.mean(dim=0), torch.zeros(64, dtype=torch.float64), rtol=0, atol=1e-12)
    assert every.square().mean().item() == pytest.approx(1.0)
    assert sorted(set(problem.train_y.unique().tolist())) == pytest.approx([-0.1, 0.9])
    assert torch.equal(problem.train_y.argmax(dim=1), problem.train_labels)


def test_blocks_of_images_have_the_moments_of_all(images, monkeypatch):
    whole = digits_problem(images, train=200, test=100)
    pixels = images["image"].values.reshape(1797, 64).astype(float)
    centred = pixels - pixels.mean(axis=0)
    every = {tuple(row) for row in (centred / np.sqrt(np.square(centred).mean())).round(9)}
    assert {tuple(row) for row in whole.train_x.numpy().round(9)} <= every
    monkeypatch.setattr(problems, "BLOCK", 100)
    blocks = digits_problem(images, train=200, test=100)
    torch.testing.assert_close(blocks.train_x, whole.train_x, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(blocks.test_x, whole.test_x, rtol=1e-12, atol=1e-12)


def test_no_image_is_in_both_parts_and_the_split_is_the_same_at_every_call(images):
    problem, again = digits_problem(images, train=200), digits_problem(images, train=200, test=100)
    assert torch.equal(problem.train_x, again.train_x)
    assert torch.equal(problem.test_x[:100], again.test_x)
    learnt = {tuple(row) for row in problem.train_x.tolist()}
    assert not learnt & {tuple(row) for row in problem.test_x.tolist()}
    other = digits_problem(images, train=200, purpose=("other",))
    assert not torch.equal(problem.train_x, other.train_x)
    assert problem.digest() != other.digest()
    assert problem.digest() == digits_problem(images, train=200).digest()


def test_a_dataset_with_a_test_set_is_split_by_it():
    rng = np.random.default_rng(0)
    tested = np.arange(30) % 3 == 0
    dataset = xr.Dataset(
        {
            "image": (
                ("sample", "channel", "row", "col"),
                rng.integers(0, 255, (30, 3, 2, 2), dtype=np.uint8),
            ),
            "label": ("sample", (np.arange(30) % 4).astype(np.uint8)),
            "test": ("sample", tested),
        }
    )
    problem = digits_problem(dataset, train=20)
    assert problem.inputs == 12
    assert problem.outputs == 4
    pixels = dataset["image"].values.reshape(30, -1).astype(float)
    standard = pixels - pixels.mean(axis=0)
    standard /= np.sqrt(np.square(standard).mean())
    wanted = {tuple(row) for row in standard[tested].round(9)}
    assert {tuple(row) for row in problem.test_x.numpy().round(9)} == wanted
    with pytest.raises(ProblemError, match="21 images to train on and 10 to test on"):
        digits_problem(dataset, train=21)


def test_quadratic_targets_are_squares_along_orthonormal_directions():
    problem = quadratic_problem(train=4000)
    assert problem.train_labels is None
    x, y = problem.train_x, problem.train_y
    assert y.mean(dim=0).abs().max() < 0.1
    torch.testing.assert_close(y.var(dim=0), torch.ones(2, dtype=torch.float64), rtol=0.2, atol=0)
    # sqrt(2) y_c + 1 = x^T P_c x with P_c a projection of rank 1: found by least squares, it is one
    quadratic = torch.einsum("ni,nj->nij", x[:1500], x[:1500]).flatten(1)
    for target in y[:1500].T:
        form = torch.linalg.lstsq(quadratic, (2**0.5 * target + 1)[:, None], driver="gelsd").solution.reshape(
            32, 32
        )
        projection = (form + form.T) / 2
        torch.testing.assert_close(projection @ projection, projection, rtol=0, atol=1e-8)
        assert projection.trace().item() == pytest.approx(1.0)
    again = quadratic_problem(train=100)
    assert torch.equal(again.train_x, x[:100])
    assert torch.equal(again.test_y, problem.test_y)
    with pytest.raises(ProblemError, match="33 orthonormal directions do not fit into 32"):
        quadratic_problem(outputs=33)
