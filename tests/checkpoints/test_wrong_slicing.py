"""Each plausible wrong reading of a layout misses the module's scores by more than 1000 tolerances."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.checkpoints.module_scores import differences
from tests.checkpoints.small_models import FAMILIES

from widthscope.checkpoints.checkpoint import LayerHeads
from widthscope.checkpoints.opening import open_checkpoint

Reading = Callable[[Path], LayerHeads]


def opened(**how: object) -> Reading:
    return lambda folder: open_checkpoint(folder, **how).layers[0].read()


def conv1d_untransposed(folder: Path) -> LayerHeads:
    weight = load_file(folder / "model.safetensors")["h.0.attn.c_attn.weight"]
    query, key = (weight[:, 32 * i : 32 * (i + 1)].reshape(4, 8, 32) for i in (0, 1))
    return replace(opened()(folder), query=query, key=key)


def conv1d_per_head(folder: Path) -> LayerHeads:
    weight = load_file(folder / "model.safetensors")["h.0.attn.c_attn.weight"]
    query, key, _ = weight.T.reshape(4, 3, 8, 32).swapaxes(0, 1)
    return replace(opened()(folder), query=query, key=key)


def tiled_keys(folder: Path) -> LayerHeads:
    right = opened()(folder)
    return replace(right, key=np.tile(right.key[::2], (2, 1, 1)))


def exchanged(folder: Path) -> LayerHeads:
    right = opened()(folder)
    return replace(right, query=right.key, key=right.query)


def without_bias(folder: Path) -> LayerHeads:
    return replace(opened()(folder), query_bias=None)


def with_key_bias_for_query_bias(folder: Path) -> LayerHeads:
    bias = load_file(folder / "model.safetensors")["h.0.attn.c_attn.bias"]
    return replace(opened()(folder), query_bias=bias[32:64].reshape(4, 8))


TRANSPOSED = opened(
    query="encoder.layer.{layer}.attention.self.query.weight",
    key="encoder.layer.{layer}.attention.self.key.weight",
    transposed=True,
)

WRONG: dict[str, tuple[str, Reading]] = {
    "Conv1D not transposed": ("gpt2", conv1d_untransposed),
    "Conv1D interleaved per head": ("gpt2", conv1d_per_head),
    "no query bias": ("gpt2", without_bias),
    "the key's bias": ("gpt2", with_key_bias_for_query_bias),
    "Llama's shared keys tiled": ("llama", tiled_keys),
    "Qwen's shared keys tiled": ("qwen2", tiled_keys),
    "queries and keys exchanged": ("mistral", exchanged),
    "GPT-NeoX in blocks": ("gpt_neox", opened(layout="stacked")),
    "BLOOM in blocks": ("bloom", opened(layout="stacked")),
    "grouped Falcon in blocks": ("falcon, grouped", opened(layout="stacked")),
    "Phi-3 interleaved": ("phi3", opened(layout="per_head")),
    "BERT transposed": ("bert", TRANSPOSED),
    "twice the heads": ("vit", opened(heads=8)),
    "T5 scaled": ("t5", opened(scale=6**-0.5)),
    "GPT-Neo scaled": ("gpt_neo", opened(scale=8**-0.5)),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_misses_by_a_thousand_tolerances(name: str, tmp_path: Path) -> None:
    family_name, reading = WRONG[name]
    family = FAMILIES[family_name]
    seen = family.save_and_run(tmp_path)[0]
    wrong = reading(tmp_path)
    if wrong.query.shape[0] != 4:  # other heads cannot be compared one by one; their mean can
        seen = replace(seen, scores=seen.scores.mean(1, keepdims=True))
        wrong = replace(wrong, query=wrong.query.reshape(1, 32, 32), key=wrong.key.reshape(1, 32, 32))
        wrong = replace(wrong, query_bias=wrong.query_bias.reshape(1, 32), scale=wrong.scale / 8)
    difference, tolerance = differences(wrong, seen, family.computed_in)
    assert difference > 1000 * tolerance
