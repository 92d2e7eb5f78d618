"""Shards of the family `width`: one for each experiment, its arms or its networks, as they are long."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from widthscope.datasets.image_sizes import IMAGE_SIZES, stored_images
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard
from widthscope.studies.pk_mixer.width.arms import ARMS
from widthscope.studies.pk_mixer.width.settings import Width

NAME, ENTRY = "width", "width.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 10.0
"""Experiments that take no longer than this in all share one job, whose start would cost as much."""

EXPERIMENT_SECONDS = 65.0
"""An experiment that takes no longer than this has one job for all of its arms."""

PRODUCT_SECONDS = 3e-11
"""Of one multiplication and addition of a gradient's three products, on one core."""

UNIT_SECONDS = 2.5e-9
"""Of one unit of one mixing layer, forward and backward, for one image: activation, skip, layout."""

PERMUTED_SECONDS = 5.5e-9
"""The same, of the permutations that a random-permuted layer has besides."""

WEIGHT_SECONDS = 6e-9
"""Of one weight in one update, with its mask where it has one."""

FORWARD = 0.35
"""Share of a forward pass in a gradient: all that an image costs, once, where only the readout is trained."""

STEP_SECONDS = 6e-3
"""Of one step of all seeds, whatever their size."""

READOUT_STEP_SECONDS = 1.5e-3
"""The same where a readout learns alone."""

BASE_MEMORY_MB = 500
CLASSES, PROJECTED = 10, 64

CHUNK = 500
"""Images that pass at once where accuracies are measured."""

LEFT = 1
"""Numbers that stay of each unit and image, beside those of all layers."""

Networks = list[tuple[str, dict[str, Any]]]


def shards(settings: Width, seed: int) -> list[Shard]:
    """All experiments; a shape or a seed that is added never changes another network's numbers."""
    experiments = {name: _experiment(settings, name) for name in ARMS}
    if sum(_seconds(settings, each) for each in experiments.values()) <= TOGETHER_SECONDS:
        return [_shard(settings, seed, NAME, experiments)]
    found = []
    for name, each in experiments.items():
        for suffix, part in _jobs(settings, each).items():
            found.append(_shard(settings, seed, f"{NAME}-{name}{suffix}", {name: part}))
    return found


def _experiment(settings: Width, name: str) -> dict[str, Any]:
    """Recipe, seeds and networks of an experiment."""
    own = getattr(settings, name)
    shapes = [(1, width) for width in own.widths] if name == "sparse" else own.shapes
    networks: Networks = [
        (arm, _network(settings, own, fields, shape))
        for arm, fields in ARMS[name].items()
        for shape in (_of_distinct_width(shapes) if fields.get("blocks") == 0 else shapes)
    ]
    return {
        "recipe": {
            "train": settings.train,
            "test": settings.test,
            "noise": own.noise,
            "batch": settings.batch,
            "epochs": own.epochs,
            "rate": settings.rate,
        },
        "seeds": list(range(own.seeds)),
        "networks": networks,
    }


