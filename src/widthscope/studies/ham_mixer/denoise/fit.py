"""Evidence of the family `denoise`: how much noise is removed, and whether an energy rises meanwhile."""

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import band, of_seeds

Tables = dict[str, xr.Dataset]
Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

PER_SEED = ("error", "energy", "largest_rise", "rose", "loss")
SHOWN = ("states", "clean", "pattern")


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claim of the family and the curves of its figures, by path."""
    found = [tree for name, tree in shards.items() if name == "denoise" or fnmatch(name, "denoise-*")]
    parts: dict[str, list[xr.Dataset]] = {}
    for tree in found:
        for arm, node in tree.children.items():
            parts.setdefault(arm, []).append(node.to_dataset())
    for several in parts.values():
        several.sort(key=lambda part: int(part["seed"][0]))
    arms = {
        arm: xr.concat([part[list(PER_SEED)] for part in several], "seed", join="exact")
        for arm, several in parts.items()
    }
    pictures = {arm: several[0][list(SHOWN)].load() for arm, several in parts.items()}
    updates = int(found[0].attrs["updates"])
    return claim_tree({"denoise": denoise(arms, updates)}) | drawn(arms, pictures, updates)


def removed(table: xr.Dataset, networks: str, updates: int) -> xr.DataArray:
    """Share of the noisy images' error that is gone after some updates, (seed,)."""
    error = table["error"].sel(networks=networks, drop=True)
    return 1 - error.sel(updates=updates, drop=True) / error.sel(updates=0, drop=True)


def denoise(arms: Tables, updates: int) -> Evidence:
    """The trained tied memory against itself untrained, and against memories that are not tied."""
    tied, untied = arms["tied"], arms["untied"]
    trained = {arm: table.sel(networks="trained", drop=True) for arm, table in arms.items()}
    last = int(tied["updates"][-1])
    return {
        "error": (
            of_seeds("trained", [removed(tied, "trained", updates)]),
            of_seeds("untrained", [removed(tied, "untrained", updates)]),
        ),
        "energy": (_rise("tied", tied), _rise("backward couplings of their own", untied)),
        "energy-change": (_changes(trained["tied"], [updates, last]), None),
        "errors": (
            of_seeds(
                ["noisy", "trained", f"trained, {last} updates", "untrained", "trained, not tied"],
                [
                    trained["tied"]["error"].sel(updates=0),
                    trained["tied"]["error"].sel(updates=updates),
                    trained["tied"]["error"].sel(updates=last),
                    tied["error"].sel(networks="untrained", updates=updates),
                    trained["untied"]["error"].sel(updates=updates),
                ],
            ),
            None,
        ),
        "rising-images": (
            of_seeds(
                ["tied", "not tied"],
                [trained[arm]["rose"] for arm in ("tied", "untied")],
                possible=(0.0, 1.0),
            ),
            None,
        ),
    }


def _rise(name: str, table: xr.Dataset) -> xr.Dataset:
    """The largest of all seeds: what is claimed of every one of them is a number without a spread."""
    largest = float(table["largest_rise"].sel(networks="trained").max())
    return evidence([name], [largest], [0.0])


def _changes(table: xr.Dataset, updates: list[int]) -> xr.Dataset:
    energy = table["energy"]
    later = list(dict.fromkeys(updates))
    return of_seeds(
        [f"after {count} updates" for count in later],
        [energy.sel(updates=count) - energy.sel(updates=0) for count in later],
    )


def drawn(arms: Tables, pictures: Tables, updates: int) -> dict[str, xr.Dataset]:
    """Errors and energies along the updates with their bands, losses, and the images and patterns shown."""
    found = {}
    for arm, table in arms.items():
        trained = table.sel(networks="trained", drop=True)
        change = trained["energy"] - trained["energy"].isel(updates=0, drop=True)
        curve = band(change, "change").merge(band(trained["error"], "error"))
        untrained = table["error"].sel(networks="untrained", drop=True)
        curve = curve.merge(band(untrained, "untrained_error"))
        found[f"/curves/denoise/{arm}"] = curve.assign_attrs(
            {
                "updates": updates,
                "seeds": table.sizes["seed"],
                "loss_first": float(table["loss"].isel(training_step=0).mean()),
                "loss_last": float(table["loss"].isel(training_step=-1).mean()),
            }
        )
    found["/curves/denoise-shown"] = pictures["tied"]
    return found
