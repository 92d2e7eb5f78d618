"""What an edit of each module of pk_mixer makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
plan.py settings.py
identities/plan.py identities/settings.py
spectra/plan.py spectra/settings.py
sparsity/plan.py sparsity/settings.py
width/plan.py width/settings.py
similarity/plan.py similarity/settings.py
"""
FITTING = """
fit.py
identities/fit.py
spectra/fit.py spectra/lines.py spectra/theory.py
sparsity/fit.py
width/arms.py width/fit.py
similarity/fit.py
"""
JUDGING = """
about.py claims.py
identities/claims.py
spectra/claims.py
sparsity/claims.py
width/claims.py
similarity/claims.py
"""
DRAWING = """
figures.py
identities/figures.py
spectra/figures.py
sparsity/figures.py
width/figures.py
similarity/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "similarity/arms.py": "similarity*",
    "similarity/experiment.py": "similarity*",
    "initial_networks.py": "identities* sparsity* width* similarity*",
    "networks.py": "identities* sparsity* width* similarity*",
    "training.py": "sparsity* width* similarity*",
    "width/experiment.py": "width*",
    "identities/budgets.py": "identities*",
    "identities/dense_forms.py": "identities*",
    "identities/equalities.py": "identities*",
    "identities/experiment.py": "identities*",
    "identities/norms.py": "identities*",
    "spectra/draw_counts.py": "spectra*",
    "spectra/experiment.py": "spectra*",
    "spectra/moments.py": "spectra*",
    "sparsity/absolute_norms.py": "sparsity*",
    "sparsity/experiment.py": "sparsity*",
    "sparsity/mixings.py": "sparsity*",
}
# What reads the swept networks: the shards whose spectra change.
ANALYSING: dict[str, str] = {
    "initial_networks.py": "similarity*",
    "networks.py": "similarity*",
    "similarity/arms.py": "similarity*",
    "similarity/singular_values.py": "similarity*",
    "training.py": "similarity*",
}