def _of_distinct_width(shapes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """One shape of each width: without mixing layers those of one width are the same network."""
    return list({tokens * channels: (tokens, channels) for tokens, channels in reversed(shapes)}.values())[
        ::-1
    ]


def _network(settings: Width, own: Any, fields: Mapping[str, Any], shape: tuple[int, int]) -> dict[str, Any]:
    """Fields of one network."""
    found = {
        "tokens": shape[0],
        "channels": shape[1],
        "blocks": settings.blocks,
        "inputs": IMAGE_SIZES[settings.dataset].pixels,
        **fields,
    }
    if fields["kind"] == "sparse" and found["blocks"]:
        found["connections"] = own.connections
    if fields["design"] == "sparse-ends":
        found["end_width"] = settings.end_width
    return found


def _jobs(settings: Width, each: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The experiment in parts, one for each job, by the end of the job's name."""
    if _seconds(settings, each) <= EXPERIMENT_SECONDS:
        return {"": each}
    found: dict[str, Mapping[str, Any]] = {}
    for arm in dict.fromkeys(_trained_form(arm) for arm, _ in each["networks"]):
        of_arm = [network for network in each["networks"] if _trained_form(network[0]) == arm]
        if _seconds(settings, {**each, "networks": of_arm}) <= SHARD_SECONDS:
            found[f"-{arm}"] = {**each, "networks": of_arm}
            continue
        for name, fields in of_arm:
            suffix = f"-{name}-s{fields['tokens']}-c{fields['channels']}"
            found |= _by_seeds(settings, suffix, {**each, "networks": [(name, fields)]})
    return found


def _by_seeds(settings: Width, suffix: str, each: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """One network's job, or several with some of its seeds each where one would be long."""
    seeds = each["seeds"]
    jobs = min(len(seeds), math.ceil(_seconds(settings, each) / SHARD_SECONDS))
    if jobs <= 1:
        return {suffix: each}
    size = math.ceil(len(seeds) / jobs)
    parts = [seeds[first : first + size] for first in range(0, len(seeds), size)]
    return {f"{suffix}-from{part[0]}": {**each, "seeds": part} for part in parts}


def _trained_form(arm: str) -> str:
    """The arm whose mixing layers are trained: frozen ones are cheap, and share its job."""
    return arm.removesuffix("-frozen")


def _shard(settings: Width, seed: int, name: str, experiments: Mapping[str, Any]) -> Shard:
    seconds = sum(_seconds(settings, each) for each in experiments.values())
    memory = max(_megabytes(settings, each) for each in experiments.values())
    return Shard(
        name,
        ENTRY,
        {"dataset": settings.dataset, "seed": seed, "experiments": dict(experiments)},
        Cost(STARTUP + seconds, BASE_MEMORY_MB + memory),
        datasets=(settings.dataset,),
        gpu_speedup=GPU_SPEEDUP,
    )


def _seconds(settings: Width, each: Mapping[str, Any]) -> float:
    """Of an experiment's training; its tests are a forward pass beside many."""
    steps = each["recipe"]["epochs"] * (settings.train // settings.batch)
    members = len(each["seeds"])
    found = 0.0
    for _, fields in each["networks"]:
        passed = FORWARD * (settings.train + settings.test)
        passed += FORWARD * settings.train if _readout_alone(fields) else steps * settings.batch
        one = passed * _image_seconds(fields) + steps * WEIGHT_SECONDS * _weights(fields)
        found += steps * (READOUT_STEP_SECONDS if _readout_alone(fields) else STEP_SECONDS) + members * one
    return found


def _image_seconds(fields: Mapping[str, Any]) -> float:
    """Of one image's gradient."""
    width, layers = _size(fields)
    unit = UNIT_SECONDS + (PERMUTED_SECONDS if fields["kind"] == "random-permuted" else 0.0)
    inside = width**2 if fields["kind"] == "sparse" else width * (fields["tokens"] + fields["channels"]) / 2
    products = 3 * (layers * inside + width * (fields["inputs"] + CLASSES))
    return float(products * PRODUCT_SECONDS + (layers + 1) * width * unit)


def _readout_alone(fields: Mapping[str, Any]) -> bool:
    """As `networks.Network.learns_readout_alone`."""
    return fields["design"] == "isolated" and (bool(fields.get("frozen")) or fields["blocks"] == 0)


def _weights(fields: Mapping[str, Any]) -> float:
    """Numbers that an update passes over."""
    width = _size(fields)[0]
    ends = 0 if fields["design"] == "isolated" else width * (fields["inputs"] + CLASSES)
    return float(ends + (0 if fields.get("frozen") else _mixing_weights(fields)))


def _mixing_weights(fields: Mapping[str, Any]) -> float:
    """Weights of all mixing layers, masked ones too."""
    width, layers = _size(fields)
    if fields["kind"] == "sparse":
        return float(layers * width**2)
    return float(layers * (fields["tokens"] ** 2 + fields["channels"] ** 2) / 2)


def _megabytes(settings: Width, each: Mapping[str, Any]) -> int:
    """Of the images of all seeds and those they are drawn from, weights with Adam's averages, activations."""
    pixels = IMAGE_SIZES[settings.dataset].pixels
    images = pixels * (
        len(each["seeds"]) * (settings.train + settings.test) * 3 + 6 * stored_images(settings.dataset)
    )
    weights = max(
        7 * _weights(fields) + 2 * _mixing_weights(fields) + 2 * _ends(fields)
        for _, fields in each["networks"]
    )
    units = max(width * (layers + 2) for _, fields in each["networks"] for width, layers in [_size(fields)])
    left = LEFT * max(settings.batch, CHUNK) * units
    return int(4 * (images + len(each["seeds"]) * (weights + left)) / 2**20)


def _size(fields: Mapping[str, Any]) -> tuple[int, int]:
    """Width m and number of mixing layers."""
    return int(fields["tokens"] * fields["channels"]), int(2 * fields["blocks"])


def _ends(fields: Mapping[str, Any]) -> int:
    """Weights of the stem and the head, frozen or not."""
    return _size(fields)[0] * (int(fields["inputs"]) + PROJECTED)
