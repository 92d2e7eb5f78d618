"""The family `digits` from its plan to its drawings, at small sizes."""

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from tests.studies.jacobian_dynamics.digits.small_images import coloured

from widthscope import plotting, store
from widthscope.datasets import digits
from widthscope.errors import StudyError
from widthscope.spectra.dynamics import AutogradDynamics
from widthscope.spectra.finite_time import finite_time
from widthscope.studies.jacobian_dynamics.digits import experiment, figures, fit, plan, spectra, tables
from widthscope.studies.jacobian_dynamics.digits.images import network_of, seen
from widthscope.studies.jacobian_dynamics.digits.scores import MODELS, iterations_of
from widthscope.studies.jacobian_dynamics.digits.settings import Digits
from widthscope.studies.jacobian_dynamics.networks.rescaling import rescaled
from widthscope.studies.jacobian_dynamics.networks.stored import parameters_of
from widthscope.work import Work

SMALL = Digits(
    width=8,
    heads=2,
    iterations=4,
    batch=16,
    steps=25,
    warmup=5,
    validation=60,
    test=40,
    choosing=2,
    **{arm: {"seeds": 3} for arm in ("rms", "unit", "sym", "akorn")},
    none={"seeds": 3, "rates": (1e-3, 1e-2)},
    penalties={"seeds": 3, "single": 2, "hard": 2},
    measured={
        "exponent_images": 2,
        "long_run": 20,
        "warm_up": 10,
        "factors": (0.5, 2.0),
        "rescaled_images": 20,
        "rescaled_exponents": 1,
    },
)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    return {"digits": digits.prepare({}, tmp_path_factory.mktemp("none"))}


@pytest.fixture(scope="module")
def shards(tmp_path_factory, datasets):
    """Sweep and spectra of the small settings, the sweep stored and read lazily as in a run."""
    folder, found = tmp_path_factory.mktemp("digits"), {}
    for shard in plan.shards(SMALL, 0):
        place, digest = folder / f"{shard.name}.zarr", folder / f"{shard.name}.digest.json"
        store.write(experiment.run(shard.settings, datasets, Work()), place, digest)
        found[shard.name] = store.read(place, digest, chunks={})
        found[f"spectra/{shard.name}"] = spectra.analyse(found[shard.name], shard.spectra_settings, Work())
    return found


@pytest.fixture(scope="module")
def fitted(shards):
    return xr.DataTree.from_dict(fit.fit(shards, {}))


def test_runs_share_jobs_unless_they_are_long():
    laptop = plan.shards(Digits(), 0)
    assert [shard.name for shard in laptop] == ["digits-normalised", "digits-others", "digits-penalties"]
    assert all(shard.cost.seconds < 75 for shard in laptop)
    assert {shard.spectra for shard in laptop} == {"digits.spectra"}
    runs = [run for shard in laptop for run in shard.settings["runs"]]
    assert runs == [
        *("rms", "unit", "akorn", "none", "sym"),
        *("spectral", "energy-1", "orthogonal-0", "orthogonal-1"),
    ]
    long = plan.shards(Digits(steps=100_000), 0)
    assert sorted(shard.name for shard in long) == sorted(f"digits-{run}" for run in runs)
    assert [shard.name for shard in plan.shards(SMALL, 0)] == ["digits"]
    assert "measured" not in laptop[0].settings


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"width": 30, "heads": 4}, "multiple of the 4 heads"),
        ({"warmup": 500}, "longer than the 200 steps"),
        ({"patch": 3}, "a patch of 3 does not divide"),
        ({"rms": {"seeds": 3}}, "penalties have 12 seeds"),
    ],
)
def test_sizes_that_do_not_fit_are_named(wrong, words):
    with pytest.raises(ValidationError, match=words):
        Digits(**wrong)


def test_iterations_have_the_parity_of_training():
    assert iterations_of(8, 4) == (2, 4, 6, 8, 12, 16, 24, 32)
    assert all(count % 2 for count in iterations_of(5, 4))


def test_runs_start_from_one_seed_and_keep_its_images_to_themselves(shards):
    found = {name: node.to_dataset(inherit=False).load() for name, node in shards["digits"].children.items()}
    for name, table in found.items():
        rms = found["rms"].isel(member=slice(0, table.sizes["member"]))
        np.testing.assert_array_equal(table["test"], rms["test"])
        embedded = "parameter_embed_patch"
        np.testing.assert_array_equal(table[embedded][:, 0], rms[embedded][:, 0])
        assert not np.array_equal(table[embedded][:, 1], rms[embedded][:, 0]), name
        assert table["step"].values.tolist() == [0, 25]
        assert table["loss"].sizes == {"member": table.sizes["member"], "update": 25}
    assert set(found) == {
        *MODELS,
        "spectral",
        "energy-1",
        "orthogonal-0",
        "orthogonal-1",
        "energy-single",
        "hard",
    }
    W = torch.from_numpy(found["orthogonal-1"]["parameter_value"].values).double().flatten(2, 3)
    torch.testing.assert_close(W @ W.mT, torch.eye(8).double().expand_as(W), atol=1e-5, rtol=0)
    assert found["hard"]["parameter_value"].shape[2:] == (2, 8, 8)


