"""Trainings on orthogonal patterns, and on digits whitened to be nearly so."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann.training import BiasFreeDescent
from widthscope.boltzmann.training import small as small_weights
from widthscope.ensembles.batches import OwnMinibatches, epochs
from widthscope.ensembles.members import DIM, Members
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import Recording, even_steps
from widthscope.ensembles.training import train
from widthscope.studies.attnbm.memorisation.descents import Descent, descend, descend_and_settle
from widthscope.studies.attnbm.memorisation.whitening import across_images
from widthscope.work import Work

PURPOSE = ("attnbm", "memorisation")
SHOWN = 24
"""Largest hidden units of the first seed that are kept for the figure."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each part that the settings name, of `PARTS`.

    Args:
        settings: `seed`, and sizes by part as in `settings.Memorisation`.
        datasets: ``digits``, where images are trained on.
        work: what the job gives.
    """
    found: dict[str, xr.Dataset] = {}
    for part, sizes in settings["parts"].items():
        found |= PARTS[part](sizes, settings["seed"], datasets, work)
    return xr.DataTree.from_dict(found)


def hidden_units(
    sizes: Mapping[str, Any], seed: int, datasets: Mapping[str, xr.Dataset], work: Work
) -> dict[str, xr.Dataset]:
    """Trainings at the numbers of hidden units ``trained``, and those of ``compared`` that belong to them.

    ``copied`` has, for each number of hidden units, other seeds of the smallest network: hidden units that
    start as copies of one another stay so, and as k copies of each at k times the rate train as the smallest
    network does.
    """
    purpose = (*PURPOSE, "hidden-units", seed)
    seeds = range(sizes["seeds"])

    def of(hidden: int, **changes: Any) -> Descent:
        common = {name: sizes[name] for name in ("pixels", "patterns", "rate", "batch", "epochs")}
        return Descent(hidden=hidden, **common, **changes)

    fewest, judged, count = sizes["hidden"][0], sizes["judged"], len(seeds)
    found: dict[str, xr.Dataset] = {}
    for hidden in sizes["trained"]:
        found[f"/hidden-units/H{hidden}"] = descend(of(hidden), seeds, purpose, work, f"hidden-{hidden}")
    if "copied" in sizes["compared"]:
        others = range(count * len(sizes["hidden"]))
        copied = descend(of(fewest), others, (*purpose, "copied"), work, "copied")
        for place, hidden in enumerate(sizes["hidden"]):
            own = copied.isel(seed=slice(place * count, (place + 1) * count))
            found[f"/copied/H{hidden}"] = own.assign_attrs(hidden=hidden)
    if "from-patterns" in sizes["compared"]:
        started = of(judged, from_patterns=True)
        found["/from-patterns"] = descend(started, seeds, (*purpose, "patterns"), work, "from-patterns")
    if "with-bias" in sizes["compared"]:
        found["/with-bias"] = descend(of(judged, train_bias=True), seeds, purpose, work, "with-bias")
    return found


def plateaus(
    sizes: Mapping[str, Any], seed: int, datasets: Mapping[str, xr.Dataset], work: Work
) -> dict[str, xr.Dataset]:
    """Trainings in minibatches, then on all patterns at once, at every size."""
    found = {}
    for pixels, hidden in sizes["sizes"]:
        common = {name: sizes[name] for name in ("patterns", "rate", "batch", "epochs")}
        own = Descent(pixels=pixels, hidden=hidden, **common)
        purpose = (*PURPOSE, "plateaus", seed)
        name = f"N{pixels}-H{hidden}"
        first, second = descend_and_settle(own, sizes["settled"], range(sizes["seeds"]), purpose, work, name)
        found[f"/plateaus/{name}/minibatches"], found[f"/plateaus/{name}/settled"] = first, second
    return found


def published(
    sizes: Mapping[str, Any], seed: int, datasets: Mapping[str, xr.Dataset], work: Work
) -> dict[str, xr.Dataset]:
    """The sizes of the paper's script from small weights, and for a tenth of the time from the patterns."""
    names = ("pixels", "patterns", "hidden", "rate", "batch")
    common = {name: sizes[name] for name in names}
    purpose = (*PURPOSE, "published", seed)
    seeds = range(sizes["seeds"])
    run_of = Descent(**common, epochs=sizes["epochs"])
    held = Descent(**common, epochs=max(8, sizes["epochs"] // 10), from_patterns=True)
    return {
        "/published/small": descend(run_of, seeds, purpose, work, "published", recorded=40),
        "/published/patterns": descend(held, seeds, purpose, work, "published-patterns", recorded=8),
    }


def images(
    sizes: Mapping[str, Any], seed: int, datasets: Mapping[str, xr.Dataset], work: Work
) -> dict[str, xr.Dataset]:
    """Whitened digits, each seed its own, with what the hidden units of the first seed look like."""
    purpose = (*PURPOSE, "images", seed)
    members, patterns = Members.grid(seed=range(sizes["seeds"])), sizes["patterns"]
    pixels = torch.as_tensor(datasets[sizes["dataset"]]["image"].values).flatten(1)
    chosen = [
        torch.randperm(len(pixels), generator=generator)[:patterns]
        for generator in members.generators(*purpose, "images")
    ]
    whitened = torch.stack([across_images(pixels[own]) for own in chosen])
    examples = whitened.float().to(work.device)
    drawn = [
        small_weights(generator, sizes["hidden"], pixels.shape[1], biases=False)
        for generator in members.generators(*purpose, "initial")
    ]
    steps = sizes["epochs"] * (patterns // sizes["batch"])
    order = epochs(members.generators(*purpose, "order"), patterns, sizes["batch"], steps)
    trained = train(
        members,
        stacked(drawn, device=work.device),
        BiasFreeDescent(sizes["rate"]),
        OwnMinibatches({"visible": examples}, order),
        steps,
        [_recorded(whitened.to(work.device), steps)],
        work=work,
        name="images",
    )
    history = trained.history.swap_dims({DIM: "seed"})[["nll", "owner"]]
    sizes_kept = ("patterns", "hidden", "batch", "epochs", "rate")
    table = history.assign_attrs({name: sizes[name] for name in sizes_kept})
    table["squared_norm"] = ("seed", whitened.square().sum(2).mean(1).numpy())
    table["overlap"] = ("seed", _overlaps(whitened).numpy())
    return {"/images": table, "/receptive-fields": _shown(trained.parameters, whitened)}


PARTS = {"hidden_units": hidden_units, "plateaus": plateaus, "published": published, "images": images}


def _recorded(whitened: Tensor, steps: int) -> Recording:
    def measure(parameters: Parameters) -> Mapping[str, Tensor]:
        weights = parameters["weights"].double()
        inputs = whitened @ weights.mT
        level = (weights.square().sum(2) / 2).logsumexp(1)
        nll = whitened.square().sum(2) / 2 - inputs.logsumexp(2) + level[:, None]
        return {"nll": nll, "owner": inputs.argmax(2).double()}

    return Recording(
        measure, {"nll": ("pattern",), "owner": ("pattern",)}, even_steps(steps, 16), along="step"
    )


def _overlaps(whitened: Tensor) -> Tensor:
    """Root mean square cosine of two different images of a seed, (seed,)."""
    unit = whitened / whitened.norm(dim=2, keepdim=True)
    cosines = unit @ unit.mT
    count = cosines.shape[1]
    off = cosines.square().sum((1, 2)) - torch.diagonal(cosines, dim1=1, dim2=2).square().sum(1)
    return torch.sqrt(off / (count * (count - 1)))


def _shown(parameters: Parameters, whitened: Tensor) -> xr.Dataset:
    """The longest w_j of the first seed, how many images each owns, and the image nearest to it."""
    weights, patterns = parameters["weights"][0].double().cpu(), whitened[0]
    owners = (patterns @ weights.mT).argmax(1)
    longest = weights.norm(dim=1).argsort(descending=True)[:SHOWN]
    cosines = (
        weights[longest] @ patterns.mT / weights[longest].norm(dim=1, keepdim=True) / patterns.norm(dim=1)
    )
    side = round(patterns.shape[1] ** 0.5)
    nearest = patterns[cosines.argmax(1)]
    picture = ("unit", "row", "col")
    return xr.Dataset(
        {
            "field": (picture, weights[longest].reshape(-1, side, side).float().numpy()),
            "nearest": (picture, nearest.reshape(-1, side, side).float().numpy()),
            "cosine": ("unit", cosines.amax(1).numpy()),
            "order": ("unit", (owners[:, None] == longest).sum(0).numpy()),
        }
    )
