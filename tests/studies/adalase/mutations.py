"""What an edit of each module of adalase makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
plan.py settings.py
rule/plan.py rule/settings.py
dense_costs.py dense_settings.py ratio_settings.py
map_costs.py map_plan.py map_settings.py
harmful/plan.py harmful/settings.py
dense/plan.py dense/settings.py
flips/plan.py flips/settings.py
maps/plan.py maps/settings.py
comparison/plan.py comparison/settings.py
"""
FITTING = """
fit.py
rule/fit.py
harmful/fit.py harmful/policies.py
dense/fit.py dense/policies.py
flips/fit.py flips/policies.py
maps/fit.py maps/policies.py
map_fit.py
comparison/fit.py
"""
JUDGING = """
about.py claims.py
rule/claims.py
harmful/claims.py
dense/claims.py
flips/claims.py
maps/claims.py
comparison/claims.py
"""
DRAWING = """
figures.py
rule/figures.py
harmful/figures.py
dense/figures.py
flips/figures.py
maps/figures.py
map_figures.py
comparison/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "arms.py": "harmful* dense* flips* maps*",
    "dense_policies.py": "harmful* dense*",
    "map_policies.py": "flips* maps*",
    "networks.py": "harmful* dense* flips* maps*",
    "operation_draws.py": "harmful* dense* flips* maps*",
    "seed_images.py": "harmful* dense* flips* maps*",
    "stored.py": "harmful* dense* flips* maps*",
    "testing.py": "harmful* dense* flips* maps*",
    "training.py": "harmful* dense* flips* maps*",
    "virtual_positions.py": "flips* maps*",
    "rule/experiment.py": "rule*",
    "rule/hypergradient.py": "rule*",
}
