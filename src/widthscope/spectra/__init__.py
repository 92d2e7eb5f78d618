"""Spectra of two kinds of matrices; float64 throughout, and nothing is imported here.

Query-key matrices of attention heads, and the random-matrix laws they start from (NumPy, SciPy, xarray and
dask only): `query` and `key` are arrays (..., head_dim, width) that act on column vectors, q = W_Q x, with
any leading dimensions (members, steps, layers, heads). The score of key t for query s is x_s^T W x_t with

    W = scale W_Q^T W_K   (width, width),   scale = 1 / sqrt(head_dim) where not said otherwise,

of rank at most head_dim. W itself is never formed. The "theory notes" that docstrings cite are
docs/theory/qk_spectrum.md; the paper is arXiv:2402.02098.

Jacobians of any map of a state to the next one (Torch): `dynamics` says what a map is, `jacobian_spectra`,
`finite_time`, `lyapunov` and `product_qr` what there is to know of it; `arnoldi`, `largest_singular` and
`hutchinson` are the methods that never form a Jacobian. Their theory notes are
docs/theory/jacobian_dynamics.md; the paper is arXiv:2505.19458.
"""
