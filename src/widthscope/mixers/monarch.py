"""Monarch products: two block-diagonal factors with a permutation before each, and mixers among them.

On a table X (S, C) the first factor gives each channel c a matrix L_c of its own over the tokens, the second
each token s a matrix R_s over the channels:

    Y[s, c] = sum_t L_c[s, t] X[t, c],    Z[s, k] = sum_c R_s[k, c] Y[s, c] ,

which on vec(X) is J^T diag(R_1 .. R_S) J diag(L_1 .. L_C), J the commutation. A linear mixer is the member
whose blocks are all equal, L_c = W and R_s = V^T: its matrix is V^T kron W (theory notes 3.2,
docs/theory/pk_mixer.md).
"""

import torch
from torch import Tensor

from widthscope.mixers.mixing import commutation


def monarch_product(first: Tensor, second: Tensor, features: Tensor) -> Tensor:
    """Both factors applied to tables.

    Args:
        first: L (..., C, H, S), a matrix over the tokens for each channel.
        second: R (..., H, K, C), a matrix over the channels for each token.
        features: X (..., S, example, C), as in `mixing`.

    Returns:
        Z (..., H, example, K).
    """
    mixed = torch.einsum("...chs,...snc->...hnc", first, features)
    return torch.einsum("...hkc,...hnc->...hnk", second, mixed)


def shared_blocks(token_weight: Tensor, channel_weight: Tensor) -> tuple[Tensor, Tensor]:
    """The linear mixer X -> W X V as a Monarch product: the same W in every block, and the same V^T.

    Args:
        token_weight: W (..., H, S).
        channel_weight: V (..., C, K).

    Returns:
        L (..., C, H, S) and R (..., H, K, C): views, nothing is copied.
    """
    channels, tokens = channel_weight.shape[-2], token_weight.shape[-2]
    first = token_weight.unsqueeze(-3).expand(*token_weight.shape[:-2], channels, *token_weight.shape[-2:])
    across = channel_weight.mT.unsqueeze(-3)
    return first, across.expand(*across.shape[:-3], tokens, *across.shape[-2:])


def monarch_matrix(first: Tensor, second: Tensor) -> Tensor:
    """The dense matrix (H K, S C) on vec, J^T diag(R) J diag(L), for small sizes.

    Args:
        first: L (C, H, S), without leading dimensions.
        second: R (H, K, C).
    """
    hidden, outputs, channels = second.shape
    mixed = _block_diagonal(second) @ _block_diagonal(first)[commutation(hidden, channels)]
    return mixed[commutation(outputs, hidden)]


def _block_diagonal(blocks: Tensor) -> Tensor:
    """Blocks (count, rows, columns) along the diagonal of (count rows, count columns)."""
    count, rows, columns = blocks.shape
    spread = torch.eye(count, dtype=blocks.dtype, device=blocks.device)[:, None, :, None]
    spread = spread * blocks[:, :, None, :]
    return spread.reshape(count * rows, count * columns)
