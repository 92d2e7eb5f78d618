"""Evidence of the family `width`: slopes of accuracy on the logarithm of the width, seed by seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_estimates
from widthscope.statistics.over_seeds import band
from widthscope.statistics.width_slopes import line_slopes, over_seeds
from widthscope.studies.pk_mixer.width.arms import LABELS

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Arms = Mapping[str, xr.Dataset]
"""Of one experiment: for each arm `test_accuracy` and `train_accuracy` (network, seed), widths rising."""

SHARE = (0.0, 1.0)
"""What an accuracy can be."""

CHANGE = (-1.0, 1.0)
"""What a difference of accuracies can be."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    found = {name: arms_of(shards, name) for name in ("sparse", "standard", "isolated", "parameters")}
    claims = {
        "golubeva-sw": golubeva(found["sparse"]),
        "peak-fixed-connections-std": standard(found["standard"]),
        "control-frozen-mixing": frozen(found["standard"]),
        "peak-fixed-connections-iso": isolated(found["isolated"]),
        "peak-fixed-params-iso": parameters(found["parameters"]),
        "rp-vs-mixer": permuted_against_mixer(found),
    }
    curves = {
        f"/curves/width-{name}/{arm}": curve(table)
        for name, arms in found.items()
        for arm, table in arms.items()
    }
    return claim_tree(claims) | curves


def arms_of(shards: Mapping[str, xr.DataTree], experiment: str) -> Arms:
    """Networks of one experiment from all shards that hold some, by arm; narrow ones first."""
    nodes = [
        tree[experiment].to_dataset()
        for name, tree in sorted(shards.items())
        if (name == "width" or name.startswith("width-")) and experiment in tree.children
    ]
    joined = xr.concat(_with_all_seeds(nodes), dim="network", combine_attrs="override")
    width = (joined["tokens"] * joined["channels"]).rename("width")
    joined = joined.assign_coords(width=width)
    joined = joined.isel(network=np.lexsort((joined["tokens"].values, joined["width"].values)))
    return {
        arm: joined.isel(network=np.flatnonzero(joined["arm"].values == arm))
        for arm in dict.fromkeys(str(arm) for arm in joined["arm"].values)
    }


