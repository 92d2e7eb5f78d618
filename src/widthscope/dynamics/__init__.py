"""A user's own state-update function: its Jacobian's spectrum, its exponents, and how critical it is."""
