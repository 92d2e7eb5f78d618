"""The theory with the attention of trained networks: predictors, order parameters, and heads to prune.

What is chosen and what is measured are kept apart: order parameters, scores and orders of pruning come from
the theory's training episodes, temperatures from validation episodes, one reference order from selection
episodes; all that is reported is measured on test episodes, which choose nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from widthscope.path_theory.attention import attention_matrices, bilinear_form
from widthscope.path_theory.inputs import path_inputs
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process, head_scores
from widthscope.path_theory.problem import Problem, problem
from widthscope.streams import numpy_generator
from widthscope.studies.attention_paths.one_shot import orders, pruning
from widthscope.studies.attention_paths.one_shot.episodes import STUDY, Images, episode_set, images
from widthscope.studies.attention_paths.one_shot.selection import (
    MEASURED,
    PathEpisodes,
    accuracies,
    chosen,
    colder,
    inverse,
    known,
    minimum,
    renamed,
    solutions,
)
from widthscope.work import Work

BLOCK = 1000
"""Episodes whose attention matrices are in memory at once."""

SETS = ("theory", "validation", "selection", "test")
# "heads renamed" gives each head the weights of the next one, "inverse" suppresses what the theory amplifies.
PREDICTORS = ("finite width", "Gaussian process", "heads renamed", "inverse", "shuffled labels")
SCORES = ("theory", "shuffled labels", "weights", "gradient", "measured")
"""What heads are scored by; `orders.rising` turns each into an order of pruning."""

# "worst" prunes first the head that selection episodes miss most.
ORDERS = (*SCORES, "reversed", "worst", "random")


def analyse(swept: xr.DataTree, settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """Tables of `of_net` over the networks of the shard.

    Args:
        swept: what `experiment.run` stored, read lazily.
        settings: `settings.Theory`.
        work: what the job gives; all is computed on a CPU, in float64.

    Returns:
        as `of_net`, with the coordinate ``net``, the shard's attributes, and ``theory_width``, ``examples``,
        ``tests`` and ``random_orders`` from the settings.
    """
    table = swept.to_dataset(inherit=False).load()
    found = images(table)
    nets = [
        of_net(table.isel(net=place), found, settings)
        for place in work.progress(list(range(table.sizes["net"])), description="networks")
    ]
    joined = xr.concat(nets, dim=xr.Variable("net", table["net"].values), join="exact")
    sizes = {
        "theory_width": settings["width"],
        "examples": settings["episodes"],
        "tests": settings["test"],
        "random_orders": settings["random_orders"],
    }
    return joined.assign_attrs({**table.attrs, **sizes})


def of_net(net: xr.Dataset, found: Images, settings: Mapping[str, Any]) -> xr.Dataset:
    """The theory of one network, and what becomes of it without some of its heads.

    Args:
        net: its weights, as `experiment.run` stores them; its number as the coordinate ``net``.
        found: the images.
        settings: `settings.Theory`.

    Returns:
        ``predicted`` (predictor, temperature, set) accuracies; ``chosen`` (predictor) temperatures;
        ``trained`` () accuracy of the network itself on test episodes; ``gradient``, ``converged`` and
        ``evaluations`` (grid) of the solves; order parameters ``order`` of the theory at its temperature,
        ``shuffled_order`` of shuffled labels and ``trained_order`` of the trained weights (path,
        path2); ``score`` (source, position) of heads, counted layer after layer, and their single ``drop``
        (position); ``pruned`` (order, step) accuracy after each removal, the network itself first. Everything
        is NaN for a network that diverged, what rests on a solve where that did not converge.
    """
    heads = (int(net.attrs["heads"]),) * int(net.attrs["layers"])
    if int(net["diverged_at"]) >= 0:
        return _empty(heads, settings)
    sets = {name: path_episodes(net, found, name, settings) for name in SETS}
    theory, found_theory = _theory(sets, heads, settings, _names(net))
    trained = pruning.trained_order_parameter(*_weights(net, "values", "readout"))
    pruned = _pruned(sets, net, theory, heads, settings)
    return xr.Dataset(
        {
            **found_theory,
            **pruned,
            "order": (("path", "path2"), theory["theory"].numpy()),
            "shuffled_order": (("path", "path2"), theory["shuffled labels"].numpy()),
            "trained_order": (("path", "path2"), trained.numpy()),
        },
        coords=_coords(settings),
    )


def path_episodes(net: xr.Dataset, found: Images, name: str, settings: Mapping[str, Any]) -> PathEpisodes:
    """A set's episodes as the network's paths see them."""
    count = settings["episodes" if name == "theory" else name]
    shown = episode_set(found, name, count, int(net.attrs["seed"]), int(net["net"]))
    queries, keys, value_0, values, readout = _weights(net, "queries", "keys", "value_0", "values", "readout")
    forms = bilinear_form(queries.float(), keys.float())
    inputs = torch.cat(
        [
            path_inputs(block, [attention_matrices(block, form) for form in forms], "mean")
            for block in torch.split(shown.tokens, BLOCK)
        ]
    )
    return PathEpisodes(
        inputs, shown.labels.double(), pruning.contributions(values, readout, value_0, inputs)
    )


def _theory(
    sets: Mapping[str, PathEpisodes],
    heads: tuple[int, ...],
    settings: Mapping[str, Any],
    names: tuple[str | int, ...],
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Order parameters of true and of shuffled labels at the chosen temperature, and the predictors."""
    learned, grid = sets["theory"], [float(each) for each in settings["temperatures"]]
    network = Network.equal(heads, int(settings["width"]))
    task = problem(learned.inputs, learned.labels, max(grid), network)
    solved = dict(zip(grid, solutions(task, grid), strict=True))
    limit = gaussian_process(network).path_weights
    at_grid = {temperature: known(one) for temperature, one in solved.items()}
    wide = colder(grid)
    finite = _over_temperatures(task, wide, at_grid, sets)
    best = wide[chosen(finite)]
    theory = at_grid[best]

    generator = numpy_generator(*names, "shuffled labels")
    labels = learned.labels[torch.from_numpy(generator.permutation(len(learned.labels)))]
    shuffled_task = problem(learned.inputs, labels, best, network, kernels=task.kernels)
    shuffled = known(minimum(shuffled_task, solved[best].order))
    fixed = (limit, renamed(theory, heads), inverse(theory), shuffled)
    accuracy = np.stack(
        [finite, *(_over_temperatures(task, wide, dict.fromkeys(wide, U), sets) for U in fixed)]
    )
    choice = [wide[chosen(each)] for each in accuracy]
    own = pruning.accuracy(sets["test"].parts.sum(dim=1), sets["test"].labels)
    found = {
        "predicted": (("predictor", "temperature", "set"), accuracy),
        "chosen": ("predictor", np.array(choice)),
        "trained": ((), float(own)),
        "gradient": ("grid", np.array([each.gradient_norm for each in solved.values()])),
        "converged": ("grid", np.array([float(each.converged) for each in solved.values()])),
        "evaluations": ("grid", np.array([float(each.evaluations) for each in solved.values()])),
    }
    return {"theory": theory, "shuffled labels": shuffled}, found


