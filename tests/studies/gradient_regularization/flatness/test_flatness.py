"""From networks at one loss to verdicts and figures."""

import re

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.datasets import digits
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.studies.gradient_regularization.flatness import experiment, figures, fit, plan
from widthscope.studies.gradient_regularization.flatness.claims import CLAIMS
from widthscope.studies.gradient_regularization.flatness.settings import Flatness
from widthscope.studies.gradient_regularization.networks import Network, initial
from widthscope.work import Work

SETTINGS = Flatness(train=30, width=8, rate=0.1, loss=1.5, steps=100, alike=3, seeds=3)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    return {"digits": digits.prepare({}, tmp_path_factory.mktemp("digits"))}


@pytest.fixture(scope="module")
def stored(datasets):
    (shard,) = plan.shards(SETTINGS, seed=7)
    return {shard.name: experiment.run(shard.settings, datasets, Work())}


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_gradient_norm_and_trace_are_those_of_the_whole_hessian():
    network = Network(width=4, inputs=3, classes=3, activation="tanh")
    parameters = initial(torch.Generator().manual_seed(1), network)
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    labels = torch.arange(6) % 3
    found = experiment.of_networks(
        network, {k: v[None] for k, v in parameters.items()}, {"x": x[None], "labels": labels[None]}
    )
    names, sizes = list(parameters), [value.numel() for value in parameters.values()]

    def loss(flat):
        parts = dict(zip(names, torch.split(flat, sizes), strict=True))
        own = {name: parts[name].view_as(parameters[name]) for name in names}
        hidden = torch.tanh(x @ own["W1"].T + own["b1"])
        hidden = torch.tanh(hidden @ own["W2"].T + own["b2"])
        return torch.nn.functional.cross_entropy(hidden @ own["W3"].T + own["b3"], labels)

    flat = torch.cat([value.flatten() for value in parameters.values()])
    gradient = torch.autograd.functional.jacobian(loss, flat)
    hessian = torch.autograd.functional.hessian(loss, flat)
    assert found["squared_gradient"].item() == pytest.approx(gradient.square().sum().item(), rel=1e-12)
    assert found["trace"].item() == pytest.approx(hessian.trace().item(), rel=1e-10)
    assert found["loss_here"].item() == pytest.approx(loss(flat).item(), rel=1e-12)


def test_networks_of_a_seed_start_alike_and_reach_the_loss(stored):
    for activation in ("tanh", "relu"):
        table = fit.table_of(stored, activation)
        assert np.isfinite(table["squared_gradient"]).all()
        assert (table["updates"] > SETTINGS.alike).all()
        assert table["arm"].values[0] == "plain"
    slower = fit.table_of(stored, "tanh")["updates"]
    assert (slower.sel(arm="slower") > 1.5 * slower.sel(arm="plain")).all()


def test_a_seed_does_not_depend_on_its_company(datasets):
    (shard,) = plan.shards(SETTINGS.model_copy(update={"loss": 2.2, "steps": 15}), seed=7)

    def run(members):
        seeds = [int(seed) for seed in members.values("seed")]
        networks = {name: {**each, "seeds": seeds} for name, each in shard.settings["networks"].items()}
        found = experiment.run({**shard.settings, "networks": networks}, datasets, Work())
        tables = {name: found[name].to_dataset() for name in networks}
        return {
            f"{name} {key}": torch.tensor(table[key].transpose("seed", "arm").values)
            for name, table in tables.items()
            for key in ("squared_gradient", "trace", "trace_alike", "updates")
        }

    assert dependent_on_company(run, Members.grid(seed=range(2)), groups=(1,)) == []


def test_a_network_that_never_reaches_the_loss_counts_as_not_measured(datasets):
    (shard,) = plan.shards(SETTINGS.model_copy(update={"steps": 4}), seed=7)
    found = fit.fit({"flatness": experiment.run(shard.settings, datasets, Work())}, {})
    assert np.isnan(found["/claims/nn-flatter/tanh/measured"]["estimate"]).all()
    drawing = figures.ratios({name: found[f"/curves/flatness-ratios/{name}"] for name in ("tanh", "relu")})
    assert "not measured" in drawing.caption


