"""Chains that agree pass, chains that do not are reported as such."""

import numpy as np
import pytest

from widthscope.errors import PosteriorError
from widthscope.posteriors.weights.diagnostics import convergence, gated


def test_independent_draws_converge_and_shifted_or_sticky_chains_do_not() -> None:
    generator = np.random.default_rng(0)
    independent = generator.standard_normal((4, 300))
    shifted = independent + np.arange(4)[:, None]
    sticky = np.repeat(generator.standard_normal((4, 30)), 10, axis=1)
    found = convergence(np.stack([independent, shifted, sticky]))
    assert found.converged().tolist() == [True, False, False]
    assert found.r_hat[0] < 1.01
    assert found.r_hat[1] > 1.3
    assert 800 < found.bulk[0] < 1700
    assert found.bulk[2] < 200


def test_too_few_effective_draws_decide_nothing() -> None:
    found = convergence(np.random.default_rng(1).standard_normal((2, 60)))
    assert found.r_hat < 1.05
    assert not found.converged()
    assert found.converged(smallest_size=20)


def test_what_has_not_converged_is_not_a_number() -> None:
    values = np.ones((2, 3, 4))
    found = gated(values, [True, False])
    assert (found[0] == 1).all()
    assert np.isnan(found[1]).all()


def test_one_chain_is_no_evidence() -> None:
    with pytest.raises(PosteriorError, match="2 chains of 4 draws at least, not by 1 of 100"):
        convergence(np.zeros((1, 100)))
