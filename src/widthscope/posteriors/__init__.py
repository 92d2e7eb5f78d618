"""Posteriors of attention-path networks at finite width, to which the theory of wide networks is held."""
