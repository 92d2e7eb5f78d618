"""Names of rows that the experiments write and the fits look up."""

SMALL_PRODUCT = "singular values of the small product"
"""A wrong shortcut to the singular values of W."""

ALIGNED = "aligned"
"""Prefix of the traces of aligned heads, which are not those of initialisation."""

UNTURNED, SHUFFLED = "not rotated", "columns shuffled"
"""Many aligned heads as they are, and with the columns of W_K in random order."""
