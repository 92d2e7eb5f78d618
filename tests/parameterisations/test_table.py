from fractions import Fraction

from widthscope.parameterisations.methods import ADAM, SGD, Method, kfac, shampoo
from widthscope.parameterisations.slopes import parameterised, predicted
from widthscope.parameterisations.table import METHODS, fraction, rows, table


def test_rows_are_every_method_in_every_parameterisation():
    found = rows()
    assert [row.method for row in found[::3]] == list(METHODS)
    assert [row.parameterisation for row in found[:3]] == ["sp", "ntk", "mup"]
    for row in found:
        if row.exponents is not None:
            assert row.exponents == parameterised(row.method, row.parameterisation)
            assert row.slopes == predicted(row.method, row.exponents)
    assert {SGD, ADAM, kfac(), kfac(1.0, 0.0), shampoo()} <= set(METHODS)


def test_the_text_holds_the_known_numbers_in_aligned_columns():
    text = table(legend=False)
    lines = [line for line in text.splitlines() if line]
    assert len(lines) == 1 + 3 * len(METHODS)
    sgd = [line.split() for line in lines[1:4]]
    assert sgd[0] == ["SGD", "standard", "1/2", "0", "0", "0", "-", "-", "-1/2", "1/2", "1", "1"]
    assert sgd[2] == ["maximal", "update", "1", "-1", "0", "1", "-", "-", "0", "0", "0", "0"]
    ends = {line.rstrip()[-1:] and len(line) for line in lines if " none" not in line}
    assert len(ends) == 1
    assert all(line == line.rstrip() for line in text.splitlines())
    assert table().startswith(text)
    assert max(map(len, table().splitlines())) <= 110


def test_a_method_without_a_regime_says_so():
    lines = table([Method("targets", through_readout=False, alignment=0.5)], legend=False).splitlines()
    assert lines[3].split() == ["neural", "tangent", "none"]


def test_fractions():
    assert [fraction(v) for v in (0.0, -0.0, 0.5, -1.0, 0.75, 1 / 3)] == ["0", "0", "1/2", "-1", "3/4", "1/3"]
    assert fraction(0.1234) == "0.1234"
    assert all(Fraction(fraction(k / 16)) == Fraction(k, 16) for k in range(-40, 40))
