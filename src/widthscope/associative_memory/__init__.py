"""Hierarchical associative memories: Lagrangians, energies and dynamics; nothing is imported here.

The "theory notes" that docstrings cite are docs/theory/ham_mixer.md.
"""
