import numpy as np
import pytest
import torch
from tests.ensembles.local.small_network import SIZES, case, generator, largest_difference

from widthscope.ensembles.local.feedback import (
    FeedbackLearning,
    Noise,
    alignment,
    initial_feedback,
    pretrained,
    readout_through,
    reconstruction_errors,
    ridge_feedback,
)
from widthscope.ensembles.parameters import stacked

KEYS = [("feedback", 0), ("feedback", 1), ("feedback", 0)]


def with_feedback(parameters, sizes=SIZES, dtype=torch.float64):
    maps = [initial_feedback(generator(10 + member), sizes) for member in range(3)]
    return parameters | stacked(maps, dtype=dtype)


def test_initial_maps_have_the_variance_of_their_inputs():
    maps = initial_feedback(generator(0), (5, 400, 300, 3))
    assert {name: tuple(value.shape) for name, value in maps.items()} == {"Q2": (400, 300), "Q3": (300, 3)}
    assert float(maps["Q2"].square().mean()) == pytest.approx(1 / 300, rel=0.02)
    assert float(maps["Q3"].square().mean()) == pytest.approx(1 / 3, rel=0.2)


def test_noise_is_a_function_of_stream_and_step():
    noise, like = Noise(KEYS, 0.5), [torch.zeros(3, 4, 6), torch.zeros(3, 4, 2)]
    first, again, later = noise(7, like), noise(7, like), noise(8, like)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, later, strict=True))
    assert torch.equal(first[0][0], first[0][2])
    assert not torch.equal(first[0][0], first[0][1])
    alone = Noise(KEYS[1:2], 0.5)(7, [torch.zeros(2, 4, 6), torch.zeros(2, 4, 2)])
    assert torch.equal(alone[1][0], first[1][1])
    assert torch.equal(alone[1][1], first[1][1])
    double = Noise(KEYS, 0.5)(7, [like[0].double()])[0]
    assert torch.equal(double.float(), first[0])
    wide = Noise([("a",)], 0.5)(0, [torch.zeros(1, 100, 100)])[0]
    assert float(wide.square().mean().sqrt()) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("activation", ["tanh", "identity"])
def test_a_step_descends_the_reconstruction_loss(activation):
    parameters, batch, passed = case(activation)
    parameters = with_feedback(parameters)
    noise = Noise(KEYS, 0.3)
    rates = {"Q2": 0.1, "Q3": torch.tensor([0.2, 0.0, 0.4], dtype=torch.float64)}
    learning = FeedbackLearning(activation, rates, noise)
    new, state, losses = learning(parameters, {}, batch, 5)
    drawn = noise(5, passed.preactivations[:-1])
    phi = torch.tanh if activation == "tanh" else lambda h: h
    total = torch.zeros(3, dtype=torch.float64)
    for layer in (2, 3, 4):
        q = parameters[f"Q{layer}"].clone().requires_grad_()
        n = passed.preactivations[layer - 2] + drawn[layer - 2]
        z = phi(n) @ parameters[f"W{layer}"].mT
        image = z if layer == 4 else phi(z)
        missing = image @ q.mT - n
        (missing.square().sum() / 2 / 4).backward()
        total += missing.detach().square().mean(dim=(1, 2))
        rate = {2: torch.full((3,), 0.1, dtype=torch.float64), 3: rates["Q3"], 4: torch.zeros(3)}[layer]
        moved = parameters[f"Q{layer}"] - rate[:, None, None] * q.grad
        assert largest_difference(new[f"Q{layer}"], moved) < 1e-13
        assert new[f"W{layer}"] is parameters[f"W{layer}"]
    assert new["Q4"] is parameters["Q4"]
    assert state == {}
    torch.testing.assert_close(losses, total, rtol=1e-13, atol=0)


