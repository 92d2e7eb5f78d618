from itertools import product

import pytest

from widthscope.parameterisations.exponents import Exponents, ParameterisationError
from widthscope.parameterisations.local import (
    GAUSS_NEWTON_TARGET,
    TARGET_PROPAGATION,
    correction_exponent,
    curvature_slope,
    first_order_slope,
    local_methods,
    predictive_coding,
)
from widthscope.parameterisations.methods import SGD, kfac
from widthscope.parameterisations.slopes import maximal_update, neural_tangent, parameterised, predicted

GRID = [0.5, 0.75, 1.0]


@pytest.mark.parametrize("gamma_bar", [0.0, -0.25, -0.5, -1.0])
def test_maximal_update_of_predictive_coding(gamma_bar):
    found = maximal_update(predictive_coding(gamma_bar))
    assert found.readout == 1
    assert found.rates == (-1 - gamma_bar, -gamma_bar, 1 - gamma_bar)
    assert found.energy == gamma_bar
    assert tuple(predicted(predictive_coding(gamma_bar), found)) == (0, 0, 0, 0)


def test_both_ends_are_known_rules():
    standard = maximal_update(predictive_coding())
    gradient = maximal_update(SGD)
    assert (standard.readout, standard.rates) == (gradient.readout, gradient.rates)
    newton = maximal_update(predictive_coding(-1.0))
    target = maximal_update(GAUSS_NEWTON_TARGET)
    assert target.rates == (0, 1, 1)
    assert newton.rates == (0, 1, 2)  # the last layer's step has gamma_L in it
    assert target.rates == maximal_update(kfac(0.0, 1.0)).rates


def test_maximal_update_of_target_propagation_keeps_the_standard_readout():
    found = maximal_update(TARGET_PROPAGATION)
    assert found.readout == 0.5
    assert found.rates == (0, 1, 1)
    assert found.feedback_rates == (1, 0)
    assert tuple(predicted(TARGET_PROPAGATION, found)) == (0, 0, 0, 0)


def test_target_propagation_has_no_kernel_regime():
    with pytest.raises(ParameterisationError, match="DTP has no neural-tangent"):
        neural_tangent(TARGET_PROPAGATION)


@pytest.mark.parametrize("b", GRID)
@pytest.mark.parametrize("rates", list(product((-1.0, 0.0, 0.5), (0.0, 1.0), (0.0, 1.0, 2.0))))
@pytest.mark.parametrize("gamma_bar", [0.0, -0.5, -1.0])
def test_general_slopes_of_one_step(b, rates, gamma_bar):
    first, hidden, last = rates
    pc = predicted(predictive_coding(gamma_bar), Exponents(b, rates, energy=gamma_bar))
    by_hand = (-first - gamma_bar - b, -hidden - gamma_bar - b + 1, -last - gamma_bar + 1)
    assert pc[:3] == pytest.approx(by_hand)
    assert pc.hidden_to_output == pytest.approx(by_hand[1] + 1 - b)
    dtp = predicted(TARGET_PROPAGATION, Exponents(b, rates))
    assert dtp[:3] == pytest.approx((-first, 1 - hidden, 1 - last))
    assert dtp.hidden_to_output == pytest.approx(1 - hidden + 0.5 - b)


@pytest.mark.parametrize(
    ("method", "exponents", "slopes"),
    [
        ("pc", Exponents(1, (-1, 0, 1), energy=-1), (1, 1, 1, 1)),
        ("pc", Exponents(0.5, (0, 0, 0)), (-0.5, 0.5, 1, 1)),
        ("pc", Exponents(0.5, (0, 1, 1)), (-0.5, -0.5, 0, 0)),
        ("dtp", Exponents(0.5, (0, 0, 0)), (0, 1, 1, 1)),
        ("dtp", Exponents(0.75, (0, 1, 1)), (0, 0, 0, -0.25)),
        ("dtp", Exponents(1, (0, 1, 1)), (0, 0, 0, -0.5)),
    ],
)
def test_rows_that_were_measured(method, exponents, slopes):
    rule = predictive_coding(exponents.energy) if method == "pc" else TARGET_PROPAGATION
    assert tuple(predicted(rule, exponents)) == slopes


def test_correction_of_the_equilibrium():
    maximal = maximal_update(predictive_coding())
    assert (correction_exponent(maximal), first_order_slope(maximal), curvature_slope(maximal)) == (-1, -1, 0)
    half = maximal_update(predictive_coding(-0.5))
    assert first_order_slope(half) == -0.5
    newton = maximal_update(predictive_coding(-1))
    assert (first_order_slope(newton), curvature_slope(newton)) == (0, 0)
    standard = parameterised(predictive_coding(), "sp")
    assert (standard.readout, standard.rates, first_order_slope(standard)) == (0.5, (0, 0, 0), 0)
    assert curvature_slope(Exponents(0.5, (0, 0, 0), energy=-1)) == 1


def test_neural_tangent_of_predictive_coding_is_that_of_gradient_descent():
    found, gradient = neural_tangent(predictive_coding()), neural_tangent(SGD)
    assert (found.readout, found.rates) == (gradient.readout, gradient.rates) == (0.5, (0, 1, 1))


def test_what_lies_outside_is_refused():
    for gamma_bar in (-1.01, 0.5):
        with pytest.raises(ParameterisationError, match=r"must lie in \[-1, 0\]"):
            predictive_coding(gamma_bar)


def test_rows_have_names_of_their_own():
    names = [method.name for method in local_methods()]
    assert names == ["PC(0)", "PC(-0.5)", "PC(-1)", "GNT", "DTP"]
