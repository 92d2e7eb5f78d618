"""Iterated self-attention of many members: one update X <- f(X, C) that training and analysis share.

`rule` says which model; `update` is the one state-update function; `initial` draws parameters and states.
"The theory notes" that docstrings cite are docs/theory/jacobian_dynamics.md.
"""
