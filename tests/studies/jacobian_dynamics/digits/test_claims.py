"""Verdicts on numbers that are made up: such as the paper has, and such as speak against the claims."""

import numpy as np
import pytest
import xarray as xr

from widthscope.statistics.claims import judge
from widthscope.studies.jacobian_dynamics.digits import fit
from widthscope.studies.jacobian_dynamics.digits.claims import CLAIMS

SEEDS, IMAGES, ITERATIONS = 12, 2, (2, 8, 32)
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
MEANS = {
    # run: penalty, strength, accuracy, exponents before and after, with spreads over seeds
    "rms": ("none", 0.0, 0.870, 0.02, 0.305),
    "unit": ("none", 0.0, 0.659, -1.14, 0.085),
    "none": ("none", 0.0, 0.269, 1.43, 1.314),
    "sym": ("none", 0.0, 0.480, -1.26, -0.100),
    "akorn": ("none", 0.0, 0.755, 0.42, 0.466),
    "spectral": ("spectral", 0.01, 0.875, 0.02, 0.290),
    "energy-1": ("energy-multi", 1.0, 0.859, 0.02, 0.089),
    "orthogonal-0": ("orthogonal", 0.0, 0.870, 0.02, 0.300),
    "orthogonal-1": ("orthogonal", 1.0, 0.800, 0.02, 0.050),
}


def made_up(changes=None, correlated=True):
    """Shards as the two stages store them, from means by run, with a spread of 0.04 over seeds."""
    draw = np.random.default_rng(0)
    swept, analysed = {}, {}
    for run, (penalty, strength, accuracy, before, after) in {**MEANS, **(changes or {})}.items():
        attrs = {"arm": run if run in ("unit", "none", "sym", "akorn") else "rms"}
        attrs |= {"penalty": penalty, "strength": strength, "rate": 1e-3, "iterations": 8}
        members = {"seed": ("member", np.arange(SEEDS))}
        noise = draw.normal(0, 0.04, (4, SEEDS))
        sizes = np.abs(np.log(FACTORS))
        exponent = draw.normal(0, 0.5, (SEEDS, 3, len(FACTORS)))
        exponent[..., 2] = exponent[:, :1, 2]
        value = 0.9 - 0.3 * np.abs(exponent) - 0.1 * sizes if correlated else draw.random(exponent.shape)
        value[..., 2] = value[:, :1, 2]
        choice = {
            "validation": ("member", accuracy + noise[0]),
            "diverged_at": ("member", np.full(SEEDS, -1)),
        }
        choice |= {name: ("candidate", [1.0]) for name in ("choice", "candidate_rate", "candidate_strength")}
        both = np.stack([before + noise[1], after + noise[2]], axis=1)
        found = {
            "accuracy": (
                ("member", "iteration"),
                np.stack([accuracy + noise[3] - 0.1 * place for place in (1, 0, 2)], axis=1),
            ),
            "accuracy_before": ("member", 0.1 + 0.01 * noise[0]),
            "exponent": (("member", "step", "exponent_image"), np.repeat(both[..., None], IMAGES, axis=2)),
            "unconverged": (("member", "step", "exponent_image"), np.zeros((SEEDS, 2, IMAGES))),
            "condition": (("member", "step"), np.exp(noise[:2].T) * (1 if strength == 0 else 0.01)),
            "values_outputs": (("member", "step"), np.exp(noise[:2].T) * (1 if strength == 0 else 0.25)),
        }
        if penalty == "none":
            settled = np.full(SEEDS, np.nan) if run == "none" else after - 0.2 + noise[1]
            found["long_run"] = (("member", "exponent_image"), np.repeat(settled[:, None], IMAGES, axis=1))
        if penalty == "none" and run != "akorn":
            dims = ("member", "scale", "factor")
            found |= {"rescaled_exponent": (dims, exponent), "rescaled_accuracy": (dims, value)}
            found["rescaled_unconverged"] = (dims, np.zeros(value.shape))
        swept[f"/{run}"] = xr.Dataset(choice, members, attrs)
        coords = {**members, "iteration": list(ITERATIONS), "step": [0, 200]}
        if "rescaled_exponent" in found:
            coords |= {"factor": list(FACTORS), "scale": ["step", "value_output", "input"]}
        analysed[f"/{run}"] = xr.Dataset(found, coords, attrs)
    return {"digits": xr.DataTree.from_dict(swept), "spectra/digits": xr.DataTree.from_dict(analysed)}


def verdicts(*args, **options):
    tree = xr.DataTree.from_dict(fit.fit(made_up(*args, **options), {}))
    found = judge("jacobian_dynamics", "2505.19458", CLAIMS, tree)
    return {verdict.id.split("/")[1]: verdict for verdict in found}


@pytest.fixture(scope="module")
def as_in_the_paper():
    return verdicts()


