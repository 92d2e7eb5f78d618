"""The arms of the sweeps: names, exponents and dampings agree."""

import pytest

from widthscope.studies.mup_second_order.arm_names import LABELS, METHODS, method_of, scaling_of
from widthscope.studies.mup_second_order.arms import EXPONENTS, RULES, arm_of


def test_every_name_has_exponents_and_a_label():
    assert set(EXPONENTS) == set(LABELS)
    assert set(RULES) <= set(LABELS)
    assert {method_of(name) for name in LABELS} == set(METHODS)
    assert len({scaling_of(name) + method_of(name) for name in LABELS}) == len(LABELS)


@pytest.mark.parametrize(
    ("name", "readout", "rates"),
    [
        ("sgd-mup", 1.0, (-1.0, 0.0, 1.0)),
        ("sgd-sp", 0.5, (0.0, 0.0, 0.0)),
        ("sgd-ntk", 0.5, (0.0, 1.0, 1.0)),
        ("kfac-mup", 1.0, (0.0, 0.0, 0.0)),
        ("kfac-sp", 0.5, (0.0, 0.0, 0.0)),
        ("kfac-foof", 1.0, (-1.0, -1.0, 0.0)),
        ("foof-mup", 1.0, (-1.0, -1.0, 0.0)),
        ("shampoo-mup", 1.0, (-0.5, 0.0, 0.5)),
        ("shampoo-sp", 0.5, (0.0, 0.0, 0.0)),
    ],
)
def test_exponents_are_those_of_the_table(name, readout, rates):
    found = arm_of(name).exponents
    assert (found.readout, found.rates) == (readout, rates)


def test_scaled_damping_has_the_powers_of_the_factors():
    """rho_A ~ M from the second layer on, rho_B ~ 1 / M below the last."""
    exponents = arm_of("kfac-absolute").exponents
    factors = [exponents.damping_factors(layer, 3, 128, 64) for layer in (1, 2, 3)]
    assert factors == [(1.0, 0.5), (2.0, 0.5), (2.0, 1.0)]


def test_only_the_arms_that_say_so_have_another_damping():
    rules = {name: arm_of(name).damping.rule for name in LABELS}
    assert {name for name, rule in rules.items() if rule != "rescaled"} == set(RULES)
