"""From small draws to verdicts: rules support what holds, and refute every control."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_only_controls_are_refuted

from widthscope.statistics.claims import judge
from widthscope.studies.qk_spectrum.walks import figures, fit, fit_rho, formulas, plan, profiles
from widthscope.studies.qk_spectrum.walks.claims import CLAIMS
from widthscope.studies.qk_spectrum.walks.settings import Moments, Profiles, Rho, Walks
from widthscope.work import Work

SETTINGS = Walks(
    moments=Moments(width=16, tokens=8, walks=24_000, batches=24),
    rho=Rho(widths=(32, 64, 128), draws=48_000, witness_walks=12_000, batches=24),
    profiles=Profiles(walks=60_000, batches=24, softmax_walks=600),
)


@pytest.fixture(scope="module")
def tree():
    by_name = {shard.name: shard.settings for shard in plan.shards(SETTINGS, 0)}
    stored = {
        "walks-formulas": formulas.run(by_name["walks-formulas"], {}, Work()),
        "walks-profiles": profiles.run(by_name["walks-profiles"], {}, Work()),
    }
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_every_control_is_refuted_and_nothing_else_is(tree):
    assert_only_controls_are_refuted("qk_spectrum", "2402.02098", CLAIMS, tree)


def test_signs_and_orders_hold_with_few_walks(tree):
    verdicts = {verdict.id: verdict for verdict in judge("qk_spectrum", "2402.02098", CLAIMS, tree)}
    outcome = {
        (name, test.name): test.verdict for name, verdict in verdicts.items() for test in verdict.tests
    }
    for name in ("ordering", "mean-needed"):
        assert outcome["qk_spectrum/contrast", name] == "supported"
    for name in ("late-site", "middle-site"):
        assert outcome["qk_spectrum/modes", name] == "supported"
    assert outcome["qk_spectrum/rho-formula", "exact-rate"] == "supported"
    assert outcome["qk_spectrum/walk-moments", "variance"] in ("supported", "undecided")


def test_symmetric_formula_is_off_by_the_factors_of_the_notes(tree):
    ratio = tree["/curves/walk-moments"].to_dataset().symmetric_ratio
    assert float(ratio.sel(kind="symmetric").mean()) == pytest.approx(1, abs=0.05)
    assert float(ratio.sel(kind=["general", "low rank", "anisotropic"]).min()) > 2


def test_a_case_is_known_by_its_name():
    for text, expected in (
        ("xi=1.6 eta=0.2 full rank", (1.6, 0.2, 0)),
        ("xi=0 eta=0.5 rank 16", (0, 0.5, 16)),
    ):
        assert fit_rho.traces_of(text) == expected


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert drawing.caption.count("$") % 2 == 0
        assert "nan" not in drawing.caption + drawing.alt


def test_ordering_uses_the_same_walks(tree):
    """Differences of paired shares have smaller errors than the shares themselves would give."""
    steps = tree["/claims/contrast/ordering/measured"].to_dataset()
    values = tree["/claims/contrast/value/measured"].to_dataset()
    apart = values.sel(component=["xi=0.5 eta=0.3", "xi=0.5 eta=1"]).standard_error.values
    paired = float(steps.sel(component="xi=0.5 eta=1 to 0.3").standard_error)
    assert paired < np.hypot(*apart)


def test_every_component_of_a_control_is_refuted_by_itself(tree):
    """A control with a component that holds would be refuted by its others, and prove less than it seems."""
    for claim in CLAIMS:
        for test in claim.judged:
            control = tree[f"/claims/{claim.name}/{test.name}/control"].to_dataset()
            for place in range(control.sizes["component"]):
                alone = test.rule.judge(control.isel(component=[place]), 0.999)
                assert alone.verdict == "refuted", (claim.name, test.name, alone.reason)


def test_caption_says_which_curves_lose_the_mode(tree):
    caption = figures.draw(tree)["profiles"].caption
    assert "faint curves" in caption
    assert r"$\xi = 0.5$ the formula's peak is 1.00 at" in caption


def test_positions_on_either_side_of_the_edge_are_told_apart(tree):
    node = tree["/claims/modes/before-the-edge"]
    before, beyond = (node[name].to_dataset() for name in ("measured", "control"))
    assert before.sizes == beyond.sizes
    assert float(before.prediction.min()) > 0 > float(beyond.prediction.max())