def test_numbers_as_the_paper_has_them_support_what_is_judged(as_in_the_paper):
    outcome = {name: verdict.verdict for name, verdict in as_in_the_paper.items()}
    assert outcome == {
        "train-normalised-wins": "supported",
        "train-mle-band": "supported",
        "train-symmetric-negative": "supported",
        "train-mle-vs-accuracy": "supported",
        "reg-spectral": "reported",
        "reg-energy-lowers-le": "supported",
    }


def test_every_control_is_rejected(as_in_the_paper):
    judged = [verdict for verdict in as_in_the_paper.values() if verdict.control]
    assert len(judged) == 5
    assert all(verdict.control.rejected for verdict in judged)
    for verdict in judged:
        for test in verdict.tests:
            assert test.control is None or test.control.verdict == "refuted", (verdict.id, test.name)


AGAINST = {
    "train-normalised-wins": {"none": ("none", 0.0, 0.86, 1.43, 1.314)},
    "train-mle-band": {"sym": ("none", 0.0, 0.629, -1.26, 0.4)},
    "train-symmetric-negative": {"sym": ("none", 0.0, 0.93, -1.26, -0.1)},
    "reg-energy-lowers-le": {"orthogonal-1": ("orthogonal", 1.0, 0.8, 0.02, 0.4)},
}


@pytest.mark.parametrize("name", AGAINST)
def test_numbers_against_a_claim_refute_it(name):
    assert verdicts(AGAINST[name])[name].verdict == "refuted"


def test_exponents_that_say_nothing_of_accuracy_refute_their_correlation():
    assert verdicts(correlated=False)["train-mle-vs-accuracy"].verdict == "refuted"


def test_symmetric_weights_as_accurate_as_free_ones_of_their_norm_lose_nothing():
    verdict = verdicts({"sym": ("none", 0.0, 0.659, -1.26, -0.1)})["train-symmetric-negative"]
    other = next(test for test in verdict.tests if test.name == "other-norm")
    assert verdict.verdict != "supported"
    assert verdict.estimate == pytest.approx(0, abs=0.04)
    assert other.estimate == pytest.approx(0.21, abs=0.04)


def test_a_correlation_that_only_the_model_without_norm_carries_is_not_supported():
    shards = made_up(correlated=False)
    table = shards["spectra/digits"]["none"].to_dataset()
    far = table.assign(
        rescaled_exponent=3 + 0.1 * table["rescaled_exponent"],
        rescaled_accuracy=0.1 * table["rescaled_accuracy"],
    )
    shards["spectra/digits"] = xr.DataTree.from_dict(
        {
            **{f"/{name}": node.to_dataset() for name, node in shards["spectra/digits"].children.items()},
            "/none": far,
        }
    )
    found = judge("jacobian_dynamics", "2505.19458", CLAIMS, xr.DataTree.from_dict(fit.fit(shards, {})))
    verdict = next(each for each in found if each.id.endswith("mle-vs-accuracy"))
    rows = {test.name: test for test in verdict.tests}
    assert verdict.verdict == "refuted"
    assert rows["all-models"].estimate < -0.4
    assert [row.component for row in rows["each-model"].components] == ["rms", "unit", "none", "sym"]
    assert all(abs(row.estimate) < 0.2 for row in rows["each-model"].components)


def test_free_weights_that_shrink_do_not_decide_what_orthogonal_ones_do():
    changes = {"energy-1": ("energy-multi", 1.0, 0.8, 0.02, -0.5), **AGAINST["reg-energy-lowers-le"]}
    verdict = verdicts(changes)["reg-energy-lowers-le"]
    rows = {test.name: test for test in verdict.tests}
    assert verdict.verdict == "refuted"
    assert rows["free-exponent"].estimate == pytest.approx(-0.8, abs=0.05)
    assert rows["condition"].estimate == pytest.approx(0.01, rel=0.1)
    assert rows["values-outputs"].estimate == pytest.approx(0.25, rel=0.1)


def test_an_exponent_that_did_not_converge_leaves_its_claims_open():
    shards = made_up()
    shards["spectra/digits"]["sym"]["unconverged"][3, 1, 0] = 1
    found = {
        verdict.id.split("/")[1]: verdict
        for verdict in judge(
            "jacobian_dynamics", "2505.19458", CLAIMS, xr.DataTree.from_dict(fit.fit(shards, {}))
        )
    }
    assert found["train-mle-band"].verdict == "undecided"
    assert found["train-normalised-wins"].verdict == "supported"


def test_the_sign_of_symmetric_attention_is_reported_with_its_start(as_in_the_paper):
    sign = next(t for t in as_in_the_paper["train-symmetric-negative"].tests if t.name == "sign")
    assert sign.verdict == "reported"
    assert [row.component for row in sign.components] == ["trained", "at the start", "trained, long run"]
    assert sign.components[1].estimate == pytest.approx(-1.26, abs=0.03)
