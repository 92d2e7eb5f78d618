"""How sparse the entries of Kronecker products are: of Gaussian factors, and trained with an L2 penalty."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.ensembles.batches import OwnMinibatches, epochs
from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.training import train
from widthscope.mixers.mixing import initial_weights
from widthscope.streams import torch_generator
from widthscope.studies.pk_mixer.sparsity.absolute_norms import (
    evenness,
    gaussian_evenness,
    gaussian_kurtosis,
    kurtosis,
)
from widthscope.studies.pk_mixer.sparsity.mixings import (
    FORMS,
    effective_weight,
    initial,
    logits,
    penalised_loss,
)
from widthscope.studies.pk_mixer.training import Recipe, SeedImages, images_of
from widthscope.work import Work

SLUG = "pk_mixer"
BINS = np.linspace(0.0, 5.0, 51)


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Tables `drawn`, if draws are asked for, and `trained`.

    Args:
        settings: those of `Sparsity`, `sides` of the tables, and `seed`.
        datasets: the one named by the settings.
        work: what the job gives.
    """
    nodes = {"trained": trained(settings, datasets[settings["dataset"]], work)}
    if settings["draws"]:
        nodes["drawn"] = drawn(settings)
    return xr.DataTree.from_dict(nodes)


def drawn(settings: Mapping[str, Any]) -> xr.Dataset:
    """r and kurtosis of products of Gaussian factors, and of Gaussian matrices of as many entries.

    Returns:
        ``evenness`` and ``kurtosis`` (form, draw) with ``predicted_...`` (form), means at this size; and
        ``density`` (form, bin) of sizes of entries over their root mean square.
    """
    side, count = settings["factor"], settings["draws"]
    entries = side * side
    generator = torch_generator(SLUG, "sparsity.drawn", settings["seed"])
    found = np.empty((2, 2, count))
    histogram = np.zeros((2, len(BINS) - 1))
    for draw in range(count):
        factors = initial_weights(2, side, side, side, 1.0, generator)
        gaussian = initial_weights(1, entries, entries, entries, 1.0, generator)[0]
        for place, matrix in enumerate((torch.kron(factors[0], factors[1]), gaussian)):
            found[:, place, draw] = float(evenness(matrix)), float(kurtosis(matrix))
            sizes = (matrix.abs() / matrix.square().mean().sqrt()).flatten().numpy()
            histogram[place] += np.histogram(sizes, BINS)[0] / sizes.size / np.diff(BINS) / count
    return xr.Dataset(
        {
            "evenness": (("form", "draw"), found[0]),
            "kurtosis": (("form", "draw"), found[1]),
            "density": (("form", "bin"), histogram),
            "predicted_evenness": ("form", [gaussian_evenness(entries) ** 2, gaussian_evenness(entries**2)]),
            "predicted_kurtosis": ("form", [gaussian_kurtosis(entries) ** 2, gaussian_kurtosis(entries**2)]),
        },
        coords={"form": ["kronecker", "dense"], "bin": (BINS[1:] + BINS[:-1]) / 2},
        attrs={"side": side},
    )


def trained(settings: Mapping[str, Any], dataset: xr.Dataset, work: Work) -> xr.Dataset:
    """Linear mixings of every form and penalty, trained on each seed's own split.

    Forms of one seed share the split, the order of minibatches and the head's first weights; penalties share
    all first weights.

    Returns:
        ``initial`` and ``final``, r of the effective weight, and ``test_accuracy`` (form, penalty, seed); NaN
        where a member diverged.
    """
    seeds = list(range(settings["seeds"]))
    recipe = Recipe(
        settings["train"],
        settings["test"],
        batch=settings["batch"],
        epochs=settings["epochs"],
        rate=settings["rate"],
    )
    purpose = (SLUG, "sparsity.trained", settings["seed"])
    images = images_of(dataset, recipe, seeds, purpose)
    members = Members.grid(penalty=settings["penalties"], seed=seeds)
    names = ("initial", "final", "test_accuracy")
    found = {
        form: dict(zip(names, _of_form(settings, form, members, images, recipe, purpose, work), strict=True))
        for form in FORMS
    }
    shape = (len(settings["penalties"]), len(seeds))
    return xr.Dataset(
        {
            name: (
                ("form", "penalty", "seed"),
                np.array([found[form][name].reshape(shape) for form in FORMS]),
            )
            for name in names
        },
        coords={"form": list(FORMS), "penalty": list(settings["penalties"]), "seed": seeds},
        attrs={name: settings[name] for name in ("dataset", "train", "test", "epochs")},
    )


def _of_form(
    settings: Mapping[str, Any],
    form: str,
    members: Members,
    images: SeedImages,
    recipe: Recipe,
    purpose: tuple[str, str, int],
    work: Work,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """r before and after, and test accuracy of all members (member,)."""
    tokens, channels = settings["sides"]
    places = torch.tensor([int(seed) for seed in members.values("seed")])

    def first(seed: int) -> Parameters:
        return initial(form, tokens, channels, lambda name: torch_generator(*purpose, "weights", name, seed))

    drawn_once = {seed: first(int(seed)) for seed in set(members.values("seed"))}
    parameters = stacked([drawn_once[seed] for seed in members.values("seed")], work.device)
    order = epochs(members.generators(*purpose, "batches"), recipe.train, recipe.batch, recipe.steps)
    tables = images.train.pixels.reshape(len(images.train.labels), -1, tokens, channels).to(work.device)
    labels = images.train.labels.to(work.device)
    minibatches = OwnMinibatches({"tables": tables, "labels": labels}, order, sets=places.to(work.device))
    penalty = members.tensor("penalty", work.device, torch.float32)

    def batches(step: int) -> Batch:
        return {**minibatches(step), "penalty": penalty}

    result = train(
        members,
        parameters,
        GradientStep(penalised_loss, Adam(recipe.rate)),
        batches,
        recipe.steps,
        work=work,
        name=form.replace(" ", "-"),
    )
    alive = result.diverged_at.cpu() < 0
    tested = images.test.pixels.reshape(len(images.test.labels), -1, tokens, channels).to(work.device)
    right = torch.stack(
        [
            (_classes(result.parameters, member, tested[place]) == images.test.labels[place]).double().mean()
            for member, place in enumerate(places.tolist())
        ]
    )
    sizes = [evenness(effective_weight(values)).cpu() for values in (parameters, result.parameters)]
    kept = [torch.where(alive, values, torch.nan).numpy() for values in (*sizes, right)]
    return kept[0], kept[1], kept[2]


def _classes(parameters: Parameters, member: int, tables: torch.Tensor) -> torch.Tensor:
    """Classes with the largest logit, in float32, for one member's tables (example, S, C), on the CPU."""
    own = {name: value[member : member + 1] for name, value in parameters.items()}
    return logits(own, tables.unsqueeze(0))[0].argmax(-1).cpu()
