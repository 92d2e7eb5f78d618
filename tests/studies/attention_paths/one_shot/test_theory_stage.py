"""The theory of a few small networks, from their store."""

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.attention_paths.one_shot.literal_network import literal
from tests.studies.attention_paths.one_shot.made_images import SHORT, swept

from widthscope.path_theory import pruning
from widthscope.path_theory import pruning_orders as orders
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import head_scores
from widthscope.path_theory.problem import problem
from widthscope.studies.attention_paths.one_shot import (
    path_episodes,
    plan,
    selection,
    theory_stage,
)
from widthscope.studies.attention_paths.one_shot.episodes import episode_set, images
from widthscope.studies.attention_paths.one_shot.predictors import SOLVED
from widthscope.studies.attention_paths.one_shot.settings import Theory
from widthscope.work import Work

THEORY = Theory(
    episodes=30, temperatures=(0.1, 0.5), validation=40, selection=40, test=60, random_orders=4
).model_dump(mode="json")
HEADS = (2, 2)


@pytest.fixture(scope="module")
def stored() -> xr.Dataset:
    return swept()


@pytest.fixture(scope="module")
def analysed(stored: xr.Dataset) -> xr.Dataset:
    return theory_stage.analyse(xr.DataTree.from_dict({"/": stored}), THEORY, Work())


def test_every_table_is_there(stored: xr.Dataset, analysed: xr.Dataset) -> None:
    assert analysed["net"].values.tolist() == stored["net"].values.tolist()
    assert not any(analysed[name].isnull().any() for name in analysed if not name.startswith("predicted"))
    solved = analysed["predicted"].sel(temperature=[0.1, 0.5])
    assert solved.notnull().all()
    colder = analysed["predicted"].sel(temperature=[0.00333, 0.0167])
    assert colder.sel(predictor=list(SOLVED)).isnull().all()
    assert colder.drop_sel(predictor=list(SOLVED)).notnull().all()
    assert analysed.attrs["judged_width"] == 10
    assert analysed.attrs["width"] == 8


def test_contributions_of_paths_add_up_to_the_literal_output(stored: xr.Dataset) -> None:
    net, found = stored.isel(net=1), images(stored)
    episodes = path_episodes.path_episodes(net, found, "validation", THEORY)
    weights = {name: torch.from_numpy(net[name].values).double() for name in
               ("queries", "keys", "value_0", "values", "readout")}  # fmt: skip
    tokens = episode_set(found, "validation", 3, 3, 1).tokens.double()
    expected = torch.stack([literal(weights, one) for one in tokens])
    torch.testing.assert_close(episodes.parts.sum(dim=1)[:3], expected, rtol=1e-4, atol=1e-5)


def test_order_parameters_scores_and_curves_are_those_of_the_network(
    stored: xr.Dataset, analysed: xr.Dataset
) -> None:
    net, one = stored.isel(net=2), analysed.isel(net=2)
    sets = {
        name: path_episodes.path_episodes(net, images(stored), name, THEORY) for name in path_episodes.SETS
    }
    temperature = float(one["chosen"].sel(predictor="finite width"))
    task = problem(sets["theory"].inputs, sets["theory"].labels, temperature, Network.equal(HEADS, 10))
    U = selection.minimum(task).path_weights
    np.testing.assert_allclose(one["order"].values, U.numpy(), atol=1e-5)
    scores = torch.cat(head_scores(U, HEADS)).numpy()
    np.testing.assert_allclose(one["score"].sel(source="theory").values, scores, atol=1e-5)
    kept = torch.from_numpy(orders.kept_along(orders.rising(scores, HEADS), HEADS))
    outputs = pruning.pruned_outputs(sets["test"].parts, kept, HEADS)
    right = pruning.accuracy(outputs, sets["test"].labels).numpy()
    np.testing.assert_array_equal(one["pruned"].sel(order_of_pruning="theory").values, right)
    assert float(one["trained"]) == right[0]


def test_widths_and_restrictions_are_those_of_the_network(stored: xr.Dataset, analysed: xr.Dataset) -> None:
    net, one = stored.isel(net=2), analysed.isel(net=2)
    sets = {
        name: path_episodes.path_episodes(net, images(stored), name, THEORY) for name in path_episodes.SETS
    }
    assert one["theory_width"].values.tolist() == [10, 100]
    narrow, wide = (
        problem(sets["theory"].inputs, sets["theory"].labels, 0.1, Network.equal(HEADS, width))
        for width in (10, 100)
    )
    by_width = one["predicted_at_width"].sel(temperature=0.1)
    predicted = one["predicted"].sel(temperature=0.1)
    for task, solved, found in (
        (wide, selection.minimum(wide), by_width.sel(theory_width=100)),
        (narrow, selection.minimum(narrow), by_width.sel(theory_width=10)),
        (narrow, minimise(narrow, scalar=True), predicted.sel(predictor="scalar")),
        (narrow, minimise(narrow, diagonal=True), predicted.sel(predictor="diagonal")),
    ):
        np.testing.assert_array_equal(found, selection.accuracies(task, solved.path_weights, sets))
    np.testing.assert_array_equal(by_width.sel(theory_width=10), predicted.sel(predictor="finite width"))


def test_signed_parts_tell_what_any_heads_decide(stored: xr.Dataset, analysed: xr.Dataset) -> None:
    one = analysed.isel(net=0)
    whole = (one["signed_parts"].sum("path") > 0).mean()
    assert float(whole) == float(one["trained"])
    order = orders.rising(one["score"].sel(source="theory").values, HEADS)
    kept = orders.kept_along(order, HEADS)[-1]
    (path,) = (
        2 * first + second for first in (0, 1) for second in (0, 1) if kept[first] and kept[2 + second]
    )
    alone = (one["signed_parts"].isel(path=path) > 0).mean()
    assert float(alone) == float(one["pruned"].sel(order_of_pruning="theory")[-1])


def test_the_choice_of_a_temperature_is_that_of_validation(analysed: xr.Dataset) -> None:
    for predictor in analysed["predictor"].values:
        of_predictor = analysed["predicted"].sel(predictor=predictor, set="validation")
        best = of_predictor.max("temperature")
        own = of_predictor.sel(temperature=analysed["chosen"].sel(predictor=predictor))
        np.testing.assert_array_equal(own.values, best.values)


def test_networks_do_not_depend_on_their_neighbours(stored: xr.Dataset, analysed: xr.Dataset) -> None:
    alone = theory_stage.analyse(xr.DataTree.from_dict({"/": stored.isel(net=[1])}), THEORY, Work())
    xr.testing.assert_identical(alone, analysed.isel(net=[1]))


def test_a_diverged_network_leaves_an_empty_table(stored: xr.Dataset, analysed: xr.Dataset) -> None:
    broken = stored.assign(diverged_at=("net", np.array([-1, 4, -1])))
    found = theory_stage.analyse(xr.DataTree.from_dict({"/": broken}), THEORY, Work())
    assert all(found[name].isel(net=1).isnull().all() for name in found)
    xr.testing.assert_identical(found.isel(net=[0, 2]), analysed.isel(net=[0, 2]))


def test_the_plan_names_this_stage_and_gives_it_all_it_reads(stored: xr.Dataset) -> None:
    (shard,) = plan.shards(SHORT, 3)
    assert f"widthscope.studies.attention_paths.{shard.spectra}" == theory_stage.__name__
    assert set(THEORY) == set(shard.spectra_settings)
