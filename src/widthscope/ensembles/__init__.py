"""Training many members (seed, learning rate, penalty, ...) of one width at once.

Every tensor has a leading member dimension, and members never mix: a member's result is the same to the last
bit whoever shares its batch. `training.train` is the loop; what a study trains is in `widthscope.models`.
"""
