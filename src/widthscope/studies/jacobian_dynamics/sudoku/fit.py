"""Evidence of the family `sudoku`: means over seeds of what was measured of the trained networks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_counts
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.jacobian_dynamics.sudoku.curves import curves_of
from widthscope.studies.jacobian_dynamics.sudoku.tables import Arms, arms_of, largest_imaginary, moduli

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

TOP_SHARE = 0.02
"""Of the eigenvalues, those of largest modulus that the bulk leaves out."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    arms = arms_of(shards)
    claims = {
        "train-mle-to-zero": mle_to_zero(arms),
        "train-test-time-scaling": test_time_scaling(arms),
        "akorn-large-n-fails": large_oscillators(arms),
        "akorn-parity": parity(arms),
        "train-eigen-picture": eigen_picture(arms),
        "pseudo-decrease": pseudo_decrease(arms),
        "pseudo-voting": pseudo_voting(arms),
    }
    return claim_tree(claims) | {f"/curves/{name}": curve for name, curve in curves_of(arms).items()}


def mle_to_zero(arms: Arms) -> Evidence:
    """Exponents over T iterations before and after training, beside those in the long run."""

    def exponent(arm: str, place: int) -> np.ndarray:
        return np.asarray(arms[arm]["finite"].isel(step=place).values)

    nearer = abs(exponent("rms", 0)) - abs(exponent("rms", -1))
    filled = arms.share("rms", "boards", "id", arms.trained)
    begun = arms["rms"]["untrained_boards"].sel(part="id", iteration=arms.trained).values
    ends = [(arm, name, place) for arm in arms.tables for name, place in (("before", 0), ("after", -1))]
    bounded = [arm for arm, table in arms.tables.items() if "long_run" in table]
    return {
        "final": (
            of_seeds(["rms"], [exponent("rms", -1)], prediction=0.0),
            of_seeds(["none"], [exponent("none", -1)], prediction=0.0),
        ),
        "nearer": (of_seeds(["rms"], [nearer]), of_seeds(["before and after exchanged"], [-nearer])),
        "unit": (of_seeds(["after less before"], [exponent("unit", -1) - exponent("unit", 0)]), None),
        "accuracy": (
            of_seeds(["rms"], [filled - begun], possible=(-1.0, 1.0)),
            of_seeds(["none"], [arms.share("none", "boards", "id", arms.trained)], possible=(-1.0, 1.0)),
        ),
        "all-arms": (
            of_seeds(
                [f"{arm} {name}" for arm, name, _ in ends], [exponent(a, place) for a, _, place in ends]
            ),
            None,
        ),
        "long-run": (
            of_seeds(bounded, [arms[arm]["long_run"].isel(exponent=0).values for arm in bounded]),
            None,
        ),
    }


def test_time_scaling(arms: Arms) -> Evidence:
    """Boards filled after more iterations than trained, less those after fewer."""
    once, most = arms.trained, arms.longest * arms.trained

    def gain(arm: str, what: str, part: str, late: int = 0) -> np.ndarray:
        after = arms.share(arm, what, part, 4 * once + late)
        return np.asarray(after - arms.share(arm, what, part, once))

    def kept(arm: str, what: str, late: int = 0) -> np.ndarray:
        best = np.max([arms.share(arm, what, "ood", k) for k in (once, *arms.beyond())], axis=0)
        return np.asarray(arms.share(arm, what, "ood", most + late) - best)

    def pair(own: np.ndarray, control: np.ndarray) -> tuple[xr.Dataset, xr.Dataset]:
        late = f"{arms.wide}, one iteration late"
        return (
            of_seeds(["rms"], [own], possible=(-1.0, 1.0)),
            of_seeds([late], [control], possible=(-1.0, 1.0)),
        )

    others = [("rms", "id"), ("akorn", "ood"), ("akorn", "id"), (arms.wide, "id")]
    return {
        "rise": pair(gain("rms", "boards", "ood"), gain(arms.wide, "boards", "ood", 1)),
        "cells": pair(gain("rms", "cells", "ood"), gain(arms.wide, "cells", "ood", 1)),
        "no-decay": pair(kept("rms", "cells"), kept(arms.wide, "cells", 1)),
        "others": (
            of_seeds(
                [f"{arm} {part}" for arm, part in others],
                [gain(arm, "boards", part) for arm, part in others],
            ),
            None,
        ),
        "boards-kept": (of_seeds(["rms"], [kept("rms", "boards")], possible=(-1.0, 1.0)), None),
    }


def large_oscillators(arms: Arms) -> Evidence:
    """Change of accuracy beyond the trained iterations, at their parity."""

    def change(arm: str, what: str) -> np.ndarray:
        after = arms.share(arm, what, "id", arms.beyond())
        found: np.ndarray = after - arms.share(arm, what, "id", arms.trained)
        return found

    names = ["akorn", arms.wide]
    wide, narrow = change(arms.wide, "cells"), change("akorn", "cells")
    shared = min(len(wide), len(narrow))  # arms count their seeds from the same first one
    return {
        "cells": (
            of_seeds([arms.wide], [change(arms.wide, "cells")]),
            of_seeds(["rms"], [change("rms", "cells")]),
        ),
        "boards": (of_seeds(names, [change(arm, "boards") for arm in names]), None),
        "narrow": (
            of_seeds(["akorn", f"{arms.wide} less akorn"], [narrow, wide[:shared] - narrow[:shared]]),
            None,
        ),
    }


