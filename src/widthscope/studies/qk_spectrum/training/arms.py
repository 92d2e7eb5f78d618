"""Names of the two arms; light, so that fits need no Torch."""

ARMS = ("walk", "iid")
"""Random walks with their next token, and independent tokens with their mean (see `sequences`)."""
