"""A user's own state-update function: its Jacobian's spectrum, its exponents, its distance from criticality."""
