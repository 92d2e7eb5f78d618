"""Sweeps against a plain loop over members; nobody else's presence, nor a kill, changes a bit."""

from functools import partial

import numpy as np
import pytest
import torch

from widthscope.ensembles import resume
from widthscope.ensembles.parameters import stacked
from widthscope.models import mlp
from widthscope.parameterisations.local import TARGET_PROPAGATION
from widthscope.parameterisations.methods import ADAM, SGD, kfac, shampoo
from widthscope.parameterisations.slopes import maximal_update, standard
from widthscope.streams import torch_generator
from widthscope.width_sweeps import runner
from widthscope.width_sweeps.batches import shared_batches
from widthscope.width_sweeps.cost import Size, member_bytes
from widthscope.width_sweeps.damping import DampingAxis
from widthscope.width_sweeps.methods import Arm
from widthscope.width_sweeps.problems import quadratic_problem
from widthscope.width_sweeps.runner import Setup, SweepError, sweep
from widthscope.width_sweeps.tables import joined
from widthscope.work import Work

PROBLEM = quadratic_problem(("test",), inputs=6, train=140, test=50)
SETUP = Setup(base=8, batch=16, steps=6, record=(0, 2, 6))
ARM = Arm("sgd", maximal_update(SGD))
PURPOSE = ("test.sweep",)


def small(setup=SETUP, arm=ARM, width=16, rates=(0.25, 1.0), seeds=(3, 4, 5), **others):
    return sweep(PROBLEM, arm, setup, width=width, rates=rates, seeds=seeds, purpose=PURPOSE, **others)


def by_hand(width, rate, seed, setup, exponents):
    """One member in float64 by autograd and torch.optim.SGD: weights before and after every step."""
    shape = mlp.sizes(PROBLEM.inputs, width, PROBLEM.outputs, setup.layers)
    readout = exponents.readout_std(width, setup.base, setup.readout) * width**0.5
    generator = torch_generator(*PURPOSE, "weights", width, seed)
    weights = [
        w.clone().requires_grad_() for w in mlp.initial(generator, shape, readout_scale=readout).values()
    ]
    groups = [
        {"params": [w], "lr": rate * exponents.rate(layer, setup.layers, width, setup.base)}
        for layer, w in enumerate(weights, start=1)
    ]
    optimiser = torch.optim.SGD(groups)
    batches = shared_batches(PROBLEM, setup.batch, setup.steps, PURPOSE, 1)
    kept = {0: [w.detach().clone() for w in weights]}
    for step in range(setup.steps):
        batch = batches(step)
        f = run_through(weights, batch["x"][0])[-1]
        optimiser.zero_grad()
        (0.5 * (f - batch["y"][0]).square().sum(dim=1).mean()).backward()
        optimiser.step()
        kept[step + 1] = [w.detach().clone() for w in weights]
    return kept


def run_through(weights, x):
    preactivations, a = [], x
    for weight in weights:
        preactivations.append(a @ weight.T)
        a = torch.tanh(preactivations[-1])
    return preactivations


def test_all_that_is_measured_is_that_of_a_plain_loop():
    setup = Setup(base=8, batch=16, steps=6, record=(0, 2, 6), dtype="float64")
    found = small(setup=setup)
    rms = lambda values: values.square().mean().sqrt().item()  # noqa: E731
    kept = by_hand(16, 1.0, 4, setup, ARM.exponents)
    member = found.sel(width=16, lr=1.0, damping=0.0, seed=4)
    probe = PROBLEM.train_x[:128]
    before = run_through(kept[0], probe)
    for step in setup.record:
        now, row = run_through(kept[step], probe), member.sel(step=step)
        wanted = {
            "dh": [rms(a - b) for a, b in zip(now, before, strict=True)],
            "dh_l1": [(a - b).abs().mean().item() for a, b in zip(now, before, strict=True)],
            "h_rms": [rms(a) for a in now],
            "update_rms": [rms(a - b) for a, b in zip(kept[step], kept[0], strict=True)],
        }
        for name, values in wanted.items():
            np.testing.assert_allclose(row[name].values, values, rtol=1e-6, atol=1e-12)
        assert float(row["df"]) == pytest.approx(wanted["dh"][-1], rel=1e-6)
        moved = torch.tanh(now[-2]) - torch.tanh(before[-2])
        assert float(row["df_hidden"]) == pytest.approx(rms(moved @ kept[0][-1].T), rel=1e-6)
        for of, x, y in (
            ("train", PROBLEM.train_x, PROBLEM.train_y),
            ("test", PROBLEM.test_x, PROBLEM.test_y),
        ):
            loss = 0.5 * (run_through(kept[step], x)[-1] - y).square().sum(dim=1).mean().item()
            assert float(row[f"{of}_loss"]) == pytest.approx(loss, rel=1e-6)
        one, other = (torch.tanh(h[-2]) @ torch.tanh(h[-2]).T for h in (before, now))
        cosine = (one * other).sum() / (one.norm() * other.norm())
        assert float(row["feat_kernel_dist"]) == pytest.approx(1 - cosine.item(), rel=1e-5, abs=1e-12)


