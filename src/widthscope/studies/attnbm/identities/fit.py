"""Evidence of the family `identities`: deviations in units of a tolerance, and means over seeds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import digamma

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import of_seeds

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

EPS = float(np.finfo(np.float64).eps)
MIXTURE_EPS = 50.0
"""Tolerance of a log density, in units of eps N: it is a sum of some N terms of order one."""

INTEGRAL, SPECIAL, AUTODIFF, SCORES, BERNOULLI, HARMONIUM = 1e-12, 1e-11, 1e-13, 1e-11, 1e-13, 1e-12
"""Tolerances of the identities in float64; see the reasons beside the claims."""

RISE_EPS = 100.0
"""Tolerance of a rise of the energy, in units of eps |E|."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    names = ("density", "gradient", "scores", "bernoulli", "harmoniums", "retrieval")
    density, gradient, scores, bernoulli, harmoniums, retrieval = (table(shards, name) for name in names)
    claims = {
        "likelihood-mixture": mixture_tests(density),
        "gradient": gradient_tests(gradient),
        "special-cases": special_tests(density),
        "dsm-equals-dae": scores_tests(scores),
        "gbrbm-identity": bernoulli_tests(bernoulli),
        "dam-is-efh": harmonium_tests(harmoniums),
        "cccp": retrieval_tests(retrieval),
    }
    drawn = ("log_density", "means", "mixing", "corner", "side")
    return {
        **claim_tree(claims),
        "/curves/identities-density": density[[*drawn]],
        "/curves/identities-gradient": gradient[["differences", "z_squared"]].assign_attrs(gradient.attrs),
        "/curves/identities-harmonium": harmoniums[["probability", "distance"]].assign_attrs(
            harmoniums.attrs
        ),
        "/curves/identities-retrieval": retrieval[["energy", "image", "stored"]].assign_attrs(
            retrieval.attrs
        ),
    }


def table(shards: Mapping[str, xr.DataTree], name: str) -> xr.Dataset:
    """The table of one experiment, from the shard of the family that has it."""
    return next(
        shards[shard][name].to_dataset().load()
        for shard in sorted(shards)
        if shard.startswith("identities") and name in shards[shard].children
    )


def exact(names: list[str], deviations: Any, tolerance: Any) -> xr.Dataset:
    """Deterministic deviations in tolerances, predicted to be 0."""
    return evidence(names, np.asarray(deviations) / tolerance, 0.0, 0.0)


def mixture_tests(found: xr.Dataset) -> Evidence:
    """Largest deviations over machines beside the least of wrong mixtures."""
    sizes = [str(size) for size in found["size"].values]
    allowed = MIXTURE_EPS * EPS * found["visible"].values
    wrong = found["wrong_mixture"].min("machine", skipna=False)
    names = [f"{which}, {size}" for which in found["wrong"].values for size in sizes]
    least = np.append(
        (wrong.transpose("wrong", "size") / allowed).values.ravel(),
        float(found["wrong_integral"].min(skipna=False)) / INTEGRAL,
    )
    worst = np.append(
        found["mixture"].max("machine", skipna=False).values / allowed,
        float(found["integral"].max(skipna=False)) / INTEGRAL,
    )
    return {
        "deviation": (
            exact([*sizes, "integral over the plane"], worst, 1.0),
            exact([*names, "integral, norms left out"], least, 1.0),
        )
    }


def gradient_tests(found: xr.Dataset) -> Evidence:
    """Differentiation, orders of finite differences, and sampled expectations, beside wrong gradients."""
    names = [str(name) for name in found["parameter"].values]
    orders = {
        str(way): np.polyfit(
            np.log2(found["step"].values),
            np.log2(found["differences"].sel(way=way).transpose("step", "machine").values),
            1,
        )[0]
        for way in found["way"].values
    }
    return {
        "autodiff": (
            exact(names, found["autodiff"].max("machine", skipna=False).values, AUTODIFF),
            exact(names, found["wrong_autodiff"].min("machine", skipna=False).values, AUTODIFF),
        ),
        "order": (
            of_seeds(["central differences"], [orders["central"]], 2.0),
            of_seeds(
                ["one-sided differences", "uniform mixing weights"],
                [orders["one-sided"], orders["uniform"]],
                2.0,
            ),
        ),
        "sampled": (
            of_seeds(["closed form"], [found["z_squared"].sel(formula="closed").values], 1.0),
            of_seeds(
                ["uniform mixing weights"],
                [np.log(found["z_squared"].sel(formula="uniform").values)],
                1.0,
            ),
        ),
    }


