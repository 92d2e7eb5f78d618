"""Evidence of the family `label_noise`: differences between arms, paired by seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.statistics.evidence import claim_tree, of_counts
from widthscope.statistics.over_seeds import band, of_seeds

ACTIVATIONS = ("relu", "tanh")
LOSS, ACCURACY = "test_cross_entropy", "test_accuracy"
POINTS = 100.0
"""Percentage points in one."""

Key = tuple[str, float]
"""Method and ascent, 0.0 for none."""

PLAIN: Key = ("plain", 0.0)
DOUBLE: Key = ("double", 0.0)


class Arms:
    """What was measured of one activation's arms, seeds in order.

    Attributes:
        by_key: variables over `seed` of every arm.
        short, long: the first and the last ascent.
        middle: all ascents.
        attrs: sizes of the experiment.
    """

    def __init__(self, tables: Sequence[xr.Dataset]) -> None:
        parts: dict[Key, list[xr.Dataset]] = {}
        for table in tables:
            for place in range(table.sizes["arm"]):
                own = table.isel(arm=place)
                key = (str(own["method"].values), float(own["ascent"].values))
                parts.setdefault(key, []).append(own.drop_vars(["arm", "method", "ascent"]))
        self.by_key = {key: xr.concat(own, "seed").sortby("seed") for key, own in sorted(parts.items())}
        self.ascents = sorted({ascent for _, ascent in parts if ascent})
        self.attrs = dict(tables[0].attrs)

    @property
    def short(self) -> float:
        """The first ascent."""
        return self.ascents[0]

    @property
    def long(self) -> float:
        """The last ascent."""
        return self.ascents[-1]

    def less(self, variable: str, first: Key, second: Key) -> NDArray[np.float64]:
        """One arm less another, for each seed that both have."""
        pair = xr.align(self.by_key[first][variable], self.by_key[second][variable], join="inner")
        values: NDArray[np.float64] = (pair[0] - pair[1]).values
        return values

    def loss_saved(self, better: Key, worse: Key) -> NDArray[np.float64]:
        """Test cross-entropy of `worse` less that of `better`, in nats."""
        return self.less(LOSS, worse, better)

    def accuracy_gained(self, better: Key, worse: Key) -> NDArray[np.float64]:
        """Test accuracy of `better` less that of `worse`, in percentage points."""
        return POINTS * self.less(ACCURACY, better, worse)


Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Pairs = Mapping[str, tuple[Key, Key]]
"""What is better and what is worse, by the component's name."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figure, by path."""
    relu, tanh = (arms_of(shards, activation) for activation in ACTIVATIONS)
    claims = {
        "nn-f-beats-b": f_beats_b(relu, tanh),
        "nn-f-beats-db": f_beats_db(relu),
        "nn-gr-beats-sgd": gr_beats_sgd(relu),
        "nn-tanh": smooth(relu, tanh),
    }
    return claim_tree(claims) | curves({"relu": relu, "tanh": tanh})


def arms_of(shards: Mapping[str, xr.DataTree], activation: str) -> Arms:
    """What all shards of the family hold of an activation."""
    return Arms(
        [
            node.to_dataset(inherit=False)
            for name, shard in sorted(shards.items())
            if name.startswith("label-noise") and activation in shard.children
            for node in shard[activation].children.values()
        ]
    )


def f_beats_b(relu: Arms, tanh: Arms) -> Evidence:
    """Forward against backward at the long ascent; the control is tanh at the short one."""
    name, pairs = "backward-less-forward", {a: (("forward", a), ("backward", a)) for a in relu.ascents}
    return {
        "loss": (
            _saved(relu, {name: pairs[relu.long]}),
            _saved(tanh, {name: (("forward", tanh.short), ("backward", tanh.short))}),
        ),
        "accuracy": (_gained(relu, {"forward-less-backward": pairs[relu.long]}), None),
        "ascents": (_saved(relu, {f"ascent-{ascent:g}": pair for ascent, pair in pairs.items()}), None),
    }


def f_beats_db(relu: Arms) -> Evidence:
    """Forward at the long ascent against double backpropagation; the control takes the backward one."""
    forward = {ascent: (("forward", ascent), DOUBLE) for ascent in relu.ascents}
    return {
        "loss": (
            _saved(relu, {"double-less-forward": forward[relu.long]}),
            _saved(relu, {"double-less-backward": (("backward", relu.long), DOUBLE)}),
        ),
        "accuracy": (_gained(relu, {"forward-less-double": forward[relu.long]}), None),
        "ascents": (_saved(relu, {f"ascent-{ascent:g}": pair for ascent, pair in forward.items()}), None),
    }


