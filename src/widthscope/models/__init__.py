"""Models as pure functions of parameters with a leading member dimension; none knows how it is trained.

`initial` functions draw one member's parameters, without that dimension; `ensembles.parameters` stacks them.
"""
