"""Tables of the experiments' layout with numbers as theory expects them, or the other way round."""

import numpy as np
import xarray as xr

from widthscope.studies.attention_paths.hidden_markov.variants import (
    FOUR,
    KERNELS,
    LABELS,
    PATHS,
    RESTRICTIONS,
    SUBSETS,
    TEACHERS,
    TWO,
)

SEEDS, WIDTHS, TEMPERATURES, LAYERS = 16, (10, 100, 1000), (0.01, 0.1, 1.0), (1, 2)
ACCURACY = {"all": (0.95, 0.90, 0.85), "good": (0.88, 0.89, 0.92), "good+denoising": (0.94, 0.94, 0.94)}
INFINITE = {"all": 0.85, "good": 0.925, "good+denoising": 0.94}
RESTRICTED = {
    FOUR: {"diagonal": 0.945, "negated": 0.7, "shuffled": 0.82},
    TWO: {"diagonal": 0.84, "negated": 0.6, "shuffled": 0.90},
}
RESCALED = 0.85
WEIGHTS = {"good": 12.0, "random-1": 0.5, "denoising": 6.0, "random-2": 0.5}
SPREAD = 0.003


def variant_table(
    variant: str, generator: np.random.Generator, *, reversed_effects: bool = False
) -> xr.Dataset:
    """A table of one variant; `reversed_effects` mirrors all accuracies, weights and alignments."""

    def noisy(values: np.ndarray) -> np.ndarray:
        return values + SPREAD * generator.normal(size=(SEEDS, *values.shape))

    def mirrored(values: list[float] | list[tuple[float, ...]], about: float) -> np.ndarray:
        found = np.array(values, dtype=float)
        return 2 * about - found if reversed_effects else found

    paths, subsets = PATHS[variant], list(SUBSETS[variant])
    finite = mirrored([ACCURACY[name] for name in subsets], 0.9)
    infinite = mirrored([INFINITE[name] for name in subsets], 0.9)
    by_temperature = infinite[:, None, None] + np.array([0.0, 0.004, -0.03])[None, :, None] * np.ones(2)
    own = np.array([WEIGHTS[path] for path in paths])
    own = 1 / own if reversed_effects else own
    learned = np.diag(own)
    good, denoising = paths.index("good"), paths.index("denoising")
    cross = (0.6 if reversed_effects else -0.6) * np.sqrt(own[good] * own[denoising])
    learned[good, denoising] = learned[denoising, good] = cross
    at_widths = np.stack([np.eye(len(paths)) * (1 - w) + w * learned for w in (1.0, 0.5, 0.1)])
    cosine = mirrored([(0.35, 0.04), (0.10, 0.04)], 0.2)
    overlap = np.stack([cosine, 2 * cosine, cosine / 2], axis=-1)
    found = {
        "accuracy": (("subset", "width"), noisy(finite)),
        "gradient_norm": (("subset", "width"), np.full((SEEDS, *finite.shape), 1e-9)),
        "evaluations": (("subset", "width"), np.full((SEEDS, *finite.shape), 50.0)),
        "infinite_by_temperature": (("subset", "temperature", "part"), noisy(by_temperature)),
        "infinite_accuracy": (("subset",), noisy(infinite)),
        "finite_by_temperature": (("temperature", "part"), noisy(by_temperature[0] + 0.1)),
        "order_parameter": (("width", "path", "path2"), noisy(at_widths)),
        # all widths are judged on the same sequences, and the temperature hardly matters
        "rescaled_accuracy": (
            ("width",),
            np.repeat(noisy(mirrored([RESCALED], 0.9)), len(WIDTHS), axis=1),
        ),
        "restricted_accuracy": (
            ("restriction",),
            noisy(mirrored([RESTRICTED[variant][name] for name in RESTRICTIONS], 0.9)),
        ),
        "cosine": (("kernel", "labelled"), noisy(cosine)),
        "overlap": (("kernel", "labelled", "rank"), noisy(overlap)),
        "labels": (("example",), np.tile([1.0, -1.0], (SEEDS, 4))),
    }
    if variant == FOUR:
        taught = np.stack([np.diag([1.0, 3.0, 1.0, 3.0])] * len(TEACHERS))
        taught[:, 0, 2] = taught[:, 2, 0] = 0.5
        found["single_weight"] = (("width",), noisy(np.array([30.0, 5.0, 1.5])))
        found["teacher_order_parameter"] = (("teacher", "path", "path2"), noisy(taught))
    return xr.Dataset(
        {name: (("seed", *dims), values) for name, (dims, values) in found.items()},
        coords={
            "subset": subsets,
            "width": list(WIDTHS),
            "temperature": list(TEMPERATURES),
            "part": ["validation", "test"],
            "path": list(paths),
            "path2": list(paths),
            "restriction": list(RESTRICTIONS),
            "kernel": list(KERNELS),
            "labelled": list(LABELS),
            **({"teacher": list(TEACHERS)} if variant == FOUR else {}),
        },
    )


def shards(*, reversed_effects: bool = False) -> dict[str, xr.DataTree]:
    """One shard for each table, as a laptop's run has them."""
    generator = np.random.default_rng(5)
    depths = xr.Dataset(
        {
            "finite": (("seed", "layers", "width"), 0.9 + SPREAD * generator.normal(size=(4, 2, 3))),
            "infinite": (("seed", "layers"), 0.9 + SPREAD * generator.normal(size=(4, 2))),
        },
        coords={"layers": list(LAYERS), "width": list(WIDTHS)},
    )
    tables = {
        **{name: variant_table(name, generator, reversed_effects=reversed_effects) for name in (FOUR, TWO)},
        "depth": depths,
    }
    return {f"hidden-markov-{name}": xr.DataTree.from_dict({name: table}) for name, table in tables.items()}
