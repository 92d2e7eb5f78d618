"""Names of what the family `flips` trains."""

VERTICAL, HORIZONTAL, IDENTITY = "vertical_flip", "horizontal_flip", "identity"
DESTROYING = "permutation"
"""Operations; the last one exchanges examples and keeps labels."""
