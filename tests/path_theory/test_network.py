import pytest

from widthscope.errors import PosteriorError
from widthscope.path_theory.network import Network


def test_sizes_are_products_of_the_heads_above():
    network = Network((2, 3, 4), (5, 6, 7, 8))
    assert (network.layers, network.paths, network.sizes) == (3, 24, (24, 12, 4))
    assert network.variances == (1.0,) * 5


def test_variances_are_split_by_what_they_belong_to():
    network = Network((2, 3), (12, 20, 8), (1.3, 0.7, 1.5, 0.9))
    assert (network.input_variance, network.value_variances, network.readout_variance) == (
        1.3,
        (0.7, 1.5),
        0.9,
    )
    assert network.scaled(4).widths == (48, 80, 32)
    assert network.scaled(4).variances == network.variances


def test_equal_widths():
    assert Network.equal((2, 2), 10) == Network((2, 2), (10, 10, 10), (1, 1, 1, 1))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (((), (3,)), "at least one attention layer"),
        (((2, 0), (3, 3, 3)), "not 0"),
        (((2, 1.5), (3, 3, 3)), "not 1.5"),
        (((float("nan"),), (3, 3)), r"whole number of heads >= 1, not nan"),
        (((float("inf"),), (3, 3)), r"whole number of heads >= 1, not inf"),
        ((("a",), (3, 3)), r"whole number of heads >= 1, not 'a'"),
        (((True,), (3, 3)), r"whole number of heads >= 1, not True"),
        (((2,), (3, "b")), "width is positive and finite, not 'b'"),
        (((2,), (3, 3), (1.0, None, 1.0)), "prior variance is positive and finite, not None"),
        (((2, 2), (3, 3)), "need 3 widths"),
        (((2,), (3, -1)), "width is positive and finite, not -1"),
        (((2,), (3, 3), (1.0, 1.0)), "need 3 prior variances"),
        (((2,), (3, 3), (1.0, float("nan"), 1.0)), "prior variance is positive and finite, not nan"),
    ],
)
def test_impossible_networks_are_refused(arguments, said):
    with pytest.raises(PosteriorError, match=said):
        Network(*arguments)
