"""How trained policies are stored, for every family of the study.

    /outcomes   accuracy, loss        (arm, seed)            of all arms
    /ratios     ratios                (arm, seed, step, position), thinned   of the arms that adapt
                ratios_end            (arm, seed, position)  mean over the last steps
                alignment             (arm, seed, position)  mean of G where the position was chosen
                first_passage         (arm, seed, position)  first recorded step with q < 2 delta / K

A member that diverged has NaN, and so has the alignment of a position that was never chosen. The passage of a
ratio that never fell so low is NaN too. Ratios are those after `step` updates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xarray as xr

LAST = 50
"""Steps at the end of which ratios are averaged, or an eighth of all where that is more."""

EVERY = 10
"""Records between two stored ratios."""

NEAR_FLOOR = 2.0
"""Times delta / K: a ratio below it counts as driven to the floor (theory notes 4.2)."""


class Named(Protocol):
    """An arm, as far as it matters here."""

    @property
    def name(self) -> str:
        """Of the arm."""


@dataclass(frozen=True)
class Outcomes:
    """What one training leaves.

    Attributes:
        arms: names, in the members' order.
        seeds: of each arm.
        accuracy: test accuracy at the last step, (member,).
        loss: test cross-entropy, (member,).
        history: records of `ratios`, `alignment` and `chosen`; None for arms that do not adapt.
    """

    arms: list[str]
    seeds: list[int]
    accuracy: np.ndarray[Any, Any]
    loss: np.ndarray[Any, Any]
    history: xr.Dataset | None


def stored(parts: Sequence[Outcomes], arms: Sequence[Named], least: float, positions: int) -> xr.DataTree:
    """Lay out trainings of one set of seeds.

    Args:
        parts: the trainings.
        arms: all of them, in the order in which they are to be stored.
        least: delta.
        positions: K.
    """
    order = [arm.name for arm in arms]
    tables = [_outcomes(part) for part in parts]
    nodes = {"/outcomes": xr.concat(tables, dim="arm").sel(arm=order)}
    adaptive = [part for part in parts if part.history is not None]
    if adaptive:
        nodes["/ratios"] = xr.concat([_ratios(part, least, positions) for part in adaptive], dim="arm")
    for node in nodes.values():
        node.attrs = {"least": float(least), "positions": positions}
    return xr.DataTree.from_dict(nodes)


@dataclass(frozen=True)
class Policies:
    """Trained policies of one experiment, all seeds together.

    Attributes:
        outcomes: as in ``/outcomes``.
        ratios: as in ``/ratios``.
    """

    outcomes: xr.Dataset
    ratios: xr.Dataset

    def accuracy(self, arm: str) -> np.ndarray[Any, Any]:
        """Test accuracies of an arm, (seed,)."""
        return np.asarray(self.outcomes["accuracy"].sel(arm=arm).values, dtype=float)

    def ended(self, arm: str) -> np.ndarray[Any, Any]:
        """Ratios at the end of an adaptive arm, (seed, position)."""
        return np.asarray(self.ratios["ratios_end"].sel(arm=arm).values, dtype=float)

    @property
    def floor(self) -> float:
        """delta / K."""
        return float(self.ratios.attrs["least"] / self.ratios.attrs["positions"])


def policies(shards: Mapping[str, xr.DataTree], family: str) -> dict[str, Policies]:
    """Every experiment of a family, by name, whether a shard holds all, one, or some arms or seeds of one."""
    parts: dict[str, list[xr.DataTree]] = {}
    for name, tree in sorted(shards.items()):
        if name == family or name.startswith(f"{family}-"):
            for experiment, node in tree.children.items():
                parts.setdefault(experiment, []).append(node)
    return {
        name: Policies(_together(each, "outcomes"), _together(each, "ratios")) for name, each in parts.items()
    }


def _together(parts: Sequence[xr.DataTree], node: str) -> xr.Dataset:
    """One node of several shards, each with some arms at some seeds: seeds in order."""
    tables = [part[node].to_dataset().load() for part in parts if node in part.children]
    if len(tables) == 1:
        return tables[0].sortby("seed")
    arms = dict.fromkeys(str(arm) for table in tables for arm in table["arm"].values)
    joined = [
        xr.concat(
            [table.sel(arm=[arm]) for table in tables if arm in table["arm"].values],
            dim="seed",
            combine_attrs="override",
        ).sortby("seed")
        for arm in arms
    ]
    return xr.concat(joined, dim="arm", combine_attrs="override")


def _outcomes(part: Outcomes) -> xr.Dataset:
    shape = (len(part.arms), len(part.seeds))
    return xr.Dataset(
        {
            "accuracy": (("arm", "seed"), part.accuracy.reshape(shape)),
            "loss": (("arm", "seed"), part.loss.reshape(shape)),
        },
        coords={"arm": part.arms, "seed": part.seeds},
    )


def _ratios(part: Outcomes, least: float, positions: int) -> xr.Dataset:
    history = part.history
    assert history is not None
    steps = history["step"].values
    shape = (len(part.arms), len(part.seeds), len(steps))
    ratios = history["ratios"].values.reshape(*shape, positions)
    chosen, alignment = (history[name].values.reshape(shape) for name in ("chosen", "alignment"))
    last = steps > steps[-1] - max(LAST, steps[-1] // 8)
    low = ratios < NEAR_FLOOR * least / positions
    passage = np.where(low.any(axis=2), steps[low.argmax(axis=2)], np.nan)
    here = chosen[..., None] == np.arange(positions)
    counts = here.sum(axis=2)
    sums = np.where(here, alignment[..., None], 0).sum(axis=2)
    thinned = np.unique([*range(0, len(steps), EVERY), len(steps) - 1])
    dims = ("arm", "seed", "position")
    return xr.Dataset(
        {
            "ratios": (("arm", "seed", "step", "position"), ratios[:, :, thinned].astype(np.float32)),
            "ratios_end": (dims, ratios[:, :, last].mean(axis=2)),
            "alignment": (dims, np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)),
            "first_passage": (dims, passage),
        },
        coords={"arm": part.arms, "seed": part.seeds, "step": steps[thinned]},
    )
