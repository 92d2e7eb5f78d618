import numpy as np
import pytest

from widthscope.spectra.query_key import traces
from widthscope.spectra.rotary import Pairing, Rotary, rotated, trace_curve


def rotation(rotary: Rotary, head_dim: int, position: float) -> np.ndarray:
    """R_position as a dense matrix, one plane rotation after the other."""
    turned = rotary.rotary_dim or head_dim
    R = np.eye(head_dim)
    for i in range(turned // 2):
        a, b = (i, i + turned // 2) if rotary.pairing == "half-split" else (2 * i, 2 * i + 1)
        angle = position * rotary.base ** (-2 * i / turned)
        R[np.ix_([a, b], [a, b])] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return R


ROTARIES = [
    Rotary("half-split"),
    Rotary("interleaved"),
    Rotary("half-split", base=500.0, rotary_dim=4),
    Rotary("interleaved", base=1e6, rotary_dim=2),
]


@pytest.mark.parametrize("rotary", ROTARIES)
def test_curve_and_rotated_keys_against_dense_rotations(rotary: Rotary) -> None:
    query, key = np.random.default_rng(0).standard_normal((2, 8, 12))
    offsets = [0, 1, -3, 17]
    curve = trace_curve(query, key, offsets, rotary)
    for offset, found in zip(offsets, curve, strict=True):
        R = rotation(rotary, 8, offset)
        W = query.T @ R @ key / np.sqrt(8)
        assert found == pytest.approx(np.trace(W), abs=1e-13)
        np.testing.assert_allclose(rotated(key, offset, rotary), R @ key, atol=1e-13)
        assert traces(query, rotated(key, offset, rotary)).trace_of_square == pytest.approx(np.trace(W @ W))


@pytest.mark.parametrize("pairing", ["half-split", "interleaved"])
def test_scores_of_rotated_queries_and_keys_depend_on_the_offset_alone(pairing: Pairing) -> None:
    rotary = Rotary(pairing)
    rng = np.random.default_rng(1)
    query, key = rng.standard_normal((2, 6, 10))
    x_s, x_t = rng.standard_normal((2, 10))
    for s, t in ((0, 0), (5, 2), (40, 41)):
        module = (rotation(rotary, 6, s) @ query @ x_s) @ (rotation(rotary, 6, t) @ key @ x_t)
        assert (query @ x_s) @ (rotated(key, t - s, rotary) @ x_t) == pytest.approx(module, abs=1e-11)


def test_the_two_pairings_are_permutations_of_each_other() -> None:
    query, key = np.random.default_rng(2).standard_normal((2, 8, 12))
    order = np.array([0, 4, 1, 5, 2, 6, 3, 7])  # coordinates of "half-split" in the places of "interleaved"
    half = trace_curve(query, key, [0, 3, 9], Rotary("half-split"))
    np.testing.assert_allclose(
        trace_curve(query[order], key[order], [0, 3, 9], Rotary("interleaved")), half, atol=1e-13
    )
    assert np.abs(trace_curve(query, key, [9], Rotary("interleaved")) - half[2]) > 0.01


def test_offset_zero_is_the_content_matrix() -> None:
    query, key = np.random.default_rng(3).standard_normal((2, 5, 4, 12))
    curve = trace_curve(query, key, [0], Rotary(), scale=0.7)
    assert curve.shape == (5, 1)
    np.testing.assert_allclose(curve[:, 0], traces(query, key, 0.7).trace, atol=1e-13)


def test_aligned_heads_localise_as_the_notes_say() -> None:
    """tr W(Delta) = tr W mean_i cos(Delta theta_i) for W_K in proportion to W_Q, in the mean over heads.

    The notes measure 5.62, 5.42, 3.93, 2.47, 1.97 at 0, 1, 8, 64, 256 for one head of d = 768, d_h = 64.
    """
    d, d_h, heads = 768, 64, 40
    rng = np.random.default_rng(4)
    query, noise = rng.standard_normal((2, heads, d_h, d)) / np.sqrt(d)
    key = np.sqrt(0.5) * (query + noise)
    offsets = np.array([0, 1, 8, 64, 256])
    curve = trace_curve(query, key, offsets, Rotary())
    frequencies = 10_000 ** (-np.arange(32) / 32)
    expected = np.sqrt(0.5 * d_h) * np.cos(np.outer(offsets, frequencies)).mean(-1)
    error = curve.std(0, ddof=1) / np.sqrt(heads)
    assert np.all(np.abs(curve.mean(0) - expected) < 4.5 * error)
    of_the_notes = np.array([5.62, 5.42, 3.93, 2.47, 1.97])
    assert np.all(np.abs(of_the_notes - expected) < 4.5 * curve.std(0, ddof=1))


@pytest.mark.parametrize("rotary_dim", [3, 0, 10])
def test_odd_or_too_many_coordinates_are_refused(rotary_dim: int) -> None:
    with pytest.raises(ValueError, match="rotary_dim"):
        rotated(np.zeros((8, 4)), 1, Rotary(rotary_dim=rotary_dim))
