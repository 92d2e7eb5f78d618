"""Differences of gradients beside H g on small networks, over a grid of steps e, seed by seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, value_and_gradients
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.gradient_regularisation.differences import centred, displaced, exact, one_sided
from widthscope.gradient_regularisation.ensemble_steps import DifferenceStep, member_norms
from widthscope.streams import torch_generator
from widthscope.studies.gradient_regularization.networks import Activation, Network, initial, loss
from widthscope.work import Work

SLUG = "gradient_regularization"

ASCENTS = tuple(10 ** (power / 2) for power in range(-8, 1))
"""e from 1e-4 to 1, two each decade."""

SINGLE_ASCENTS = tuple(10 ** (power / 2) for power in range(-10, -5))
"""e from 1e-5 to 1e-3, for float32: below where rounding takes over (theory notes 3.1)."""

AT_ONCE = 8
"""Seeds whose gradients are taken at once."""

IDENTITY_ASCENT = 0.13
"""e = strength of the identity with sharpness-aware minimisation (theory notes 4.1)."""

UNIT = torch.finfo(torch.float64).eps / 2
"""u: largest relative error of one rounding in float64."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Nodes /tanh, /relu, /single and /identity.

    Args:
        settings: those of `Differences`, and `seed`.
        datasets: none is read.
        work: what the job gives.

    Returns:
        by seed and ascent: relative ``error`` by difference (forward, backward, centred), ``opposition``
        (1 + cosine of forward and backward errors) and ``turn`` (1 - cosine of the forward difference and
        H g); for tanh also ``other_turn``, where the second gradient is taken on another batch. /single has
        the errors of float32. /identity has by seed the largest deviation over what rounding allows.
    """
    smooth, kinked = (_network(settings, activation) for activation in ("tanh", "relu"))
    tables: dict[str, list[xr.Dataset]] = {"tanh": [], "relu": [], "single": [], "identity": []}
    for begin in work.progress(range(0, settings["seeds"], AT_ONCE)):
        seeds = range(begin, min(begin + AT_ONCE, settings["seeds"]))
        drawn = _drawn(settings, seeds, work.device)
        tables["tanh"].append(_differences(smooth, *drawn, seeds))
        tables["relu"].append(_differences(kinked, *drawn, seeds).drop_vars("other_turn"))
        tables["single"].append(_single(smooth, *drawn[:2], seeds))
        tables["identity"].append(_identity(kinked, *drawn[:2], seeds))
    attrs = {name: settings[name] for name in ("inputs", "width", "layers", "examples")}
    return xr.DataTree.from_dict(
        {f"/{name}": xr.concat(parts, "seed").assign_attrs(attrs) for name, parts in tables.items()}
    )


def _network(settings: Mapping[str, Any], activation: Activation) -> Network:
    gain = {"tanh": 1.0, "relu": 2.0}[activation]
    return Network(
        activation, settings["layers"], settings["width"], settings["inputs"], settings["classes"], gain
    )


def _drawn(
    settings: Mapping[str, Any], seeds: Sequence[int], device: torch.device | str
) -> tuple[Parameters, Batch, Batch]:
    """Standard Gaussian weights to be scaled by the network's gain, and two batches, of each seed."""

    def generator(purpose: str, seed: int) -> torch.Generator:
        return torch_generator(SLUG, f"differences.{purpose}", settings["seed"], seed)

    def batch(of_seed: torch.Generator) -> Parameters:
        shape = (settings["examples"], settings["inputs"])
        return {
            "x": torch.randn(*shape, generator=of_seed, dtype=torch.float64),
            "labels": torch.randint(settings["classes"], shape[:1], generator=of_seed),
        }

    unit = _network(settings, "tanh")
    parameters = stacked(
        [initial(generator("weights", seed), unit) for seed in seeds], device, dtype=torch.float64
    )
    first, second = (
        [batch(generator(purpose, seed)) for seed in seeds] for purpose in ("batch", "other-batch")
    )
    return parameters, _together(first, device), _together(second, device)


def _together(batches: Sequence[Parameters], device: torch.device | str) -> Parameters:
    return {name: torch.stack([batch[name] for batch in batches]).to(device) for name in batches[0]}


def _scaled(network: Network, parameters: Parameters) -> Parameters:
    """The parameters drawn with gain 1, at the network's gain."""
    return {
        name: value * network.gain**0.5 if name.startswith("W") else value
        for name, value in parameters.items()
    }


