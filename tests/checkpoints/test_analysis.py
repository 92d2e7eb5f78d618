"""The table of a checkpoint against dense matrices, formed and decomposed one by one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.checkpoints import made

from widthscope import store
from widthscope.checkpoints import analysis, table
from widthscope.checkpoints.checkpoint import LayerHeads, Rotary
from widthscope.errors import CheckpointError


def trained(seed: int) -> LayerHeads:
    """Heads of which some have a trace, with bias, gain and shift."""
    found = made.heads(seed=seed)
    random = np.random.default_rng(seed + 100)
    key = found.key + np.array([-0.8, 0.0, 0.5, 2.0])[:, None, None] * found.query
    return replace(
        found,
        key=key,
        query_bias=random.standard_normal(found.query.shape[:2]),
        norm_gain=np.exp(random.standard_normal(found.query.shape[2])),
        norm_bias=random.standard_normal(found.query.shape[2]),
        norm_kind="layer",
    )


LAYERS = [trained(0), trained(1)]
TABLE = analysis.analyse(made.checkpoint(LAYERS))


def dense(layer: LayerHeads, head: int) -> np.ndarray:
    return layer.scale * layer.query[head].T @ layer.key[head]


EVERY = [(layer, head) for layer in range(2) for head in range(4)]


@pytest.mark.parametrize(("place", "head"), EVERY)
def test_columns_are_those_of_the_dense_matrix(place: int, head: int) -> None:
    W = dense(LAYERS[place], head)
    row = TABLE.isel(layer=place, head=head)
    d, head_dim = 32, 8
    norm, trace = np.linalg.norm(W), np.trace(W)
    symmetric = np.linalg.eigvalsh((W + W.T) / 2)
    expected = {
        "trace": trace,
        "trace_of_square": np.trace(W @ W),
        "frobenius": norm,
        "trace_score": trace * np.sqrt(d) / norm,
        "p_value": 2 * stats.norm.sf(abs(trace) * np.sqrt(d) / norm),
        "concentration": trace**2 / (head_dim * norm**2),
        "var_fro": np.sum((W - trace / d * np.eye(d)) ** 2) / d,
        "var_sym": symmetric.var(),
    }
    assert {name: float(row[name]) for name in expected} == pytest.approx(expected, rel=1e-10)
    largest = np.sort(np.abs(np.linalg.eigvals(W)))[::-1][:head_dim]
    assert np.sort(np.abs(row["eigenvalues"].values))[::-1] == pytest.approx(largest, rel=1e-8)
    assert float(row["reach"]) == pytest.approx(largest[0] * np.sqrt(d) / norm, rel=1e-8)


@pytest.mark.parametrize(("place", "head"), EVERY)
def test_folded_columns_are_those_of_the_matrix_between_normalised_tokens(place: int, head: int) -> None:
    layer = LAYERS[place]
    assert layer.norm_gain is not None
    assert layer.norm_bias is not None
    assert layer.query_bias is not None
    d = 32
    P = np.eye(d) - 1 / d
    effective = P @ np.diag(layer.norm_gain) @ dense(layer, head) @ np.diag(layer.norm_gain) @ P
    row = TABLE.isel(layer=place, head=head)
    norm = np.linalg.norm(effective)
    assert float(row["frobenius_folded"]) == pytest.approx(norm)
    assert float(row["trace_score_folded"]) == pytest.approx(np.trace(effective) * np.sqrt(d - 1) / norm)
    bias = layer.query_bias[head] + layer.query[head] @ layer.norm_bias
    linear = layer.scale * P @ np.diag(layer.norm_gain) @ layer.key[head].T @ bias
    assert float(row["bias_norm_folded"]) == pytest.approx(np.linalg.norm(linear))
    raw = layer.scale * layer.key[head].T @ layer.query_bias[head]
    assert float(row["bias_norm"]) == pytest.approx(np.linalg.norm(raw))


def test_rms_norm_is_not_centred() -> None:
    layer = replace(LAYERS[0], norm_kind="rms", norm_bias=None)
    found = analysis.analyse(made.checkpoint([layer]))
    assert layer.norm_gain is not None
    effective = np.diag(layer.norm_gain) @ dense(layer, 3) @ np.diag(layer.norm_gain)
    score = np.trace(effective) * np.sqrt(32) / np.linalg.norm(effective)
    assert float(found["trace_score_folded"][0, 3]) == pytest.approx(score)


def test_a_gain_of_ones_without_centring_changes_nothing() -> None:
    layer = replace(made.heads(), norm_gain=np.ones(32), norm_kind="rms")
    found = analysis.analyse(made.checkpoint([layer]))
    for name in ("trace_score", "concentration", "frobenius", "entropy_forecast"):
        assert found[f"{name}_folded"].values == pytest.approx(found[name].values, rel=1e-12)


def test_the_squared_reach_is_the_largest_eigenvalues_share_of_the_norm() -> None:
    largest = np.abs(TABLE["eigenvalues"]).max("eigenvalue")
    assert (TABLE["reach"] ** 2 / TABLE.attrs["width"]).values == pytest.approx(
        (largest / TABLE["frobenius"]).values ** 2
    )


def test_adjustment_is_over_all_heads() -> None:
    p = TABLE["p_value"].values
    assert TABLE["p_adjusted"].values.ravel() == pytest.approx(stats.false_discovery_control(p.ravel()))


def test_entropy_of_a_zero_head_is_that_of_uniform_attention() -> None:
    layer = made.heads()
    layer.query[1] = 0
    found = analysis.analyse(made.checkpoint([layer])).isel(layer=0)
    assert float(found["entropy_forecast"][1]) == pytest.approx(1)
    assert float(found["frobenius"][1]) == 0
    for name in ("trace_score", "concentration", "ks", "ks_p_adjusted", "reach"):
        assert np.isnan(found[name].values).tolist() == [False, True, False, False]


@pytest.mark.parametrize(("factor", "said"), [(0.0, "is zero in every head"), (1e200, "is not finite")])
def test_weights_without_a_spectrum_are_refused(factor: float, said: str) -> None:
    layer = made.heads()
    layer.query[:] *= factor
    layer.key[:] *= factor
    with pytest.raises(CheckpointError, match=f"^model.safetensors: .*{said}"):
        analysis.analyse(made.checkpoint([layer]))


def test_entropy_falls_as_scores_grow() -> None:
    layer = made.heads()
    layer.query[:] = layer.query[0] * np.array([0.1, 1, 10, 100])[:, None, None]
    layer.key[:] = layer.query[0]
    forecast = analysis.analyse(made.checkpoint([layer]))["entropy_forecast"].values[0]
    assert (np.diff(forecast) < 0).all()
    assert (forecast > 0).all()


def test_blocks_and_workers_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made.checkpoint(LAYERS)
    monkeypatch.setattr(analysis, "_BLOCK_BYTES", 8 * 8 * 32 * 3)  # three heads, then one
    in_blocks = analysis.analyse(model)
    in_parallel = analysis.analyse(model, workers=3)
    assert in_parallel.identical(in_blocks)
    for name in TABLE:
        assert in_blocks[name].values == pytest.approx(TABLE[name].values, rel=1e-9, nan_ok=True)


def test_columns_follow_what_the_model_has() -> None:
    bare = analysis.analyse(made.checkpoint([made.heads()]))
    assert not {name for name in bare if "folded" in str(name) or "bias" in str(name)}
    assert "rotary_trace" not in bare
    skipping = analysis.analyse(made.checkpoint(LAYERS, skips_theory=True))
    assert not {*analysis.THEORY, "p_adjusted", "ks_p_adjusted"} & {*map(str, skipping)}
    assert skipping["trace_score"].equals(TABLE["trace_score"])
    known = {column.name for column in table.COLUMNS} | {"eigenvalues", "rotary_trace"}
    assert {*map(str, TABLE)} <= known


def test_a_layer_without_a_bias_beside_one_with_it() -> None:
    found = analysis.analyse(made.checkpoint([LAYERS[0], replace(LAYERS[1], query_bias=None)]))
    assert np.isnan(found["bias_norm"].values).tolist() == [[False] * 4, [True] * 4]


def test_rotary_trace_starts_at_the_trace() -> None:
    found = analysis.analyse(made.checkpoint([made.heads()], rotary=Rotary("half-split", 10_000.0, 8)))
    assert found["rotary_trace"].values[..., 0] == pytest.approx(found["trace"].values)
    assert found["offset"].values[0] == 0


def test_heads_wider_than_the_model_are_refused_in_a_sentence() -> None:
    with pytest.raises(CheckpointError, match=r"model.safetensors: heads have dimension 8 in a width of 4"):
        analysis.analyse(made.checkpoint([made.heads(width=4)]))


def test_the_table_can_be_stored_and_names_no_folder(tmp_path) -> None:
    model = made.checkpoint(LAYERS, names=[made.HOSTILE, "h.1"], left_out=("Rotary.",))
    found = analysis.analyse(model)
    store.write(found, tmp_path / "a.zarr", tmp_path / "a.json")
    back = store.read(tmp_path / "a.zarr", tmp_path / "a.json").to_dataset()
    assert back.identical(found)
    assert back["layer"].values[0] == made.HOSTILE
    assert "somewhere" not in str(found.attrs)


def test_at_initialisation_few_heads_stand_out() -> None:
    layers = [made.heads(count=16, head_dim=16, width=64, seed=seed) for seed in range(8)]
    found = analysis.analyse(made.checkpoint(layers))
    for name in ("p_adjusted", "ks_p_adjusted", "reach_p_adjusted"):
        assert (found[name].values <= 0.01).sum() <= 1
    for name in ("p_value", "ks_p_value", "reach_p_value"):
        assert abs(found[name].values.mean() - 0.5) < 0.13  # five standard errors of 128 uniform numbers
