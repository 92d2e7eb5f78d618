"""Exact identities: the experiments' own steps, from small runs to verdicts, and what is refused."""

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted
from tests.studies.stored import results_of

from widthscope.boltzmann.harmonium import LAGRANGIANS
from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.attnbm.identities import (
    bernoulli,
    experiments,
    figures,
    fit,
    gradients,
    harmoniums,
    machines,
    plan,
    retrieval,
    scores,
    settings,
)
from widthscope.studies.attnbm.identities.claims import CLAIMS
from widthscope.studies.attnbm.identities.settings import (
    Bernoulli,
    Density,
    Gradient,
    Harmoniums,
    Identities,
    Retrieval,
    Scores,
)
from widthscope.work import Work

SETTINGS = Identities(
    density=Density(sizes=((2, 3), (10, 7)), machines=2, examples=10, spins=5),
    gradient=Gradient(machines=60, samples=1000),
    scores=Scores(machines=1, noises=(1.0, 0.5)),
    bernoulli=Bernoulli(machines=2),
    harmoniums=Harmoniums(seeds=16, chains=6000, sweeps=15),
    retrieval=Retrieval(machines=1, patterns=20, starts=20, steps=10),
)


@pytest.fixture(scope="module")
def stored(small_digits):
    return results_of(plan.shards(SETTINGS, seed=3), experiments.run, {"digits": small_digits})


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def components(tree, claim, test):
    for verdict in judge("attnbm", "2212.04692", CLAIMS, tree):
        if verdict.id == f"attnbm/{claim}":
            return next(one for one in verdict.tests if one.name == test)
    raise AssertionError(claim)


