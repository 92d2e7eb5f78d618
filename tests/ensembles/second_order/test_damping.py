import pytest
import torch

from widthscope.ensembles.second_order.damping import RULES, Damping, Size, damping
from widthscope.ensembles.second_order.errors import SecondOrderError
from widthscope.parameterisations.exponents import Exponents
from widthscope.parameterisations.methods import kfac
from widthscope.parameterisations.slopes import maximal_update

NAMES = ("W1", "W2", "W3")
FIRST, SECOND = torch.tensor([0.1, 0.2]), torch.tensor([0.3, 0.4])
INPUTS, OUTPUTS = Size(torch.tensor([6.0, 8.0]), 4), Size(torch.tensor([3.0, 5.0]), 7)


def ridges(rule, name="W2", **options):
    return damping(rule, NAMES, FIRST, SECOND, **options).ridges(name, INPUTS, OUTPUTS)


def test_rules_are_what_they_say():
    for found, wanted in zip(ridges("rescaled"), (FIRST * INPUTS.trace, SECOND * OUTPUTS.trace), strict=True):
        assert torch.equal(found, wanted)
    assert all(torch.equal(f, w) for f, w in zip(ridges("const"), (FIRST, SECOND), strict=True))
    ratio = ((INPUTS.trace / 4) / (OUTPUTS.trace / 7)).sqrt()
    first, second = ridges("heuristic")
    torch.testing.assert_close(first, FIRST.sqrt() * ratio)
    torch.testing.assert_close(second, SECOND.sqrt() / ratio)


def test_the_absolute_rule_follows_the_maximal_update_in_every_layer():
    exponents = maximal_update(kfac())
    for name, powers in {"W1": (0, -1), "W2": (1, -1), "W3": (1, 0)}.items():
        found = ridges("mup_abs", name, exponents=exponents, width=320, base=10)
        torch.testing.assert_close(found[0], FIRST * 32.0 ** powers[0])
        torch.testing.assert_close(found[1], SECOND * 32.0 ** powers[1])
    base = ridges("mup_abs", exponents=exponents, width=10, base=10)
    assert all(torch.equal(f, w) for f, w in zip(base, (FIRST, SECOND), strict=True))


def test_relative_damping_grows_as_the_absolute_one_where_factors_do():
    """tr A_2 ~ M and tr B_2 ~ 1 / M in the maximal update: both rules are the same there up to a number."""
    exponents, found = maximal_update(kfac()), {}
    for width in (64, 256):
        inputs, outputs = (
            Size(torch.full((2,), 0.4 * width), width),
            Size(torch.full((2,), 0.1 / width), width),
        )
        for rule in ("rescaled", "mup_abs"):
            rho = damping(rule, NAMES, FIRST, SECOND, exponents, width, 64)
            found[rule, width] = torch.stack(rho.ridges("W2", inputs, outputs))
    growth = {rule: found[rule, 256] / found[rule, 64] for rule in ("rescaled", "mup_abs")}
    torch.testing.assert_close(growth["rescaled"], growth["mup_abs"])


def test_a_member_without_activities_or_signals_has_a_positive_ridge_with_every_rule():
    none = Size(torch.tensor([0.0, 5.0]), 7)
    for rule in RULES:
        rho = damping(rule, NAMES, FIRST, SECOND, Exponents(1.0, (0.0, 0.0, 0.0)), 4, 4)
        for pair in (rho.ridges("W2", INPUTS, none), rho.ridges("W2", none, OUTPUTS)):
            for values in pair:
                assert float(values[0]) == 1
                assert bool(values.isfinite().all())
                assert bool((values > 0).all())


def test_numbers_that_leave_factors_singular_are_refused():
    for bad in (0.0, -0.1, float("nan"), float("inf")):
        sentence = f"damping of the outputs of W1 is {bad:g} for member 1; it must be positive and finite"
        with pytest.raises(SecondOrderError, match=sentence):
            damping("rescaled", NAMES, FIRST, torch.tensor([0.1, bad]))
    with pytest.raises(
        SecondOrderError, match="damping rule 'relative' is unknown; there are rescaled, mup_abs"
    ):
        Damping("relative", {}, {})
    with pytest.raises(SecondOrderError, match="'mup_abs' needs the exponents"):
        damping("mup_abs", NAMES, FIRST, SECOND)
