"""Data sets, minima and predictors of the hidden Markov chains against brute force, at small sizes."""

import dataclasses

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.prediction import gaussian_process_prediction, predict
from widthscope.studies.attention_paths.hidden_markov import (
    data,
    depth,
    experiment,
    fit,
    observables,
    plan,
    solutions,
)
from widthscope.studies.attention_paths.hidden_markov.settings import Depth, HiddenMarkov
from widthscope.studies.attention_paths.hidden_markov.variants import FOUR, RESTRICTIONS, TEACHERS, TWO
from widthscope.studies.attention_paths.tasks.hidden_markov import Chains, hidden_markov
from widthscope.work import Work

SETTINGS = HiddenMarkov(
    widths=(10, 1000000),
    seeds=3,
    examples=24,
    tests=40,
    validation=30,
    temperatures=(0.01, 0.3),
    shuffles=2,
    depth=Depth(layers=(1, 2, 3), widths=(10, 1000000), seeds=3),
)


def own(name: str = FOUR, **changes) -> dict:
    (shard,) = plan.shards(SETTINGS, seed=7)
    return {**shard.settings[name], **changes}


@pytest.fixture(scope="module")
def stored() -> dict[str, xr.DataTree]:
    return {shard.name: experiment.run(shard.settings, {}, Work()) for shard in plan.shards(SETTINGS, seed=7)}


@pytest.fixture(scope="module")
def four() -> dict[str, data.DataSet]:
    return data.data_sets(FOUR, own(), 1)


@pytest.fixture(scope="module")
def two() -> data.DataSet:
    return data.data_sets(TWO, own(), 1)["all"]


def test_every_subset_sees_the_same_sequences_by_its_own_paths(four):
    whole = four["all"]
    assert torch.equal(four["good"].inputs, whole.inputs[:, [0]])
    assert torch.equal(four["good+denoising"].tests, whole.tests[:, [0, 2]])
    assert [len(part) for part in (whole.inputs, whole.tests, whole.validation)] == [24, 40, 30]
    everything = torch.cat([whole.inputs, whole.tests, whole.validation])[:, 0]
    assert len(torch.unique(everything, dim=0)) == 94


def test_the_good_path_is_that_of_both_variants_where_their_noise_is_the_same(four):
    chains = dataclasses.replace(data.CHAINS[TWO], noise=data.CHAINS[FOUR].noise)
    task = data.hidden_markov(chains, 24, 4, seed=7, data_seed=1)
    torch.testing.assert_close(task.inputs[:, 0], four["good"].inputs[:, 0], rtol=1e-5, atol=1e-5)


def test_permuted_labels_have_as_many_of_each_class(four):
    labels = four["all"].labels
    first, second = (data.permuted_labels(labels, 7, 1, shuffle) for shuffle in (0, 1))
    assert first.sum() == second.sum() == labels.sum()
    assert not torch.equal(first, second)
    assert not torch.equal(first, labels)


