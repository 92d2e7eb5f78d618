"""The density against a mixture of Gaussians written out, integrals, samples; and what does not change it."""

import math

import pytest
import torch
from tests.boltzmann.machines import drawn_machine

from widthscope.boltzmann import gaussian_bernoulli, mixture
from widthscope.boltzmann.mixture import Machine, VisibleError


def written_out(machine: Machine, visible: torch.Tensor) -> torch.Tensor:
    """log p by one Gaussian after the other, for one machine."""
    logs = []
    for w, log_weight in zip(machine.weights, mixture.log_mixing_weights(machine), strict=True):
        normal = torch.distributions.MultivariateNormal(
            machine.visible_bias + w, torch.eye(machine.visible_units, dtype=torch.float64)
        )
        logs.append(log_weight + normal.log_prob(visible))
    return torch.logsumexp(torch.stack(logs), dim=0)


def test_the_density_is_that_of_the_mixture_for_machines_in_any_batch():
    machine = drawn_machine(2, 3, 5, 4)
    visible = torch.randn(2, 3, 9, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = mixture.log_density(machine, visible)
    shared = mixture.log_density(machine, visible[0, 0])
    for i in range(2):
        for j in range(3):
            one = Machine(*(tensor[i, j] for tensor in machine))
            assert found[i, j] == pytest.approx(written_out(one, visible[i, j]), abs=1e-12)
            assert shared[i, j] == pytest.approx(written_out(one, visible[0, 0]), abs=1e-12)


def test_the_density_integrates_to_one_with_the_mean_and_covariance_stated():
    machine = drawn_machine(3, 2)
    line = torch.arange(-14, 14, 0.25, dtype=torch.float64)
    points = torch.cartesian_prod(line, line)
    weight = mixture.log_density(machine, points).exp() * 0.25**2
    assert weight.sum() == pytest.approx(1.0, abs=1e-12)
    mean = weight @ points
    assert mean == pytest.approx(mixture.mean(machine), abs=1e-12)
    centred = points - mean
    assert (centred * weight[:, None]).mT @ centred == pytest.approx(mixture.covariance(machine), abs=1e-11)


def test_one_component_is_a_gaussian():
    machine = drawn_machine(1, 6)
    visible = torch.zeros(1, 6, dtype=torch.float64)
    centre = machine.visible_bias + machine.weights[0]
    expected = -0.5 * centre.square().sum() - 3 * math.log(2 * math.pi)
    assert mixture.log_density(machine, visible)[0] == pytest.approx(expected)
    assert torch.equal(mixture.covariance(machine), torch.eye(6, dtype=torch.float64))
    assert mixture.mixing_weights(machine) == pytest.approx(1.0)


def test_redundant_changes_of_the_parameters_leave_the_density():
    machine = drawn_machine(4, 3)
    visible = torch.randn(8, 3, dtype=torch.float64)
    expected = mixture.log_density(machine, visible)
    shift = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    raised = machine._replace(hidden_bias=machine.hidden_bias + 7)
    moved = machine._replace(weights=machine.weights - shift, visible_bias=machine.visible_bias + shift)
    for same in (raised, moved):
        assert mixture.log_density(same, visible) == pytest.approx(expected, abs=1e-12)
        assert mixture.responsibilities(same, visible) == pytest.approx(
            mixture.responsibilities(machine, visible), abs=1e-12
        )


def test_without_biases_the_norms_decide_the_weights():
    machine = Machine.without_biases(torch.tensor([[[2.0, 0.0], [0.0, 1.0]]]))
    assert mixture.mixing_weights(machine)[0, 0] == pytest.approx(1 / (1 + math.exp(-1.5)))
    again = Machine.of({"weights": machine.weights})
    assert torch.equal(again.visible_bias, torch.zeros(1, 2))
    assert torch.equal(again.hidden_bias, torch.zeros(1, 2))


def test_samples_have_the_moments_and_the_components_of_the_machine():
    machine = drawn_machine(2, 3, 4)
    generator = torch.Generator().manual_seed(3)
    samples = mixture.sample(machine, 40_000, generator)
    spread = mixture.covariance(machine).diagonal(dim1=-2, dim2=-1).sqrt() / 200
    assert ((samples.mean(-2) - mixture.mean(machine)).abs() < 5 * spread).all()
    share = mixture.responsibilities(machine, samples).mean(-2)
    assert share == pytest.approx(mixture.mixing_weights(machine), abs=5 * 0.5 / 200)


def test_means_over_chunks_and_single_precision_are_the_same():
    machine = drawn_machine(3, 7, 5)
    visible = torch.randn(3, 23, 5, dtype=torch.float64)
    expected = -mixture.log_density(machine, visible).mean(-1)
    assert mixture.mean_negative_log_likelihood(machine, visible, 4) == pytest.approx(expected)
    single = Machine(*(tensor.float() for tensor in machine))
    assert mixture.mean_negative_log_likelihood(single, visible.float()).dtype == torch.float32
    assert mixture.mean_negative_log_likelihood(single, visible.float()) == pytest.approx(expected, rel=1e-4)
    assert single.double().weights.dtype == torch.float64


def test_large_norms_neither_overflow_nor_vanish():
    machine = Machine.without_biases(40.0 * torch.eye(3))
    visible = 40.0 * torch.eye(3)
    expected = -1.5 * math.log(2 * math.pi) - math.log(3)
    assert mixture.log_density(machine, visible) == pytest.approx(expected, abs=1e-3)


def refused(**changes: torch.Tensor) -> str:
    """What is said of visible vectors for two machines of three components and four visible units."""
    for module in (mixture, gaussian_bernoulli):
        with pytest.raises(VisibleError) as told:
            module.mean_negative_log_likelihood(drawn_machine(2, 3, 4), changes["visible"])
    return str(told.value)


def test_visible_vectors_without_a_likelihood_are_refused_in_a_sentence():
    fine = torch.zeros(2, 5, 4, dtype=torch.float64)
    assert "shape (4,), allowed: (..., P, 4)" in refused(visible=fine[0, 0])
    assert "shape (2, 5, 3), allowed: (..., P, 4)" in refused(visible=fine[..., :3])
    assert "shape (2, 0, 4), allowed: (..., P, 4)" in refused(visible=fine[:, :0])
    assert "shape (3, 5, 4), allowed for machines of leading dimensions (2,)" in refused(
        visible=fine[:1].repeat(3, 1, 1)
    )
    assert "dtype torch.float32, allowed: that of the machine's weights, torch.float64" in refused(
        visible=fine.float()
    )
    holed = fine.clone()
    holed[0, 1, 2], holed[1, 0, 0] = math.nan, math.inf
    assert "2 of 40 entries of the visible vectors are not finite" in refused(visible=holed)
    for allowed in (fine, fine[:1], fine[0], fine[None].repeat(6, 1, 1, 1)):
        assert mixture.mean_negative_log_likelihood(drawn_machine(2, 3, 4), allowed).isfinite().all()


def test_a_machine_that_diverged_has_the_likelihood_nan():
    machine = drawn_machine(2, 3, 4)
    machine.weights[1] = math.nan
    found = mixture.mean_negative_log_likelihood(machine, torch.zeros(5, 4, dtype=torch.float64))
    assert found.isnan().tolist() == [False, True]
