"""Folding against norm layers written out."""

import numpy as np
import pytest
from scipy import special

from widthscope.spectra.folding import fold_norm, folded_bias, key_preference
from widthscope.spectra.query_key import traces

D, H, T = 12, 4, 9


def parts(seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    query, key = rng.standard_normal((2, H, D)) / 2
    bias_q, bias_k = rng.standard_normal((2, H))
    gain, shift = 1 + 0.5 * rng.standard_normal(D), rng.standard_normal(D)
    return query, key, bias_q, bias_k, gain, shift, rng.standard_normal((T, D)) + 0.7


def standardised(X: np.ndarray, *, centred: bool) -> tuple[np.ndarray, np.ndarray]:
    """Tokens as the norm scales them, before gain and shift; and x / sigma, without the mean taken off."""
    sigma = X.std(-1, keepdims=True) if centred else np.sqrt((X**2).mean(-1, keepdims=True))
    return (X - X.mean(-1, keepdims=True) if centred else X) / sigma, X / sigma


@pytest.mark.parametrize("centred", [True, False], ids=["LayerNorm", "RMSNorm"])
def test_folded_weights_give_the_bilinear_score_of_normalised_tokens(centred: bool) -> None:
    query, key, _, _, gain, _, X = parts()
    normed, divided = standardised(X, centred=centred)
    scores = (gain * normed) @ query.T @ key @ (gain * normed).T
    folded_q, folded_k = (fold_norm(weights, gain, centred=centred) for weights in (query, key))
    np.testing.assert_allclose(divided @ folded_q.T @ folded_k @ divided.T, scores, atol=2e-13)
    P = np.eye(D) - 1 / D if centred else np.eye(D)
    np.testing.assert_allclose(
        folded_q.T @ folded_k, P @ np.diag(gain) @ query.T @ key @ np.diag(gain) @ P, atol=1e-14
    )


@pytest.mark.parametrize("centred", [True, False], ids=["LayerNorm", "RMSNorm"])
def test_attention_of_a_layer_with_norm_and_biases_is_rebuilt(centred: bool) -> None:
    query, key, bias_q, bias_k, gain, shift, X = parts(1)
    normed, divided = standardised(X, centred=centred)
    tokens = gain * normed + shift
    module = special.softmax((tokens @ query.T + bias_q) @ (tokens @ key.T + bias_k).T / np.sqrt(H), axis=-1)
    folded_q, folded_k = (fold_norm(weights, gain, centred=centred) for weights in (query, key))
    preference = key_preference(folded_k, folded_bias(query, bias_q, shift))
    scores = divided @ folded_q.T @ folded_k @ divided.T / np.sqrt(H) + divided @ preference
    np.testing.assert_allclose(special.softmax(scores, axis=-1), module, atol=1e-13)


def test_only_the_query_bias_survives_softmax() -> None:
    query, key, bias_q, bias_k, _, _, X = parts(2)
    module = special.softmax((X @ query.T + bias_q) @ (X @ key.T + bias_k).T / np.sqrt(H), axis=-1)
    plain = X @ query.T @ key @ X.T / np.sqrt(H)
    np.testing.assert_allclose(
        special.softmax(plain + X @ key_preference(key, bias_q), axis=-1), module, atol=1e-14
    )
    assert np.abs(special.softmax(plain, axis=-1) - module).max() > 0.1


def test_folding_changes_traces_and_centring_only_those_of_layer_norm() -> None:
    query, key, _, _, gain, _, _ = parts(3)
    raw = traces(query, key).trace
    rms, layer = (
        traces(fold_norm(query, gain, centred=c), fold_norm(key, gain, centred=c)).trace
        for c in (False, True)
    )
    assert abs(rms - raw) > 1e-3
    assert abs(layer - rms) > 1e-3


def test_trivial_folds() -> None:
    query, key, bias_q, *_ = parts(4)
    np.testing.assert_array_equal(fold_norm(query, np.ones(D), centred=False), query)
    np.testing.assert_allclose(fold_norm(query, np.ones(D), centred=True).sum(-1), 0, atol=1e-14)
    np.testing.assert_array_equal(folded_bias(query), np.zeros(H))
    np.testing.assert_array_equal(folded_bias(query, bias_q), bias_q)
    assert key_preference(key, np.zeros(H)).shape == (D,)


def test_leading_dimensions() -> None:
    rng = np.random.default_rng(5)
    key, bias, shift = rng.standard_normal((3, H, D)), rng.standard_normal((3, H)), rng.standard_normal(D)
    preference = key_preference(key, folded_bias(key, bias, shift), 1.0)
    assert preference.shape == (3, D)
    np.testing.assert_allclose(preference[1], key[1].T @ (bias[1] + key[1] @ shift))
