"""Student proposals: their law against SciPy's, and the moments that they take over from a pilot."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_t

from widthscope.posteriors.collapsed.proposal import Student, adapted

PLACE = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
ROOT = torch.tensor([[2.0, 0.0, 0.0], [-1.0, 0.5, 0.0], [0.3, 0.2, 1.5]], dtype=torch.float64)
LAW = Student(PLACE, ROOT)


def test_draws_have_the_law_s_moments_and_density():
    z = LAW.draws(2**14, ("test",))
    assert z.mean(0).numpy() == pytest.approx(PLACE.numpy(), abs=0.01)
    assert torch.cov(z.mT).numpy() == pytest.approx(8 / 6 * (ROOT @ ROOT.mT).numpy(), abs=0.15)
    law = multivariate_t(PLACE.numpy(), (ROOT @ ROOT.mT).numpy(), df=8)
    expected = law.logpdf(z[:20].numpy()) - law.logpdf(PLACE.numpy())
    assert LAW.log_density(z[:20]).numpy() == pytest.approx(expected, abs=1e-12)


def test_the_tails_get_lighter_where_there_are_many_dimensions():
    wide = Student(torch.zeros(50, dtype=torch.float64), torch.eye(50, dtype=torch.float64))
    assert (LAW.degrees, wide.degrees) == (8.0, 25.0)


def test_a_pilot_with_many_draws_hands_over_the_target_s_moments():
    centre = torch.tensor([0.5, 0.3, -0.2], dtype=torch.float64)
    root = 0.8 * ROOT
    z = LAW.draws(2**13, ("test",))
    steps = torch.linalg.solve_triangular(root, (z - PLACE - centre).mT, upper=False).mT
    found = adapted(LAW, z, -steps.square().sum(1) / 2 - LAW.log_density(z))
    assert found.place.numpy() == pytest.approx((PLACE + centre).numpy(), abs=0.02)
    covariance = 8 / 6 * found.root @ found.root.mT
    assert covariance.numpy() == pytest.approx((root @ root.mT).numpy(), abs=0.05)
    assert torch.equal(found.root, found.root.tril())


def test_a_pilot_that_rests_on_one_draw_changes_little():
    z = LAW.draws(256, ("test",))
    log_weights = torch.full((256,), -60.0, dtype=torch.float64)
    log_weights[7] = 0.0
    found = adapted(LAW, z, log_weights)
    steps = LAW.standard(z)
    assert LAW.standard(found.place[None])[0].numpy() == pytest.approx((steps[7] / 4).numpy(), abs=1e-9)
    kept = torch.linalg.solve_triangular(LAW.root, found.root, upper=False)
    assert (kept @ kept.mT).diagonal().min() > 0.85
    assert np.isfinite(found.root.numpy()).all()
