"""Evidence of the family `similarity`: whose features and whose spectra a mixer's are closest to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.pk_mixer.similarity.arms import ANOTHER, DRAWN_TWICE, SHUFFLED

WORDS = {
    "mixer": "mixer",
    "permuted": "random-permuted mixer",
    "sparser": "sparser",
    "sparse": "sparse, matched",
    "denser": "denser",
    "dense": "dense, of the same width",
    "narrow": "dense, of the same connections",
}

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    swept = [tree for name, tree in shards.items() if name.split("-")[0] == "similarity"]
    analysed = [tree for name, tree in shards.items() if name.split("-")[0] == "spectra/similarity"]
    likeness = joined_seeds([tree["likeness"].to_dataset().load() for tree in swept])
    spectra = joined_seeds([tree.to_dataset().load() for tree in analysed])
    claims = {
        "cka-sparse-match": sparse_match(likeness),
        "cka-interior": interior(likeness),
        "cka-rp-closer": permuted_closer(likeness),
        "spectrum-trained": spectrum_trained(spectra),
    }
    return claim_tree(claims) | {
        "/curves/similarity-features": _features_curve(likeness),
        "/curves/similarity-spectra": spectra[["quantile"]]
        .mean("seed")
        .assign_attrs(moved=float(spectra["moved"].max("arm").mean()), side=likeness.attrs["side"]),
    }


def joined_seeds(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Tables of several shards' seeds as one, in order."""
    return xr.concat(
        parts,
        "seed",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="exact",
        combine_attrs="override",
    ).sortby("seed")


def sparse_match(table: xr.Dataset) -> Evidence:
    """Likeness to the matched sparse network less that to the dense one with as many connections."""
    another = f"{ANOTHER}narrow"
    return {
        "difference": (
            _differences(table, "mixer", ("sparse", "narrow")),
            _differences(table, another, ("sparse", "narrow")),
        ),
        "equal-width": (_differences(table, "mixer", ("sparse", "dense")), None),
        "likeness": (
            _means(table, [("mixer", other) for other in ("sparse", "narrow", "dense", "permuted")]),
            None,
        ),
        "own-kind": (
            _means(
                table,
                [(f"{ANOTHER}{arm}", arm) for arm in DRAWN_TWICE],
            ),
            None,
        ),
        "shuffled": (_means(table, [("mixer", f"{SHUFFLED}sparse")]), None),
        "accuracy": (_accuracies(table), None),
    }


def interior(table: xr.Dataset) -> Evidence:
    """Likeness to the matched sparse network less that to either end of the densities."""
    ends = {"dense": "against-dense", "sparser": "against-sparser"}
    found: Evidence = {
        test: (
            _differences(table, "mixer", ("sparse", end)),
            _differences(table, f"{ANOTHER}{end}", ("sparse", end)),
        )
        for end, test in ends.items()
    }
    densities = ("sparser", "sparse", "denser", "dense")
    found["against-denser"] = (_differences(table, "mixer", ("sparse", "denser")), None)
    found["likeness"] = (_means(table, [("mixer", other) for other in densities]), None)
    return found


def permuted_closer(table: xr.Dataset) -> Evidence:
    """Likeness of the random-permuted mixer to the matched sparse network less the mixer's."""
    another = f"{ANOTHER}mixer"
    pair = f"{WORDS['permuted']} less mixer"

    def closer(target: str) -> np.ndarray[Any, Any]:
        found: np.ndarray[Any, Any] = (
            likeness_of(table, "permuted", target) - likeness_of(table, "mixer", target)
        ).values
        return found

    to_mixer = likeness_of(table, another, "permuted") - likeness_of(table, another, "mixer")
    return {
        "closer": (of_seeds(pair, [closer("sparse")]), of_seeds(pair, [to_mixer.values])),
        "to-dense": (of_seeds(pair, [closer("dense")]), None),
    }


