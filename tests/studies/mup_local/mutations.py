"""What an edit of each module of mup_local makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
plan.py settings.py shards_by_width.py
equilibrium/plan.py equilibrium/settings.py
gradients/plan.py gradients/settings.py
interpolation/plan.py interpolation/settings.py
onestep/plan.py onestep/settings.py
coordinates/plan.py coordinates/settings.py
transfer/plan.py transfer/settings.py
targets/plan.py targets/settings.py
"""
FITTING = """
exponents_of_width.py fit.py trained_tables.py
equilibrium/fit.py
gradients/fit.py
interpolation/fit.py
onestep/fit.py
coordinates/fit.py
transfer/cases.py transfer/fit.py
targets/fit.py
"""
JUDGING = """
about.py claims.py
equilibrium/claims.py
gradients/claims.py
interpolation/claims.py
onestep/claims.py
coordinates/claims.py
transfer/claims.py
targets/claims.py
"""
DRAWING = """
figures.py
equilibrium/figures.py
gradients/figures.py
interpolation/figures.py
onestep/figures.py
coordinates/figures.py
transfer/figures.py
targets/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "networks.py": "equilibrium* gradients* interpolation* onestep*",
    "gradients/arms.py": "gradients*",
    "gradients/comparison.py": "gradients*",
    "gradients/experiment.py": "gradients*",
    "gradients/linear.py": "gradients*",
    "gradients/nonlinear.py": "gradients*",
    "equilibrium/experiment.py": "equilibrium*",
    "equilibrium/identities.py": "equilibrium*",
    "equilibrium/stability.py": "equilibrium*",
    "interpolation/experiment.py": "interpolation*",
    "interpolation/theory.py": "interpolation*",
    "onestep/experiment.py": "onestep*",
    "onestep/rows.py": "onestep*",
    "arms.py": "coordinates* transfer* targets*",
    "coordinates/cases.py": "coordinates*",
    "coordinates/experiment.py": "coordinates*",
    "local_recordings.py": "coordinates* transfer*",
    "transfer/experiment.py": "transfer*",
    "targets/cases.py": "targets*",
    "targets/experiment.py": "targets*",
    "targets/ridge.py": "targets*",
}