def test_nobody_elses_presence_changes_a_bit():
    together = small()
    for seed in (3, 5):
        for rate in (0.25, 1.0):
            alone = small(rates=(rate,), seeds=(seed,))
            same = together.sel(lr=[rate], seed=[seed])
            for name in alone.data_vars:
                np.testing.assert_array_equal(alone[name].values, same[name].values, err_msg=name)
    for group_bytes in (1, 4 * 4 * 16 * 16):
        in_groups = small(group_bytes=group_bytes)
        for name in together.data_vars:
            np.testing.assert_array_equal(in_groups[name].values, together[name].values, err_msg=name)


METHODS = {
    "adam": Arm("adam", maximal_update(ADAM)),
    "kfac": Arm("kfac", maximal_update(kfac())),
    "kfac-exact-split": Arm(
        "kfac", maximal_update(kfac()), {"fisher": "exact"}, DampingAxis("mup_abs", "outputs")
    ),
    "foof": Arm("foof", maximal_update(kfac(1, 0))),
    "shampoo": Arm("shampoo", maximal_update(shampoo())),
    "pc_si": Arm("pc_si", maximal_update(SGD), {"energy": 0.5}),
    "pc_si_fpa": Arm("pc_si_fpa", maximal_update(SGD)),
    "pc_eq": Arm("pc_eq", maximal_update(SGD), {"sweeps": 5}),
    "tp": Arm("tp", maximal_update(TARGET_PROPAGATION), {"feedback_rate": 0.02, "pretraining": 20}),
    "dtp": Arm("dtp", maximal_update(TARGET_PROPAGATION), {"feedback_rate": 0.02, "pretraining": 3}),
    "dtp-fixed": Arm("dtp", maximal_update(TARGET_PROPAGATION)),
}


@pytest.mark.parametrize("name", METHODS)
def test_of_every_method_members_are_independent_and_learn(name):
    of = {"arm": METHODS[name], "dampings": (0.01, 0.1), "seeds": (3, 4)}
    of["setup"] = Setup(base=8, batch=0, steps=6, record=(0, 6))  # all examples: the loss falls at every step
    of["rates"] = (0.005, 0.01) if name == "adam" else (0.05, 0.1)
    together, in_groups = small(**of), small(**of, group_bytes=1)
    for variable in together.data_vars:
        np.testing.assert_array_equal(in_groups[variable], together[variable], err_msg=variable)
    alone = small(arm=METHODS[name], setup=of["setup"], rates=of["rates"][1:], dampings=(0.1,), seeds=(4,))
    there = together.sel(lr=list(of["rates"][1:]), damping=[0.1], seed=[4])
    np.testing.assert_array_equal(alone["train_loss"], there["train_loss"])
    assert (together["train_loss"].sel(step=6) < together["train_loss"].sel(step=0)).all()
    damped = name in ("kfac", "kfac-exact-split", "foof", "shampoo")
    assert (together["dh"].isel(step=-1).std("damping") > 0).all() == damped


def test_weights_are_copied_over_rates_and_do_not_depend_on_the_parameterisation_but_for_a_factor():
    mup, sp = small(), small(arm=Arm("sgd", standard(SGD)))
    start = mup.isel(step=0)
    np.testing.assert_array_equal(start["train_loss"].sel(lr=0.25), start["train_loss"].sel(lr=1.0))
    # b_L = 1 against 1/2 at twice the base width: the output is smaller by the root of 2, all else equal
    np.testing.assert_allclose(mup["output_at_start"] * 2**0.5, sp["output_at_start"], rtol=1e-6)
    np.testing.assert_array_equal(start["h_rms"].isel(layer=0), sp.isel(step=0)["h_rms"].isel(layer=0))
    np.testing.assert_allclose(mup["lr_eff"].sel(lr=1.0).squeeze(), [2.0, 1.0, 0.5])


def test_at_the_base_width_all_parameterisations_are_one():
    mup, sp = small(width=8), small(width=8, arm=Arm("sgd", standard(SGD)))
    for name in mup.data_vars:
        np.testing.assert_array_equal(mup[name].values, sp[name].values, err_msg=name)


