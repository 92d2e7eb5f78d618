"""How many draws of a large matrix are worth its size; plan and experiment agree on it."""


def draws_at(most: int, fewest: int, side: int, smallest: int, power: int) -> int:
    """`most` draws at the smallest side, fewer at larger ones as a power of it, and never below `fewest`."""
    return max(fewest, round(most * (smallest / side) ** power))
