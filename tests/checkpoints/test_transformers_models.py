"""Scores rebuilt from the weights that are read equal the scores of `transformers`' own modules."""

from pathlib import Path

import numpy as np
import pytest
from tests.checkpoints.module_scores import Seen, differences, normed_moments
from tests.checkpoints.small_models import FAMILIES, Family

from widthscope.checkpoints.opening import open_checkpoint


@pytest.fixture(scope="module", params=FAMILIES)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    family = FAMILIES[request.param]
    folder = tmp_path_factory.mktemp("model")
    return family, folder, family.save_and_run(folder)


def test_sizes_layout_and_scale(saved: tuple[Family, Path, list[Seen]]) -> None:
    family, folder, _ = saved
    found = open_checkpoint(folder)
    assert (found.layout, found.width, found.heads) == (family.layout, 32, 4)
    assert (found.key_heads, found.head_dim, found.dtype) == (family.key_heads, family.head_dim, "float64")
    for layer in found.layers:
        heads = layer.read()
        assert heads.query.shape == heads.key.shape == (4, family.head_dim, 32)
        assert heads.scale == pytest.approx(family.scale, rel=1e-15)


def test_rebuilt_scores_equal_the_modules(saved: tuple[Family, Path, list[Seen]]) -> None:
    family, folder, seen = saved
    for layer, truth in zip(open_checkpoint(folder).layers, seen, strict=False):
        difference, tolerance = differences(layer.read(), truth, family.computed_in)
        assert difference <= tolerance


def test_the_norm_before_attention_is_the_one_that_is_read(saved: tuple[Family, Path, list[Seen]]) -> None:
    family, folder, seen = saved
    for layer, truth in zip(open_checkpoint(folder).layers, seen, strict=False):
        heads = layer.read()
        assert heads.norm_kind == family.norm
        mean, square = normed_moments(heads, truth.tokens)
        np.testing.assert_allclose(square, 1, atol=1e-3)
        if family.norm == "layer":
            np.testing.assert_allclose(mean, 0, atol=1e-6)


def test_some_heads_are_those_of_the_whole_layer(saved: tuple[Family, Path, list[Seen]]) -> None:
    _, folder, _ = saved
    layer = open_checkpoint(folder).layers[1]
    whole = layer.read()
    for chosen in (slice(0, 1), slice(1, 3), slice(2, None)):
        some = layer.read(chosen)
        np.testing.assert_array_equal(some.query, whole.query[chosen])
        np.testing.assert_array_equal(some.key, whole.key[chosen])
        if whole.query_bias is not None:
            np.testing.assert_array_equal(some.query_bias, whole.query_bias[chosen])