def _over_temperatures(
    task: Problem,
    temperatures: list[float],
    weights: Mapping[float, Tensor],
    sets: Mapping[str, PathEpisodes],
) -> NDArray[np.float64]:
    """Accuracies (temperature, set); NaN where the weights of pairs of paths are not known."""
    found = np.full((len(temperatures), len(MEASURED)), np.nan)
    for place, temperature in enumerate(temperatures):
        if temperature in weights and not bool(weights[temperature].isnan().any()):
            found[place] = accuracies(task.at(temperature=temperature), weights[temperature], sets)
    return found


def _pruned(
    sets: Mapping[str, PathEpisodes],
    net: xr.Dataset,
    theory: Mapping[str, Tensor],
    heads: tuple[int, ...],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Scores of heads, what the loss of each costs, and accuracy along every order of pruning."""
    learned, test = sets["theory"], sets["test"]
    scores = {name: torch.cat(head_scores(U, heads)).numpy() for name, U in theory.items()}
    scores["weights"] = orders.weight_magnitudes(_weights(net, "values")[0])
    scores["gradient"] = orders.saliencies(learned.parts, learned.labels, heads)
    scores["measured"] = pruning.single_head_drops(
        sets["selection"].parts, sets["selection"].labels, heads
    ).numpy()

    def curve(order: orders.Order) -> NDArray[np.float64]:
        outputs = pruning.pruned_outputs(test.parts, orders.kept_along(order, heads), heads)
        return np.asarray(pruning.accuracy(outputs, test.labels).numpy())

    def rising(score: NDArray[np.float64]) -> NDArray[np.float64]:
        if np.isnan(score).any():
            return np.full(sum(heads) - len(heads) + 1, np.nan)
        return curve(orders.rising(score, heads))

    by = {**scores, "reversed": -scores["theory"], "worst": -scores["measured"]}
    curves = {name: rising(score) for name, score in by.items()}
    generator = numpy_generator(*_names(net), "random orders")
    drawn = orders.random_orders(heads, int(settings["random_orders"]), generator)
    curves["random"] = np.mean([curve(order) for order in drawn], axis=0)
    return {
        "score": (("source", "position"), np.stack([scores[name] for name in SCORES])),
        "drop": ("position", pruning.single_head_drops(test.parts, test.labels, heads).numpy()),
        "pruned": (("order_of_pruning", "step"), np.stack([curves[name] for name in ORDERS])),
    }


def _weights(net: xr.Dataset, *names: str) -> list[Tensor]:
    return [torch.from_numpy(net[name].values).double() for name in names]


def _names(net: xr.Dataset) -> tuple[str | int, ...]:
    """What keys the random numbers of a network's analysis."""
    return (STUDY, "one_shot", "theory", int(net.attrs["seed"]), int(net["net"]))


def _coords(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "predictor": list(PREDICTORS),
        "temperature": colder(settings["temperatures"]),
        "grid": [float(each) for each in settings["temperatures"]],
        "set": list(MEASURED),
        "source": list(SCORES),
        "order_of_pruning": list(ORDERS),
    }


def _empty(heads: tuple[int, ...], settings: Mapping[str, Any]) -> xr.Dataset:
    """The table of a network that diverged."""
    coords = _coords(settings)
    paths = Network.equal(heads, 1).paths
    sizes = {
        **{name: len(values) for name, values in coords.items()},
        "path": paths,
        "path2": paths,
        "position": sum(heads),
        "step": sum(heads) - len(heads) + 1,
    }
    dims = {
        "predicted": ("predictor", "temperature", "set"),
        "chosen": ("predictor",),
        "trained": (),
        **dict.fromkeys(("gradient", "converged", "evaluations"), ("grid",)),
        "score": ("source", "position"),
        "drop": ("position",),
        "pruned": ("order_of_pruning", "step"),
        **dict.fromkeys(("order", "shuffled_order", "trained_order"), ("path", "path2")),
    }
    return xr.Dataset(
        {name: (each, np.full([sizes[dim] for dim in each], np.nan)) for name, each in dims.items()},
        coords=coords,
    )