def test_frozen_layers_stay():
    found = small(arm=Arm("sgd", maximal_update(SGD), frozen=("first", "last"))).isel(step=-1)
    moved = found["update_rms"].values.reshape(-1, 3)
    assert not moved[:, [0, 2]].any()
    assert (moved[:, 1] > 0).all()
    np.testing.assert_allclose(found["df"], found["df_hidden"], rtol=1e-3)


def test_divergence_is_data():
    found = small(rates=(0.25, 1e20))
    assert found["diverged"].sel(lr=1e20).all()
    assert not found["diverged"].sel(lr=0.25).any()
    assert found["train_loss"].sel(lr=1e20, step=6).isnull().all()
    assert (found["diverged_step"].sel(lr=1e20) >= 0).all()
    assert found["done"].all()


def test_a_killed_sweep_goes_on_to_the_same_result(tmp_path, monkeypatch):
    whole = small(group_bytes=1)
    monkeypatch.setattr(runner, "train", partial(runner.train, save_seconds=0.0))

    def dying(items, **_):
        for place, item in enumerate(items):
            if place == 4 and dying.left == 0:
                raise KeyboardInterrupt
            yield item
        dying.left -= 1

    dying.left = 1  # the second group is killed in its fifth step
    with pytest.raises(KeyboardInterrupt):
        small(group_bytes=1, work=Work(progress=dying, unfinished=tmp_path, identity="a"))
    assert list(tmp_path.glob("sweep-group2/*.pt"))
    monkeypatch.setattr(resume, "_in_use", set())  # as in a new process
    again = small(group_bytes=1, work=Work(unfinished=tmp_path, identity="a"))
    for name in whole.data_vars:
        np.testing.assert_array_equal(again[name].values, whole[name].values, err_msg=name)


def test_what_is_measured_of_the_start_uses_one_thread_too(monkeypatch):
    used = []

    def watched(name):
        real = getattr(runner, name)

        def call(*arguments):
            used.append((name, torch.get_num_threads()))
            return real(*arguments)

        monkeypatch.setattr(runner, name, call)

    watched("recordings")
    watched("Coordinates")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        small()
    finally:
        torch.set_num_threads(before)
    assert dict(used) == {"recordings": 1, "Coordinates": 1}


def test_on_a_gpu_free_memory_and_not_a_cache_bounds_a_group(monkeypatch):
    work = Work(device="cuda")
    monkeypatch.setattr(runner, "placed", lambda problem, *_: problem)
    monkeypatch.setattr(runner, "stacked", lambda drawn, *_: stacked(drawn))
    width = runner._Width(PROBLEM, ARM, SETUP, 16, (3, 4), PURPOSE, work)
    of_one = member_bytes("sgd", Size(16, PROBLEM.inputs, PROBLEM.outputs, 3, SETUP.batch))
    for free, members in ((0, 2), (runner.GPU_SHARE * 50 * of_one, 50)):
        monkeypatch.setattr(runner, "_free_bytes", lambda _, free=free: free)
        assert width.together(None) == members
    assert width.together(4 * 16 * 16 * 7) == 7
    assert width.group_name("a", 0, 0, 5) != width.group_name("a", 0, 0, 6)


def test_one_step_on_all_examples():
    found = small(setup=Setup(base=8, batch=0, steps=1, record=(0, 1), quantities=("coordinates",)))
    assert "train_loss" not in found
    assert (found["dh"].sel(step=1) > 0).all()


def test_shards_join_by_width_and_by_rate_in_any_order():
    whole = [small(width=width, rates=(0.25, 1.0, 4.0)) for width in (8, 16)]
    parts = [small(width=w, rates=r) for w, r in ((16, (1.0,)), (8, (0.25, 4.0)), (16, (0.25,)), (8, (1.0,)))]
    table, wanted = joined(parts), joined(whole)
    assert table["lr"].values.tolist() == [0.25, 1.0, 4.0]
    missing = table.sel(width=16, lr=4.0)
    assert not missing["done"].any()
    assert not missing["diverged"].any()
    assert missing["train_loss"].isnull().all()
    assert table["done"].dtype == bool
    there = {"width": 16, "lr": [0.25, 1.0]}
    for name in wanted.data_vars:
        np.testing.assert_array_equal(table.sel(width=8)[name], wanted.sel(width=8)[name], err_msg=name)
        both = table[name].sel({k: v for k, v in there.items() if k in table[name].dims})
        want = wanted[name].sel({k: v for k, v in there.items() if k in wanted[name].dims})
        np.testing.assert_array_equal(both, want, err_msg=name)


def test_sweeps_that_cannot_be_are_named():
    with pytest.raises(SweepError, match="lists no learning rate"):
        small(rates=())
    with pytest.raises(SweepError, match="6 steps cannot be measured after step 7"):
        Setup(steps=6, record=(0, 7))
