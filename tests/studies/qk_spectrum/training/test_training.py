"""The training experiment from its plan to its verdict, at small sizes."""

import numpy as np
import pytest
import xarray as xr

from widthscope import plotting, store
from widthscope.errors import StudyError
from widthscope.statistics.claims import judge
from widthscope.studies.qk_spectrum.training import experiment, figures, fit, plan, spectra, tables
from widthscope.studies.qk_spectrum.training.claims import CLAIMS
from widthscope.studies.qk_spectrum.training.settings import Training
from widthscope.work import Work

SMALL = Training(
    widths=(8, 12), seeds=12, tokens=8, batch=16, steps=250, recorded=5, evaluated=32, learning_rate=0.01
)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Sweep and spectra of the small settings, the sweep stored and read lazily as in a run."""
    folder = tmp_path_factory.mktemp("training")
    found = {}
    for shard in plan.shards(SMALL, 0):
        place, digest = folder / f"{shard.name}.zarr", folder / f"{shard.name}.digest.json"
        store.write(experiment.run(shard.settings, {}, Work()), place, digest)
        found[shard.name] = store.read(place, digest, chunks={})
        analysed = spectra.analyse(found[shard.name], shard.spectra_settings, Work())
        found[f"spectra/{shard.name}"] = xr.DataTree(analysed)
    return found


@pytest.fixture(scope="module")
def fitted(shards):
    return xr.DataTree.from_dict(fit.fit(shards, {}))


def test_every_width_is_a_shard_of_its_own_that_another_width_leaves_alone():
    few, more = plan.shards(Training(widths=(16, 64)), 3), plan.shards(Training(widths=(16, 32, 64)), 3)
    assert [shard.name for shard in more] == ["training-w16", "training-w32", "training-w64"]
    assert [more[0], more[2]] == few
    assert more[1].settings["head_dim"] == 16
    assert "widths" not in more[1].settings
    assert sum(shard.cost.seconds for shard in more) < 60
    assert {shard.spectra for shard in more} == {"training.spectra"}


def test_arms_start_from_the_same_weights_and_all_steps_are_recorded(shards):
    table = shards["training-w8"].to_dataset().load()
    assert list(table["step"].values) == [0, 50, 100, 150, 200, 250]
    assert table["query"].dims == ("member", "step", "layer", "head", "head_dim", "width")
    assert table["query"].dtype == np.float32
    assert table["query"].shape == (24, 6, 1, 1, 4, 8)
    walk, iid = (table.isel(member=table["arm"].values == arm) for arm in ("walk", "iid"))
    np.testing.assert_array_equal(walk["query"][:, 0].values, iid["query"][:, 0].values)
    assert not np.array_equal(walk["query"][:, -1].values, iid["query"][:, -1].values)
    assert len(np.unique(walk["query"][:, 0].values)) == 12 * 4 * 8  # no two seeds alike
    np.testing.assert_allclose(table["profile"].sum("token"), 1, rtol=1e-5)
    assert (table["diverged_at"] == -1).all()


def test_a_seed_is_the_same_to_the_last_bit_whoever_shares_its_batch():
    shard = plan.shards(SMALL.model_copy(update={"seeds": 2, "steps": 20}), 0)[0]
    more = plan.shards(SMALL.model_copy(update={"seeds": 5, "steps": 20}), 0)[0]
    two, five = (experiment.run(each.settings, {}, Work()) for each in (shard, more))
    np.testing.assert_array_equal(two["key"].values, five["key"].values[[0, 1, 5, 6]])


def test_trace_scores_are_those_of_the_dense_matrix(shards):
    weights = shards["training-w12"].to_dataset().isel(member=3, step=-1, layer=0, head=0).load()
    W = weights["query"].values.astype(float).T @ weights["key"].values.astype(float) / np.sqrt(6)
    found = shards["spectra/training-w12"].to_dataset().isel(member=3, step=-1, layer=0, head=0)
    assert float(found["trace_score"]) == pytest.approx(
        np.trace(W) * np.sqrt(12) / np.linalg.norm(W), rel=1e-12
    )
    assert float(found["concentration"]) == pytest.approx(np.trace(W) ** 2 / (6 * np.sum(W**2)), rel=1e-12)


def test_the_claim_is_supported_at_small_size_and_its_control_refuted(fitted):
    (verdict,) = judge("qk_spectrum", "2402.02098", CLAIMS, fitted)
    assert verdict.verdict == "supported", verdict.reason
    assert verdict.control is not None
    assert verdict.control.rejected
    assert [row.component for row in verdict.tests[0].components] == ["d=8", "d=12"]
    assert verdict.n == 12


def test_the_claim_falls_if_the_arms_change_places(shards):
    swapped = {}
    for name, tree in shards.items():
        table = tree.to_dataset()
        other = np.where(table["arm"].values == "walk", "iid", "walk")
        swapped[name] = xr.DataTree(table.assign_coords(arm=("member", other)))
    (verdict,) = judge("qk_spectrum", "2402.02098", CLAIMS, xr.DataTree.from_dict(fit.fit(swapped, {})))
    assert verdict.verdict == "undecided"
    assert "confounded" in verdict.reason
    assert verdict.tests[0].verdict == "refuted"


def test_a_seed_that_diverged_leaves_the_claim_undecided(shards):
    hurt = dict(shards)
    spoiled = shards["spectra/training-w8"].to_dataset().copy(deep=True)
    spoiled["trace_score"][2, -1] = np.nan
    hurt["spectra/training-w8"] = xr.DataTree(spoiled)
    (verdict,) = judge("qk_spectrum", "2402.02098", CLAIMS, xr.DataTree.from_dict(fit.fit(hurt, {})))
    assert verdict.verdict == "undecided"


def test_late_mass_is_that_of_the_last_quarter():
    profile = xr.DataArray([[0.5, 0, 0, 0, 0, 0.2, 0.2, 0.1]], dims=("seed", "token"))
    assert tables.late_mass(profile).values == pytest.approx([0.3])


def test_a_sweep_without_this_family_is_said_so():
    with pytest.raises(StudyError, match="no shard whose name starts with 'training-w'"):
        fit.fit({"walks": xr.DataTree()}, {})


def test_figures_show_every_width_and_their_text_the_numbers(fitted):
    drawings = figures.draw(fitted)
    assert set(drawings) == {"training-scores", "training-eigenvalues", "training-attention"}
    assert len(drawings["training-scores"].figure.axes[0].get_lines()) == 2 * 2 + 1
    assert "[8, 12]" in drawings["training-scores"].alt
    for drawing in drawings.values():
        assert "nan" not in drawing.alt
        assert plotting.svg(drawing.figure).startswith("<?xml")