def gr_beats_sgd(relu: Arms) -> Evidence:
    """Double backpropagation and forward differences against SGD; the control takes the backward ones."""
    both: Pairs = {"sgd-less-double": (DOUBLE, PLAIN), "sgd-less-forward": (("forward", relu.long), PLAIN)}
    gained = {f"{_name(key)}-less-sgd": (key, PLAIN) for key in relu.by_key if key != PLAIN}
    return {
        "loss": (
            _saved(relu, both),
            _saved(relu, {"sgd-less-backward": (("backward", relu.long), PLAIN)}),
        ),
        "accuracy": (_gained(relu, gained), None),
        "accuracies": (
            of_seeds(
                [_name(key) for key in relu.by_key],
                [arm[ACCURACY].values for arm in relu.by_key.values()],
                possible=(0.0, 1.0),
            ),
            None,
        ),
        "diverged": (_diverged(relu), None),
    }


def smooth(relu: Arms, tanh: Arms) -> Evidence:
    """Without kinks: all alike at the short ascent, forward better at the long one.

    The control of the long one puts the backward difference in the forward one's place, against double
    backpropagation.
    """

    def alike(arms: Arms, ascent: float) -> xr.Dataset:
        pairs: Pairs = {
            "backward-less-forward": (("forward", ascent), ("backward", ascent)),
            "double-less-forward": (("forward", ascent), DOUBLE),
        }
        return _saved(arms, pairs, prediction=0.0)

    def ordered(ascent: float) -> Pairs:
        return {"forward-less-backward": (("forward", ascent), ("backward", ascent))}

    long: Pairs = {"backward-less-forward": (("forward", tanh.long), ("backward", tanh.long))}
    reversed_penalty: Pairs = {"double-less-backward": (("backward", tanh.long), DOUBLE)}
    return {
        "short": (alike(tanh, tanh.short), alike(relu, relu.long)),
        "long": (_saved(tanh, long), _saved(tanh, reversed_penalty)),
        "long-double": (_saved(tanh, {"double-less-forward": (("forward", tanh.long), DOUBLE)}), None),
        "short-relu": (alike(relu, relu.short), None),
        "accuracy-short": (_gained(tanh, ordered(tanh.short)), None),
        "accuracy-long": (_gained(tanh, ordered(tanh.long)), None),
        "diverged": (_diverged(tanh), None),
    }


def curves(activations: Mapping[str, Arms]) -> dict[str, xr.Dataset]:
    """Each arm's difference from SGD over the ascent, with intervals."""
    found = {}
    for activation, arms in activations.items():
        for method in ("double", "forward", "backward"):
            ascents = [ascent for name, ascent in arms.by_key if name == method]
            bands = []
            for ascent in ascents:
                key = (method, ascent)
                values = {
                    "accuracy": arms.accuracy_gained(key, PLAIN),
                    "cross_entropy": arms.less(LOSS, key, PLAIN),
                }
                of_ascent = [
                    band(xr.DataArray(own, dims="seed"), name).assign({f"{name}_seeds": len(own)})
                    for name, own in values.items()
                ]
                bands.append(xr.merge(of_ascent))
            curve = xr.concat(bands, "ascent").assign_coords(ascent=ascents)
            found[f"/curves/label-noise/{activation}-{method}"] = curve.assign_attrs(
                {
                    **arms.attrs,
                    "sgd_accuracy": float(arms.by_key[PLAIN][ACCURACY].mean(skipna=True)),
                    "sgd_cross_entropy": float(arms.by_key[PLAIN][LOSS].mean(skipna=True)),
                }
            )
    return found


def _saved(arms: Arms, pairs: Pairs, prediction: float | None = None) -> xr.Dataset:
    return of_seeds(list(pairs), [arms.loss_saved(*pair) for pair in pairs.values()], prediction)


def _gained(arms: Arms, pairs: Pairs) -> xr.Dataset:
    return of_seeds(list(pairs), [arms.accuracy_gained(*pair) for pair in pairs.values()])


def _diverged(arms: Arms) -> xr.Dataset:
    """Shares of seeds, by arm."""
    return of_counts(
        [_name(key) for key in arms.by_key],
        [int((arm["diverged_at"] >= 0).sum()) for arm in arms.by_key.values()],
        [arm.sizes["seed"] for arm in arms.by_key.values()],
    )


def _name(key: Key) -> str:
    method, ascent = key
    return f"{method}-{ascent:g}" if ascent else {"plain": "sgd"}.get(method, method)