def _differences(
    network: Network, drawn: Parameters, batch: Batch, other: Batch, seeds: Sequence[int]
) -> xr.Dataset:
    of_network, parameters = loss(network), _scaled(network, drawn)

    def gradient(at: Parameters) -> Parameters:
        return value_and_gradients(of_network, at, batch)[1]

    def other_gradient(at: Parameters) -> Parameters:
        return value_and_gradients(of_network, at, other)[1]

    _, first, products = exact(of_network, parameters, batch)
    exactly = _flat(products)
    errors, opposition, turn, other_turn = [], [], [], []
    for ascent in ASCENTS:
        forward, backward, middle = (
            _flat(found)
            for found in (
                one_sided(gradient, parameters, first, ascent),
                one_sided(gradient, parameters, first, -ascent),
                centred(gradient, parameters, first, ascent),
            )
        )
        errors.append(torch.stack([_relative(each, exactly) for each in (forward, backward, middle)], 1))
        opposition.append(_one_less_cosine(forward - exactly, exactly - backward))
        turn.append(_one_less_cosine(forward, exactly))
        mixed_up = _flat(one_sided(other_gradient, parameters, first, ascent))
        other_turn.append(_one_less_cosine(mixed_up, exactly))
    by_ascent = ("seed", "ascent")
    return xr.Dataset(
        {
            "error": (("seed", "difference", "ascent"), torch.stack(errors, 2).cpu().numpy()),
            "opposition": (by_ascent, torch.stack(opposition, 1).cpu().numpy()),
            "turn": (by_ascent, torch.stack(turn, 1).cpu().numpy()),
            "other_turn": (by_ascent, torch.stack(other_turn, 1).cpu().numpy()),
        },
        coords={
            "seed": list(seeds),
            "difference": ["forward", "backward", "centred"],
            "ascent": list(ASCENTS),
        },
    )


def _single(network: Network, drawn: Parameters, batch: Batch, seeds: Sequence[int]) -> xr.Dataset:
    """Errors of differences that are taken in float32, against H g in float64."""
    of_network, parameters = loss(network), _scaled(network, drawn)
    exactly = _flat(exact(of_network, parameters, batch)[2])
    rounded = {name: value.float() for name, value in parameters.items()}
    rounded_batch = {**batch, "x": batch["x"].float()}

    def gradient(at: Parameters) -> Parameters:
        return value_and_gradients(of_network, at, rounded_batch)[1]

    first = gradient(rounded)
    errors = [
        torch.stack(
            [
                _relative(_flat(one_sided(gradient, rounded, first, sign * ascent)).double(), exactly)
                for sign in (1, -1)
            ],
            1,
        )
        for ascent in SINGLE_ASCENTS
    ]
    return xr.Dataset(
        {"error": (("seed", "difference", "ascent"), torch.stack(errors, 2).cpu().numpy())},
        coords={"seed": list(seeds), "difference": ["forward", "backward"], "ascent": list(SINGLE_ASCENTS)},
    )


def _identity(network: Network, drawn: Parameters, batch: Batch, seeds: Sequence[int]) -> xr.Dataset:
    """The step's direction at strength = e against g(p + e g), and at half the strength, by kind of e.

    Of g0 + 1 (g1 - g0) two operations round: it lies within u (|g1 - g0| + |g1|) of g1, u = 2^-53, but for
    products of u; the hundredth is for these.
    """
    of_network, parameters = loss(network), _scaled(network, drawn)
    first = value_and_gradients(of_network, parameters, batch)[1]
    lengths = {
        "fixed": torch.full_like(member_norms(first), IDENTITY_ASCENT),
        "over-norm": IDENTITY_ASCENT / member_norms(first),
    }
    found: dict[str, list[Tensor]] = {"deviation": [], "half_deviation": []}
    for length in lengths.values():
        second = value_and_gradients(of_network, displaced(parameters, first, length), batch)[1]
        allowed = {
            name: 1.01 * UNIT * ((value - first[name]).abs() + value.abs()) for name, value in second.items()
        }
        for name, strength in (("deviation", length), ("half_deviation", length / 2)):
            step = DifferenceStep(of_network, SGD(1.0), strength, length)
            direction = step.direction(parameters, batch)[1]
            found[name].append(_largest_over(direction, second, allowed))
    return xr.Dataset(
        {name: (("seed", "length"), torch.stack(values, 1).cpu().numpy()) for name, values in found.items()},
        coords={"seed": list(seeds), "length": list(lengths)},
    )


def _largest_over(found: Parameters, wanted: Parameters, allowed: Parameters) -> Tensor:
    """Largest deviation over what is allowed for it, (member,); 0/0, of unused weights, is none."""
    ratios = {
        name: torch.where(found[name] == value, 0.0, (found[name] - value).abs() / allowed[name])
        for name, value in wanted.items()
    }
    return _flat(ratios).amax(dim=1)


def _flat(tensors: Parameters) -> Tensor:
    """(member, P)."""
    return torch.cat([value.flatten(1) for value in tensors.values()], dim=1)


def _relative(found: Tensor, exactly: Tensor) -> Tensor:
    distance, size = (torch.linalg.vector_norm(each, dim=1) for each in (found - exactly, exactly))
    ratio: Tensor = distance / size
    return ratio


def _one_less_cosine(first: Tensor, second: Tensor) -> Tensor:
    """1 - cosine (member,), as half the squared distance of unit vectors: small ones keep their digits."""
    first, second = (each / torch.linalg.vector_norm(each, dim=1, keepdim=True) for each in (first, second))
    return (first - second).square().sum(dim=1) / 2
