"""Names of the arms that sweeps train, as `<rule>-<what scales it>`, and how figures and tables call them.

For plans, fits and figures: no Torch here; `arms` builds what the names mean.
"""

LABELS = {
    "sgd-mup": "gradient descent, maximal update",
    "sgd-sp": "gradient descent, standard",
    "sgd-ntk": "gradient descent, neural tangent",
    "kfac-mup": "K-FAC, maximal update",
    "kfac-sp": "K-FAC, standard",
    "kfac-foof": "K-FAC, rates of FOOF's maximal update",
    "kfac-absolute": "K-FAC, maximal update, absolute damping",
    "kfac-heuristic": "K-FAC, maximal update, heuristic damping",
    "kfac-const": "K-FAC, maximal update, constant damping",
    "kfac-framework": "K-FAC, standard, heuristic damping",
    "foof-mup": "FOOF, maximal update",
    "shampoo-mup": "Shampoo, maximal update",
    "shampoo-sp": "Shampoo, standard",
}

METHODS = {
    "sgd": "gradient descent",
    "kfac": "K-FAC",
    "foof": "FOOF",
    "shampoo": "Shampoo",
}


def method_of(arm: str) -> str:
    """The rule that trains the arm, by its name in `METHODS`."""
    return arm.partition("-")[0]


def scaling_of(arm: str) -> str:
    """How the arm scales with the width, as its label says it after the rule's name."""
    return LABELS[arm].partition(", ")[2]
