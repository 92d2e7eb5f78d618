import pytest
import torch
from tests.ensembles.local.small_network import SIZES, batch_of, case, company, generator, largest_difference

from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.local.feedback import initial_feedback
from widthscope.ensembles.local.inference import LocalRuleError
from widthscope.ensembles.local.target_propagation import TargetPropagation, gradients, target_errors
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.training import train
from widthscope.models.mlp import gradients as bp_gradients
from widthscope.models.mlp import initial, layer_names
from widthscope.progress import quiet
from widthscope.work import Work

KEYS = [("noise", member) for member in range(3)]


def network(activation):
    parameters, batch, passed = case(activation)
    maps = [initial_feedback(generator(10 + member), SIZES) for member in range(3)]
    return parameters | stacked(maps, dtype=torch.float64), batch, passed


@pytest.mark.parametrize("difference", [True, False])
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_updates_are_those_of_a_plain_loop(difference, beta):
    parameters, batch, _ = network("tanh")
    found = gradients(parameters, batch["x"], batch["y"], "tanh", beta, difference).values
    assert set(found) == {"W1", "W2", "W3", "W4"}
    for member in range(3):
        own = {name: value[member] for name, value in parameters.items()}
        totals = dict.fromkeys(found, 0.0)
        for x, y in zip(batch["x"][member], batch["y"][member], strict=True):
            h, before = {}, {1: x}
            for layer in range(1, 5):
                h[layer] = own[f"W{layer}"] @ before[layer]
                before[layer + 1] = h[layer].tanh()
            t = {4: h[4] + beta * (y - h[4])}
            for layer in (4, 3, 2):
                q = own[f"Q{layer}"]

                def g(z, q=q, layer=layer):
                    return q @ (z if layer == 4 else z.tanh())

                t[layer - 1] = g(t[layer])
                if difference:
                    t[layer - 1] = h[layer - 1] + t[layer - 1] - g(h[layer])
            for layer in range(1, 5):
                totals[f"W{layer}"] -= torch.outer(t[layer] - h[layer], before[layer]) / 4
        assert largest_difference({n: v[member] for n, v in found.items()}, totals) < 1e-14


def test_feedback_tied_to_the_weights_of_a_linear_network_is_back_propagation():
    parameters, batch, _ = case("identity")
    tied = parameters | {f"Q{layer}": parameters[f"W{layer}"].mT for layer in (2, 3, 4)}
    found = gradients(tied, batch["x"], batch["y"], "identity")
    bp = bp_gradients(parameters, batch["x"], batch["y"], "identity")
    assert largest_difference(found.values, bp.values) < 1e-13
    assert torch.equal(found.losses, bp.losses)


def test_no_residual_no_error_with_the_difference_only():
    parameters, _, passed = network("tanh")
    assert all((e == 0).all() for e in target_errors(parameters, passed, passed.outputs, "tanh"))
    plain = target_errors(parameters, passed, passed.outputs, "tanh", difference=False)
    assert (plain[-1] == 0).all()
    assert all(float(e.abs().max()) > 0.1 for e in plain[:-1])


def test_inverse_maps_reach_the_target_exactly():
    """A linear network of equal widths whose maps are inverses: one layer's target gives the output's."""
    sizes = (5, 5, 5)
    parameters, batch, passed = case("identity", sizes)
    parameters = parameters | {"Q2": torch.linalg.inv(parameters["W2"])}
    errors = target_errors(parameters, passed, batch["y"], "identity")
    reached = (passed.preactivations[0] + errors[0]) @ parameters["W2"].mT
    assert largest_difference(reached, batch["y"]) < 1e-11


def test_a_step_moves_the_maps_first():
    parameters, batch, passed = network("tanh")
    rates = {n: torch.tensor([0.1, 0.0, 0.3], dtype=torch.float64) for n in layer_names(4)}
    step = TargetPropagation("tanh", rates, {"Q2": 0.2, "Q3": 0.2, "Q4": 0.2}, 0.8, 0.3, streams=KEYS)
    new, state, losses = step(parameters, step.start(parameters), batch, 4)
    maps, _ = step.learning().moved(parameters, passed, 4)
    expected = gradients(maps, batch["x"], batch["y"], "tanh", 0.8)
    assert state == {}
    assert torch.equal(losses, expected.losses)
    for name, rate in rates.items():
        moved = parameters[name] - rate[:, None, None] * expected.values[name]
        assert largest_difference(new[name], moved) < 1e-14
    for name in ("Q2", "Q3", "Q4"):
        assert torch.equal(new[name], maps[name])
        assert not torch.equal(new[name], parameters[name])
    still = TargetPropagation("tanh", rates)(parameters, {}, batch, 4)[0]
    assert still["Q3"] is parameters["Q3"]


def training(members, difference=True, steps=6, rate=0.1, work=None, **options):
    sizes = (5, 9, 8, 3)
    weights, feedback = members.generators("weights"), members.generators("feedback")
    drawn = [initial(w, sizes) | initial_feedback(q, sizes) for w, q in zip(weights, feedback, strict=True)]
    data = batch_of(sizes, members=1, samples=7, dtype=torch.float32)
    if isinstance(rate, float):
        rate = torch.full((len(members),), rate)
    step = TargetPropagation(
        "tanh",
        dict.fromkeys(layer_names(3), rate),
        dict.fromkeys(("Q2", "Q3"), torch.full((len(members),), 0.05)),
        difference=difference,
        streams=members.keys("noise"),
    )

    def batches(_):
        return {name: values.expand(len(members), -1, -1) for name, values in data.items()}

    return train(members, stacked(drawn), step, batches, steps, work=work, **options)


@pytest.mark.parametrize("difference", [True, False])
def test_members_do_not_depend_on_their_company(difference):
    def run(members):
        return training(members, difference).parameters

    assert dependent_on_company(run, company(), (1, 2, 3)) == []


def test_training_learns():
    loss = training(company(), steps=150).history["loss"]
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
        training(company(), work=Work(progress=stopped, unfinished=tmp_path), save_seconds=0)
    resumed = training(company(), work=Work(unfinished=tmp_path))
    whole = training(company())
    assert all(torch.equal(resumed.parameters[n], whole.parameters[n]) for n in whole.parameters)
    assert resumed.history.identical(whole.history)


def test_divergence_is_data_and_leaves_the_others_alone():
    rate = torch.tensor([0.1, 1e38, 0.1, 0.1])
    wild, calm = training(company(), rate=rate), training(company())
    assert wild.diverged_at.tolist()[1] in (0, 1)
    assert [wild.diverged_at.tolist()[place] for place in (0, 2, 3)] == [-1, -1, -1]
    for name, values in wild.parameters.items():
        assert torch.equal(values[[0, 2, 3]], calm.parameters[name][[0, 2, 3]])
        assert values.isfinite().all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(LocalRuleError, match=r"noise 0\.1 need streams"):
        TargetPropagation("tanh", {}, {"Q2": 0.1})
    parameters, batch, _ = network("tanh")
    del parameters["Q3"]
    with pytest.raises(LocalRuleError, match="needs the feedback map Q3; there are W1, W2"):
        gradients(parameters, batch["x"], batch["y"], "tanh")
