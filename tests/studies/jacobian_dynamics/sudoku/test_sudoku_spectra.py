"""What is measured of trained networks, against plain loops and autograd, at small sizes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.jacobian_dynamics.sudoku.small_run import SMALL, boards

from widthscope import plotting
from widthscope.models.recurrence.attention import attended
from widthscope.models.recurrence.update import update
from widthscope.statistics.claims import judge
from widthscope.studies.jacobian_dynamics.sudoku import (
    accuracy,
    eigen_picture,
    experiment,
    exponents,
    figures,
    fit,
    orbit,
    plan,
    pseudo,
    solving,
    spectra,
)
from widthscope.studies.jacobian_dynamics.sudoku.claims import CLAIMS
from widthscope.studies.jacobian_dynamics.sudoku.trained import Trained
from widthscope.work import Work

SETTINGS = SMALL.measured.model_dump(mode="json")


@pytest.fixture(scope="module")
def shard():
    return plan.shards(SMALL, 0)[0]


@pytest.fixture(scope="module")
def swept(shard):
    return experiment.run(shard.settings, {"sudoku": boards()}, Work())


@pytest.fixture(scope="module")
def found(swept, shard):
    return spectra.analyse(swept, shard.spectra_settings, Work())


def trained_of(swept, shard, arm):
    return Trained.of(swept, arm, shard.settings["runs"][arm], "cpu")


def trajectory(trained, inputs, steps):
    """States of a plain loop, first to last."""
    parameters = trained.parameters()
    state, drive = trained.network.start(parameters, inputs)
    states = [state]
    for _ in range(steps):
        states.append(update(trained.network.rule, parameters, states[-1], drive))
    return states, drive


def test_shares_of_boards_and_cells_are_those_of_a_plain_loop(swept, shard):
    trained = trained_of(swept, shard, "rms")
    table = accuracy.accuracies(trained, 4)
    parameters = trained.parameters(-1, torch.float32)
    inputs = trained.inputs("ood", dtype=torch.float32)
    logits = trained.network.forward(parameters, inputs, 8)
    right = logits.argmax(-1) == trained.targets("ood")
    blank = inputs["puzzle"] == 0
    for seed in range(2):
        boards_right = [bool((right[seed, b] | ~blank[seed, b]).all()) for b in range(12)]
        chosen = table.sel(part="ood", iteration=8).isel(member=seed)
        assert float(chosen["boards"]) == pytest.approx(np.mean(boards_right))
        assert float(chosen["cells"]) == pytest.approx(float(right[seed][blank[seed]].double().mean()))


def test_iterations_hold_both_parities_of_every_multiple():
    found = accuracy.iterations_of(8, 16)
    assert found[:17] == tuple(range(1, 18))
    assert {32, 33, 64, 65, 128, 129} <= set(found)
    assert found[-1] == 129
    assert accuracy.iterations_of(4, 4)[-2:] == (16, 17)


def test_the_exponent_is_that_of_the_product_of_autograd_jacobians(swept, shard):
    trained = trained_of(swept, shard, "akorn")
    table = exponents.along_training(trained, SETTINGS, every=False)
    inputs = trained.inputs("ood", 2)
    states, drive = trajectory(trained, inputs, 4)
    parameters = {name: value[1:] for name, value in trained.parameters().items()}
    values = []
    for board in range(2):
        own = drive[1:, board : board + 1]
        product = torch.eye(128, dtype=torch.float64)
        for state in states[:-1]:
            flat = state[1, board].reshape(-1)
            J = torch.autograd.functional.jacobian(
                lambda x, own=own: update(
                    trained.network.rule, parameters, x.reshape(1, 1, 16, 8), own
                ).reshape(-1),
                flat,
            )
            product = J @ product
        values.append(float(torch.linalg.matrix_norm(product, 2).log()) / 4)
    assert float(table["finite"][1, -1]) == pytest.approx(np.mean(values), abs=1e-4)
    assert list(table["step"].values) == [0, 6]
    assert (table["finite_converged"] == 1).all()


def test_leading_eigenvalues_are_the_first_of_all(swept, shard):
    trained = trained_of(swept, shard, "rms")
    dense = eigen_picture.eigenvalue_table(trained, SETTINGS)
    few = eigen_picture.eigenvalue_table(trained, {**SETTINGS, "eigen_count": 5})
    assert dense.attrs["dimension"] == few.attrs["dimension"] == 128
    modulus = [np.hypot(t["eigenvalue_real"], t["eigenvalue_imag"]).values for t in (dense, few)]
    np.testing.assert_allclose(modulus[1], modulus[0][..., :5], atol=1e-8)
    assert (np.diff(modulus[0], axis=-1) <= 1e-12).all()
    assert (dense["eigenvalue_residual"] < 1e-10).all()


def test_a_rotation_by_half_a_turn_is_an_orbit_of_period_two(swept, shard, monkeypatch):
    trained = trained_of(swept, shard, "rms")
    monkeypatch.setattr(
        orbit,
        "iterate",
        lambda rule, parameters, state, drive, steps, keep=False: (
            torch.stack([state, -state, state]) if keep else state
        ),
    )
    table = orbit.settled_changes(trained, SETTINGS)
    np.testing.assert_allclose(table["change_one"], 2)
    np.testing.assert_allclose(table["change_two"], 0)
    np.testing.assert_allclose(table["period_two"], 1)


def test_a_state_at_rest_has_no_period(swept, shard):
    trained = trained_of(swept, shard, "unit")
    table = orbit.settled_changes(trained, {**SETTINGS, "settled": 300})
    assert (table["change_one"] < orbit.LEAST).all()
    assert (table["period_two"] == 0).all()


def test_the_pseudo_energy_is_that_of_its_definition_and_rises_backwards(swept, shard):
    trained = trained_of(swept, shard, "akorn")
    table = pseudo.energies(trained, SETTINGS)
    states, drive = trajectory(trained, trained.inputs("ood", 3), 16)
    parameters = trained.parameters()
    for passed in (0, 5, 16):
        X = states[passed]
        msa = attended(trained.network.rule, parameters, X)
        expected = [
            -np.mean([float(torch.trace(X[seed, b].T @ (drive + msa)[seed, b])) for b in range(3)])
            for seed in range(2)
        ]
        np.testing.assert_allclose(table["energy"].sel(passed=passed), expected, rtol=1e-10)
    assert (table["fall"] > 0).all()
    assert (table["fall_reversed"] < 0).all()


def test_alignment_is_that_of_the_autograd_jacobian(swept, shard):
    trained = trained_of(swept, shard, "akorn")
    table = pseudo.alignment(trained, {**SETTINGS, "energy_puzzles": 1})
    states, _ = trajectory(trained, trained.inputs("ood", 1), 4)
    unbiased = {name: value[:1] for name, value in trained.parameters().items() if name != "output_bias"}
    x = states[4][:1].reshape(-1)

    def attention(flat):
        return attended(trained.network.rule, unbiased, flat.reshape(1, 1, 16, 8)).reshape(-1)

    J = torch.autograd.functional.jacobian(attention, x)
    expected = torch.nn.functional.cosine_similarity(attention(x), J @ x, dim=0)
    assert float(table["cosine"].sel(at=4)[0]) == pytest.approx(float(expected), abs=1e-10)
    vectors = torch.linalg.eigh(J + J.T).eigenvectors[:, -3:]  # 2 % of 128
    inside = float((vectors.T @ x).square().sum() / x.square().sum())
    assert float(table["contribution"].sel(at=4)[0]) == pytest.approx(inside, abs=1e-10)
    assert table.attrs["chance"] == pytest.approx(3 / 128)


def test_without_boards_to_decompose_contributions_are_left_out(swept, shard):
    table = pseudo.alignment(trained_of(swept, shard, "akorn"), {**SETTINGS, "alignment_puzzles": 0})
    assert np.isnan(table["contribution"]).all()
    assert "chance" not in table.attrs  # a store's attributes are JSON, which has no NaN
    assert np.isfinite(table["cosine"]).all()


def test_voting_lies_between_chance_and_the_best_choice(found):
    table = found["akorn"].to_dataset()
    assert (table["single"] <= table["oracle"]).all()
    assert (table["voted"] <= table["oracle"]).all()


def test_the_board_that_is_shown_is_the_one_that_takes_longest(swept, shard, monkeypatch):
    trained = trained_of(swept, shard, "rms")
    targets = trained.targets("ood", 12)
    answers = targets[None, :, None].expand(1, 12, 17, 16).clone()
    inputs = trained.inputs("ood", 12)
    hidden = int((inputs["puzzle"][0, 5] == 0).nonzero()[0])
    answers[0, 5, :9, hidden] = (answers[0, 5, :9, hidden] + 1) % 4
    monkeypatch.setattr(solving, "predictions", lambda *given: answers)
    shown = solving.watched_board(trained, SETTINGS)
    assert shown.attrs["solved_at"] == 9
    np.testing.assert_array_equal(shown["puzzle"], trained.boards["ood_puzzle"][5])
    assert (shown["digits"].values[8] != shown["solution"].values).sum() == 1
    np.testing.assert_array_equal(shown["digits"].values[9], shown["solution"].values)


def test_a_seed_that_diverged_is_not_measured_and_harms_no_other(swept, shard, found):
    hurt = swept["akorn"].to_dataset().load().copy(deep=True)
    for name in hurt.data_vars:
        if str(name).startswith("parameter_"):
            hurt[name][0, 1:] = np.nan
    hurt["diverged_at"][0] = 3
    trained = replace(trained_of(swept, shard, "akorn"), history=hurt)
    table = spectra.measured(trained, SETTINGS)
    whole = found["akorn"].to_dataset()
    for name in ("boards", "finite", "period_two", "energy", "voted", "long_run"):
        assert np.isnan(table[name].isel(member=0)).all(), name
        np.testing.assert_allclose(table[name].isel(member=1), whole[name].isel(member=1), atol=1e-4)


def test_every_claim_is_judged_and_every_figure_drawn(found):
    tree = xr.DataTree.from_dict(fit.fit({"spectra/sudoku": found}, {}))
    verdicts = {verdict.id: verdict for verdict in judge("jacobian_dynamics", "2505.19458", CLAIMS, tree)}
    assert len(verdicts) == 7
    assert verdicts["jacobian_dynamics/pseudo-voting"].verdict == "reported"
    assert verdicts["jacobian_dynamics/train-mle-to-zero"].verdict != "supported"  # nothing was learnt
    for drawing in figures.draw(tree).values():
        assert "nan" not in drawing.alt
        assert plotting.svg(drawing.figure).startswith("<?xml")
