"""What an edit of each module of mup_second_order makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
plan.py settings.py
onestep/plan.py onestep/settings.py
zero_init/plan.py
damping/plan.py damping/settings.py
coordinates/plan.py coordinates/settings.py
transfer/plan.py transfer/settings.py
features/plan.py features/settings.py
"""
FITTING = """
fit.py sweep_tables.py
onestep/fit.py
zero_init/fit.py zero_init/settings.py
damping/fit.py
coordinates/fit.py
transfer/fit.py
features/fit.py
"""
JUDGING = """
about.py claims.py
onestep/claims.py
zero_init/claims.py
damping/claims.py
coordinates/claims.py
transfer/claims.py
features/claims.py
"""
DRAWING = """
figures.py
onestep/figures.py
zero_init/figures.py
damping/figures.py
coordinates/figures.py
transfer/figures.py
features/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "arm_names.py": "coordinates* features* transfer*",
    "arms.py": "coordinates* features* transfer*",
    "coordinates/experiment.py": "coordinates*",
    "features/experiment.py": "features*",
    "transfer/experiment.py": "transfer*",
    "onestep/experiment.py": "onestep*",
    "onestep/responses.py": "onestep*",
    "onestep/rows.py": "onestep*",
    "damping/experiment.py": "damping*",
    "zero_init/bias.py": "zero-init*",
    "zero_init/dual.py": "zero-init*",
    "zero_init/experiments.py": "zero-init*",
    "zero_init/identity.py": "zero-init*",
    "zero_init/networks.py": "zero-init*",
    "zero_init/rate.py": "zero-init*",
    "zero_init/theory.py": "zero-init*",
}
