"""What treatments do to weights in training, against the penalties themselves."""

import pytest
import torch

from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.optimisers import SGD, Adam
from widthscope.ensembles.parameters import stacked
from widthscope.models.recurrence import penalties
from widthscope.models.recurrence.initial import initial
from widthscope.models.recurrence.rule import Rule
from widthscope.studies.jacobian_dynamics.digits.treatments import TREATMENTS, Carried

WIDTH, HEADS = 8, 2


def drawn(treatment, members=3):
    generator = torch.Generator().manual_seed(0)
    each = [TREATMENTS[treatment].start(initial(Rule(), generator, WIDTH, HEADS)) for _ in range(members)]
    return stacked(each, dtype=torch.float64)


def batch_of(strength):
    return {"strength": torch.tensor(strength, dtype=torch.float64)}


@pytest.mark.parametrize("name", [name for name, each in TREATMENTS.items() if each.penalty])
def test_descent_on_a_penalty_alone_lowers_it(name):
    treatment, parameters = TREATMENTS[name], drawn(name)

    def loss(values, batch):
        return batch["strength"] * treatment.penalty(treatment.weights(values), batch)

    step = GradientStep(loss, Adam(dict.fromkeys(treatment.moved(parameters), 0.02)))
    state, strength = step.start(parameters), batch_of([1.0, 0.0, 3.0])
    now = parameters
    for k in range(100):
        now, state, _ = step(now, state, strength, k)
    before, after = (treatment.penalty(treatment.weights(values), strength) for values in (parameters, now))
    assert (after[[0, 2]] < 0.3 * before[[0, 2]]).all()
    assert after[1] == before[1]


def test_orthogonal_weights_stay_so_and_hard_ones_follow_queries_and_keys():
    treatment, parameters = TREATMENTS["orthogonal"], drawn("orthogonal")
    assert set(treatment.moved(parameters)) == set(parameters) - {"value", "output"}
    parameters["value_turn"] = torch.randn_like(parameters["value_turn"])
    W = treatment.weights(parameters)["value"].flatten(1, 2)
    torch.testing.assert_close(W @ W.mT, torch.eye(WIDTH, dtype=torch.float64).expand(3, -1, -1))
    hard = drawn("hard")
    assert "value" not in hard
    assert torch.equal(TREATMENTS["hard"].weights(hard)["value"], torch.cat([hard["query"], hard["key"]], -2))
    assert TREATMENTS["none"].weights(hard) is hard


def test_a_carried_vector_follows_the_weights():
    treatment, parameters = TREATMENTS["spectral"], drawn("spectral")
    seen = []

    def loss(values, batch):
        seen.append({name: value.detach() for name, value in batch.items()})
        return treatment.penalty(values, batch)

    step = Carried(GradientStep(loss, SGD(1e-3)))
    state = step.start(parameters)
    exact = penalties.spectral(parameters)
    for k in range(200):
        before = parameters
        parameters, state, losses = step(parameters, state, batch_of([1.0] * 3), k)
        # A vector that lags behind sees less of sigma_max, never more.
        assert (losses < penalties.spectral(before) * (1 + 1e-12)).all()
        if k == 0:
            torch.testing.assert_close(losses, exact, rtol=1e-12, atol=0)
    assert (penalties.spectral(parameters) < 0.2 * exact).all()
    assert {"top_query", "top_key", "top_value", "top_output"} <= seen[0].keys()
    assert state["vectors"]["query"].shape == (3, WIDTH)
