import pytest

from widthscope.parameterisations.exponents import Exponents, ParameterisationError, place

ALL = Exponents(1.0, (-1.0, 0.5, 1.0), (0.0, -1.0, -1.0), (1.0, 1.0, 0.0), -1.0, (1.0, 0.0))


def test_factors_are_powers_of_the_width():
    assert [ALL.rate(layer, 4, 256, 64) for layer in (1, 2, 3, 4)] == [4, 0.5, 0.5, 0.25]
    assert [ALL.damping_factors(layer, 3, 256, 64) for layer in (1, 2, 3)] == [(1, 0.25), (4, 0.25), (4, 1)]
    assert ALL.energy_factor(256, 64) == 4
    assert [ALL.feedback_rate(layer, 3, 256, 64) for layer in (2, 3)] == [0.25, 1]


def test_the_readout_has_the_standard_deviation_of_its_definition():
    assert ALL.readout_std(256, 64, 0.3) == pytest.approx(0.3 / 256**0.5 * (256 / 64) ** -0.5, rel=1e-15)
    assert Exponents(0.5, (0, 0, 0)).readout_std(256, 64) == 1 / 16
    # In absolute terms Var W_L ~ M^(-2 b_L).
    growth = ALL.readout_std(1024, 64) / ALL.readout_std(256, 64)
    assert growth == pytest.approx(4**-ALL.readout, rel=1e-15)


def test_at_the_base_width_every_factor_is_one():
    for layer in (1, 2, 3):
        assert ALL.rate(layer, 3, 96, 96) == 1
        assert ALL.damping_factors(layer, 3, 96, 96) == (1, 1)
    assert ALL.energy_factor(96, 96) == ALL.feedback_rate(2, 3, 96, 96) == 1
    assert ALL.readout_std(96, 96, 0.1) == pytest.approx(0.1 / 96**0.5, rel=1e-15)


def test_two_layers_are_a_first_and_a_last():
    assert [place(layer, 2) for layer in (1, 2)] == [0, 2]
    assert [place(layer, 4) for layer in (1, 2, 3, 4)] == [0, 1, 1, 2]


def test_what_does_not_exist_is_refused():
    for layer, layers in ((0, 3), (4, 3), (1, 1)):
        with pytest.raises(ParameterisationError, match=f"layer {layer} of {layers} does not exist"):
            ALL.rate(layer, layers, 64, 64)
    with pytest.raises(ParameterisationError, match="width 0 and base width 64 must be positive"):
        ALL.rate(1, 3, 0, 64)
    with pytest.raises(ParameterisationError, match="layer 1 has no feedback map"):
        ALL.feedback_rate(1, 3, 64, 64)
