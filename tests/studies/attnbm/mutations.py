"""What an edit of each module of attnbm makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
plan.py settings.py
identities/plan.py identities/settings.py
mixtures/plan.py mixtures/settings.py
memorisation/plan.py memorisation/settings.py
digits/plan.py digits/settings.py
"""
FITTING = """
fit.py
identities/fit.py
mixtures/fit.py
memorisation/fit.py memorisation/curves.py memorisation/tables.py
digits/fit.py
"""
JUDGING = """
about.py claims.py
identities/claims.py
mixtures/claims.py
memorisation/claims.py
digits/claims.py
"""
DRAWING = """
figures.py pictures.py
identities/figures.py
mixtures/figures.py
memorisation/figures.py
digits/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "mixtures/denoising.py": "mixtures*",
    "mixtures/experiment.py": "mixtures*",
    "mixtures/laws.py": "mixtures*",
    "mixtures/likelihood.py": "mixtures*",
    "mixtures/threshold.py": "mixtures*",
    "identities/bernoulli.py": "identities*",
    "identities/density.py": "identities*",
    "identities/experiments.py": "identities*",
    "identities/gradients.py": "identities*",
    "identities/harmoniums.py": "identities*",
    "identities/machines.py": "identities*",
    "identities/retrieval.py": "identities*",
    "identities/scores.py": "identities*",
    "digits/descent.py": "digits*",
    "digits/experiment.py": "digits*",
    "digits/optimum.py": "digits*",
    "digits/parts.py": "digits*",
    "memorisation/descents.py": "memorisation*",
    "memorisation/experiment.py": "memorisation*",
    "memorisation/pattern_coordinates.py": "memorisation*",
    "memorisation/whitening.py": "memorisation*",
}
