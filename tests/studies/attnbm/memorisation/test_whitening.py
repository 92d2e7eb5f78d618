"""Whitening across images, against its definition and at its degenerate case."""

import numpy as np
import torch

from widthscope.studies.attnbm.memorisation.whitening import across_images


def images(count: int, pixels: int, offset: float = 0.0) -> torch.Tensor:
    drawn = torch.rand(count, pixels, generator=torch.Generator().manual_seed(count), dtype=torch.float64)
    return drawn + offset


def test_centred_images_become_orthogonal_with_equal_norms():
    centred = images(5, 20)
    centred = centred - centred.mean(1, keepdim=True)
    gram = across_images(centred) @ across_images(centred).T
    assert torch.allclose(gram, torch.diag(gram.diagonal()), atol=1e-9)
    assert torch.allclose(gram.diagonal(), gram.diagonal().mean().expand(5), atol=1e-9)


def test_the_script_centres_in_the_covariance_alone():
    given = images(5, 20, offset=0.3)
    values, vectors = np.linalg.eigh(np.cov(given.numpy()))
    brute = vectors @ np.diag(values**-0.5) @ vectors.T @ given.numpy()
    assert np.allclose(across_images(given), brute / brute.std(), atol=1e-9)


def test_the_squared_norm_is_the_number_of_pixels_on_average():
    whitened = across_images(images(6, 30))
    mean = float(whitened.mean())
    assert abs(float(whitened.square().sum(1).mean()) - 30 * (1 + mean**2)) < 1e-9
