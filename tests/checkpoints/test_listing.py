"""The table as text: what is shown, and that nothing in a file reaches the terminal as a command."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from tests.checkpoints import made

from widthscope.checkpoints import analysis, listing, table
from widthscope.checkpoints.notable import RULE

LAYERS = [replace(made.heads(seed=seed), query_bias=np.ones((4, 8))) for seed in (0, 1)]
LAYERS[1].key[2] += 3 * LAYERS[1].query[2]
TABLE = analysis.analyse(
    made.checkpoint(LAYERS, names=[made.HOSTILE, "h.1"], left_out=("It has \x1b[2Jrotary positions.",))
)


def test_facts_rows_and_what_is_left_out_are_shown() -> None:
    text = listing.overview(TABLE)
    assert text.splitlines()[0] == "file        model.safetensors"
    assert "heads       4 of dimension 8 in each layer" in text
    assert "h.1 head 2: trace score" in text
    assert "  - It has ?[2Jrotary positions." in text


def test_nothing_that_a_terminal_obeys_is_printed() -> None:
    for text in (
        listing.overview(TABLE),
        listing.overview(TABLE, every_head=True),
        listing.csv_text(TABLE),
    ):
        assert all(character.isprintable() or character == "\n" for character in text)
        assert "<script>alert('x')</script>" in text
    assert "h.0?[31m<script>" in listing.csv_text(TABLE)


def test_one_row_a_layer_or_one_a_head() -> None:
    by_layer, by_head = listing.layer_rows(TABLE), listing.head_rows(TABLE)
    assert [row[:3] for row in by_layer] == [
        ["layer", "heads", "p adj<=0.01"],
        ["…<script>alert('x')</script>", "4", "0"],
        ["h.1", "4", "1"],
    ]
    assert len(by_head) == 1 + 8
    score = by_head[0].index("z")
    assert float(by_head[7][score]) == pytest.approx(float(TABLE["trace_score"][1, 2]), rel=0.01)


def test_csv_has_every_number_with_all_digits() -> None:
    rows = list(csv.DictReader(io.StringIO(listing.csv_text(TABLE))))
    assert len(rows) == 8
    assert list(rows[0])[:3] == ["layer", "head", "trace_score"]
    for column in table.columns_of(TABLE, listed=False):
        read = [float(row[column.name]) for row in rows]
        assert read == TABLE[column.name].values.ravel().tolist()


def test_a_number_that_does_not_exist_is_empty_in_the_csv_and_a_dash_on_the_terminal() -> None:
    layer = made.heads()
    layer.query[0] = 0
    found = analysis.analyse(made.checkpoint([layer]))
    assert next(csv.DictReader(io.StringIO(listing.csv_text(found))))["trace_score"] == ""
    assert listing.head_rows(found)[1][2] == "-"


def test_a_model_without_theory_columns_is_listed_without_them() -> None:
    text = listing.overview(analysis.analyse(made.checkpoint(LAYERS, skips_theory=True)), every_head=True)
    assert "entropy" not in text
    assert "kappa" in text


def test_a_random_model_has_no_head_worth_a_look() -> None:
    found = analysis.analyse(made.checkpoint([made.heads(seed=3)]))
    said = listing.overview(found).split("No head passes a threshold")[1]
    assert " ".join(said.split()).endswith(RULE)
    assert max(map(len, said.splitlines())) <= listing.LINE


def test_a_number_of_heads_that_contradicts_the_config_is_said() -> None:
    contradicted = "config.json says 4 heads; 8 were asked for and taken"
    found = analysis.analyse(replace(made.checkpoint(LAYERS), contradicted=contradicted))
    assert f"in each layer ({contradicted})" in listing.overview(found)
    assert "config.json" not in listing.overview(TABLE)


def test_every_column_is_explained() -> None:
    for column in table.COLUMNS:
        assert column.says
        assert not column.says.endswith(".")
