import numpy as np
import pytest
from tests.path_theory.tasks import posed

from widthscope.errors import PosteriorError
from widthscope.path_theory.cubic import deep_linear_order_parameters, positive_root
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network


@pytest.mark.parametrize("load", [1e-6, 0.3, 1.0, 2.0, 1e4])
@pytest.mark.parametrize("label_norm", [1e-8, 0.5, 1.0, 1e6])
def test_root_against_all_roots_of_the_polynomial(load, label_norm):
    roots = np.roots([1.0, load - 1.0, 0.0, -load * label_norm])
    positive = roots[(np.abs(roots.imag) < 1e-9 * np.abs(roots)) & (roots.real > 0)].real
    assert len(positive) == 1
    assert positive_root(load, label_norm) == pytest.approx(positive[0], rel=1e-9)


def test_labels_as_large_as_the_prior_expects_change_nothing():
    assert positive_root(1.7, 1.0) == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("width", [3, 10, 1000])
def test_the_minimiser_finds_the_root(width):
    task = posed(Network.equal((1,), width), 20, 40, temperature=0.0)
    expected, found = deep_linear_order_parameters(task), minimise(task)
    assert found.converged
    assert found.order.readout == pytest.approx(expected.readout, rel=1e-10)
    assert float(found.path_weights) == pytest.approx(expected.readout**2, rel=1e-10)


def test_what_the_cubic_is_not_for_is_refused():
    for number in (0.0, -1.0, float("inf")):
        with pytest.raises(PosteriorError, match="positive and finite"):
            positive_root(number, 1.0)
    for network, temperature in ((Network.equal((2,), 5), 0.0), (Network.equal((1,), 5), 0.1)):
        with pytest.raises(PosteriorError, match="the cubic is for heads"):
            deep_linear_order_parameters(posed(network, 10, 10, temperature))