def test_seeds_of_their_own_choose_the_rate_and_the_strength(shards):
    for run, column, key in (
        ("none", "candidate_rate", "rate"),
        ("spectral", "candidate_strength", "strength"),
    ):
        table = shards["digits"][run].to_dataset(inherit=False).load()
        assert table.sizes["candidate"] == 2
        best = int(np.argmax(table["choice"].values))
        assert float(table[column][best]) == table.attrs[key]
    alone = shards["digits"]["rms"].to_dataset(inherit=False)
    assert np.isnan(alone["choice"].values).all()


def test_a_seed_is_the_same_to_the_last_bit_whoever_shares_its_batch(datasets):
    def weights(seeds):
        few = SMALL.model_copy(update={"steps": 6})
        settings = plan.shards(few, 0)[0].settings
        runs = {name: {**settings["runs"][name], "seeds": seeds} for name in ("akorn", "orthogonal-1")}
        found = experiment.run({**settings, "runs": runs}, datasets, Work())
        return [found[name]["parameter_value"].values[:2] for name in runs]

    for one, other in zip(weights(2), weights(3), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("run", ["rms", "sym", "akorn", "hard"])
def test_measured_numbers_are_those_of_the_network_by_other_ways(shards, run):
    swept, measured = shards["digits"], shards["spectra/digits"][run].to_dataset()
    found, root = swept[run].to_dataset(inherit=False).load(), swept.to_dataset(inherit=False).load()
    network = network_of(found.attrs, found.attrs["arm"], *root["patches"].shape[1:])
    parameters = {name: value[1:2] for name, value in parameters_of(found).items()}
    chosen = found["test"].values[1]
    inputs = seen(torch.from_numpy(root["patches"].values[chosen])[None], 16, torch.float64)
    for count in (4, 16):
        answers = network.forward(parameters, inputs, count).argmax(-1)[0].numpy()
        right = np.mean(answers == root["label"].values[chosen])
        assert float(measured["accuracy"].sel(iteration=count)[1]) == pytest.approx(right, abs=1.01 / 40)

    first = {name: value[:, :2] for name, value in inputs.items()}
    state, drive = network.start(parameters, first)

    def step(flat):
        from widthscope.models.recurrence.update import update

        return update(network.rule, parameters, flat.reshape(drive.shape), drive).reshape(flat.shape)

    dense = finite_time(AutogradDynamics(step), state.reshape(2, -1), 4, method="dense")
    np.testing.assert_allclose(measured["exponent"][1, 1].values, dense.exponents[:, 0], atol=1e-6)


def test_rescaled_networks_change_one_scale(shards):
    found = shards["digits"]["sym"].to_dataset(inherit=False).load()
    parameters = parameters_of(found)
    for what, changed in (
        ("step", {"step"}),
        ("value_output", {"key"}),
        ("input", {"embed_patch", "embed_position"}),
    ):
        other = rescaled(parameters, what, 2.0)
        assert {name for name in parameters if not torch.equal(other[name], parameters[name])} == changed
    with pytest.raises(ValueError, match="no scale 'depth'"):
        rescaled(parameters, "depth", 2.0)
    table = shards["spectra/digits"]["sym"].to_dataset()
    assert table["rescaled_exponent"].sizes == {"member": 3, "scale": 3, "factor": 3}
    same = table["rescaled_exponent"].sel(factor=1)
    assert (same == same.isel(scale=0)).all()
    np.testing.assert_allclose(same.isel(scale=0), table["exponent"][:, 1, 0], atol=1e-6)
    assert "rescaled_exponent" not in shards["spectra/digits"]["akorn"].to_dataset()


def test_the_energy_condition_and_the_size_of_values_and_outputs_are_those_of_the_weights(shards):
    swept, measured = shards["digits"], shards["spectra/digits"]
    weights = parameters_of(swept["rms"].to_dataset(inherit=False).load())
    A, B = (
        np.einsum("mhdi,mhdj->mhij", weights[first].numpy(), weights[second].numpy())
        for first, second in (("query", "key"), ("value", "output"))
    )
    table = measured["rms"].to_dataset()
    expected = np.square(B - (A + A.swapaxes(-1, -2)) / 2).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(table["condition"][:, -1], expected, rtol=1e-9)
    np.testing.assert_allclose(table["values_outputs"][:, -1], np.square(B).sum(axis=(1, 2, 3)), rtol=1e-9)
    np.testing.assert_allclose(measured["hard"]["condition"], 0, atol=1e-9)
    # Rows of one head's orthogonal factors are orthonormal: |V_h^T O_h|^2 is the head's dimension.
    np.testing.assert_allclose(measured["orthogonal-1"]["values_outputs"], SMALL.width, rtol=1e-4)
    assert "condition" not in measured["sym"].to_dataset()


def test_an_exponent_that_did_not_converge_is_not_read(shards):
    node = shards["spectra/digits"]["sym"].to_dataset().copy(deep=True)
    node["unconverged"][1, 1, 0] = 1
    node["rescaled_unconverged"][2, 0, 0] = 1
    children = shards["spectra/digits"].children.items()
    others = {f"/{name}": each.to_dataset() for name, each in children}
    changed = {**shards, "spectra/digits": xr.DataTree.from_dict({**others, "/sym": node})}
    before, after = tables.runs_of(shards), tables.runs_of(changed)
    assert np.isnan(after.exponent("sym").values).tolist() == [False, True, False]
    np.testing.assert_array_equal(after.exponent("sym", 0), before.exponent("sym", 0))
    lost = np.isnan(after.tables["sym"]["rescaled_exponent"].values)
    assert lost.sum() == 1 + np.isnan(before.tables["sym"]["rescaled_exponent"].values).sum()
    assert lost[2, 0, 0]


def test_captions_order_the_models_by_what_was_measured(fitted):
    curve = fitted["/curves/digits-exponents"].to_dataset().copy(deep=True)
    curve["before"][:] = np.arange(5.0)[:, None]
    curve["after"][:] = -np.arange(5.0)[:, None]
    names = [figures.LABELS[arm] for arm in curve["arm"].values]
    told = figures.exponents(curve).caption
    assert f"before training: {', '.join(names)}; after: {', '.join(reversed(names))}." in told


def test_a_network_that_diverged_is_not_measured(shards):
    node = shards["digits"]["rms"].to_dataset(inherit=False).load().copy(deep=True)
    node["diverged_at"][1] = 7
    for name in node.data_vars:
        if str(name).startswith("parameter_"):
            node[name][1, 1] = np.nan
    swept = xr.DataTree.from_dict({"/": shards["digits"].to_dataset(inherit=False), "/rms": node})
    settings = plan.shards(SMALL, 0)[0].spectra_settings
    found = spectra.analyse(swept, settings, Work())["rms"].to_dataset()
    before = shards["spectra/digits"]["rms"].to_dataset()
    for name in ("accuracy", "exponent", "long_run", "rescaled_accuracy"):
        assert np.isnan(found[name].values[1]).all()
        np.testing.assert_allclose(found[name].values[0], before[name].values[0], atol=1e-9)


def test_every_test_has_its_evidence_and_every_curve_its_drawing(fitted, tmp_path):
    from widthscope.statistics.claims import judge
    from widthscope.studies.jacobian_dynamics.digits.claims import CLAIMS

    verdicts = judge("jacobian_dynamics", "2505.19458", CLAIMS, fitted)
    assert [verdict.id.split("/")[1] for verdict in verdicts] == [claim.name for claim in CLAIMS]
    drawn = figures.draw(fitted)
    assert {verdict.figure for verdict in verdicts} <= set(drawn)
    plotting.save_all(drawn, tmp_path, tmp_path / "index.json")
    assert all("nan" not in drawing.alt for drawing in drawn.values())


def test_coloured_images_are_trained_on_and_measured_too():
    sizes = {"steps": 3, "warmup": 1, "dataset": "cifar10", "patch": 8, "validation": 20, "test": 40}
    shard = plan.shards(SMALL.model_copy(update=sizes), 0)[0]
    runs = {name: shard.settings["runs"][name] for name in ("rms", "none")}
    swept = experiment.run({**shard.settings, "runs": runs}, {"cifar10": coloured(200, 60)}, Work())
    root = swept.to_dataset(inherit=False)
    assert root["patches"].dtype == np.uint8
    assert root["patches"].shape[1:] == (16, 192)
    found = spectra.analyse(swept, shard.spectra_settings, Work())
    assert np.isfinite(found["rms"]["exponent"].values).all()
    assert ((found["rms"]["accuracy"].values >= 0) & (found["rms"]["accuracy"].values < 0.5)).all()


def test_a_sweep_without_a_model_is_named(shards):
    only = xr.DataTree.from_dict({"/rms": shards["digits"]["rms"].to_dataset(inherit=False)})
    with pytest.raises(StudyError, match="have no run unit, none, sym, akorn"):
        tables.runs_of({"digits-rms": only, "spectra/digits-rms": shards["spectra/digits"]})


def test_memory_of_the_spectra_grows_with_what_is_kept_of_trajectories():
    """32 of 64 tokens of width 384 were seen to need 3.1 GB."""
    wide = Digits(dataset="cifar10", patch=4, width=384, heads=8, iterations=16)
    assert {3000 < shard.spectra_cost.memory_mb < 4000 for shard in plan.shards(wide, 0)} == {True}
    assert max(shard.spectra_cost.memory_mb for shard in plan.shards(Digits(), 0)) < 1000