def test_teachers_read_the_paths_that_they_are_named_for(four):
    whole = four["all"]
    noise = torch.randn(whole.inputs.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for teacher, read in zip(TEACHERS, ([1, 3], [0, 2]), strict=True):
        right = data.teacher_labels(whole, teacher, 7, 1)
        assert right.sum() == 0
        other = noise.clone()
        other[:, read] = whole.inputs[:, read]
        blind = dataclasses.replace(whole, inputs=other)
        assert torch.equal(data.teacher_labels(blind, teacher, 7, 1), right)
        assert not torch.equal(
            data.teacher_labels(dataclasses.replace(whole, inputs=noise), teacher, 7, 1), right
        )


def test_minima_over_widths_are_those_of_a_start_from_nothing(four):
    found = solutions.over_widths(four["all"], (10, 100), 0.01)
    for width, solution in found.items():
        alone = minimise(solutions.posed(four["all"], width, 0.01))
        torch.testing.assert_close(solution.path_weights, alone.path_weights, rtol=1e-6, atol=1e-6)


def test_minima_over_temperatures_are_those_of_a_start_from_nothing(two):
    start = minimise(solutions.posed(two, 10, 0.01))
    for temperature, solution in zip(
        (0.1, 1.0), solutions.over_temperatures(two, 10, (0.1, 1.0), start), strict=True
    ):
        alone = minimise(solutions.posed(two, 10, temperature))
        torch.testing.assert_close(solution.path_weights, alone.path_weights, rtol=1e-6, atol=1e-6)


def test_means_at_many_temperatures_are_those_of_the_predictor(four):
    whole = four["all"]
    weights = minimise(solutions.posed(whole, 10, 0.01)).path_weights
    means = solutions.test_of(whole).means(weights, (0.01, 0.5))
    for place, temperature in enumerate((0.01, 0.5)):
        expected = predict(solutions.posed(whole, 10, temperature), weights, whole.tests).mean
        torch.testing.assert_close(means[place], expected, rtol=1e-9, atol=1e-9)
        right = float((expected.sign() == whole.test_labels).double().mean())
        assert solutions.test_of(whole).accuracy(weights, temperature) == right


def test_a_minimum_that_was_not_reached_has_no_accuracy(four):
    solution = dataclasses.replace(minimise(solutions.posed(four["good"], 10, 0.01)), converged=False)
    assert np.isnan(solutions.test_of(four["good"]).accuracy(solution.converged_weights, 0.01))


def test_alignments_of_a_kernel_that_is_the_labels_are_one():
    labels = torch.tensor([1.0, 1.0, -1.0, -1.0], dtype=torch.float64)

    class Outer:
        examples, paths = 4, 1

        def kernel(self, U: torch.Tensor) -> torch.Tensor:
            return U[0, 0] * torch.outer(labels, labels)

    other = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    weights = {"finite": torch.eye(1, dtype=torch.float64), "infinite": torch.full((1, 1), torch.nan)}
    cosines, overlaps = observables.alignments(Outer(), weights, [labels, other])
    assert cosines[0] == pytest.approx([1.0, 0.0], abs=1e-12)
    assert overlaps[0, :, 0] == pytest.approx([1.0, 0.0], abs=1e-12)
    assert np.isnan(cosines[1]).all()
    assert np.isnan(overlaps[1]).all()


def test_very_wide_networks_are_gaussian_processes(stored):
    for variant in (FOUR, TWO):
        table = stored["hidden-markov"][variant].to_dataset()
        assert table["gradient_norm"].max() < 1e-7
        wide = table.isel(width=-1)
        assert wide["accuracy"].values == pytest.approx(table["infinite_accuracy"].values, abs=0.026)
        eye = np.broadcast_to(np.eye(table.sizes["path"]), wide["order_parameter"].shape)
        assert wide["order_parameter"].values == pytest.approx(eye, abs=1e-3)
    deep = stored["hidden-markov"]["depth"].to_dataset()
    assert deep["finite"].isel(width=-1).values == pytest.approx(deep["infinite"].values, abs=0.026)


def test_the_stored_numbers_are_those_of_the_theory(stored, two):
    table = stored["hidden-markov"][TWO].to_dataset().sel(seed=1)
    labels = two.test_labels
    posed = solutions.posed(two, 10, 0.01)
    solution = minimise(posed)

    def accuracy(weights: torch.Tensor) -> float:
        return float((predict(posed, weights, two.tests).mean.sign() == labels).double().mean())

    infinite = gaussian_process_prediction(posed, two.tests).mean
    assert float(table["infinite_accuracy"].sel(subset="all")) == float(
        (infinite.sign() == labels).double().mean()
    )
    weights = solution.path_weights
    assert table["order_parameter"].sel(width=10).values == pytest.approx(weights.numpy(), rel=1e-6)
    assert float(table["accuracy"].sel(subset="all", width=10)) == accuracy(weights)
    sign = torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64)
    shuffled = [
        accuracy(
            minimise(
                solutions.posed(
                    solutions.with_labels(two, data.permuted_labels(two.labels, 7, 1, shuffle)), 10, 0.01
                )
            ).path_weights
        )
        for shuffle in range(2)
    ]
    expected = {
        "diagonal": accuracy(minimise(posed, diagonal=True).path_weights),
        "negated": accuracy(weights * sign),
        "shuffled": np.mean(shuffled),
    }
    rescaled = float(table["rescaled_accuracy"].sel(width=10))
    assert rescaled == accuracy(minimise(posed, scalar=True).path_weights)
    found = table["restricted_accuracy"].values
    assert found == pytest.approx([expected[name] for name in RESTRICTIONS])


