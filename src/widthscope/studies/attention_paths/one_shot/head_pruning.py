"""Scores of a trained network's heads, what the loss of each costs, and accuracy along orders of pruning."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from widthscope.path_theory import pruning
from widthscope.path_theory import pruning_orders as orders
from widthscope.path_theory.order_parameters import head_scores
from widthscope.studies.attention_paths.one_shot import rival_scores
from widthscope.studies.attention_paths.one_shot.path_episodes import PathEpisodes, weights_of
from widthscope.studies.attention_paths.one_shot.predictors import Found

SCORES = ("theory", "shuffled labels", "weights", "gradient", "measured")
"""What heads are scored by; `pruning_orders.rising` turns each into an order of pruning."""

# "worst" prunes first the head that selection episodes miss most.
ORDERS = (*SCORES, "reversed", "worst", "random")


def of_heads(
    sets: Mapping[str, PathEpisodes],
    net: xr.Dataset,
    found: Found,
    heads: tuple[int, ...],
    random_orders: int,
    generator: np.random.Generator,
) -> dict[str, Any]:
    """Variables for the store, with their dimensions.

    Scores and orders come from "theory" episodes, one reference order from "selection" episodes; what they
    cost is measured on "test" episodes. ``signed_parts`` is what each path adds to a test episode's output,
    times the label: whatever heads are left, the episode is decided rightly if the sum is positive.

    Args:
        sets: episodes by name.
        net: the network's weights.
        found: the theory's order parameters.
        heads: by layer.
        random_orders: how many.
        generator: draws them.
    """
    learned, test, selection = sets["theory"], sets["test"], sets["selection"]
    scores = {
        "theory": _scores(found.order, heads),
        "shuffled labels": _scores(found.shuffled, heads),
        "weights": rival_scores.weight_magnitudes(weights_of(net, "values")[0]),
        "gradient": rival_scores.saliencies(learned.parts, learned.labels, heads),
        "measured": pruning.single_head_drops(selection.parts, selection.labels, heads).numpy(),
    }

    def curve(order: orders.Order) -> NDArray[np.float64]:
        kept = torch.from_numpy(orders.kept_along(order, heads))
        outputs = pruning.pruned_outputs(test.parts, kept, heads)
        return np.asarray(pruning.accuracy(outputs, test.labels).numpy())

    def rising(score: NDArray[np.float64]) -> NDArray[np.float64]:
        if np.isnan(score).any():
            return np.full(sum(heads) - len(heads) + 1, np.nan)
        return curve(orders.rising(score, heads))

    by = {**scores, "reversed": -scores["theory"], "worst": -scores["measured"]}
    curves = {name: rising(score) for name, score in by.items()}
    drawn = orders.random_orders(heads, random_orders, generator)
    curves["random"] = np.mean([curve(order) for order in drawn], axis=0)
    signed = (test.parts * test.labels[:, None]).float()
    return {
        "score": (("source", "position"), np.stack([scores[name] for name in SCORES])),
        "drop": ("position", pruning.single_head_drops(test.parts, test.labels, heads).numpy()),
        "pruned": (("order_of_pruning", "step"), np.stack([curves[name] for name in ORDERS])),
        "signed_parts": (("test", "path"), signed.numpy()),
    }


def _scores(U: Tensor, heads: tuple[int, ...]) -> NDArray[np.float64]:
    """Scores (sum of heads,); NaN where order parameters were not found."""
    if bool(torch.isnan(U).any()):
        return np.full(sum(heads), np.nan)
    return np.asarray(torch.cat(head_scores(U, heads)).numpy())
