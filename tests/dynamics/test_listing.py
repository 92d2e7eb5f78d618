"""The printed numbers are those of the table, and nothing that a terminal obeys is printed."""

import csv
import io
import re

import numpy as np
import pytest
import torch
from tests.dynamics.small_maps import analysed, linear, network, random_state

from widthscope.dynamics import listing
from widthscope.spectra.dense_memory import DENSE_EIGENVALUES

SINGLE = analysed(network(30, 0.7), random_state(30), count=3)
BATCH = analysed(network(6, 1.5), random_state(25, 6), probed={"batched": True}, count=2, long_steps=30)


def rows_after(text: str, title: str) -> list[list[str]]:
    """Cells of the table below a line that begins with the title."""
    below = text.split(f"\n{title}")[1].split("\n\n")[0].splitlines()[2:]
    return [re.split(r" {2,}", line.strip()) for line in below]


def test_facts_are_printed() -> None:
    text = listing.overview(SINGLE)
    assert text.startswith(
        "function     model.py:step\nstate        of shape (30,): n = 30, computed in float64\n"
    )
    size = f"n = 30 is at most {DENSE_EIGENVALUES}; it takes 28.8 kB"
    assert f"method       dense Jacobians; {size}\n" in text
    assert "trajectory   140 steps; it comes to rest at a fixed point" in text


def test_a_single_states_numbers_are_printed() -> None:
    text = listing.overview(SINGLE)
    values = rows_after(text, "eigenvalues of the Jacobian, the 3 of largest modulus")
    assert [float(row[2]) for row in values] == pytest.approx(
        np.abs(SINGLE["eigenvalue"].values[0, 0, :3]), rel=1e-3
    )
    assert all(row[4] == row[8] == "yes" for row in values)
    exponents = rows_after(text, "exponents, natural logarithm")
    assert [float(row[1]) for row in exponents] == pytest.approx(
        SINGLE["finite_exponent"].values[0], rel=1e-3
    )
    assert {row[2] for row in exponents} == {"yes"}
    assert [float(row[3]) for row in exponents] == pytest.approx(SINGLE["long_exponent"].values[0], rel=1e-3)
    assert "finite time, T = 16  converged  long run, 100 steps" in text


def test_distances_from_criticality() -> None:
    distance = listing.overview(SINGLE).split("distance from criticality\n")[1].splitlines()
    exponent, radius = (float(re.split(r" {2,}", line)[1]) for line in distance[:2])
    assert exponent == pytest.approx(abs(float(SINGLE["long_exponent"][0, 0])), rel=1e-3)
    assert radius == pytest.approx(1 - float(SINGLE["radius"][0, 0]), rel=1e-3)


def test_a_batch_has_a_row_for_each_state_and_means_over_them() -> None:
    text = listing.overview(BATCH)
    rows = rows_after(text, "spectral radius and largest singular value")
    assert [row[0] for row in rows[:20]] == [str(place) for place in range(20)]
    assert "… and 5 more states, which --csv writes" in text
    (mean,) = (line for line in text.splitlines() if line.startswith("long run, 30 steps"))
    assert float(re.split(r" {2,}", mean)[1]) == pytest.approx(
        float(BATCH["long_exponent"][:, 0].mean()), rel=1e-3
    )


def test_csv_has_every_number_with_all_digits() -> None:
    for table in (SINGLE, BATCH):
        rows = list(csv.DictReader(io.StringIO(listing.csv_text(table))))
        read = {
            (row["state"], row["place"], row["quantity"], row["rank"]): complex(
                float(row["value"]), float(row["imaginary"] or 0)
            )
            for row in rows
        }
        for state in range(table.attrs["states"]):
            for place in ("given", "end"):
                for mode, value in enumerate(table["eigenvalue"].sel(place=place)[state].values):
                    assert read[str(state), place, "eigenvalue", str(mode + 1)] == value
            for rank in range(table.sizes["rank"]):
                key = (str(state), "end", f"exponent over {table.attrs['long_steps']} steps", str(rank + 1))
                assert read[key].real == table["long_exponent"].values[state, rank]


def test_what_does_not_exist_is_a_dash_and_an_empty_cell() -> None:
    table = analysed(lambda x: 2 * x, torch.ones(2), long_steps=1200)
    text = listing.overview(table)
    assert "trajectory   1240 steps; it is infinite from step 1024 on" in text
    assert "|long-run exponent|   -  -" in text
    assert "nan" not in text
    last = list(csv.DictReader(io.StringIO(listing.csv_text(table))))[-1]
    assert (last["quantity"], last["value"], last["low"]) == ("exponent over 1200 steps", "", "")


def test_a_radius_that_has_not_converged_is_marked_wherever_it_is_printed() -> None:
    for table, times in ((SINGLE, 2), (BATCH, 2)):
        doubtful = table.copy(deep=True)
        doubtful["eigenvalue_converged"][0, 0, 0] = False
        assert listing.overview(table).count("not converged)") == 0
        assert listing.overview(doubtful).count("not converged)") == times


def test_a_jacobian_of_zero_has_no_residual() -> None:
    for dense in (True, False):
        text = listing.overview(analysed(torch.zeros_like, torch.ones(4), dense=dense))
        assert "(residual 0e+00, converged)" in text


def test_a_batch_of_one_is_one_state() -> None:
    table = analysed(network(6, 1.5), random_state(1, 6), probed={"batched": True}, long_steps=30)
    assert "1 state of shape (6,)" in listing.overview(table)


def test_minus_infinity_is_printed_as_such() -> None:
    text = listing.overview(analysed(linear([[0.5, 0.0], [0.0, 0.0]]), torch.ones(2)))
    assert rows_after(text, "exponents, natural")[1][3] == "-inf"


def test_nothing_that_a_terminal_obeys_is_printed() -> None:
    text = listing.overview(SINGLE.assign_attrs(function="model\x1b[2J.py:step"))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize(
    ("value", "shown"), [(0.123456, "0.1235"), (1e-16, "0"), (float("nan"), "-"), (-1e-9, "-1e-09")]
)
def test_numbers_have_four_digits(value: float, shown: str) -> None:
    assert listing.number(value) == shown
