"""Layers coupled to their limit by token law: what the coupling saves, and its means."""

import pytest
import torch

from widthscope.attention.gram import TOKEN_LAWS
from widthscope.attention.sampling import (
    characteristic_change,
    characteristic_function,
    sample_finite,
    sample_limit,
)
from widthscope.attention.softmax_moments import finite_moments, softmax_moments
from widthscope.attention.token_laws import finite_roots
from widthscope.streams import torch_generator
from widthscope.studies.limit_law.coupling import coupled_to_limit
from widthscope.studies.limit_law.frequencies import joint_frequencies


def pair(law, width, draws, heads=2, tokens=4, head_dim=0, name="pair"):
    generator = torch_generator("test", name, law, width)
    head_dim = width if head_dim == 0 else head_dim
    return coupled_to_limit(law, heads, tokens, width, head_dim, draws, generator)


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
    change = characteristic_change(characteristic_function(one.limit, w), one.first_order, w)
    for values in (one.first_order.flatten(1), change):
        z = values.mean(0) / (values.std(0) / len(values) ** 0.5)
        assert z.abs().max() < 4.5


@pytest.mark.parametrize(("law", "head_dim"), [("fixed", 256), ("clip", 256), ("clip", None)])
def test_the_first_order_takes_most_of_the_noise(law, head_dim):
    w = torch.from_numpy(joint_frequencies(16, 4))
    one = pair(law, 256, 10_000, head_dim=head_dim, name="noise")
    limit = characteristic_function(one.limit, w)
    plain = characteristic_function(one.finite, w) - limit
    reduced = plain - characteristic_change(limit, one.first_order, w)
    assert (reduced.var(dim=0) < 0.5 * plain.var(dim=0)).all()
    assert reduced.var(dim=0).sum() < 0.05 * plain.var(dim=0).sum()


def test_coupled_layers_have_the_law_of_separate_samplers():
    w = torch.from_numpy(joint_frequencies(8, 4))
    draws = 20_000
    one = coupled_to_limit("clip", 2, 4, 32, 24, draws, torch_generator("test", "together"))
    g = torch_generator("test", "apart")
    roots = finite_roots("clip", 4, 32, draws, g)
    finite = sample_finite(roots, 2, 24, 24, draws, 0, g).covariance_given_values
    limit = sample_limit(torch.eye(4).double(), 2, draws, 0, g).covariance
    for ours, theirs in ((one.finite, finite), (one.limit, limit)):
        a, b = (characteristic_function(covariance, w) for covariance in (ours, theirs))
        error = ((a.var(dim=0) + b.var(dim=0)) / draws).sqrt()
        assert ((a.mean(dim=0) - b.mean(dim=0)).abs() <= 4.5 * error).all()


def test_nothing_differs_at_infinite_sizes():
    for law in ("fixed", "clip", "relu"):
        one = coupled_to_limit(law, 2, 4, None, None, 50, torch_generator("test", "infinite", law))
        torch.testing.assert_close(one.finite, one.limit)
        assert not one.first_order.any()


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
    one = pair("fixed", 16, 20_000, heads=3, name="variance")
    diagonal = one.finite.diagonal(dim1=1, dim2=2).mean(1)
    z = (diagonal.mean() - finite_moments(1.0, 0.0, 4, 16).mean) / (diagonal.std() / 20_000**0.5)
    assert abs(z) < 4.5
