from pathlib import Path

import pytest
from tests.inspect.hand_made import CLAIMS, FIGURES, FIT, SHARD, Lab

from widthscope.errors import StudyError
from widthscope.inspect.explain import explain, product_of


def test_a_product_that_stands_is_up_to_date(lab: Lab) -> None:
    assert explain(lab.plan(), Path(FIGURES)) == (True, [f"{FIGURES} is up to date"])


def test_the_first_causes_stand_deepest(lab: Lab) -> None:
    lab.settings["widths"] = [8, 16, 32]
    lab.edit("figures", "{}", "{'a': 1}")
    assert explain(lab.plan(), Path(FIGURES)) == (
        False,
        [
            f"{FIGURES} would be redone (draw_figures):",
            "  - source lab.figures changed: draw",
            f"  {FIT} would be redone first (fit_limits):",
            f"    {SHARD} would be redone first (sweep_widths):",
            "      - setting shard.widths changed: [8, 16] -> [8, 16, 32]",
        ],
    )
    assert explain(lab.plan(), Path(CLAIMS))[1][0] == f"{CLAIMS} would be redone (judge_claims):"


def test_a_missing_product_is_explained(lab: Lab) -> None:
    Path(CLAIMS).unlink()
    assert explain(lab.plan(), Path(CLAIMS)) == (
        False,
        [f"{CLAIMS} would be redone (judge_claims):", "  - there is no such product yet"],
    )


@pytest.mark.parametrize(
    "path",
    [
        FIT,
        FIT.replace("digest.json", "zarr"),
        FIT.replace("digest", "provenance"),
        "results/smoke/lab/fit.zarr/value",
    ],
)
def test_every_output_stands_for_its_product(lab: Lab, path: str) -> None:
    assert product_of(lab.plan(), Path(path)) == FIT
    assert product_of(lab.plan(), Path(path).absolute()) == FIT


def test_a_figure_belongs_to_the_index(lab: Lab) -> None:
    assert product_of(lab.plan(), Path("results/smoke/lab/figures/rate.svg")) == FIGURES


def test_a_misspelt_product_gets_the_nearest_name(lab: Lab) -> None:
    with pytest.raises(
        StudyError, match=r"makes results/smoke/lab/fits\.zarr; did you mean '.*/fit\.zarr'\?"
    ):
        product_of(lab.plan(), Path("results/smoke/lab/fits.zarr"))
