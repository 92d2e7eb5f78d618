"""Sparsity of Kronecker products: norms by hand, mixings against dense weights, verdicts, refusals."""

import math

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from sklearn.datasets import load_digits
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.statistics.claims import judge
from widthscope.streams import torch_generator
from widthscope.studies.pk_mixer.sparsity import absolute_norms, experiment, figures, fit, mixings, plan
from widthscope.studies.pk_mixer.sparsity.claims import CLAIMS
from widthscope.studies.pk_mixer.sparsity.settings import Sparsity
from widthscope.work import Work

SETTINGS = Sparsity(factor=8, draws=300, penalties=(0.0, 0.03), seeds=8, train=200, test=200, epochs=15)


@pytest.fixture(scope="module")
def images() -> dict[str, xr.Dataset]:
    digits = load_digits()
    return {
        "digits": xr.Dataset(
            {"image": (("sample", "row", "col"), digits.images), "label": ("sample", digits.target)}
        )
    }


@pytest.fixture(scope="module")
def stored(images: dict[str, xr.Dataset]) -> dict[str, xr.DataTree]:
    (shard,) = plan.shards(SETTINGS, seed=103)
    return {shard.name: experiment.run(shard.settings, images, Work())}


@pytest.fixture(scope="module")
def tree(stored: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def test_evenness_and_kurtosis_by_hand() -> None:
    B = torch.tensor([[1.0, -2.0], [0.0, 2.0]], dtype=torch.float64)
    assert float(absolute_norms.evenness(B)) == pytest.approx(5 / (2 * 3))
    assert float(absolute_norms.kurtosis(B)) == pytest.approx((33 / 4) / (9 / 4) ** 2)
    assert float(absolute_norms.evenness(torch.full((3, 4), -2.0))) == pytest.approx(1.0)


@pytest.mark.parametrize("entries", [1, 2, 3, 64])
def test_means_of_gaussian_matrices_at_every_size(entries: int) -> None:
    """One entry: both are one. Two: E (|a| + |b|) / sqrt 2 on the circle is 4 / (pi sqrt 2)."""
    found = absolute_norms.gaussian_evenness(entries)
    if entries == 1:
        assert found == pytest.approx(1.0)
        assert absolute_norms.gaussian_kurtosis(1) == 1.0
    if entries == 2:
        assert found == pytest.approx(4 / (math.pi * math.sqrt(2)))
    matrices = torch.randn(40000, entries, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for measure, mean in (
        (absolute_norms.evenness, found),
        (absolute_norms.kurtosis, absolute_norms.gaussian_kurtosis(entries)),
    ):
        values = measure(matrices)
        assert abs(float(values.mean()) - mean) <= 4.5 * float(values.std()) / 200 + 1e-12


def test_large_matrices_have_the_limits_of_the_notes() -> None:
    assert absolute_norms.gaussian_evenness(10**8) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-7)
    assert absolute_norms.gaussian_evenness(10**8) ** 2 == pytest.approx(2 / math.pi, rel=1e-7)


def parameters_of(form: str, members: int = 3) -> dict[str, torch.Tensor]:
    every = [
        mixings.initial(form, 4, 3, lambda name, seed=seed: torch_generator("test", name, seed))
        for seed in range(members)
    ]
    return {name: torch.stack([one[name] for one in every]) for name in every[0]}


@pytest.mark.parametrize("form", mixings.FORMS)
def test_mixings_are_their_effective_weights(form: str) -> None:
    parameters, tables = parameters_of(form), drawn(3, 5, 4, 3)
    B = mixings.effective_weight(parameters)
    for member in range(3):
        hidden = tables[member].flatten(-2) @ B[member].T
        wanted = hidden @ parameters["head"][member].T + parameters["bias"][member]
        torch.testing.assert_close(mixings.logits(parameters, tables)[member], wanted)
        if "token" in parameters:
            W, V = parameters["token"][member], parameters["channel"][member]
            torch.testing.assert_close(B[member], torch.kron(W, V.T.contiguous()))


def test_forms_share_their_heads_and_not_their_mixings() -> None:
    dense, again = parameters_of("dense"), parameters_of("dense again")
    assert torch.equal(dense["head"], again["head"])
    assert not torch.allclose(dense["mixing"], again["mixing"])
    even = parameters_of("even kronecker")
    assert float(absolute_norms.evenness(mixings.effective_weight(even)).min()) == pytest.approx(1.0)


def test_penalty_is_added_to_each_member_alone() -> None:
    parameters, tables = parameters_of("kronecker"), drawn(3, 5, 4, 3)
    labels = torch.arange(15).reshape(3, 5) % 10
    batch = {"tables": tables, "labels": labels, "penalty": torch.tensor([0.0, 0.5, 2.0]).double()}
    found = mixings.penalised_loss(parameters, batch)
    for member, penalty in enumerate((0.0, 0.5, 2.0)):
        plain = torch.nn.functional.cross_entropy(mixings.logits(parameters, tables)[member], labels[member])
        squares = sum(float(parameters[name][member].square().sum()) for name in ("token", "channel", "head"))
        assert float(found[member]) == pytest.approx(float(plain) + penalty / 2 * squares)


def test_the_ordering_is_seen_and_its_start_reported(
    stored: dict[str, xr.DataTree], tree: xr.DataTree
) -> None:
    assert_judged_tests_have_controls(CLAIMS, tree)
    verdicts = {one.id: one for one in judge("pk_mixer", "2306.01470", CLAIMS, tree)}
    assert {one.verdict for one in verdicts.values()} == {"supported"}
    tests = {test.name: test for test in verdicts["pk_mixer/l1-bias-trained"].tests}
    assert tests["trained"].control is not None
    assert tests["trained"].control.verdict == "refuted"
    table = stored["sparsity"]["trained"].to_dataset()
    by_hand = table["initial"].sel(form="kronecker") - table["initial"].sel(form="dense")
    assert tests["start"].components[0].estimate == pytest.approx(float(by_hand.mean("seed")[0]))
    assert table["test_accuracy"].min() > 0.7


def test_penalties_share_first_weights_and_seeds_do_not(stored: dict[str, xr.DataTree]) -> None:
    initial = stored["sparsity"]["trained"]["initial"].values
    assert np.array_equal(initial[:, 0], initial[:, 1])
    assert len(set(initial[0, 0])) == SETTINGS.seeds


def test_a_member_that_diverged_decides_nothing(stored: dict[str, xr.DataTree]) -> None:
    broken = {"sparsity": stored["sparsity"].copy(deep=True)}
    broken["sparsity"]["trained"]["final"][0, :, 2] = np.nan
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    verdicts = {one.id: one.verdict for one in judge("pk_mixer", "2306.01470", CLAIMS, found)}
    assert verdicts["pk_mixer/l1-bias-trained"] == "undecided"


def test_penalties_in_shards_of_their_own_are_joined(
    images: dict[str, xr.Dataset], stored: dict[str, xr.DataTree]
) -> None:
    (whole,) = plan.shards(SETTINGS, seed=103)
    alone = {
        f"sparsity-l{place}": {**whole.settings, "penalties": [penalty], "draws": 0 if place else 300}
        for place, penalty in enumerate(SETTINGS.penalties)
    }
    parts = {name: experiment.run(settings, images, Work()) for name, settings in alone.items()}
    one, two = (
        xr.DataTree.from_dict(fit.fit(found, {}))["/claims/l1-bias-trained/trained/measured"].to_dataset()
        for found in (parts, stored)
    )
    xr.testing.assert_allclose(one, two, rtol=1e-4)


def test_the_figures_are_drawn(tree: xr.DataTree) -> None:
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    assert not any("nan" in drawing.caption for drawing in drawings.values())


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="to test on are 1900; the digits have 1797"):
        Sparsity(train=1500, test=400)
    with pytest.raises(ValidationError, match="a batch of 300 needs as many images, not 200"):
        Sparsity(train=200, batch=300)
    with pytest.raises(ValidationError, match="'digits' or 'cifar10'"):
        Sparsity(dataset="wikitext2")
    with pytest.raises(
        ValidationError,
        match="cifar10 has 50000 images to train on and 10000 to test on, not 50000 and 20000",
    ):
        Sparsity(dataset="cifar10", train=50000, test=20000)
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Sparsity(rate=1000.0)