def _with_all_seeds(nodes: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Networks that several shards hold with some seeds each, put together; the others as they are."""
    parts: dict[tuple[tuple[Any, ...], ...], list[xr.Dataset]] = {}
    for node in nodes:
        named = zip(*(node[name].values.tolist() for name in ("arm", "tokens", "channels")), strict=True)
        parts.setdefault(tuple(named), []).append(node.load())
    return [
        xr.concat(
            sorted(each, key=lambda node: int(node["seed"][0])),
            dim="seed",
            coords="minimal",
            compat="override",
            combine_attrs="override",
        )
        for each in parts.values()
    ]


def slopes(table: xr.Dataset) -> np.ndarray:
    """Least-squares slope of test accuracy on ln m, (seed,)."""
    accuracy = table["test_accuracy"].transpose("seed", "network").values
    return line_slopes(np.log(table["width"].values.astype(float)), accuracy)


def peaks(table: xr.Dataset) -> np.ndarray:
    """Test accuracy of the widest network less the mean of the others, (seed,)."""
    accuracy = table["test_accuracy"].transpose("seed", "network").values
    return np.asarray(accuracy[:, -1] - accuracy[:, :-1].mean(axis=1))


def slope_table(arms: Arms, names: Sequence[str]) -> xr.Dataset:
    """Evidence of mean slopes, one component for each arm."""
    return of_seed_values([LABELS[name] for name in names], [slopes(arms[name]) for name in names])


def peak_table(arms: Arms, names: Sequence[str]) -> xr.Dataset:
    """Evidence of mean peaks, one component for each arm."""
    return of_seed_values([LABELS[name] for name in names], [peaks(arms[name]) for name in names], CHANGE)


def of_seed_values(
    names: Sequence[str], values: Sequence[np.ndarray], possible: tuple[float, float] | None = None
) -> xr.Dataset:
    """Means over seeds; unknown where a seed diverged."""
    return of_estimates(
        names, [over_seeds(each) for each in values], n=[len(each) for each in values], possible=possible
    )


def accuracy_table(table: xr.Dataset, quantity: str) -> xr.Dataset:
    """Evidence of mean accuracies of one arm, one component for each network."""
    values = table[quantity].transpose("network", "seed").values
    return of_seed_values([network_name(each) for each in networks(table)], list(values), SHARE)


def networks(table: xr.Dataset) -> list[tuple[int, int]]:
    """Tokens and channels of each network."""
    return [(int(s), int(c)) for s, c in zip(table["tokens"].values, table["channels"].values, strict=True)]


def network_name(shape: tuple[int, int]) -> str:
    """How a component is called."""
    tokens, channels = shape
    return f"m = {channels}" if tokens == 1 else f"S = {tokens}, C = {channels}"


def golubeva(arms: Arms) -> Evidence:
    """Sparse networks of the isolated design; the control is the same with frozen mixing layers."""
    found: Evidence = {
        "slope": (slope_table(arms, ["sparse"]), slope_table(arms, ["sparse-frozen"])),
        "fits": (
            accuracy_table(arms["sparse"], "train_accuracy"),
            accuracy_table(arms["sparse-frozen"], "train_accuracy"),
        ),
    }
    return found | {
        "others": (slope_table(arms, ["unmixed", "one-layer"]), None),
        **_training_counts(arms, ["sparse"]),
        **_accuracies(arms, ["sparse", "sparse-frozen"]),
    }


def standard(arms: Arms) -> Evidence:
    """The trend in the standard design; the control is the same with frozen mixing layers."""
    permuted = ["permuted", "permuted-frozen"]
    return {
        "slope": (slope_table(arms, ["mixer"]), slope_table(arms, ["mixer-frozen"])),
        "peak": (peak_table(arms, ["mixer"]), peak_table(arms, ["mixer-frozen"])),
        "permuted": (slope_table(arms, permuted), None),
        "permuted-peak": (peak_table(arms, permuted), None),
        **_accuracies(arms, ["mixer", "permuted"]),
    }


def frozen(arms: Arms) -> Evidence:
    """The trend where no mixing layer learns; where stem and head do not grow either, it must be gone."""
    control = slope_table(arms, ["mixer-isolated"])
    return {
        "frozen": (slope_table(arms, ["mixer-frozen"]), control),
        "without": (slope_table(arms, ["unmixed"]), control),
        "permuted": (slope_table(arms, ["permuted-frozen"]), None),
        **_training_counts(arms, ["mixer", "permuted"]),
    }


def isolated(arms: Arms) -> Evidence:
    """The trend at fixed connections where only the mixing layers depend on the width."""
    names = ["mixer", "permuted"]
    others = ["mixer-frozen", "permuted-frozen", "unmixed"]
    return {
        "slope": (slope_table(arms, names), slope_table(arms, ["permuted-sparse-ends"])),
        "others": (slope_table(arms, others), None),
        "peak": (peak_table(arms, names), None),
        **_training_counts(arms, names),
        **_accuracies(arms, names),
    }


def parameters(arms: Arms) -> Evidence:
    """The trend at a fixed number of free parameters; the control is the same with frozen mixing layers."""
    names, frozen_names = ["mixer", "permuted"], ["mixer-frozen", "permuted-frozen"]
    return {
        "slope": (slope_table(arms, ["mixer"]), slope_table(arms, ["mixer-frozen"])),
        "permuted": (slope_table(arms, ["permuted"]), slope_table(arms, ["permuted-frozen"])),
        "peak": (
            _against_square(arms, names, second=False),
            _against_square(arms, frozen_names, second=False),
        ),
        "second-widest": (_against_square(arms, names, second=True), None),
        "unmixed": (slope_table(arms, ["unmixed"]), None),
        **_training_counts(arms, names),
        **_accuracies(arms, [*names, *frozen_names]),
    }


def permuted_against_mixer(found: Mapping[str, Arms]) -> Evidence:
    """Random-permuted less plain mixer, paired by seed; the control is the same with frozen mixing layers."""

    def gains(name: str, ending: str = "") -> np.ndarray:
        mixer, permuted = (
            found[name][f"{kind}{ending}"]["test_accuracy"].mean("network", skipna=False).values
            for kind in ("mixer", "permuted")
        )
        return np.asarray(permuted - mixer)

    trained, frozen_gains = gains("parameters"), gains("parameters", "-frozen")
    elsewhere = {
        "standard design": gains("standard"),
        "isolated design, fixed connections": gains("isolated"),
    }
    return {
        "difference": (
            of_seed_values(["trained"], [trained], CHANGE),
            of_seed_values(["mixing frozen"], [frozen_gains], CHANGE),
        ),
        "against-frozen": (of_seed_values(["trained less frozen"], [trained - frozen_gains]), None),
        "elsewhere": (of_seed_values(list(elsewhere), list(elsewhere.values()), CHANGE), None),
    }


def curve(table: xr.Dataset) -> xr.Dataset:
    """Accuracies of one arm over its networks with half-widths of their intervals."""
    found = xr.merge([band(table[name], name) for name in ("test_accuracy", "train_accuracy")])
    found = found.assign({name: ("network", table[name].values) for name in ("tokens", "channels", "width")})
    return found.drop_vars(set(found.coords)).assign_attrs(table.attrs | {"seeds": table.sizes["seed"]})


def _training_counts(arms: Arms, kinds: Sequence[str]) -> Evidence:
    """What training the mixing layers adds, paired by seed: to the slopes, and to each network's accuracy."""
    gains = {
        f"{LABELS[arm]}, {network_name(shape)}": gain
        for arm in kinds
        for trained, drawn in [[arms[name]["test_accuracy"].values for name in (arm, f"{arm}-frozen")]]
        for shape, gain in zip(networks(arms[arm]), trained - drawn, strict=True)
    }
    differences = [slopes(arms[kind]) - slopes(arms[f"{kind}-frozen"]) for kind in kinds]
    return {
        "against-frozen": (of_seed_values([LABELS[kind] for kind in kinds], differences), None),
        "gain": (of_seed_values(list(gains), list(gains.values()), CHANGE), None),
    }


def _against_square(arms: Arms, names: Sequence[str], second: bool) -> xr.Dataset:
    """Test accuracy of the widest shape, S = C, less that of the second widest, or of all narrower ones."""
    found = {}
    for name in names:
        accuracy = arms[name]["test_accuracy"].transpose("network", "seed").values
        widths = arms[name]["width"].values
        next_widest = widths[widths < widths[-1]].max()
        for shape, width, other in zip(networks(arms[name]), widths, accuracy, strict=True):
            if (width == next_widest) if second else (width < next_widest):
                found[f"{LABELS[name]}, {network_name(shape)}"] = accuracy[-1] - other
    return of_seed_values(list(found), list(found.values()), CHANGE)


def _accuracies(arms: Arms, names: Sequence[str]) -> Evidence:
    """Accuracies of every network, those of training beside those of tests."""
    found: Evidence = {}
    for test, quantity in (("accuracy", "test_accuracy"), ("train-accuracy", "train_accuracy")):
        values = {
            f"{LABELS[name]}, {network_name(shape)}": of_network
            for name in names
            for shape, of_network in zip(
                networks(arms[name]), arms[name][quantity].transpose("network", "seed").values, strict=True
            )
        }
        found[test] = (of_seed_values(list(values), list(values.values()), SHARE), None)
    return found
