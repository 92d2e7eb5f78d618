"""Figures of a checkpoint: which there are, what their words say, and that large models stay small files."""

import re
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from tests.checkpoints import made

from widthscope import plotting
from widthscope.checkpoints import analysis, figures
from widthscope.checkpoints.checkpoint import Rotary
from widthscope.palette import PALETTE

LAYERS = [replace(made.heads(count=6, seed=seed), norm_gain=np.ones(32), norm_kind="rms") for seed in (0, 1)]
LAYERS[1].key[2] += 3 * LAYERS[1].query[2]
LAYERS[0].key[1] -= 3 * LAYERS[0].query[1]
TABLE = analysis.analyse(made.checkpoint(LAYERS, rotary=Rotary("interleaved", 10_000.0, 8)))
DRAWN = figures.draw(TABLE)


def test_all_figures_are_drawn_with_their_words() -> None:
    assert list(DRAWN) == ["spectrum", "heads", "notable", "rotary"]
    for drawing in DRAWN.values():
        assert len(drawing.caption) > 80
        assert len(drawing.alt) > 60
        assert "nan" not in drawing.alt


def test_only_colours_of_the_palette_are_used() -> None:
    for name, drawing in DRAWN.items():
        used = {colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{6}\b", plotting.svg(drawing.figure))}
        assert used <= {*PALETTE.values(), "#000000", "#ffffff"}, name


def test_the_alternative_text_tells_the_law_from_the_model() -> None:
    layers = [made.heads(count=16, head_dim=16, width=64, seed=seed) for seed in range(4)]
    alt = figures.spectrum(analysis.analyse(made.checkpoint(layers))).alt
    share, law = (int(part.split("%")[0]) for part in alt.split("half the edge lie ")[1].split("by the law "))
    assert abs(share - law) <= 4


def test_what_is_missing_is_not_drawn() -> None:
    plain = analysis.analyse(made.checkpoint([made.heads(seed=3)]))
    assert list(figures.draw(plain)) == ["spectrum", "heads"]
    skipping = analysis.analyse(made.checkpoint(LAYERS, skips_theory=True))
    drawn = figures.heads(skipping)
    assert "2 maps" in drawn.alt
    assert "Concentration" in drawn.caption
    assert not re.search("KS|Entropy|local", drawn.caption)
    assert figures.draw(xr.Dataset(attrs={"failure": "it is broken"})) == {}


def panels(table: xr.Dataset) -> dict[str, Axes]:
    return {axes.get_title(loc="left"): axes for axes in figures.heads(table).figure.axes}


def test_heads_at_initialisation_raise_no_alarm() -> None:
    layers = [made.heads(count=16, head_dim=16, width=64, seed=seed) for seed in range(4)]
    found = analysis.analyse(made.checkpoint(layers))
    shown = panels(found)
    score = shown["trace score $z$"]
    assert [text.get_text() for text in score.texts] == (
        ["no head beyond ±3"] if np.abs(found["trace_score"]).max() < 3 else []
    )
    assert to_hex(score.patches[0].get_facecolor()) == PALETTE["grid"]
    distance = shown["KS distance / its mean by chance"]
    assert [text.get_text() for text in distance.get_legend().get_texts()] == ["< 2"]


def test_a_head_with_a_trace_stands_out_among_grey_ones() -> None:
    score = panels(TABLE)["trace score $z$"]
    assert not score.texts
    assert {to_hex(patch.get_facecolor()) for patch in score.patches} >= {PALETTE["grid"], PALETTE["c0"]}


def test_one_head_and_a_zero_head_are_drawn() -> None:
    layer = made.heads(count=1)
    layer.key[0] = 2 * layer.query[0]
    assert list(figures.draw(analysis.analyse(made.checkpoint([layer]))))[:2] == ["spectrum", "heads"]
    zero = made.heads()
    zero.query[0] = 0
    assert "nan" not in figures.heads(analysis.analyse(made.checkpoint([zero]))).alt


def test_a_model_of_thousands_of_heads_stays_a_small_file() -> None:
    random = np.random.default_rng(0)
    shape = (80, 64)
    names = ("trace_score", "concentration", "entropy_forecast", "ks", "frobenius")
    large = xr.Dataset(
        {name: (("layer", "head"), random.random(shape)) for name in names},
        coords={"layer": [str(k) for k in range(80)], "head": np.arange(64)},
    )
    large.attrs["ks_by_chance"] = 0.1
    large["trace_score"] = large["trace_score"] * 400 - 200
    assert len(plotting.svg(figures.heads(large).figure)) < 1_500_000


def test_the_same_table_gives_the_same_figures() -> None:
    once, again = figures.draw(TABLE), figures.draw(TABLE)
    for name in once:
        assert plotting.svg(once[name].figure) == plotting.svg(again[name].figure)


@pytest.mark.parametrize("count", [1, 2, 7, 144])
def test_heads_are_spread_over_the_model(count: int) -> None:
    places = figures._spread(count, 5)
    assert len(places) == min(count, 5)
    assert places[0] == 0
    assert places[-1] == count - 1
