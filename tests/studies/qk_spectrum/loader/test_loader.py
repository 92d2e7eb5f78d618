"""Modules of every layout saved and read back, the scores rebuilt from them, and the claim's verdict."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError

from widthscope.checkpoints.checkpoint import LayerHeads
from widthscope.spectra.rotary import Rotary
from widthscope.statistics.claims import judge
from widthscope.studies.qk_spectrum.loader import experiment, figures, fit, plan
from widthscope.studies.qk_spectrum.loader.claims import CLAIMS
from widthscope.studies.qk_spectrum.loader.modules import CASES
from widthscope.studies.qk_spectrum.loader.modules.case import EPSILON, Case, Sizes
from widthscope.studies.qk_spectrum.loader.rebuilt_scores import rebuilt_scores
from widthscope.studies.qk_spectrum.loader.settings import Loader
from widthscope.work import Work

SIZES = Sizes(width=48, heads=6, key_heads=3, tokens=7)


def case_of(layout: str) -> Case:
    return CASES[layout](SIZES, torch.Generator().manual_seed(5))


@pytest.fixture(scope="module")
def swept() -> xr.DataTree:
    (shard,) = plan.shards(Loader(draws=2), seed=1)
    assert (shard.name, shard.entry) == ("loader", "loader.experiment")
    return xr.DataTree(experiment.run(shard.settings, {}, Work()))


@pytest.mark.parametrize("layout", CASES)
def test_rebuilt_scores_are_the_modules_at_other_sizes_and_wrong_readings_are_not(layout):
    case = case_of(layout)
    checkpoint, layer = experiment.read_back(case)
    assert layer.query.shape == layer.key.shape == (6, 8, 48)
    assert experiment.error(case, checkpoint, layer) < 1
    wrong = {
        what: experiment.error(case, checkpoint, misread)
        for what, misread in experiment.misreadings(case, layer)
    }
    assert set(case.wrong) <= set(wrong)
    assert min(wrong.values()) > 1e9


def test_every_layout_of_the_notes_is_there_in_every_number_format():
    cases = [case_of(layout) for layout in CASES]
    formats = {tensor.dtype for case in cases for tensor in case.tensors.values()}
    assert formats == {torch.float32, torch.float16, torch.bfloat16}
    norms = [experiment.read_back(case)[1].norm_kind for case in cases]
    assert {"layer", "rms", None} == set(norms)
    assert experiment.read_back(case_of("T5"))[1].scale == 1


def test_multihead_attention_is_torchs_own_and_equals_stacked_slices():
    case = case_of("MultiheadAttention")
    weight, bias = (
        case.tensors[f"layers.0.self_attn.in_proj_{name}"].double() for name in ("weight", "bias")
    )
    query, key = (case.tokens @ weight[k * 48 : (k + 1) * 48].T + bias[k * 48 : (k + 1) * 48] for k in (0, 1))
    for head in range(6):
        rows = slice(8 * head, 8 * head + 8)
        attention = torch.softmax(query[:, rows] @ key[:, rows].T / 8**0.5, dim=-1)
        assert torch.allclose(case.scores[head].exp(), attention, atol=1e-15, rtol=1e-12)


def test_a_bias_of_the_keys_moves_no_attention_and_one_of_the_queries_does():
    case = case_of("BERT")
    _, layer = experiment.read_back(case)
    attention = torch.softmax(case.scores, dim=-1).numpy()
    rebuilt = rebuilt_scores(layer, case.tokens.numpy(), EPSILON)
    assert np.abs(rebuilt - case.scores.numpy()).max() > 0.1  # the key's bias is in the module's scores
    assert np.abs(_softmax(rebuilt) - attention).max() < 2.4e-15
    without = rebuilt_scores(replace(layer, query_bias=None), case.tokens.numpy(), EPSILON)
    assert np.abs(_softmax(without) - attention).max() > 1e-3


@pytest.mark.parametrize("kind", ["layer", "rms"])
def test_folding_equals_a_norm_written_out(kind):
    rng = np.random.default_rng(0)
    d, d_h, T = 10, 3, 5
    W_Q, W_K, tokens = (
        rng.standard_normal((d_h, d)),
        rng.standard_normal((d_h, d)),
        rng.standard_normal((T, d)),
    )
    gain, shift, bias = rng.standard_normal(d), rng.standard_normal(d), rng.standard_normal(d_h)
    shift = shift if kind == "layer" else np.zeros(d)
    layer = LayerHeads(W_Q[None], W_K[None], bias[None], gain, kind, 0.7, shift if kind == "layer" else None)
    found = rebuilt_scores(layer, tokens, 1e-3)[0]
    for s in range(T):
        plain = []
        for t in range(T):
            normed = []
            for x in (tokens[s], tokens[t]):
                x = x - x.mean() if kind == "layer" else x
                normed.append(gain * x / np.sqrt((x**2).mean() + 1e-3) + shift)
            plain.append(0.7 * (W_Q @ normed[0] + bias) @ (W_K @ normed[1]))
        difference = found[s] - np.array(plain)
        assert difference == pytest.approx(difference.mean(), abs=1e-13)


def test_rotary_scores_depend_on_the_offset_alone_and_offset_zero_is_the_content():
    _, layer = experiment.read_back(case_of("RoPE half-split"))
    token = np.random.default_rng(1).standard_normal(48)
    turned = rebuilt_scores(layer, np.tile(token, (6, 1)), EPSILON, Rotary("half-split"))
    content = rebuilt_scores(layer, token[None], EPSILON)
    for head in range(6):
        assert np.diagonal(turned[head]) == pytest.approx(content[head, 0, 0], rel=1e-12)
        for offset in (-2, 3):
            along = np.diagonal(turned[head], offset)
            assert along == pytest.approx(along[0], rel=1e-12)
            assert abs(along[0] - content[head, 0, 0]) > 1e-3


def test_rotary_positions_that_a_file_does_not_tell_are_not_guessed():
    case = case_of("RoPE half-split")
    checkpoint, layer = experiment.read_back(replace(case, config={**case.config, "model_type": "bert"}))
    with pytest.raises(ValueError, match="has no rotary positions"):
        experiment.error(case, checkpoint, layer)


def test_claim_holds_and_its_controls_are_rejected(swept):
    tree = xr.DataTree.from_dict(fit.fit({"loader": swept}, {}))
    (verdict,) = judge("qk_spectrum", "2402.02098", CLAIMS, tree)
    assert verdict.verdict == "supported", verdict.reason
    assert verdict.control is not None
    assert verdict.control.rejected
    for test in verdict.tests:
        assert test.control is not None
        assert test.control.verdict == "refuted"
    drawings = figures.draw(tree)
    assert list(drawings) == [CLAIMS[0].figure]
    assert "11 layouts" in drawings["loader-errors"].alt


def test_claim_is_refuted_by_one_layout_that_is_misread(swept):
    table = swept.to_dataset()
    tiled = table["wrong_error"].values[list(table["what"].values).index("key heads tiled")]
    errors = table["error"].values.copy()
    errors[list(table["layout"].values).index("Llama")] = tiled
    spoilt = xr.DataTree(table.assign(error=(("layout", "draw"), errors)))
    (verdict,) = judge("q", "p", CLAIMS, xr.DataTree.from_dict(fit.fit({"loader": spoilt}, {})))
    assert verdict.tests[0].verdict == "refuted"
    assert verdict.verdict != "supported"


@pytest.mark.parametrize(
    "wrong", [{"width": 30}, {"width": 24}, {"key_heads": 3}, {"key_heads": 4}, {"key_heads": 1}]
)
def test_sizes_at_which_a_wrong_reading_would_be_right_are_refused(wrong):
    with pytest.raises(ValidationError):
        Loader(**wrong)


def _softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)
