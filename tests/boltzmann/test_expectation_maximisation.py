"""Expectation maximisation against scikit-learn's, against loops, and where it must end."""

import math

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from widthscope.boltzmann.expectation_maximisation import (
    Mixture,
    expect,
    fit,
    machine_of,
    maximise,
    on_examples,
)
from widthscope.boltzmann.training import attend, likelihood_gradients


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def clusters(count=3, each=40, visible=4, seed=5):
    centres = 3 * drawn(count, visible, seed=seed)
    return (centres[:, None] + drawn(count, each, visible, seed=seed + 1)).reshape(-1, visible)


def of_sklearn(mixture):
    """Scikit-learn's mixture with unit covariances, which it would not keep when fitted."""
    count = len(mixture.means)
    model = GaussianMixture(count, covariance_type="spherical")
    model.weights_, model.means_ = mixture.log_mixing.exp().numpy(), mixture.means.numpy()
    model.covariances_ = model.precisions_cholesky_ = np.ones(count)
    return model


def test_densities_and_responsibilities_are_those_of_scikit_learn():
    examples = clusters()
    mixture = Mixture(2 * drawn(5, 4), drawn(5, seed=3).log_softmax(0))
    loss, responsibilities = expect(mixture, examples)
    model = of_sklearn(mixture)
    assert float(loss) == pytest.approx(-model.score(examples.numpy()), rel=1e-13)
    np.testing.assert_allclose(responsibilities, model.predict_proba(examples.numpy()), atol=1e-13)


def test_ten_steps_are_those_of_scikit_learn_with_its_covariances_held():
    examples = clusters()
    start = on_examples(torch.Generator().manual_seed(2), 4, examples)
    model = of_sklearn(start)
    for _ in range(10):
        shares = model.predict_proba(examples.numpy())
        model.weights_ = shares.mean(0)
        model.means_ = shares.T @ examples.numpy() / shares.sum(0)[:, None]
    found = fit(start, examples, 10, tolerance=-math.inf)
    np.testing.assert_allclose(found.mixture.means, model.means_, atol=1e-11)
    np.testing.assert_allclose(found.mixture.log_mixing.exp(), model.weights_, atol=1e-12)
    assert found.iterations == 10


def test_mixtures_that_are_fitted_at_once_do_not_mix():
    several = torch.stack([clusters(seed=seed) for seed in (5, 8)])
    starts = [on_examples(torch.Generator().manual_seed(k), 3, several[k]) for k in range(2)]
    start = Mixture(*(torch.stack([getattr(s, name) for s in starts]) for name in ("means", "log_mixing")))
    together = fit(start, several, 25, tolerance=-math.inf)
    for place in range(2):
        alone = fit(starts[place], several[place], 25, tolerance=-math.inf)
        torch.testing.assert_close(together.mixture.means[place], alone.mixture.means, rtol=1e-12, atol=0.0)
        torch.testing.assert_close(together.losses[place], alone.losses)


def test_the_loss_never_rises_and_its_gradient_vanishes_at_the_end():
    examples = clusters()
    mixture = on_examples(torch.Generator().manual_seed(4), 3, examples)
    losses = []
    for _ in range(30):
        loss, responsibilities = expect(mixture, examples)
        losses.append(float(loss))
        mixture = maximise(responsibilities, examples, mixture.means)
    assert max(np.diff(losses)) <= 1e-13
    found = fit(mixture, examples, 2000, tolerance=1e-14)
    assert bool(found.converged)
    machine = {name: value[None] for name, value in machine_of(found.mixture).items()}
    losses, gradients = likelihood_gradients(machine, examples[None])
    assert float(losses[0]) == pytest.approx(float(found.losses), abs=1e-12)
    assert max(float(value.abs().max()) for value in gradients.values()) < 1e-5


def test_one_component_is_the_mean_after_one_step():
    examples = clusters()
    found = fit(on_examples(torch.Generator(), 1, examples), examples, 1)
    torch.testing.assert_close(found.mixture.means[0], examples.mean(0))
    variance = float((examples - examples.mean(0)).square().sum(1).mean())
    assert float(found.losses) == pytest.approx(2 * math.log(2 * math.pi) + variance / 2)


def test_a_component_that_is_responsible_for_nothing_keeps_its_mean():
    examples = clusters()
    far = torch.full((1, 4), 1e3, dtype=torch.float64)
    start = Mixture(torch.cat([examples[:1], far]), torch.full((2,), -math.log(2.0), dtype=torch.float64))
    found = fit(start, examples, 5)
    torch.testing.assert_close(found.mixture.means[1:], far)
    assert float(found.mixture.log_mixing[1]) == -math.inf
    assert math.isfinite(float(found.losses))
    machine = {name: value[None] for name, value in machine_of(found.mixture).items()}
    assert float(attend(machine, examples[None]).losses[0]) == pytest.approx(float(found.losses))


def test_impossible_requests_are_refused():
    examples = clusters()
    with pytest.raises(ValueError, match="200 components"):
        on_examples(torch.Generator(), 200, examples)
    with pytest.raises(ValueError, match="iterations 0"):
        fit(on_examples(torch.Generator(), 2, examples), examples, 0)
