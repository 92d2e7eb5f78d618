"""Roots of the random Gram of finite-width tokens, in batches.

The token laws of arXiv:2506.00846 push one Gaussian vector h (n) through independent Gaussian matrices W^i
(n, n) of entry variance 1/n, token i being x^i = W^i h (``clip``; its bound of 100 is never reached) or
max(W^i h, 0) (``relu``). Given |h|^2 = n r the entries of W^i h are iid N(0, r), so only r and an n-sample
Gram are needed.
"""

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from widthscope.attention.gram import TOKEN_LAWS, TokenLaw, limit_gram, root
from widthscope.attention.sampling import bartlett_factor, normals

_BLOCK = 1 << 22  # normals held at once while a ReLU Gram is summed over the width
_JITTER = 1e-12


def limit_root(law: TokenLaw, tokens: int, gram: ArrayLike | None = None) -> Tensor:
    """Cholesky root (s, s), float64, of the limit Gram: the partner of `finite_roots` in a coupling.

    Raises:
        ValueError: as `limit_gram`, and if the fixed Gram is singular (take
            `widthscope.attention.gram.root` then).
    """
    return torch.from_numpy(root(limit_gram(law, tokens, gram), method="cholesky"))


def finite_roots(
    law: TokenLaw,
    tokens: int,
    width: int,
    draws: int,
    generator: torch.Generator,
    *,
    gram: ArrayLike | None = None,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Independent draws of a root of the Gram of width-n tokens.

    All roots are lower triangular and converge to `limit_root` as n grows. ``clip`` costs O(s^2) per draw,
    whatever the width; ``relu`` costs O(n s) normals, summed in blocks so that memory does not grow with n.

    Args:
        law: token law; ``fixed`` needs `gram` (s, s) and returns its root for every draw.
        tokens: s.
        width: n, entries of one token.
        draws: N.
        generator: CPU generator.

    Returns:
        (N, s, s); for ``clip`` with n < s (N, s, n), a root of the singular Gram.

    Raises:
        ValueError: if a size is below one, the law is unknown, or the Gram does not fit the law.

    Source: theory notes 3.2 and 3.8; 6, trap 3.
    """
    if min(tokens, width, draws) < 1:
        raise ValueError(f"tokens, width and draws must be at least 1, not {tokens}, {width}, {draws}")
    if law not in TOKEN_LAWS:
        raise ValueError(f"unknown token law {law!r}: one of {', '.join(TOKEN_LAWS)}")
    if law == "fixed":
        fixed = limit_root(law, tokens, gram)
        return fixed.to(device=device, dtype=dtype).expand(draws, tokens, tokens)
    limit_gram(law, tokens, gram)  # refuses a Gram given to random tokens
    half = torch.full((draws, 1, 1), width / 2, dtype=torch.float64)
    radius = (2 / width * torch._standard_gamma(half, generator=generator)).sqrt()  # |h| / sqrt(n)
    if law == "relu":
        roots = radius * _cholesky(_relu_gram(tokens, width, draws, generator))
    elif width >= tokens:
        roots = radius * bartlett_factor(tokens, width, draws, generator, dtype=torch.float64)
    else:
        roots = radius * normals((draws, tokens, width), generator, torch.float64) / width**0.5
    return roots.to(device=device, dtype=dtype)


def sample_tokens(
    law: TokenLaw, tokens: int, width: int, draws: int, generator: torch.Generator, *, clip: float = 100.0
) -> Tensor:
    """Random tokens by the paper's own recipe, all n x n matrices drawn: the witness for `finite_roots`.

    Returns:
        (N, s, n) float64; costs N s n^2 normals.

    Raises:
        ValueError: for the law ``fixed``, which has no random tokens.

    Source: arXiv:2506.00846, experiments (authors' code, branch main); theory notes 2.
    """
    if law not in ("clip", "relu"):
        raise ValueError(f"tokens are random for the laws clip and relu, not {law!r}")
    h = normals((draws, 1, width, 1), generator, torch.float64)
    weights = normals((draws, tokens, width, width), generator, torch.float64) / width**0.5
    hidden = torch.matmul(weights, h).squeeze(-1)
    return hidden.clamp(-clip, clip) if law == "clip" else hidden.clamp(min=0)


def _relu_gram(tokens: int, width: int, draws: int, generator: torch.Generator) -> Tensor:
    """(1/n) sum over n of max(g, 0) max(g, 0)^T with g ~ N(0, I_s), (N, s, s) float64."""
    total = torch.zeros(draws, tokens, tokens, dtype=torch.float64)
    block = max(1, _BLOCK // (draws * tokens))
    for start in range(0, width, block):
        size = min(block, width - start)
        features = normals((draws, tokens, size), generator, torch.float64).clamp_(min=0)
        total += features @ features.mT
    return total.mul_(1 / width)


def _cholesky(grams: Tensor) -> Tensor:
    """Lower-triangular roots; singular draws (all-zero ReLU tokens at small n) get 1e-12 I added."""
    roots: Tensor
    roots, failures = torch.linalg.cholesky_ex(grams)
    failed = failures > 0
    if bool(failed.any()):
        jitter = _JITTER * torch.eye(grams.shape[-1], dtype=grams.dtype, device=grams.device)
        roots[failed] = torch.linalg.cholesky(grams[failed] + jitter)
    return roots
