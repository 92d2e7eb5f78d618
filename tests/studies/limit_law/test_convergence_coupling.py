"""The coupled layers and their first-order change, against the plain coupling, numerical derivatives and
exact means."""

import numpy as np
import pytest
import torch

from widthscope.attention.gram import TOKEN_LAWS
from widthscope.attention.sampling import characteristic_function, coupled
from widthscope.attention.softmax_moments import softmax_moments
from widthscope.attention.token_laws import finite_roots, limit_root
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.convergence.coupling import _root_change, coupled_covariances
from widthscope.studies.limit_law.frequencies import joint_frequencies


def pair(law, width, draws, heads=2, tokens=4, name="pair"):
    generator = torch_generator("test", name, law, width)
    return coupled_covariances(law, heads, tokens, width, draws, generator, dtype=torch.float64)


@pytest.mark.parametrize("law", TOKEN_LAWS)
def test_layers_are_those_of_the_plain_coupling(law):
    """The same random numbers in the same order: the extra term changes neither layer."""
    gram = np.eye(3) if law == "fixed" else None
    generator = torch_generator("test", "order", law)
    roots = finite_roots(law, 3, 12, 50, generator, gram=gram)
    finite, limit = coupled(roots, limit_root(law, 3, gram), 2, 12, 12, 50, generator)
    ours = coupled_covariances(law, 2, 3, 12, 50, torch_generator("test", "order", law), dtype=torch.float64)
    torch.testing.assert_close(ours.finite, finite)
    torch.testing.assert_close(ours.limit, limit)


@pytest.mark.parametrize("law", TOKEN_LAWS)
def test_remainder_is_of_second_order(law):
    """From n = 256 to 4096 the difference shrinks by 4, what the first order leaves of it by 16."""
    sizes = []
    for width in (256, 4096):
        one = pair(law, width, 400)
        difference = one.finite - one.limit
        sizes.append((difference.std(), (difference - one.first_order).std()))
    (plain, rest), (later_plain, later_rest) = sizes
    assert plain / later_plain == pytest.approx(4, rel=0.15)
    assert rest / later_rest == pytest.approx(16, rel=0.25)
    assert later_rest < 0.05 * later_plain


@pytest.mark.parametrize("law", TOKEN_LAWS)
def test_first_order_has_mean_zero(law):
    """Also after multiplication with the limit's characteristic function, which is what is subtracted."""
    one = pair(law, 16, 40_000, name="mean")
    w = torch.from_numpy(joint_frequencies(16, 4))
    quadratic = (w.mT @ w).flatten(1).mT
    change = -0.5 * (one.first_order.flatten(1) @ quadratic) * characteristic_function(one.limit, w)
    for values in (one.first_order.flatten(1), change):
        z = values.mean(0) / (values.std(0) / len(values) ** 0.5)
        assert z.abs().max() < 4.5


def test_root_change_is_the_derivative_of_a_cholesky_root():
    generator = torch_generator("test", "cholesky")
    factor = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    limit = torch.linalg.cholesky(factor @ factor.mT + torch.eye(4, dtype=torch.float64))
    direction = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    step = 1e-6 * (direction + direction.mT)
    gram = limit @ limit.mT
    change = _root_change(torch.linalg.cholesky(gram + step)[None], limit)[0]
    central = (torch.linalg.cholesky(gram + step) - torch.linalg.cholesky(gram - step)) / 2
    torch.testing.assert_close(change, central, rtol=1e-5, atol=1e-11)


def test_limit_layers_have_the_exact_mean_covariance():
    one = pair("fixed", 32, 20_000, heads=1)
    z = (one.limit - torch.full((4, 4), 0.25, dtype=torch.float64)).mean(0) / (one.limit.std(0) / 20_000**0.5)
    off_diagonal = ~torch.eye(4, dtype=torch.bool)
    assert z[off_diagonal].abs().max() < 4.5
    diagonal = one.limit.diagonal(dim1=1, dim2=2)
    z = (diagonal.mean(0) - softmax_moments(4, 1.0).m2) / (diagonal.std(0) / 20_000**0.5)
    assert z.abs().max() < 4.5


def test_finite_layers_have_the_exact_mean_output_variance():
    """With clip tokens the scores of a row are a scale mixture in the token norms as well; fixed tokens are
    exact."""
    from widthscope.attention.softmax_moments import finite_moments

    one = pair("fixed", 16, 20_000, heads=3, name="variance")
    diagonal = one.finite.diagonal(dim1=1, dim2=2).mean(1)
    z = (diagonal.mean() - finite_moments(1.0, 0.0, 4, 16).mean) / (diagonal.std() / 20_000**0.5)
    assert abs(z) < 4.5