def parity(arms: Arms) -> Evidence:
    """Share of boards on which the state returns after two iterations and not after one; what it costs."""

    def period(arm: str) -> xr.Dataset:
        return of_seeds([arm], [arms[arm]["period_two"].values], possible=(0.0, 1.0))

    def gap(arm: str) -> xr.Dataset:
        even, odd = (arms.share(arm, "cells", "id", arms.beyond(odd)) for odd in (0, 1))
        return of_seeds([arm], [even - odd], possible=(-1.0, 1.0))

    changes = [(arm, name) for arm in ("akorn", arms.wide, "rms") for name in ("change_one", "change_two")]
    return {
        "period": (period("akorn"), period("rms")),
        "accuracy": (gap("akorn"), None),
        "wide": (period(arms.wide), None),
        "changes": (
            of_seeds(
                [f"{arm} {name}" for arm, name in changes], [arms[a][name].values for a, name in changes]
            ),
            None,
        ),
    }


def eigen_picture(arms: Arms) -> Evidence:
    """Where the eigenvalues of a step lie after training, by normalisation."""

    def radius(arm: str) -> np.ndarray:
        return np.asarray(moduli(arms[arm])[:, 0].values)

    def whole(arm: str) -> bool:
        """Whether all eigenvalues were computed: of the leading ones alone no share is known."""
        return bool(arms[arm].sizes["eigenvalue"] == arms[arm].attrs["dimension"])

    def bulk(arm: str) -> np.ndarray:
        found, taken = moduli(arms[arm]), round(TOP_SHARE * arms[arm].attrs["dimension"])
        if not whole(arm):
            return np.full(found.sizes["seed"], np.nan)
        return np.asarray(found[:, min(taken, found.sizes["eigenvalue"] - 1)].values)

    def outside(arm: str) -> xr.Dataset:
        found = moduli(arms[arm])
        shares = (found > 1).where(found.notnull()).mean("eigenvalue", skipna=False).values
        return of_seeds([arm], [shares if whole(arm) else shares * np.nan], possible=(0.0, 1.0))

    def any_outside(arm: str) -> tuple[int, int]:
        measured = radius(arm)[np.isfinite(radius(arm))]
        return int((measured > 1).sum()), len(measured)

    normalised = ["rms", "unit"]
    every = list(arms.tables)
    counts = {arm: found for arm in every if (found := any_outside(arm))[1]}
    return {
        "bulk": (
            of_seeds(normalised, [bulk(arm) for arm in normalised]),
            of_seeds(["none"], [bulk("none")]),
        ),
        "outside": (outside("none"), outside("rms")),
        "rotates": (
            of_seeds(["rms"], [largest_imaginary(arms["rms"])]),
            of_seeds(["sym"], [largest_imaginary(arms["sym"])]),
        ),
        "radius": (of_seeds(every, [radius(arm) for arm in every]), None),
        "networks": (
            of_counts(list(counts), *(list(column) for column in zip(*counts.values(), strict=True))),
            None,
        ),
        "imaginary": (of_seeds(every, [largest_imaginary(arms[arm]) for arm in every]), None),
    }


def pseudo_decrease(arms: Arms) -> Evidence:
    """Fall of the pseudo-energy, and what attention and state point along."""
    table = arms["akorn"]

    def cosine(name: str) -> xr.Dataset:
        values = table[name].mean("at", skipna=False).values
        return of_seeds(["over iterations"], [values], possible=(-1.0, 1.0))

    own, other = (
        (table[name].isel(at=-1) - table[name].isel(at=0)).values
        for name in ("contribution", "contribution_other")
    )
    return {
        "fall": (
            of_seeds(["trained step"], [table["fall"].values]),
            of_seeds(["reversed step"], [table["fall_reversed"].values]),
        ),
        "cosine": (cosine("cosine"), cosine("cosine_other")),
        "boards": (of_seeds(["falling"], [table["falling"].values], possible=(0.0, 1.0)), None),
        "contribution": (
            of_seeds(
                ["own eigenvectors, rise", "next seed's, rise", "own less next seed's", "at the end"],
                [own, other, own - other, table["contribution"].isel(at=-1).values],
            ),
            None,
        ),
    }


def pseudo_voting(arms: Arms) -> Evidence:
    """Boards filled by the first state of lowest pseudo-energy, and by any, less those by one at random."""
    table = arms["akorn"]
    gains = {name: (table[name] - table["single"]).values for name in ("voted", "oracle")}
    return {
        "gain": (
            of_seeds(["lowest pseudo-energy", "any of them"], list(gains.values()), possible=(-1.0, 1.0)),
            None,
        ),
        "single": (of_seeds(["one first state"], [table["single"].values], possible=(0.0, 1.0)), None),
    }
