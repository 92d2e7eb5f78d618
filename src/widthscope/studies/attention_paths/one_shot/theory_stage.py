"""The theory with the attention of trained networks: predictors, order parameters, and heads to prune.

What is chosen and what is measured are kept apart: order parameters, scores and orders of pruning come from
the theory's training episodes, temperatures from validation episodes, one reference order from selection
episodes; all that is reported is measured on test episodes, which choose nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.path_theory.network import Network
from widthscope.path_theory.pruning import trained_order_parameter
from widthscope.streams import numpy_generator
from widthscope.studies.attention_paths.one_shot.episodes import STUDY, Images, images
from widthscope.studies.attention_paths.one_shot.head_pruning import ORDERS, SCORES, of_heads
from widthscope.studies.attention_paths.one_shot.path_episodes import SETS, path_episodes, weights_of
from widthscope.studies.attention_paths.one_shot.predictors import PREDICTORS, of_sets
from widthscope.studies.attention_paths.one_shot.selection import MEASURED, colder
from widthscope.work import Work


def analyse(swept: xr.DataTree, settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """Tables of `of_net` over the networks of the shard.

    Args:
        swept: what `experiment.run` stored, read lazily.
        settings: `settings.Theory`.
        work: what the job gives; all is computed on a CPU, in float64.

    Returns:
        as `of_net`, with the coordinate ``net``, the shard's attributes, and ``judged_width``, the smallest,
        ``examples``, ``tests`` and ``random_orders`` from the settings.
    """
    table = swept.to_dataset(inherit=False).load()
    found = images(table)
    nets = [
        of_net(table.isel(net=place), found, settings)
        for place in work.progress(list(range(table.sizes["net"])), description="networks")
    ]
    joined = xr.concat(nets, dim=xr.Variable("net", table["net"].values), join="exact")
    sizes = {
        "judged_width": settings["widths"][0],
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
        ``predicted`` (predictor, temperature, set) accuracies at the smallest width; ``chosen`` (predictor)
        temperatures; ``predicted_at_width`` (theory_width, temperature, set) and ``chosen_at_width``;
        ``trained`` () accuracy of the network itself on test episodes; ``gradient``, ``converged`` and
        ``evaluations`` (grid) of the solves; order parameters ``order`` of the theory at its temperature,
        ``shuffled_order`` of shuffled labels and ``trained_order`` of the trained weights (path,
        path2); ``score`` (source, position) of heads, counted layer after layer, and their single ``drop``
        (position); ``pruned`` (order, step) accuracy after each removal, the network itself first;
        ``signed_parts`` (test, path) as in `head_pruning`. Everything is NaN for a network that diverged,
        what rests on a solve where that did not converge.
    """
    heads = (int(net.attrs["heads"]),) * int(net.attrs["layers"])
    if int(net["diverged_at"]) >= 0:
        return _empty(heads, settings)
    sets = {name: path_episodes(net, found, name, settings) for name in SETS}
    found_theory = of_sets(sets, heads, settings, _names(net))
    trained = trained_order_parameter(*weights_of(net, "values", "readout"))
    generator = numpy_generator(*_names(net), "random orders")
    pruned = of_heads(sets, net, found_theory, heads, int(settings["random_orders"]), generator)
    return xr.Dataset(
        {
            **found_theory.tables,
            **pruned,
            "order": (("path", "path2"), found_theory.order.numpy()),
            "shuffled_order": (("path", "path2"), found_theory.shuffled.numpy()),
            "trained_order": (("path", "path2"), trained.numpy()),
        },
        coords=_coords(settings),
    )


def _names(net: xr.Dataset) -> tuple[str | int, ...]:
    """What keys the random numbers of a network's analysis."""
    return (STUDY, "one_shot", "theory", int(net.attrs["seed"]), int(net["net"]))


def _coords(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "predictor": list(PREDICTORS),
        "temperature": colder(settings["temperatures"]),
        "grid": [float(each) for each in settings["temperatures"]],
        "theory_width": [int(each) for each in settings["widths"]],
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
        "test": int(settings["test"]),
        "step": sum(heads) - len(heads) + 1,
    }
    dims = {
        "predicted": ("predictor", "temperature", "set"),
        "chosen": ("predictor",),
        "predicted_at_width": ("theory_width", "temperature", "set"),
        "chosen_at_width": ("theory_width",),
        "trained": (),
        **dict.fromkeys(("gradient", "converged", "evaluations"), ("grid",)),
        "score": ("source", "position"),
        "drop": ("position",),
        "pruned": ("order_of_pruning", "step"),
        "signed_parts": ("test", "path"),
        **dict.fromkeys(("order", "shuffled_order", "trained_order"), ("path", "path2")),
    }
    return xr.Dataset(
        {name: (each, np.full([sizes[dim] for dim in each], np.nan)) for name, each in dims.items()},
        coords=coords,
    )
