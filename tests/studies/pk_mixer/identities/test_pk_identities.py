"""Identities of mixing layers: each comparison by hand, the verdicts, and what wrong settings meet."""

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.content import flatten
from widthscope.mixers.effective_width import Shape
from widthscope.mixers.mixing import vec
from widthscope.statistics.claims import judge
from widthscope.studies.pk_mixer.identities import (
    budgets,
    dense_forms,
    equalities,
    experiment,
    figures,
    fit,
    norms,
    plan,
)
from widthscope.studies.pk_mixer.identities.claims import CLAIMS
from widthscope.studies.pk_mixer.identities.settings import Identities
from widthscope.work import Work

SETTINGS = Identities(shapes=((5, 7), (4, 3)), seeds=4, budgets=(8, 16), sides=(8, 16, 32))


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.fixture(scope="module")
def stored() -> dict[str, xr.DataTree]:
    (shard,) = plan.shards(SETTINGS, seed=103)
    return {shard.name: experiment.run(shard.settings, {}, Work())}


@pytest.fixture(scope="module")
def tree(stored: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_commutation_matrix_transposes() -> None:
    table = drawn(5, 7)
    torch.testing.assert_close(dense_forms.commutation_matrix(5, 7) @ vec(table), vec(table.T))


def test_rounding_bound_is_never_passed_and_not_idle() -> None:
    """Sums of 50 products in float64 against exact ones in long double."""
    A, x = drawn(200, 50), drawn(50)
    exact = A.numpy().astype(np.longdouble) @ x.numpy().astype(np.longdouble)
    error = float(np.abs((A @ x).numpy() - exact).max())
    bound = dense_forms.rounding_bound(A, x, 50)
    assert bound / 1000 < error < bound


def test_the_mixer_block_is_torchs_own_layers() -> None:
    """The block written with nn.Linear and nn.LayerNorm in another order of axes."""
    tokens, channels = 5, 7
    generator = torch.Generator().manual_seed(4)
    weights = equalities.drawn_weights(tokens, channels, 2, generator)
    table = drawn(tokens, channels)
    norm = torch.nn.LayerNorm(channels, elementwise_affine=False, dtype=torch.float64)
    hidden = torch.nn.functional.gelu(torch.nn.functional.linear(norm(table).T, weights["w1"]))
    U = table + torch.nn.functional.linear(hidden, weights["w2"]).T
    hidden = torch.nn.functional.gelu(torch.nn.functional.linear(norm(U), weights["v1"].T))
    Y = U + torch.nn.functional.linear(hidden, weights["v2"].T)
    torch.testing.assert_close(equalities.mixer_block(table, weights), Y, rtol=1e-13, atol=1e-13)


def test_least_penalty_is_where_the_factors_have_one_norm() -> None:
    V, W = drawn(4, 7), drawn(6, 5)
    scale = float((W.norm() / V.norm()).sqrt())
    least = float(((scale * V).square().sum() + (W / scale).square().sum()) / 2)
    assert least == pytest.approx(float(torch.kron(V.T.contiguous(), W).norm()), rel=1e-12)
    deviation, _ = norms.norm_deviations(V, W)["least penalty"]
    assert deviation < 1


def test_bound_by_hand_and_its_equality() -> None:
    V, W = drawn(4, 7), drawn(6, 5)
    entries = [abs(float(v) * float(w)) for v in V.flatten() for w in W.flatten()]
    bound = (30 * float(V.square().sum()) + 28 * float(W.square().sum())) / 2
    assert norms.bound_slack(V, W)[0] == pytest.approx(1 - sum(entries) / bound, rel=1e-12)
    assert norms.bound_slack(V, W)[1] < 0
    assert norms.bound_slack(V.sign(), W.sign())[0] == pytest.approx(0, abs=1e-13)


def test_widest_shapes_and_costs_are_those_of_shapes_counted_by_hand() -> None:
    found = budgets.widest_shapes((8,)).sel(side=8)
    for expansion in budgets.EXPANSIONS:
        every = [
            Shape(tokens, channels, expansion)
            for tokens in range(1, 200)
            for channels in range(1, 200)
            if Shape(tokens, channels, expansion).connections <= expansion * 512
        ]
        widest = max(every, key=lambda shape: shape.width)
        own = found.sel(expansion=expansion)
        assert (int(own["tokens"]), int(own["width"])) == (widest.tokens, widest.width)
    costs = budgets.layer_costs((4, 8)).sel(width=64)
    assert costs["stored"].sel(form="random permutation") == 8 * 8 + 4 * 64
    assert costs["bytes"].sel(form="random permutation") == 4 * 8 * 8 + 8 * 4 * 64
    assert costs["bytes"].sel(form="dense mask") == 2 * 4 * 64 * 64
    assert costs["stored"].sel(form="dense mask") == 2 * 64 * 64
    assert costs["multiply_adds"].sel(form="random permutation") == 64 * 8
    assert costs["multiply_adds"].sel(form="dense mask") == 64 * 64


@pytest.mark.parametrize("side", [4, 6])
def test_a_mask_that_is_not_drawn_has_the_tensors_of_one_that_is(side: int) -> None:
    grown = budgets._grown(budgets.kept_tensors("sparse", 3), 9, side * side)
    wanted = budgets.kept_tensors("sparse", side)
    assert [(one.shape, one.dtype) for one in grown] == [(one.shape, one.dtype) for one in wanted]
    assert len(budgets.kept_tensors("random-permuted", side)) == 5


def test_every_claim_is_supported_and_every_control_refuted(tree: xr.DataTree) -> None:
    assert_only_controls_are_refuted("pk_mixer", "2306.01470", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert {one.verdict for one in judge("pk_mixer", "2306.01470", CLAIMS, tree)} == {"supported"}


def test_what_the_experiment_found_can_be_stored(stored: dict[str, xr.DataTree]) -> None:
    assert "/equalities/token_mixing" in flatten(stored["identities"]).variables


def test_a_layer_that_is_wrong_is_refuted(stored: dict[str, xr.DataTree]) -> None:
    """Right formulas of one draw interchanged with wrong ones: the largest deviation decides."""
    broken = {"identities": stored["identities"].copy(deep=True)}
    table = broken["identities"]["equalities"]
    for name in ("token_mixing", "matrix"):
        table[name][1, 2] = table[name].values[1, 2, ::-1]
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    verdicts = {one.id: one.verdict for one in judge("pk_mixer", "2306.01470", CLAIMS, found)}
    assert verdicts["pk_mixer/vec-identity"] == "refuted"
    assert verdicts["pk_mixer/monarch"] == "refuted"
    assert verdicts["pk_mixer/block-equivalence"] == "supported"


def test_the_pictures_have_one_density_and_figures_are_drawn(
    stored: dict[str, xr.DataTree], tree: xr.DataTree
) -> None:
    pictures = stored["identities"]["pictures"].to_dataset()
    assert {int((pictures[name] > 0).sum()) for name in pictures} == {experiment.PICTURE_SIDE**3}
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    assert not any("nan" in drawing.caption for drawing in drawings.values())
    assert "36 different weights, the sparse one 216" in drawings["effective-weights"].caption


def test_shapes_that_show_nothing_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"shapes \(6, 6\) must have other channels than tokens"):
        Identities(shapes=((6, 6),))
    with pytest.raises(ValidationError, match="have 340 units"):
        Identities(shapes=((17, 20),))
