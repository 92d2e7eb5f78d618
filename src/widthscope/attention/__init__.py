"""One attention layer of finite and infinite width: its exact samplers and its exact theory.

Torch: `masks`, `token_laws`, `sampling`, `gram_chain`. NumPy and SciPy only: `gram`, `quadrature`,
`score_law`, `softmax_moments`, `variance_law`, `output_law`, `competitors`, `collapse`. Nothing is imported
here, so that a fit or a figure that needs a closed form does not load torch. The "theory notes" that
docstrings cite are docs/theory/limit_law.md.

The layer (arXiv:2506.00846; theory notes 2): tokens X (s, d) with Gram K = X X^T / d; per head W_Q, W_K (d,
d_k) and W_V (d, d_v) of entry variance 1/d, W_O (d_v, n) of entry variance 1/d_v, all Gaussian;

    G^a = X W_Q W_K^T X^T / sqrt(d_k),   A^a = softmax over keys of G^a,
    Y = H^{-1/2} sum_a A^a X W_V^a W_O^a   (s, n).
"""