def test_pretraining_follows_the_linear_regressions_flow():
    """Without noise each step is linear: Q - Q* shrinks by (I - rate E[f f^T]), Q* being the regression."""
    sizes = (6, 4, 5, 2)
    parameters, batch, passed = case("identity", sizes, readout_scale=2.0)
    parameters = with_feedback(parameters, sizes)
    learning = FeedbackLearning("identity", {"Q3": 0.05})
    found = pretrained(parameters, learning, lambda step: batch, 300)
    for member in range(3):
        f, h = passed.outputs[member], passed.preactivations[1][member]
        best = torch.from_numpy(np.linalg.lstsq(f.numpy(), h.numpy(), rcond=None)[0].T)
        shrunk = torch.linalg.matrix_power(torch.eye(2, dtype=torch.float64) - 0.05 * f.mT @ f / 4, 300)
        expected = best + (parameters["Q3"][member] - best) @ shrunk
        assert largest_difference(found["Q3"][member], expected) < 1e-11
    assert torch.equal(found["Q2"], parameters["Q2"])
    left = reconstruction_errors(found, passed, "identity")["Q3"]
    assert (left < reconstruction_errors(parameters, passed, "identity")["Q3"]).all()


def test_a_lone_member_is_pretrained_as_in_company():
    parameters, batch, _ = case("tanh")
    parameters = with_feedback(parameters)
    rates = dict.fromkeys(("Q2", "Q3", "Q4"), 0.1)
    together = pretrained(parameters, FeedbackLearning("tanh", rates, Noise(KEYS)), lambda step: batch, 3)
    for member in range(3):
        own = {name: value[member : member + 1] for name, value in parameters.items()}
        seen = {name: value[member : member + 1] for name, value in batch.items()}
        learning = FeedbackLearning("tanh", rates, Noise(KEYS[member : member + 1]))
        alone = pretrained(own, learning, lambda step, seen=seen: seen, 3)
        assert all(torch.equal(alone[name][0], together[name][member]) for name in alone)


@pytest.mark.parametrize("ridge", [1e-3, 1.0])
def test_ridge_feedback_is_least_squares_with_extra_rows(ridge):
    g = generator(1)
    h = torch.randn(3, 20, 6, generator=g, dtype=torch.float64)
    f = torch.randn(3, 20, 4, generator=g, dtype=torch.float64)
    found = ridge_feedback(h, f, ridge)
    each = ridge_feedback(h, f, torch.tensor([ridge, 2 * ridge, ridge], dtype=torch.float64))
    for member in range(3):
        rows = np.vstack([f[member].numpy(), np.sqrt(20 * ridge) * np.eye(4)])
        right = np.vstack([h[member].numpy(), np.zeros((4, 6))])
        best = torch.from_numpy(np.linalg.lstsq(rows, right, rcond=None)[0].T)
        assert largest_difference(found[member], best) < 1e-12
    assert torch.equal(each[[0, 2]], found[[0, 2]])
    assert not torch.equal(each[1], found[1])


def test_singular_regression_is_not_a_number():
    h = torch.ones(2, 5, 3, dtype=torch.float64)
    f = torch.zeros(2, 5, 2, dtype=torch.float64)
    assert ridge_feedback(h, f, 0.0).isnan().all()
    assert (ridge_feedback(h, f, 1.0) == 0).all()


def test_alignment_and_readout():
    w = torch.randn(3, 2, 6, generator=generator(2), dtype=torch.float64)
    torch.testing.assert_close(alignment(4 * w.mT, w), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(alignment(-w.mT, w), -torch.ones(3, dtype=torch.float64))
    orthogonal = torch.linalg.svd(w, full_matrices=True).Vh[:, 2:4].mT
    assert float(alignment(orthogonal, w).abs().max()) < 1e-14
    q = torch.randn(3, 6, 2, generator=generator(3), dtype=torch.float64)
    by_hand = torch.stack([(w[m] @ q[m]).diag().mean() for m in range(3)])
    torch.testing.assert_close(readout_through(q, w), by_hand)