def test_multiples_of_the_identity_keep_what_the_gaussian_process_ranks(four):
    restricted = minimise(solutions.posed(four["all"], 10, 0.01), scalar=True).path_weights
    torch.testing.assert_close(restricted, restricted[0, 0] * torch.eye(4, dtype=torch.float64))


def test_a_single_path_only_divides_the_temperature(four, stored):
    alone = four["good"]
    solution = minimise(solutions.posed(alone, 10, 0.01))
    weight = float(solution.path_weights)
    one = torch.eye(1, dtype=torch.float64)
    finite = solutions.test_of(alone).means(solution.path_weights, [0.01])
    torch.testing.assert_close(
        finite, solutions.test_of(alone).means(one, [0.01 / weight]), rtol=1e-9, atol=1e-9
    )
    table = stored["hidden-markov"][FOUR].to_dataset().sel(seed=1)
    assert float(table["single_weight"].sel(width=10)) == pytest.approx(weight, rel=1e-6)


def test_data_sets_do_not_depend_on_their_company(stored):
    alone = experiment.one_data_set(TWO, own(TWO), 2)
    table = stored["hidden-markov"][TWO].to_dataset().sel(seed=2)
    for name, values in alone.items():
        assert values == pytest.approx(table[name].values, rel=1e-9), name


def test_a_deeper_network_has_the_paths_of_all_its_layers():
    found = depth.data_sets((1, 2, 3), own("depth"), 0)
    assert [one.heads for one in found] == [(2,), (2, 2), (2, 2, 2)]
    assert [one.inputs.shape[1] for one in found] == [2, 4, 8]


def test_a_shallower_network_sees_what_it_would_if_there_were_no_deeper_one():
    settings = own("depth")
    for layers, data_set in zip((1, 2), depth.data_sets((1, 2, 3), settings, 0), strict=False):
        chains = Chains(heads=depth.LAYERS[:layers], readout="mean")
        task = hidden_markov(chains, settings["examples"], settings["tests"], seed=7, data_seed=0)
        # attention is computed in single precision
        torch.testing.assert_close(data_set.inputs, task.inputs, rtol=0, atol=1e-6)
        torch.testing.assert_close(data_set.tests, task.test_inputs, rtol=0, atol=1e-6)
        assert torch.equal(data_set.test_labels, task.test_labels)


def test_a_variant_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="three_paths"):
        experiment.variant_table("three_paths", own(), Work())


def test_the_plan_shares_out_what_costs_much_and_the_fit_joins_it(stored):
    names = ["hidden-markov-four-paths", "hidden-markov-two-paths-depth"]
    assert [shard.name for shard in plan.shards(HiddenMarkov(), 0)] == names
    assert max(shard.cost.seconds for shard in plan.shards(HiddenMarkov(), 0)) < 60
    whole = stored["hidden-markov"]
    parts = {
        shard.name: xr.DataTree.from_dict({name: whole[name].to_dataset() for name in shard.settings})
        for shard in plan.shards(HiddenMarkov(), 0)
    }
    assert sorted(name for part in parts.values() for name in part.children) == sorted(whole.children)
    for path, table in fit.fit(parts, {}).items():
        xr.testing.assert_identical(table, fit.fit(stored, {})[path])


@pytest.mark.parametrize(
    "wrong",
    [
        {"examples": 25},
        {"seeds": 2},
        {"temperature": 0.0},
        {"widths": [100, 10]},
        {"widths": [10]},
        {"depth": {"layers": [1, 4]}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigError, match="hidden_markov"):
        load({"run": "a", "studies": {"attention_paths": {"hidden_markov": wrong}}}, "config.yaml")
