"""Penalties against their formulas by singular values and by explicit matrices, in float64."""

import pytest
import torch

from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import stacked
from widthscope.models.recurrence import penalties
from widthscope.models.recurrence.initial import initial
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import iterate

MEMBERS, WIDTH, HEADS = 3, 12, 3


def drawn(rule=None, heads=HEADS, biases=False):
    generator = torch.Generator().manual_seed(0)
    found = stacked(
        [initial(rule or Rule(), generator, WIDTH, heads, projection_biases=biases) for _ in range(MEMBERS)],
        dtype=torch.float64,
    )
    for name in found:
        if name.endswith("_bias"):
            found[name] = torch.randn(found[name].shape, generator=generator, dtype=torch.float64)
    return found


def spectral_by_singular_values(parameters):
    total = torch.zeros(MEMBERS, dtype=torch.float64)
    for name in penalties.WEIGHTS:
        if name in parameters:
            largest = torch.linalg.matrix_norm(parameters[name].flatten(1, 2), ord=2)
            total = total + (largest**2 - 1) ** 2
        if f"{name}_bias" in parameters:
            total = total + parameters[f"{name}_bias"].flatten(1).norm(dim=1) ** 4
    return total


def gradients(function, parameters, names):
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    function(leaves).sum().backward()
    return [leaves[name].grad for name in names]


@pytest.mark.parametrize("rule", [Rule(), Rule(weights="symmetric"), Rule(model="akorn")])
@pytest.mark.parametrize("biases", [False, True])
def test_spectral_penalty_and_its_gradient_are_those_of_the_norms(rule, biases):
    parameters = drawn(rule, biases=biases)
    expected = spectral_by_singular_values(parameters)
    torch.testing.assert_close(penalties.spectral(parameters), expected, rtol=1e-12, atol=0)
    names = [name for name in parameters if name.removesuffix("_bias") in penalties.WEIGHTS]
    ours = gradients(penalties.spectral, parameters, names)
    for found, wanted in zip(ours, gradients(spectral_by_singular_values, parameters, names), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)


def test_spectral_penalty_is_zero_for_orthogonal_weights_alone():
    parameters = drawn()
    parameters["output_bias"] = torch.zeros_like(parameters["output_bias"])
    for name in penalties.WEIGHTS:
        shape = parameters[name].shape
        parameters[name] = torch.linalg.qr(parameters[name].flatten(1, 2))[0].reshape(shape)
    torch.testing.assert_close(
        penalties.spectral(parameters), torch.zeros(MEMBERS, dtype=torch.float64), atol=1e-24, rtol=0
    )


def test_carried_vectors_become_the_exact_ones():
    parameters = drawn()
    exact = penalties.spectral(parameters)
    generator = torch.Generator().manual_seed(1)
    vectors = {
        name: torch.randn(MEMBERS, WIDTH, generator=generator, dtype=torch.float64)
        for name in penalties.first_vectors(parameters)
    }
    before = penalties.spectral(parameters, penalties.advanced_vectors(parameters, vectors))
    for _ in range(2000):
        vectors = penalties.advanced_vectors(parameters, vectors)
    torch.testing.assert_close(penalties.spectral(parameters, vectors), exact, rtol=1e-9, atol=0)
    assert ((before - exact).abs() > 1e-3).all()
    started = penalties.spectral(parameters, penalties.first_vectors(parameters))
    torch.testing.assert_close(started, exact, rtol=1e-12, atol=0)


def test_a_vector_that_is_annihilated_stays():
    zero = {"query": torch.zeros(1, 1, 2, 3)}
    vectors = {"query": torch.tensor([[0.0, 1.0, 0.0]])}
    assert torch.equal(penalties.advanced_vectors(zero, vectors)["query"], vectors["query"])


def test_energy_penalties_are_distances_of_explicit_matrices():
    parameters = drawn()
    multi, single = penalties.energy_multi(parameters), penalties.energy_single(parameters)
    for member in range(MEMBERS):
        terms, A_all, B_all = [], 0, 0
        for head in range(HEADS):
            Q, K, V, out = (parameters[name][member, head] for name in penalties.WEIGHTS)
            A, B = Q.T @ K, V.T @ out
            terms.append(torch.linalg.matrix_norm(B - (A + A.T) / 2) ** 2)
            A_all, B_all = A_all + A, B_all + B
        torch.testing.assert_close(multi[member], sum(terms))
        torch.testing.assert_close(
            single[member], torch.linalg.matrix_norm(B_all - (A_all + A_all.T) / 2) ** 2
        )


def test_one_head_has_one_energy_penalty():
    parameters = drawn(heads=1)
    torch.testing.assert_close(penalties.energy_multi(parameters), penalties.energy_single(parameters))


def test_hard_weights_meet_the_condition_and_run():
    parameters = drawn()
    hard = penalties.hard_weights(parameters)
    torch.testing.assert_close(
        penalties.energy_multi(hard), torch.zeros(MEMBERS, dtype=torch.float64), atol=1e-24, rtol=0
    )
    assert (penalties.energy_multi(parameters) > 1).all()
    state = torch.randn(MEMBERS, 2, 4, WIDTH, dtype=torch.float64)
    found = iterate(Rule(norm="none"), hard, state, state, 1)
    A = parameters["query"].mT @ parameters["key"]
    scores = torch.einsum("mbsd,mhde,mbte->mbhst", state, A, state) / (WIDTH // HEADS) ** 0.5
    values = torch.einsum("mhde,mbtd->mbhte", (A + A.mT) / 2, state)
    expected = (scores.softmax(-1) @ values).sum(dim=2) + parameters["output_bias"][:, None, None]
    torch.testing.assert_close(found, 2 * state + expected)


def test_orthogonal_weights_stay_orthogonal_whatever_the_turn():
    parameters = penalties.orthogonal_start(drawn())
    one = torch.eye(WIDTH, dtype=torch.float64)
    start = penalties.orthogonal_weights(parameters)
    assert torch.equal(start["value"], parameters["value"])
    assert not [name for name in start if name.endswith("_turn")]
    for name in ("value", "output"):
        parameters[f"{name}_turn"] = 10 * torch.randn(MEMBERS, WIDTH, WIDTH, dtype=torch.float64)
    turned = penalties.orthogonal_weights(parameters)
    for name in ("value", "output"):
        W = turned[name].flatten(1, 2)
        torch.testing.assert_close(W @ W.mT, one.expand(MEMBERS, -1, -1), atol=1e-12, rtol=0)
        assert not torch.allclose(turned[name], parameters[name], atol=0.1)
    assert torch.equal(turned["query"], parameters["query"])


@pytest.mark.parametrize("name", penalties.PENALTIES)
def test_gradients_do_not_depend_on_the_members_beside(name):
    rule = Rule()

    def run(members):
        parameters = stacked([initial(rule, g, 16, 4) for g in members.generators("weights")])
        if name.startswith("energy"):
            parameters = penalties.orthogonal_start(parameters)
            parameters["value_turn"] += 0.1 * parameters["query"].flatten(1, 2)
        leaves = {key: value.clone().requires_grad_() for key, value in parameters.items()}
        weights = penalties.orthogonal_weights(leaves) if name.startswith("energy") else leaves
        found = penalties.PENALTIES[name](weights)
        names = [key for key in leaves if key not in ("gain", "step")]
        grads = torch.autograd.grad(found.sum(), [leaves[key] for key in names], materialize_grads=True)
        return {"penalty": found.detach(), **dict(zip(names, grads, strict=True))}

    members = Members.grid(seed=range(7))
    assert not dependent_on_company(run, members, groups=(2, 3))