def invented(log_ratios, seeds=10):
    """Tables with these log ratios to plain descent by arm, and 0.4 after as many updates."""
    generator = np.random.default_rng(5)
    base = np.exp(generator.normal(size=seeds))
    nodes = {}
    for activation, arms in log_ratios.items():
        values = [base * np.exp(r + 0.001 * generator.normal(size=seeds)) for r in arms.values()]
        alike = [base * np.exp(0.4 * (arm != "plain")) + 1e-3 * np.arange(seeds) for arm in arms]
        columns = {
            **dict.fromkeys(("squared_gradient", "trace"), values),
            **dict.fromkeys(("squared_gradient_alike", "trace_alike"), alike),
            "updates": [np.arange(seeds)] * len(arms),
        }
        nodes[f"/{activation}"] = xr.Dataset(
            {name: (("arm", "seed"), np.stack(rows)) for name, rows in columns.items()},
            coords={
                "arm": list(arms),
                "seed": range(seeds),
                "method": ("arm", [arm.partition("-")[0].replace("slower", "plain") for arm in arms]),
                "ascent": ("arm", [float(arm.partition("-")[2] or 0) for arm in arms]),
            },
        )
    return {"flatness": xr.DataTree.from_dict(nodes)}


EFFECTS = {
    "tanh": {"plain": 0.0, "slower": 0.01, "double": -0.02, "forward-0.3": -0.02},
    "relu": {"plain": 0.0, "double": 0.0, "forward-0.05": -0.1, "forward-0.3": 0.1},
}


def test_small_effects_of_either_sign_are_told_apart():
    found = xr.DataTree.from_dict(fit.fit(invented(EFFECTS), {}))
    assert_only_controls_are_refuted("s", "1", CLAIMS, found)
    reported = found["/claims/nn-flatter/relu-others/measured"].to_dataset()
    assert reported["estimate"].values == pytest.approx([0, 0, 0.1, 0.1], abs=2e-3)


def test_evidence_is_complete_and_the_figure_quotes_the_numbers(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawing = figures.draw(tree)["flatness-ratios"]
    for activation in ("tanh", "relu"):
        for mean in tree[f"/curves/flatness-ratios/{activation}"]["mean"].sel(quantity="trace").values:
            assert f"{mean:+.4f}" in drawing.caption


def test_arms_in_shards_of_their_own_give_what_one_shard_gives(datasets, stored, monkeypatch):
    monkeypatch.setattr(plan, "TOGETHER_SECONDS", 0.0)
    shards = plan.shards(SETTINGS, seed=7)
    assert all(re.fullmatch(r"flatness-[a-z0-9_-]+", shard.name) for shard in shards)
    chosen = [shard for shard in shards if "relu" in shard.name]
    parts = {shard.name: experiment.run(shard.settings, datasets, Work()) for shard in chosen}
    whole, apart = (fit.table_of(each, "relu") for each in (stored, parts))
    xr.testing.assert_identical(whole, apart)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"train": 1797}, "1797 images to train on are more than digits allows, 1796"),
        ({"steps": 50}, "cannot be compared after 100 updates where there are 50"),
        ({"slower": 1.0}, "less than 1"),
        ({"loss": 5.0}, "less than or equal to 2.3"),
        ({"dataset": "cifar10", "train": 50000, "layers": 64, "width": 2048}, r"takes about 218 GB to train"),
        ({"layers": 1}, "greater than or equal to 2"),
        ({"ascents": [0.1, 0.1000001]}, "ascents 0.1 and 0.1000001 must differ in their first six digits"),
    ],
)
def test_settings_that_cannot_work_are_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        Flatness.model_validate(given)
