"""Mixing layers, written once for the studies that use them; nothing is imported here.

A feature table X has S tokens and C channels; m = S C is the effective width. `vec` stacks columns,
vec(X)[c S + s] = X[s, c], so that token mixing is vec(W X) = (I_C kron W) vec(X) and channel mixing is
vec(X V) = (V^T kron I_S) vec(X).

Batches of members are laid out as [member, token, example, channel]: both mixings are then plain batched
matrix products, and no transpose is copied. The "theory notes" that docstrings cite are
docs/theory/pk_mixer.md and docs/theory/ham_mixer.md.
"""