def spectrum_trained(table: xr.Dataset) -> Evidence:
    """Distance of the mixer's spectra to the matched sparse network's less that to the dense one's."""

    def difference(when: str, first: str, other: str) -> np.ndarray[Any, Any]:
        own = table["distance"].sel(when=when)
        found: np.ndarray[Any, Any] = (_pair(own, first, "sparse") - _pair(own, first, other)).values
        return found

    pair = "matched sparse less dense"
    rows = [
        ("initial, dense of the same width", difference("initial", "mixer", "dense")),
        ("trained, dense of the same connections", difference("trained", "mixer", "narrow")),
    ]
    moved = table["moved"]
    return {
        "distance": (
            of_seeds(pair, [difference("trained", "mixer", "dense")]),
            of_seeds(pair, [difference("trained", f"{ANOTHER}dense", "dense")]),
        ),
        "others": (of_seeds([name for name, _ in rows], [values for _, values in rows]), None),
        "moved": (
            of_seeds(
                [_word(str(arm)) for arm in moved["arm"].values], list(moved.transpose("arm", ...).values)
            ),
            None,
        ),
    }


def likeness_of(table: xr.Dataset, first: str, second: str) -> xr.DataArray:
    """CKA of a pair of arms, mean over layers, (seed,)."""
    return _pair(table["cka"], first, second).mean("layer", skipna=False)


def _pair(values: xr.DataArray, first: str, second: str) -> xr.DataArray:
    place = np.flatnonzero((values["first"].values == first) & (values["second"].values == second))
    return values.isel(pair=int(place[0])).reset_coords(drop=True)


def _differences(table: xr.Dataset, first: str, others: tuple[str, str]) -> xr.Dataset:
    """Likeness of an arm to the first of the others less that to the second."""
    near, far = (likeness_of(table, first, other) for other in others)
    return of_seeds(f"{WORDS[others[0]]} less {WORDS[others[1]]}", [(near - far).values])


def _means(table: xr.Dataset, pairs: list[tuple[str, str]]) -> xr.Dataset:
    return of_seeds(
        [_words(first, second) for first, second in pairs],
        [likeness_of(table, first, second).values for first, second in pairs],
        possible=(0.0, 1.0),
    )


def _words(first: str, second: str) -> str:
    if second.startswith(SHUFFLED):
        return f"{WORDS[first]} and {WORDS[second.removeprefix(SHUFFLED)]}, examples shuffled"
    if first.startswith(ANOTHER):
        return f"two of {WORDS[second]}"
    return f"{WORDS[first]} and {WORDS[second]}"


def _word(arm: str) -> str:
    again = "again " if arm.startswith(ANOTHER) else ""
    return again + WORDS[arm.removeprefix(ANOTHER)]


def _accuracies(table: xr.Dataset) -> xr.Dataset:
    rows = [
        (f"{_word(str(arm))}, {part}", table[f"{part}_accuracy"].sel(arm=arm).values)
        for arm in table["arm"].values
        for part in ("test", "train")
    ]
    return of_seeds([name for name, _ in rows], [values for _, values in rows], possible=(0.0, 1.0))


def _features_curve(table: xr.Dataset) -> xr.Dataset:
    """``likeness`` and its half-width over (first, second): densities, and the dense of equal connections."""
    targets = ("sparser", "sparse", "denser", "dense", "narrow")
    side, factor = table.attrs["side"], table.attrs["factor"]
    density = [1 / (side * factor), 1 / side, factor / side, 1.0, 1.0]
    curve = xr.concat(
        [likeness_of(table, "mixer", target) for target in targets], dim=xr.Variable("target", list(targets))
    )
    found = band(curve.rename("likeness"), "likeness").assign_coords(density=("target", density))
    extra = {
        "permuted": likeness_of(table, "permuted", "sparse"),
        "own_dense": likeness_of(table, f"{ANOTHER}dense", "dense"),
        "own_sparser": likeness_of(table, f"{ANOTHER}sparser", "sparser"),
        "own_narrow": likeness_of(table, f"{ANOTHER}narrow", "narrow"),
    }
    found = found.assign({name: float(values.mean()) for name, values in extra.items()})
    return found.assign_attrs(table.attrs | {"seeds": table.sizes["seed"]})
