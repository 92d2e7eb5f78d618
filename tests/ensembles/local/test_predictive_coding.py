import pytest
import torch
from tests.ensembles.local.small_network import (
    SIZES,
    WEIGHTS,
    batch_of,
    case,
    company,
    largest_difference,
    weights_of,
)

from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.local.inference import LocalRuleError, energy_weights
from widthscope.ensembles.local.predictive_coding import Inference, PredictiveCoding, gradients
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.training import train
from widthscope.models.mlp import gradients as bp_gradients
from widthscope.models.mlp import initial, layer_names
from widthscope.progress import quiet
from widthscope.work import Work

INFERENCES = ("si", "si_fpa", "eq")


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
@pytest.mark.parametrize("last", [1.0, 2.5, 0.01])
def test_fixed_predictions_give_back_propagation(activation, last):
    parameters, batch, _ = case(activation)
    weights = energy_weights(4, last)
    found = gradients(parameters, batch["x"], batch["y"], activation, weights, Inference("si_fpa"))
    bp = bp_gradients(parameters, batch["x"], batch["y"], activation)
    assert largest_difference(found.values, {n: last * g for n, g in bp.values.items()}) < 1e-12
    assert torch.equal(found.losses, bp.losses)


@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_single_shot_of_three_layers_by_hand(alpha):
    sizes, last = (5, 7, 6, 3), 2.5
    parameters, batch = weights_of(sizes), batch_of(sizes)
    found = gradients(
        parameters, batch["x"], batch["y"], "tanh", energy_weights(3, last), Inference("si", alpha)
    ).values
    for member in range(3):
        w1, w2, w3 = (parameters[f"W{layer}"][member] for layer in (1, 2, 3))
        totals = {"W1": 0.0, "W2": 0.0, "W3": 0.0}
        for x, y in zip(batch["x"][member], batch["y"][member], strict=True):
            h1 = w1 @ x
            h2 = w2 @ h1.tanh()
            f = w3 @ h2.tanh()
            u2 = h2 + alpha * last * (1 - h2.tanh() ** 2) * (w3.T @ (y - f))
            u1 = h1 + alpha * (1 - h1.tanh() ** 2) * (w2.T @ (u2 - h2))
            totals["W3"] -= last * torch.outer(y - w3 @ u2.tanh(), u2.tanh()) / 4
            totals["W2"] -= torch.outer(u2 - w2 @ u1.tanh(), u1.tanh()) / 4
            totals["W1"] -= torch.outer(u1 - h1, x) / 4
        assert largest_difference({n: g[member] for n, g in found.items()}, totals) < 1e-14


def test_first_layer_of_a_single_shot_is_back_propagation_and_the_hidden_one_is_not():
    parameters, batch, _ = case("tanh")
    found = gradients(parameters, batch["x"], batch["y"], "tanh", energy_weights(4), Inference("si")).values
    bp = bp_gradients(parameters, batch["x"], batch["y"], "tanh").values
    assert largest_difference(found["W1"], bp["W1"]) < 1e-14
    for name in ("W2", "W3"):
        assert float((found[name] - bp[name]).norm() / bp[name].norm()) > 0.2


def test_weights_of_inner_layers_enter():
    parameters, batch, passed = case("identity")
    assert passed.outputs.shape == (3, 4, 3)
    eq = gradients(parameters, batch["x"], batch["y"], "identity", WEIGHTS, Inference("eq", 0.1, sweeps=4000))
    closed = gradients(parameters, batch["x"], batch["y"], "identity", WEIGHTS, Inference("linear"))
    assert largest_difference(eq.values, closed.values) < 1e-11


@pytest.mark.parametrize("kind", INFERENCES)
def test_a_step_goes_along_the_gradient_at_each_members_own_rate(kind):
    parameters, batch, _ = case("tanh")
    last = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    rates = {n: torch.tensor([0.1, 0.0, 0.3], dtype=torch.float64) for n in layer_names(4)}
    rates["W2"] = 0.05
    del rates["W3"]
    before = {n: v.clone() for n, v in parameters.items()}
    step = PredictiveCoding("tanh", rates, last, kind, sweeps=30)
    new, state, losses = step(parameters, step.start(parameters), batch, 0)
    expected = gradients(
        parameters, batch["x"], batch["y"], "tanh", energy_weights(4, last), Inference(kind, sweeps=30)
    )
    assert state == {}
    assert torch.equal(losses, expected.losses)
    for name in ("W1", "W4"):
        moved = before[name] - rates[name][:, None, None] * expected.values[name]
        assert largest_difference(new[name], moved) < 1e-14
        assert torch.equal(new[name][1], before[name][1])
    assert largest_difference(new["W2"], before["W2"] - 0.05 * expected.values["W2"]) < 1e-14
    assert torch.equal(new["W3"], before["W3"])
    assert all(torch.equal(parameters[n], before[n]) for n in before)


def training(members, kind="si", steps=6, rate=0.2, sizes=(5, 9, 9, 3), work=None, **options):
    parameters = stacked([initial(g, sizes) for g in members.generators("weights")])
    data = batch_of(sizes, members=1, samples=7, dtype=torch.float32)
    if isinstance(rate, float):
        rate = torch.full((len(members),), rate)
    step = PredictiveCoding("tanh", dict.fromkeys(layer_names(3), rate), 1.0, kind, sweeps=25, tolerance=1e-3)

    def batches(_):
        return {name: values.expand(len(members), -1, -1) for name, values in data.items()}

    return train(members, parameters, step, batches, steps, work=work, **options)


@pytest.mark.parametrize("kind", INFERENCES)
def test_members_do_not_depend_on_their_company(kind):
    assert (
        dependent_on_company(lambda members: training(members, kind).parameters, company(), (1, 2, 3)) == []
    )


def test_training_learns():
    for kind in INFERENCES:
        loss = training(company(), kind, steps=60).history["loss"]
        assert (loss[:, -1] < 0.5 * loss[:, 0]).all()


def test_resumed_training_has_the_same_bits(tmp_path):
    class StopError(Exception):
        pass

    def stopped(iterable, total=None, description=""):
        for step in quiet(iterable):
            if step == 3:
                raise StopError
            yield step

    with pytest.raises(StopError):
        training(company(), "eq", work=Work(progress=stopped, unfinished=tmp_path), save_seconds=0)
    resumed = training(company(), "eq", work=Work(unfinished=tmp_path))
    whole = training(company(), "eq")
    assert all(torch.equal(resumed.parameters[n], whole.parameters[n]) for n in whole.parameters)
    assert resumed.history.identical(whole.history)


def test_divergence_is_data_and_leaves_the_others_alone():
    rate = torch.tensor([0.2, 1e30, 0.2, 0.2])
    wild = training(company(), "si", rate=rate)
    calm = training(company(), "si")
    assert wild.diverged_at.tolist()[1] in (0, 1)
    assert [wild.diverged_at.tolist()[place] for place in (0, 2, 3)] == [-1, -1, -1]
    for name, values in wild.parameters.items():
        assert torch.equal(values[[0, 2, 3]], calm.parameters[name][[0, 2, 3]])
        assert values.isfinite().all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(LocalRuleError, match="inference 'sequential' is unknown; there are si, si_fpa, eq"):
        PredictiveCoding("tanh", {}, inference="sequential")
    parameters, batch, _ = case("tanh")
    with pytest.raises(LocalRuleError, match="needs the activation identity, not 'tanh'"):
        gradients(
            parameters, batch["x"], batch["y"], "tanh", energy_weights(len(SIZES) - 1), Inference("linear")
        )