def special_tests(found: xr.Dataset) -> Evidence:
    """Largest deviations of special cases over machines beside the least of wrong formulas."""
    names = [str(case) for case in found["case"].values]
    return {
        "deviation": (
            exact(names, found["special"].max("machine", skipna=False).values, SPECIAL),
            exact(names, found["wrong_special"].min("machine", skipna=False).values, SPECIAL),
        )
    }


def scores_tests(found: xr.Dataset) -> Evidence:
    """Largest relative deviations by width and identity, beside an energy that is not divided by s^2."""
    worst = found["deviation"].max("machine", skipna=False).transpose("noise", "identity")
    noises, identities = found["noise"].values, found["identity"].values
    names = [f"s={noise:g}, {identity}" for noise in noises for identity in identities]
    scaled = found["unscaled"].sel(noise=found["noise"] != 1.0).min("machine", skipna=False)
    constant = found["without_information"].min("machine", skipna=False)
    wrong = [f"energy not divided, s={noise:g}" for noise in scaled["noise"].values]
    wrong += [f"constant left out, s={noise:g}" for noise in noises]
    return {
        "deviation": (
            exact(names, worst.values.ravel(), SCORES),
            exact(wrong, np.append(scaled.values, constant.values), SCORES),
        )
    }


def bernoulli_tests(found: xr.Dataset) -> Evidence:
    """Largest deviations over machines, beside the library's softplus and states left out."""
    wrong = found["wrong"]
    softplus = str(wrong["formula"].values[0])
    least = [
        float((one.max if str(name) == softplus else one.min)("machine", skipna=False))
        for name, one in ((name, wrong.sel(formula=name)) for name in wrong["formula"].values)
    ]
    return {
        "deviation": (
            exact(
                [str(case) for case in found["case"].values],
                found["deviation"].max("machine", skipna=False).values,
                BERNOULLI,
            ),
            exact([str(name) for name in wrong["formula"].values], least, BERNOULLI),
        )
    }


def harmonium_tests(found: xr.Dataset) -> Evidence:
    """Exact statements, sampled states, and the dense associative memory, by Lagrangian."""
    names = [str(name) for name in found["lagrangian"].values]
    others = [name for name in names if name != "quadratic"]
    rival = found.sel(lagrangian=others)

    def worst(name: str) -> np.ndarray:
        return np.asarray(found[name].max("seed", skipna=False).values)

    states = 2 ** int(found.attrs["visible"])
    expected = (digamma((states - 1) / 2) + np.log(2)) / np.log(2) - np.log2(states - 1)

    def ratios(table: xr.Dataset, name: str) -> list[np.ndarray]:
        return [
            np.log2(table[name].sel(lagrangian=one).values / (states - 1))
            for one in table["lagrangian"].values
        ]

    exactly = (
        exact(
            [f"independent layers, {name}" for name in names] + [f"a sweep, {name}" for name in names],
            np.append(worst("dependence"), worst("stationarity")),
            HARMONIUM,
        ),
        exact(
            [f"coupled units, {name}" for name in names]
            + [f"a sweep of the memory, {name}" for name in others],
            np.append(
                found["coupled_dependence"].min("seed", skipna=False).values,
                rival["eliminated_stationarity"].min("seed", skipna=False).values,
            ),
            HARMONIUM,
        ),
    )
    apart = found["distance"].sel(lagrangian="quadratic")
    return {
        "exact": exactly,
        "sampled": (
            of_seeds(names, ratios(found, "chi_squared"), expected),
            of_seeds(others, ratios(rival, "eliminated_chi_squared"), expected),
        ),
        "memory": (
            exact(["quadratic"], [float(apart.max(skipna=False))], HARMONIUM),
            exact(others, rival["distance"].min("seed", skipna=False).values, HARMONIUM),
        ),
    }


def retrieval_tests(found: xr.Dataset) -> Evidence:
    """Largest rises over starts and updates, beside the least of steps that are too long."""
    names = [str(name) for name in found["machine"].values]
    allowed = RISE_EPS * EPS
    return {
        "rise": tuple(  # type: ignore[dict-item]
            exact(names, found["rise"].sel(step_length=length).values, allowed)
            for length in ("attention", "too long")
        )
    }
