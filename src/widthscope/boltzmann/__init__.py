"""Boltzmann machines with an attention energy, and their relatives; nothing is imported here.

Visible v (N,), hidden units j = 1..H, weights W (H, N) with rows w_j, biases b (N,) and c (H,):
E(v) = |v - b|^2 / 2 - logsumexp_j(w_j . v + c_j). The "theory notes" that docstrings cite are
docs/theory/attnbm.md.
"""
