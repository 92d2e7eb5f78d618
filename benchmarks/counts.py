"""Numbers that a benchmark takes as arguments."""

import argparse

FEWEST = 6
"""Repeats below which a median has no 95 % interval: all n values span it with probability 1 - 2^(1 - n)."""


def positive(text: str) -> int:
    """A whole number of at least 1.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text}")
    return int(text)
