"""Names and limits that experiments and fits of the family share; light, so that fits need no Torch."""

ROUNDING = 1e-10
"""A balance above it is a rise of the energy: rounding leaves some 1e-15."""

ASYMMETRIC = {
    "Prop. 4.1": "asymmetric",
    "Prop. 4.1, sym(A) in E": "asymmetric, symmetric energy",
    "Prop. 4.2": "blocks",
}
"""How the paper's propositions are read, and the conditions they are drawn by."""

CONTROLS = {"value -A": "opposite value", "skew value": "skew value", "value I": "identity value"}
"""Conditions for which no energy may fall."""
