"""How initial weights, learning rates and damping depend on the width, and what one update then does.

An `Exponents` holds the powers of the width; a `Method` says in a few numbers how an update scales; `slopes`
predicts from both how far one update moves every layer, and solves these predictions for the exponents of
the maximal-update parameterisation. A new optimiser is one new row: a `Method`.
"""
