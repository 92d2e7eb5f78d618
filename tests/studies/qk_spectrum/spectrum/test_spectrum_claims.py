"""From small draws to verdicts and figures; the plan and what the settings refuse."""

import pytest
import xarray as xr
from tests.studies.controls import assert_only_controls_are_refuted

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.studies.qk_spectrum.spectrum import figures, fit, identities, laws, plan
from widthscope.studies.qk_spectrum.spectrum.claims import CLAIMS
from widthscope.studies.qk_spectrum.spectrum.settings import Fast, HaarNull, Laws, Spectrum
from widthscope.work import Work

SETTINGS = Spectrum(
    fast=Fast(width=32, head_dim=8, heads=12),
    laws=Laws(head_dims=(8, 16, 32), values=512, seeds=12),
    haar=HaarNull(width=32, head_dim=8, rotations=4800, batches=24),
)


@pytest.fixture(scope="module")
def tree():
    shards = {shard.name: shard.settings for shard in plan.shards(SETTINGS, 0)}
    own = {**shards["spectrum-laws"], "aspects": [12]}
    rest = {**shards["spectrum-laws"], "aspects": [1, 4]}
    stored = {
        "spectrum-identities": identities.run(shards["spectrum-identities"], {}, Work()),
        "spectrum-laws-a12": xr.DataTree(laws.run(own, {}, Work())),
        "spectrum-laws-a1": xr.DataTree(laws.run(rest, {}, Work())),
    }
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_every_control_is_refuted_and_nothing_else_is(tree):
    assert_only_controls_are_refuted("qk_spectrum", "2402.02098", CLAIMS, tree)


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_captions_take_the_numbers_of_the_claims(tree):
    drawings = figures.draw(tree)
    slopes = tree["/claims/init-eig-law/slope/measured"].to_dataset()["estimate"].values
    assert "slopes " + ", ".join(f"${slope:.2f}$" for slope in slopes) in drawings["eigenvalue-law"].caption
    fast = tree["/claims/fast-spectrum/identity/measured"].to_dataset()["estimate"].values
    assert f"at most {fast.max():.2g} of the tolerance" in drawings["fast-spectrum"].caption
    assert not any("e+" in drawing.caption + drawing.alt for drawing in drawings.values())


def test_aspects_share_a_job_until_they_cost_too_much():
    assert [shard.name for shard in plan.shards(Spectrum(), 0)] == ["spectrum-identities", "spectrum-laws"]
    large = Spectrum(laws=Laws(head_dims=(64, 256, 512), seeds=100))
    assert [shard.name for shard in plan.shards(large, 0)][1:] == [
        "spectrum-laws-a1",
        "spectrum-laws-a4",
        "spectrum-laws-a12",
    ]


@pytest.mark.parametrize(
    "spectrum",
    [
        {"laws": {"aspects": [2, 4]}},
        {"laws": {"values": 100}},
        {"laws": {"head_dims": [8, 15, 32]}},
        {"fast": {"width": 16, "head_dim": 32}},
        {"haar": {"width": 8, "head_dim": 16}},
        {"haar": {"batches": 4}},
    ],
)
def test_what_makes_no_sense_is_refused(spectrum):
    with pytest.raises(ConfigError, match=r"spectrum"):
        load({"run": "a", "studies": {"qk_spectrum": {"spectrum": spectrum}}}, "config.yaml")
