"""What an edit of each module of jacobian_dynamics makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
plan.py settings.py
energy/plan.py energy/settings.py
normalisation/plan.py normalisation/settings.py
width/plan.py width/settings.py
chaos/plan.py chaos/settings.py
algorithms/plan.py algorithms/settings.py
digits/plan.py digits/settings.py
sudoku/plan.py sudoku/settings.py
"""
FITTING = """
fit.py
energy/fit.py energy/fit_counter_examples.py energy/fit_flows.py energy/fit_steps.py
normalisation/fit.py
width/fit.py
chaos/fit.py
algorithms/fit.py
digits/fit.py
sudoku/fit.py
"""
JUDGING = """
about.py claims.py
energy/claims.py
normalisation/claims.py
width/claims.py
chaos/claims.py
algorithms/claims.py
digits/claims.py
sudoku/claims.py
"""
DRAWING = """
figures.py
energy/figures.py
normalisation/figures.py
width/figures.py
chaos/figures.py
algorithms/figures.py
digits/figures.py
sudoku/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "energy/counter_examples.py": "energy*",
    "energy/experiment.py": "energy*",
    "energy/flows.py": "energy*",
    "energy/names.py": "energy*",
    "energy/steps.py": "energy*",
    "energy/theory.py": "energy*",
    "energy/weights.py": "energy*",
}
# Spectral stages: the shards whose spectra they change, and not their sweeps.
ANALYSING: dict[str, str] = {}
