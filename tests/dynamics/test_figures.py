"""Figures of a user's function: which there are, what their words say, and what is left out."""

import re

import numpy as np
import torch
from tests.dynamics.small_maps import analysed, linear, network, random_state

from widthscope import plotting
from widthscope.dynamics import figures
from widthscope.palette import PALETTE

SINGLE = analysed(network(30, 0.7), random_state(30), count=3)
BATCH = analysed(network(6, 1.5), random_state(4, 6), probed={"batched": True}, count=2, long_steps=30)


def test_all_figures_are_drawn_with_their_words_in_colours_of_the_palette() -> None:
    for table in (SINGLE, BATCH):
        drawn = figures.draw(table)
        assert list(drawn) == ["eigenvalues", "exponents"]
        for name, drawing in drawn.items():
            assert len(drawing.caption) > 80
            assert len(drawing.alt) > 60
            assert "nan" not in drawing.caption + drawing.alt
            used = {
                colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{6}\b", plotting.svg(drawing.figure))
            }
            assert used <= {*PALETTE.values(), "#000000", "#ffffff"}, name


def test_eigenvalues_are_where_they_belong_and_the_circle_has_radius_one() -> None:
    plane = figures.eigenvalues(SINGLE).figure.axes[0]
    (circle,) = plane.patches
    assert circle.get_radius() == 1
    drawn = np.asarray(plane.collections[0].get_offsets())
    expected = SINGLE["eigenvalue"].values[0, 0]
    np.testing.assert_allclose(drawn, np.column_stack([expected.real, expected.imag]))


def test_the_history_ends_at_the_exponent() -> None:
    history = figures.exponents(SINGLE).figure.axes[0]
    assert history.lines[0].get_ydata()[-1] == float(SINGLE["long_exponent"][0, 0])
    assert history.get_title(loc="left") == "in the long run"


def test_values_that_have_not_converged_are_told_apart() -> None:
    table = SINGLE.copy()
    table["eigenvalue_converged"] = table["eigenvalue_converged"].copy()
    table["eigenvalue_converged"].values[0, 0, :2] = False
    drawing = figures.eigenvalues(table)
    assert "2 of 60 have not converged" in drawing.caption
    assert len(drawing.figure.axes[0].collections[1].get_offsets()) == 2


def test_what_is_missing_is_not_drawn() -> None:
    diverged = figures.draw(analysed(lambda x: 2 * x, torch.ones(2), long_steps=1200))
    assert len(diverged["eigenvalues"].figure.axes) == 1
    assert "nan" not in diverged["exponents"].alt
    constant = figures.draw(analysed(lambda x: torch.ones_like(x), torch.ones(2)))
    assert list(constant) == ["eigenvalues"]
    single = figures.draw(analysed(linear([[0.5]]), torch.ones(1)))
    assert list(single) == ["eigenvalues", "exponents"]


def test_the_same_table_gives_the_same_figures() -> None:
    once, again = figures.draw(BATCH), figures.draw(BATCH)
    for name in once:
        assert plotting.svg(once[name].figure) == plotting.svg(again[name].figure)
