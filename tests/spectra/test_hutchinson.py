import pytest
import torch
from tests.spectra.known_maps import F64, normal

from widthscope.spectra.hutchinson import trace_and_norm


def test_estimates_are_within_their_errors_and_errors_are_those_of_the_theory() -> None:
    n, probes, batch = 32, 64, 300
    A = normal(n, n)
    found = trace_and_norm(lambda v: v @ A.mT, (batch, n), probes)
    for estimate, exact in (
        (found.trace, float(A.trace())),
        (found.squared_frobenius, float(A.square().sum())),
    ):
        scores = (estimate.value - exact) / estimate.standard_error
        assert abs(float(scores.mean())) < 4 / batch**0.5
        assert float(scores.std()) == pytest.approx(1, abs=0.2)
    symmetric = (A + A.mT) / 2
    predicted = (2 * (symmetric.square().sum() - A.diagonal().square().sum()) / probes).sqrt()
    assert float(found.trace.value.std()) == pytest.approx(float(predicted), rel=0.2)
    assert float(found.trace.standard_error.mean()) == pytest.approx(float(predicted), rel=0.05)


def test_a_diagonal_map_is_known_from_one_probe() -> None:
    scales = normal(2, 5)
    found = trace_and_norm(lambda v: v * scales[:, None], (2, 5), 3)
    torch.testing.assert_close(found.trace.value, scales.sum(-1))
    torch.testing.assert_close(found.squared_frobenius.value, scales.square().sum(-1))
    torch.testing.assert_close(found.trace.standard_error, torch.zeros(2, dtype=F64), rtol=0, atol=1e-15)
    one = trace_and_norm(lambda v: v * scales[:, None], (2, 5), 1)
    assert one.trace.standard_error.isnan().all()


def test_how_many_probes_are_in_memory_does_not_change_their_number_or_kind() -> None:
    A = normal(6, 6)
    widths = []

    def matvec(v: torch.Tensor) -> torch.Tensor:
        widths.append(v.shape[1])
        assert (v.abs() == 1).all()
        return v @ A.mT

    found = trace_and_norm(matvec, (1, 6), 10, at_once=4)
    assert widths == [4, 4, 2]
    assert found.trace.probes == 10
    again = trace_and_norm(matvec, (1, 6), 10, torch.Generator().manual_seed(0), at_once=4)
    assert torch.equal(found.trace.value, again.trace.value)
