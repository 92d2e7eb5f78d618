import pytest
import torch
from tests.path_theory.tasks import F64, generator, positive

from widthscope.path_theory.coordinates import Coordinates

FAMILIES = pytest.mark.parametrize("family", ["full", "diagonal", "scalar"])


def test_full_coordinates_come_back():
    matrices = (positive(6), positive(3))
    coordinates = Coordinates((6, 3))
    vector = coordinates.vector(matrices)
    assert vector.shape == (21 + 6,)
    for factor, matrix in zip(coordinates.factors(vector), matrices, strict=True):
        torch.testing.assert_close(factor @ factor.mT, matrix)
        assert torch.equal(factor, factor.tril())


def test_restricted_families_keep_what_they_can():
    U = positive(4)
    diagonal = Coordinates((4,), "diagonal")
    (factor,) = diagonal.factors(diagonal.vector((U,)))
    torch.testing.assert_close(factor @ factor.mT, U.diagonal().diag())
    scalar = Coordinates((4,), "scalar")
    (factor,) = scalar.factors(scalar.vector((3.0 * torch.eye(4, dtype=F64),)))
    torch.testing.assert_close(factor @ factor.mT, 3.0 * torch.eye(4, dtype=F64))


@FAMILIES
@pytest.mark.parametrize("batch", [(), (2,)])
def test_pulled_back_gradients_against_automatic_differentiation(family, batch):
    coordinates = Coordinates((4, 2), family)
    vector = torch.randn(*batch, sum(coordinates.counts), generator=generator(2), dtype=F64)
    slopes = (positive(4, 5, batch), positive(2, 6, batch))

    def paired(at):
        return sum(
            ((factor @ factor.mT) * slope).sum()
            for factor, slope in zip(coordinates.factors(at), slopes, strict=True)
        )

    step = 1e-6 * torch.randn(vector.shape, generator=generator(3), dtype=F64)
    found = coordinates.pulled_back(coordinates.factors(vector), slopes)
    difference = (paired(vector + step) - paired(vector - step)) / 2
    assert float((found * step).sum()) == pytest.approx(float(difference), rel=1e-7)