def test_every_control_is_refuted_and_nothing_else_is(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert_only_controls_are_refuted("attnbm", "2212.04692", CLAIMS, tree)


def test_every_component_of_every_control_is_refuted(tree):
    for verdict in judge("attnbm", "2212.04692", CLAIMS, tree):
        for test in verdict.tests:
            many = len(test.control.components)
            assert test.control.reason.startswith(f"{many} of {many} "), (verdict.id, test.control.reason)


def test_all_is_supported_at_these_sizes(tree):
    verdicts = judge("attnbm", "2212.04692", CLAIMS, tree)
    assert {one.id: one.verdict for one in verdicts if one.verdict != "supported"} == {}


def test_a_deviation_above_its_tolerance_refutes(stored):
    broken = {name: one.copy(deep=True) for name, one in stored.items()}
    broken["identities"]["bernoulli"]["deviation"][0, 1] = 1e-9
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    verdicts = {one.id: one.verdict for one in judge("attnbm", "2212.04692", CLAIMS, found)}
    assert verdicts.pop("attnbm/gbrbm-identity") == "refuted"
    assert set(verdicts.values()) == {"supported"}


def test_a_deviation_that_is_not_a_number_leaves_its_claim_open(stored):
    broken = {name: one.copy(deep=True) for name, one in stored.items()}
    broken["identities"]["scores"]["deviation"][0, 0, 0] = np.nan
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    verdicts = {one.id: one.verdict for one in judge("attnbm", "2212.04692", CLAIMS, found)}
    assert verdicts["attnbm/dsm-equals-dae"] == "undecided"


def test_machines_do_not_depend_on_their_company(small_digits):
    own = {**SETTINGS.density.model_dump(mode="json"), "seed": 3}
    alone = experiments.EXPERIMENTS["density"]({**own, "machines": 1, "sizes": [[2, 3]]}, {}, Work())
    both = experiments.EXPERIMENTS["density"](own, {}, Work())
    for name in ("wrong_mixture", "wrong_special"):
        assert np.array_equal(alone[name].values.ravel(), both[name].values[0].ravel()[: alone[name].size])
    own = {**SETTINGS.harmoniums.model_dump(mode="json"), "seed": 3}
    one = harmoniums.run({**own, "seeds": 1}, {}, Work())
    two = harmoniums.run({**own, "seeds": 2}, {}, Work())
    assert np.array_equal(one["chi_squared"], two["chi_squared"][:, :1])


def test_drawn_machines_have_no_parameter_that_is_zero():
    machine = machines.drawn(("attnbm", "test"), 4, 3)
    assert all((tensor != 0).all() for tensor in machine)
    assert machines.PLANE == settings.PLANE


def test_finite_differences_find_the_gradient_and_the_way_to_it():
    machine = machines.stacked([machines.drawn(("attnbm", "test", m), 3, 2) for m in range(2)])
    rows = torch.randn(2, 6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    slope = gradients.flat(gradients.by_differentiation(machine, rows))
    assert gradients.differences(machine, rows, 1e-4, True) == pytest.approx(slope, abs=1e-7)
    assert gradients.differences(machine, rows, 1e-4, False) == pytest.approx(slope, abs=1e-3)


def test_integrals_do_not_depend_on_the_grid():
    machine = machines.drawn(("attnbm", "test"), 4, 2)
    clean = torch.randn(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for noise in (1.0, 0.5):
        right, finer = (scores.objectives(machine, clean, noise, step) for step in (None, 0.06))
        for ours, theirs in zip(vars(right).values(), vars(finer).values(), strict=True):
            assert float(ours) == pytest.approx(float(theirs), rel=1e-12)


def test_layers_of_a_harmonium_are_independent_unless_they_are_coupled():
    one = harmoniums.drawn_harmonium(("attnbm", "test"), "quartic", 3, 61)
    assert one.lagrangian is LAGRANGIANS["quartic"]
    assert torch.allclose(one.weights.norm(dim=1), torch.tensor(harmoniums.NORM, dtype=torch.float64))
    assert harmoniums.dependence(one, 0.0) < 1e-13
    assert harmoniums.dependence(one, 0.1) > 1e-3


def test_one_hot_states_are_summed_and_blocks_hold_a_unit_without_weights():
    machine = machines.drawn(("attnbm", "test"), 3, 2)
    visible = torch.zeros(1, 2, dtype=torch.float64)
    expected = 0.5 * machine.visible_bias.square().sum() - torch.logsumexp(machine.hidden_bias, 0)
    assert float(bernoulli.one_hot_energy(machine, visible)[0]) == pytest.approx(float(expected))
    blocks = bernoulli.in_blocks(machine)
    assert blocks.hidden_units == 6
    assert (blocks.weights[::2] == 0).all()
    assert torch.equal(blocks.weights[1::2], machine.weights)


def test_stored_digits_have_equal_weights_and_are_recalled(small_digits, stored):
    own = {**SETTINGS.retrieval.model_dump(mode="json"), "seed": 3}
    memory, side = retrieval.digits_memory(small_digits, own)
    assert side == 8
    weights = torch.softmax(
        0.5 * memory.weights.square().sum(1) + memory.weights @ memory.visible_bias + memory.hidden_bias, 0
    )
    assert weights == pytest.approx(torch.full((20,), 1 / 20, dtype=torch.float64), abs=1e-13)
    table = stored["identities"]["retrieval"].to_dataset()
    distance = np.square(table["image"] - table["stored"]).mean(("row", "col"))
    assert (distance.isel(stage=-1) < distance.isel(stage=0)).all()


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_the_plan_shares_out_what_costs_much_and_the_fit_joins_it(stored, tree):
    assert [shard.name for shard in plan.shards(Identities(), 0)] == ["identities"]
    large = Identities(gradient=Gradient(machines=1000, samples=500_000))
    shards = plan.shards(large, 0)
    assert [shard.name for shard in shards] == [f"identities-{name}" for name in plan.PARTS]
    assert [shard.datasets for shard in shards] == [()] * 5 + [("digits",)]
    parts = {
        f"identities-{name}": xr.DataTree.from_dict({name: stored["identities"][name].to_dataset()})
        for name in plan.PARTS
    }
    for path, table in fit.fit(parts, {}).items():
        xr.testing.assert_identical(table, fit.fit(stored, {})[path])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"density": {"sizes": [[3, 4]]}}, "2 visible units"),
        ({"density": {"sizes": [[2, 30]], "powers": [6]}}, "30 hidden units with power 6 make 1623160"),
        ({"density": {"sizes": [[2, 16384]], "powers": [1]}}, "make 16384 components, at most 2000"),
        ({"gradient": {"samples": 100}}, "samples"),
        ({"scores": {"noises": [1.0]}}, "differ from 1"),
        ({"harmoniums": {"visible": 8}}, "at least 25600"),
        ({"bernoulli": {"hidden": 17}}, "16"),
        ({"retrieval": {"patterns": 1798}}, "1797"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, said):
    with pytest.raises(ConfigError, match=said):
        load({"run": "a", "studies": {"attnbm": {"identities": wrong}}}, "config.yaml")
