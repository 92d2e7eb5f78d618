"""Evidence of the family from made tables: what is measured, and which controls must be refuted."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.path_theory import pruning_orders as orders
from widthscope.statistics.claims import judge
from widthscope.studies.attention_paths.one_shot import claims, figures, fit, tables
from widthscope.studies.attention_paths.one_shot.head_pruning import ORDERS, SCORES
from widthscope.studies.attention_paths.one_shot.predictors import PREDICTORS, SOLVED
from widthscope.studies.attention_paths.one_shot.selection import MEASURED

NETS, HEADS, LAYERS = 20, 4, 2
TESTS = 300
PATHS, POSITIONS = HEADS**LAYERS, HEADS * LAYERS
GRID, WIDE = [0.1, 0.3], [0.01, 0.1, 0.3]
ATTRS = {
    "layers": LAYERS,
    "heads": HEADS,
    "key_dim": 16,
    "width": 64,
    "judged_width": 10,
    "examples": 200,
    "tests": 10000,
    "random_orders": 20,
}


def made(first: int = 0, nets: int = NETS, **attrs: int) -> xr.Dataset:
    """Networks for which every claim holds: the theory sees the overlaps of their weights, with noise."""
    found = [_network(net) for net in range(first, first + nets)]
    joined = xr.concat(found, dim=xr.Variable("net", np.arange(first, first + nets)))
    return joined.assign_attrs({**ATTRS, **attrs})


def _network(net: int) -> xr.Dataset:
    generator = np.random.default_rng([7, net])
    weights = generator.normal(size=(PATHS, 40)) * np.exp(0.5 * generator.normal(size=(PATHS, 1)))
    noise = generator.normal(size=(PATHS, PATHS)) * 2
    trained = weights @ weights.T
    drop = generator.random(POSITIONS)
    skill = 0.8 + 0.02 * generator.normal()
    gain = dict(zip(PREDICTORS, (0.02, 0.0, 0.015, 0.0, 0.01, -0.04, 0.005), strict=True))
    predicted = np.stack(
        [
            [[skill + gain[name] - 0.01 * abs(place - 1)] * 2 for place in range(len(WIDE))]
            for name in PREDICTORS
        ]
    )
    predicted[: len(SOLVED), 0] = np.nan
    predicted[:, :, 1] += 0.003 * generator.normal(size=(len(PREDICTORS), 1))
    score = np.stack([drop + 0.1 * generator.normal(size=POSITIONS) for _ in SCORES])
    over = dict(zip(ORDERS, (0.1, 0.02, 0.02, 0.1, 0.11, -0.06, -0.09, 0.0), strict=True))
    falling = np.linspace(0.85, 0.55, POSITIONS - LAYERS + 1)
    pruned = np.stack([falling + np.r_[0, [over[name]] * (POSITIONS - LAYERS)] for name in ORDERS])
    pruned[:, 1:] += 0.02 * generator.normal(size=(len(ORDERS), 1))
    return xr.Dataset(
        {
            "predicted": (("predictor", "temperature", "set"), predicted),
            "chosen": ("predictor", np.array([0.1] * len(PREDICTORS))),
            "predicted_at_width": (("theory_width", "temperature", "set"), predicted[[0, 2]]),
            "chosen_at_width": ("theory_width", np.array([0.1, 0.1])),
            "trained": ((), skill + 0.04),
            **{name: ("grid", np.ones(len(GRID))) for name in ("gradient", "converged", "evaluations")},
            "order": (("path", "path2"), 0.3 * trained + noise + noise.T),
            "shuffled_order": (("path", "path2"), noise + noise.T),
            "trained_order": (("path", "path2"), trained),
            "score": (("source", "position"), score),
            "drop": ("position", drop),
            "pruned": (("order_of_pruning", "step"), pruned),
            "signed_parts": (("test", "path"), generator.normal(size=(TESTS, PATHS)) + 0.05),
        },
        coords={
            "predictor": list(PREDICTORS),
            "temperature": WIDE,
            "grid": GRID,
            "theory_width": [10, 100],
            "set": list(MEASURED),
            "source": list(SCORES),
            "order_of_pruning": list(ORDERS),
        },
    )


def fitted(*parts: xr.Dataset) -> xr.DataTree:
    shards = {
        f"spectra/one-shot-{place}": xr.DataTree.from_dict({"/": part}) for place, part in enumerate(parts)
    }
    swept = {"one-shot-0": xr.DataTree(), "limits-0": xr.DataTree()}
    return xr.DataTree.from_dict(fit.fit({**swept, **shards}, {}))


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return fitted(made(0, 10), made(10, 10))


def test_claims_that_hold_are_supported_and_their_controls_refuted(tree: xr.DataTree) -> None:
    assert_only_controls_are_refuted("attention_paths", "2405.15926", claims.CLAIMS, tree)
    assert_judged_tests_have_controls(claims.CLAIMS, tree)
    verdicts = judge("attention_paths", "2405.15926", claims.CLAIMS, tree, level=0.9987)
    assert {verdict.verdict for verdict in verdicts} == {"supported"}


def test_networks_of_all_blocks_are_draws(tree: xr.DataTree) -> None:
    gain = tree["/claims/oneshot-fw-beats-gp/gain/measured"].to_dataset()
    assert gain["n"].item() == NETS
    table = made()
    of_net = table["predicted"].sel(set="test", temperature=0.1)
    expected = of_net.sel(predictor="finite width") - of_net.sel(predictor="Gaussian process")
    assert gain["estimate"].item() == pytest.approx(expected.mean().item())
    assert gain["component"].item() == "L=2, H=4"


def test_a_solve_that_did_not_converge_leaves_the_gain_unmeasured() -> None:
    table = made()
    table["converged"][3, 1] = 0.0
    found = fitted(table)
    assert np.isnan(found["/claims/oneshot-fw-beats-gp/gain/measured"]["estimate"].item())
    assert np.isfinite(found["/claims/oneshot-fw-beats-gp/gain/control"]["estimate"].item())


def test_a_wider_or_restricted_solve_that_did_not_converge_leaves_its_own_number_unmeasured() -> None:
    table = made()
    table["predicted_at_width"].loc[{"net": 2, "theory_width": 100, "temperature": 0.3}] = np.nan
    table["predicted"].loc[{"net": 2, "predictor": "scalar", "temperature": 0.3}] = np.nan
    claim = fitted(table)["/claims/oneshot-fw-beats-gp"]
    for test in ("widths", "restricted"):
        known = np.isfinite(claim[f"{test}/measured"]["estimate"].values)
        assert known.tolist() == ([True, False] if test == "widths" else [False, True])
    assert np.isfinite(claim["gain/measured"]["estimate"].item())


def test_ends_of_the_grid_are_counted() -> None:
    table = made(0, 4)
    table["chosen"].loc[{"net": 1, "predictor": "finite width"}] = 0.3
    table["chosen"].loc[{"net": [1, 2], "predictor": "Gaussian process"}] = 0.01
    assert tables.at_end(table, "finite width", warmest=True).tolist() == [0, 1, 0, 0]
    assert tables.at_end(table, "finite width", warmest=False).tolist() == [1, 0, 1, 1]
    assert tables.at_end(table, "Gaussian process", warmest=False).tolist() == [0, 1, 1, 0]


def test_other_networks_orders_prune_this_networks_paths() -> None:
    table = made(0, 3)
    heads = (HEADS,) * LAYERS
    parts = table["signed_parts"].values
    random = table["pruned"].sel(order_of_pruning="random").values[:, 1:].mean(axis=1)
    expected = np.zeros(3)
    for net in range(3):
        for other in {0, 1, 2} - {net}:
            kept = set(range(POSITIONS))
            for head in orders.rising(table["score"].sel(source="theory").values[other], heads):
                kept.remove(head)
                paths = [HEADS * a + b for a in range(HEADS) for b in range(HEADS) if {a, HEADS + b} <= kept]
                right = parts[net][:, paths].sum(axis=1) > 0
                expected[net] += right.mean() / (2 * (POSITIONS - LAYERS))
    np.testing.assert_allclose(tables.gain_of_others_order(table), expected - random)
    assert np.isnan(tables.gain_of_others_order(made(0, 1))).all()


def test_a_diverged_network_leaves_everything_unmeasured() -> None:
    table = made()
    lost = table.where(table["net"] != 3)
    found = fitted(lost)
    for claim in claims.CLAIMS:
        assert np.isnan(found[f"/claims/{claim.name}/{claim.tests[0].name}/measured"]["estimate"].item())


def test_architectures_have_components_of_their_own() -> None:
    found = fitted(made(0, 4), made(0, 4, key_dim=8), made(4, 4))
    gain = found["/claims/oneshot-fw-beats-gp/gain/measured"].to_dataset()
    assert gain["component"].values.tolist() == ["L=2, H=4, G=16, N=64", "L=2, H=4, G=8, N=64"]
    assert gain["n"].values.tolist() == [8, 4]


def test_rank_correlations_are_spearmans() -> None:
    from scipy import stats

    table = made(0, 3)
    table["drop"][0, :2] = 0.5
    found = tables.rank_correlations(table, "theory")
    for net in range(3):
        for other in range(3):
            score = table["score"].sel(source="theory").values[other]
            expected = stats.spearmanr(table["drop"].values[net], score).statistic
            assert found[net, other] == pytest.approx(expected)


def test_half_of_the_heads_are_pruned() -> None:
    table = made(0, 2)
    found = fit.half_pruned(table)
    pruned = table["pruned"].isel(step=4)
    expected = pruned.sel(order_of_pruning="theory") - pruned.sel(order_of_pruning="random")
    np.testing.assert_allclose(found, expected.values)


def test_every_claim_has_its_figure_and_captions_speak_of_the_store(tree: xr.DataTree) -> None:
    drawings = figures.draw(tree)
    assert {claim.figure for claim in claims.CLAIMS} == set(drawings)
    table = made()
    best = (tables.accuracy_of(table, "finite width") > tables.accuracy_of(table, "Gaussian process")).sum()
    assert f"{best} of {NETS} networks" in drawings["one-shot-accuracy"].caption
    assert all("Networks of L=2, H=4" in drawing.caption for drawing in drawings.values())
    correlation = np.diag(tables.rank_correlations(table, "theory")).mean()
    assert f"{correlation:.2f}" in drawings["one-shot-scores"].caption


def test_every_architecture_is_drawn() -> None:
    drawings = figures.draw(fitted(made(0, 4), made(0, 4, key_dim=8)))
    plain = [drawing for drawing in drawings if not drawing.endswith("-l2-h4-g8-n64")]
    assert sorted(plain) == sorted({claim.figure for claim in claims.CLAIMS})
    assert len(drawings) == 2 * len(plain)
    for name, drawing in drawings.items():
        assert ("L=2, H=4, G=16, N=64" if name in plain else "L=2, H=4, G=8, N=64") in drawing.caption
