"""Coordinate check of a user's own model, given as a function of its width.

`probing` asks whether the factory can be checked, `training` records how far every layer moves in a few
steps, `verdicts` says whose slope on the width leaves zero, `suggestions` what the initial weights and the
learning rates would be in the maximal-update parameterisation, and `mending` rescales them so.
"""
