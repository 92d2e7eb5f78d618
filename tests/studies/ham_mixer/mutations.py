"""What an edit of each module of ham_mixer makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
plan.py settings.py training_cost.py training_plans.py training_settings.py
energy/plan.py energy/settings.py
denoise/plan.py denoise/settings.py
trained_energy/plan.py trained_energy/settings.py
accuracy/plan.py accuracy/settings.py
breaking/plan.py breaking/settings.py
"""
FITTING = """
fit.py
energy/fit.py
denoise/fit.py
trained_energy/fit.py
accuracy/fit.py
breaking/fit.py
"""
JUDGING = """
about.py claims.py
energy/claims.py
denoise/claims.py
trained_energy/claims.py
accuracy/claims.py
breaking/claims.py
"""
DRAWING = """
figures.py
energy/figures.py
denoise/figures.py
trained_energy/figures.py
accuracy/figures.py
breaking/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "energy/counterexample.py": "energy*",
    "energy/experiments.py": "energy*",
    "energy/flow.py": "energy*",
    "energy/hidden.py": "energy*",
    "energy/identities.py": "energy*",
    "energy/steps.py": "energy*",
    "energy/systems.py": "energy*",
    "trained_energy/experiment.py": "trained-energy*",
    "accuracy/experiment.py": "accuracy*",
    "networks.py": "accuracy* breaking* trained-energy*",
    "breaking/arms.py": "breaking*",
    "breaking/experiment.py": "breaking*",
    "breaking/gradients.py": "breaking*",
    "denoise/experiment.py": "denoise*",
    "denoise/network.py": "denoise*",
}
