"""Differences on small networks: a seed by hand, the verdicts, and that wrong measurements are refuted."""

import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.content import flatten
from widthscope.statistics.claims import judge
from widthscope.studies.gradient_regularization.differences import experiment, figures, fit, plan
from widthscope.studies.gradient_regularization.differences.claims import CLAIMS
from widthscope.studies.gradient_regularization.differences.settings import Differences
from widthscope.studies.gradient_regularization.networks import Network, initial
from widthscope.work import Work

SETTINGS = Differences(inputs=10, width=32, layers=4, classes=4, examples=128, seeds=16)
PAPER = "2210.02720"


@pytest.fixture(scope="module")
def stored() -> dict[str, xr.DataTree]:
    (shard,) = plan.shards(SETTINGS, seed=101)
    return {shard.name: experiment.run(shard.settings, {}, Work())}


@pytest.fixture(scope="module")
def tree(stored: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def verdicts(stored: dict[str, xr.DataTree]) -> dict[str, str]:
    tree = xr.DataTree.from_dict(fit.fit(stored, {}))
    return {one.id.split("/")[1]: one.verdict for one in judge("study", PAPER, CLAIMS, tree)}


def test_a_seed_by_hand(stored: dict[str, xr.DataTree]) -> None:
    """The last seed again, with Torch's own layers, one vector of parameters and no member dimension."""
    seed, ascent, network = SETTINGS.seeds - 1, experiment.ASCENTS[5], Network("tanh", 4, 32, 10, 4, 1.0)
    (shard,) = plan.shards(SETTINGS, seed=101)
    parameters, batch, other = experiment._drawn(shard.settings, [seed], "cpu")
    drawn = initial(torch.Generator().manual_seed(0), network)
    assert {name: value.shape[1:] for name, value in parameters.items()} == {
        name: value.shape for name, value in drawn.items()
    }
    weights = [parameters[f"W{layer}"][0] for layer in range(1, 5)]
    biases = [parameters[f"b{layer}"][0] for layer in range(1, 5)]
    sizes = [value.numel() for pair in zip(weights, biases, strict=True) for value in pair]

    def loss(flat: torch.Tensor, on: dict[str, torch.Tensor] = batch) -> torch.Tensor:
        parts, hidden = flat.split(sizes), on["x"][0]
        for layer in range(4):
            weight = parts[2 * layer].reshape(weights[layer].shape)
            hidden = torch.nn.functional.linear(hidden, weight, parts[2 * layer + 1])
            hidden = torch.tanh(hidden) if layer < 3 else hidden
        return torch.nn.functional.cross_entropy(hidden, on["labels"][0])

    def gradient(at: torch.Tensor, on: dict[str, torch.Tensor] = batch) -> torch.Tensor:
        leaf = at.clone().requires_grad_()
        return torch.autograd.grad(loss(leaf, on), leaf)[0]

    start = torch.cat([value.flatten() for pair in zip(weights, biases, strict=True) for value in pair])
    g = gradient(start)
    leaf = start.clone().requires_grad_()
    slope = torch.autograd.grad(loss(leaf), leaf, create_graph=True)[0] @ g
    exactly = torch.autograd.grad(slope, leaf)[0]
    forward = (gradient(start + ascent * g) - g) / ascent
    backward = (g - gradient(start - ascent * g)) / ascent
    mixed_up = (gradient(start + ascent * g, other) - g) / ascent

    def cosine(first: torch.Tensor, second: torch.Tensor) -> float:
        return float(first @ second / first.norm() / second.norm())

    table = stored["differences"]["tanh"].to_dataset().sel(seed=seed).isel(ascent=5)
    expected = {
        "forward": forward - exactly,
        "backward": backward - exactly,
        "centred": (forward + backward) / 2 - exactly,
    }
    for name, error in expected.items():
        relative = float(error.norm() / exactly.norm())
        assert float(table["error"].sel(difference=name)) == pytest.approx(relative, rel=1e-6)
    opposition = 1 + cosine(expected["forward"], expected["backward"])
    assert float(table["opposition"]) == pytest.approx(opposition, rel=1e-6)
    assert float(table["turn"]) == pytest.approx(1 - cosine(forward, exactly), rel=1e-6)
    assert float(table["other_turn"]) == pytest.approx(1 - cosine(mixed_up, exactly), rel=1e-9)


def test_every_claim_is_supported_and_every_control_refuted(
    stored: dict[str, xr.DataTree], tree: xr.DataTree
) -> None:
    assert_only_controls_are_refuted("gradient_regularization", PAPER, CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert set(verdicts(stored).values()) == {"supported"}


@pytest.mark.parametrize(
    ("node", "variable", "claims"),
    [
        ("tanh", "error", {"fd-order"}),
        ("tanh", "opposition", {"fd-antisymmetry"}),
        ("tanh", "turn", {"fd-direction"}),
        ("identity", "deviation", {"sam-equal"}),
    ],
)
def test_what_is_wrong_is_refuted(
    stored: dict[str, xr.DataTree], node: str, variable: str, claims: set[str]
) -> None:
    """Errors of one order less, angles that do not fall, a deviation of three roundings."""
    broken = {"differences": stored["differences"].copy(deep=True)}
    table = broken["differences"][node]
    if node == "identity":
        table[variable][3] = 3.0
    else:
        table[variable] = table[variable] / table["ascent"]
    assert {name for name, verdict in verdicts(broken).items() if verdict == "refuted"} == claims


def test_what_was_found_can_be_stored_and_drawn(stored: dict[str, xr.DataTree], tree: xr.DataTree) -> None:
    variables = flatten(stored["differences"]).variables
    assert {"/tanh/error", "/single/error", "/identity/deviation"} <= set(variables)
    assert not any(" " in name for name in variables)
    assert {claim.figure for claim in CLAIMS} == set(figures.draw(tree))


def test_seeds_in_groups_are_those_alone(stored: dict[str, xr.DataTree]) -> None:
    """Sixteen seeds are two groups; three of them drawn alone measure the same."""
    fewer = plan.shards(SETTINGS.model_copy(update={"seeds": 3}), seed=101)[0]
    again = experiment.run(fewer.settings, {}, Work())
    for name in ("error", "turn", "other_turn"):
        whole = stored["differences"]["tanh"][name].sel(seed=[0, 1, 2]).sel(ascent=slice(0.01, None))
        xr.testing.assert_allclose(again["tanh"][name].sel(ascent=slice(0.01, None)), whole, rtol=1e-6)


def test_settings_that_cannot_work_are_refused() -> None:
    for wrong in ({"layers": 1}, {"classes": 1}, {"seeds": 2}, {"width": 0}):
        with pytest.raises(ValidationError):
            Differences(**wrong)


def test_sizes_whose_product_no_job_could_bear_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"100000 examples make 2.0e\+08 numbers of each seed"):
        Differences(examples=100_000)
    with pytest.raises(ValidationError, match=r"1000000 seeds of 128 examples .* 1.3e\+12 products"):
        Differences(seeds=10**6)
