"""Cases, wrong ways and comparisons against brute force; from small states to verdicts and a figure."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.models.recurrence.update import iterate, update
from widthscope.statistics.claims import judge
from widthscope.studies.jacobian_dynamics.algorithms import comparison, experiment, figures, fit, plan, wrong
from widthscope.studies.jacobian_dynamics.algorithms.cases import HORIZON, KINDS, MODELS, case, trained
from widthscope.studies.jacobian_dynamics.algorithms.claims import CLAIMS
from widthscope.studies.jacobian_dynamics.algorithms.settings import Algorithms
from widthscope.work import Work

SETTINGS = Algorithms(tokens=4, states=2, training=3)
OWN = {**SETTINGS.model_dump(mode="json"), "seed": 3}


@pytest.fixture(scope="module")
def stored():
    (shard,) = plan.shards(SETTINGS, seed=3)
    return {shard.name: xr.DataTree(experiment.run(shard.settings, {}, Work()))}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_the_claims_hold_and_every_control_is_refuted(tree):
    for verdict in judge("jacobian_dynamics", "2505.19458", CLAIMS, tree):
        assert verdict.verdict == "supported", (verdict.id, verdict.reason)
        for test in verdict.tests:
            assert test.control is None or test.control.verdict == "refuted", (verdict.id, test.name)


def test_every_judged_test_has_a_control(tree):
    for claim in CLAIMS:
        for test in claim.judged:
            assert f"/claims/{claim.name}/{test.name}/control" in tree.groups


def test_every_model_and_kind_is_compared(tree):
    for claim, test in (("algo-analytic", "dense"), ("algo-arnoldi", "arpack")):
        names = tree[f"/claims/{claim}/{test}/measured"]["component"].values
        assert len(names) == len(MODELS) * len(KINDS)


def test_what_does_not_converge_is_not_measured_and_never_supports(stored):
    table = stored["algorithms"].to_dataset().copy(deep=True)
    table["arnoldi"][2, 1, 0] = np.nan
    found = xr.DataTree.from_dict(fit.fit({"algorithms": xr.DataTree(table)}, {}))
    verdicts = {one.id: one.verdict for one in judge("jacobian_dynamics", "2505.19458", CLAIMS, found)}
    assert verdicts["jacobian_dynamics/algo-arnoldi"] == "undecided"
    assert verdicts["jacobian_dynamics/algo-analytic"] == "supported"


def test_a_wrong_closed_form_is_refuted(stored):
    table = stored["algorithms"].to_dataset().copy(deep=True)
    table["dense"][1] = table["no_projector"][1]
    found = xr.DataTree.from_dict(fit.fit({"algorithms": xr.DataTree(table)}, {}))
    verdict = judge("jacobian_dynamics", "2505.19458", CLAIMS, found)[0]
    assert verdict.verdict == "refuted"


@pytest.mark.parametrize("model", MODELS)
def test_autograd_is_the_difference_of_the_update(model):
    one = case(model, "random", OWN)
    J = one.by_autograd().jacobian(one.flat)
    tangent, h = one.tangents[:, 0], 1e-6

    def step(flat):
        return update(one.rule, one.parameters, flat.reshape(one.state.shape), one.drive).flatten(1)

    change = (step(one.flat + h * tangent) - step(one.flat - h * tangent)) / (2 * h)
    assert torch.allclose(change, (J @ tangent[..., None])[..., 0], atol=1e-7)


@pytest.mark.parametrize("model", ["unit", "rms"])
def test_left_out_parts_are_all_that_is_wrong(model):
    """Queries of zero leave attention uniform, so that softmax has no derivative to leave out."""
    one = case(model, "random", OWN)
    apart = comparison.of_matrices(wrong.without_softmax(one), one.by_autograd().jacobian(one.flat))
    assert float(apart.min()) > 1e-3
    parameters = {**one.parameters, "query": torch.zeros_like(one.parameters["query"])}
    uniform = replace(one, parameters=parameters)
    exact = uniform.by_autograd().jacobian(uniform.flat)
    assert comparison.of_matrices(wrong.without_softmax(uniform), exact).max() < 1e-13
    assert comparison.of_matrices(wrong.without_projector(uniform), exact).min() > 1e-2


def test_parts_are_left_out_of_models_that_have_them_only():
    with pytest.raises(ValueError, match="itrsa"):
        wrong.without_projector(case("oscillators of 4", "random", OWN))
    with pytest.raises(ValueError, match="free weights"):
        wrong.without_softmax(case("symmetric, unit", "random", OWN))


def test_power_iteration_finds_real_leading_eigenvalues_and_no_pairs():
    turn = torch.tensor([[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    stretch = torch.diag(torch.tensor([3.0, 1.0, -2.0], dtype=torch.float64))
    start = torch.tensor([[1.0, 0.5, 0.2]] * 2, dtype=torch.float64)
    found = wrong.power_iteration(torch.stack([turn, stretch]), start)
    assert float(found[1]) == pytest.approx(3.0)
    assert abs(complex(found[0]) - 2j) > 1


def test_eigenvalues_are_compared_after_matching_and_by_their_radius():
    every = torch.tensor([[3.0, 1 + 1j, 1 - 1j, 0.1]], dtype=torch.complex128)
    order = torch.tensor([[1 - 1j, 3.0]], dtype=torch.complex128)
    assert float(comparison.of_eigenvalues(order, every)) == pytest.approx(0)
    missed = torch.tensor([[1 + 1j, 1 - 1j]], dtype=torch.complex128)  # each is there, and the largest is not
    assert float(comparison.of_eigenvalues(missed, every)) == pytest.approx((3 - 2**0.5) / 3)
    failed = torch.full((1, 2), torch.nan, dtype=torch.complex128)
    assert torch.isnan(comparison.of_eigenvalues(failed, every)).all()


def test_training_lowers_the_loss_and_members_do_not_mix():
    both = case("rms", "random", OWN)
    target = torch.roll(both.state, 1, dims=2)
    after = trained(both.rule, both.parameters, both.state, both.drive, target, 5)

    def loss(parameters):
        ends = iterate(both.rule, parameters, both.state, both.drive, HORIZON)
        return (ends - target).square().sum((1, 2, 3))

    assert (loss(after) < loss(both.parameters)).all()
    first = {name: values[:1] for name, values in both.parameters.items()}
    alone = trained(both.rule, first, both.state[:1], both.drive[:1], target[:1], 5)
    for name, values in alone.items():
        assert torch.allclose(values[0], after[name][0], atol=1e-10), name


def test_settled_states_have_been_iterated_and_differ_from_random_ones():
    one = case("rms", "settled", OWN)
    assert update(one.rule, one.parameters, one.state, one.drive).isfinite().all()
    assert not torch.allclose(one.state, case("rms", "random", OWN).state)


def test_one_more_state_changes_no_other():
    few, more = case("unit", "random", {**OWN, "states": 1}), case("unit", "random", OWN)
    assert torch.equal(few.state[0], more.state[0])
    assert torch.equal(few.parameters["value"][0], more.parameters["value"][0])


def test_the_figure_shows_every_way(tree):
    drawing = figures.draw(tree)["algorithms"]
    assert {claim.figure for claim in CLAIMS} == {"algorithms"}
    assert "nan" not in drawing.caption + drawing.alt


@pytest.mark.parametrize("algorithms", [{"heads": 3}, {"tokens": 3}, {"width": 18}, {"leading": 17}])
def test_what_makes_no_sense_is_refused(algorithms):
    with pytest.raises(ConfigError, match=r"algorithms"):
        load({"run": "a", "studies": {"jacobian_dynamics": {"algorithms": algorithms}}}, "config.yaml")
