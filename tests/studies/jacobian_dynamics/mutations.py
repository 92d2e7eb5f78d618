"""What an edit of each module of jacobian_dynamics makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
layer_settings.py plan.py settings.py
energy/plan.py energy/settings.py
normalisation/plan.py normalisation/settings.py
width/plan.py width/settings.py
chaos/plan.py chaos/settings.py
algorithms/plan.py algorithms/settings.py
digits/plan.py digits/settings.py
sudoku/plan.py
"""
FITTING = """
fit.py
energy/fit.py energy/fit_counter_examples.py energy/fit_flows.py energy/fit_steps.py
normalisation/fit.py normalisation/fit_critical.py normalisation/fit_exact.py normalisation/fit_horizon.py
width/fit.py
chaos/fit.py
algorithms/fit.py
digits/curves.py digits/fit.py digits/rank_correlation.py digits/tables.py digits/trade.py
sudoku/curves.py sudoku/fit.py sudoku/tables.py
"""
JUDGING = """
about.py claims.py
energy/claims.py
normalisation/claims.py normalisation/exact_claims.py
width/claims.py
chaos/claims.py
algorithms/claims.py
digits/claims.py
sudoku/claims.py sudoku/settings.py
"""
DRAWING = """
figures.py
energy/figures.py
normalisation/exact_figures.py normalisation/figures.py
width/figures.py
chaos/figures.py
algorithms/figures.py
digits/figures.py
sudoku/board_figure.py sudoku/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "algorithms/cases.py": "algorithms",
    "algorithms/comparison.py": "algorithms",
    "algorithms/experiment.py": "algorithms",
    "algorithms/wrong.py": "algorithms",
    "chaos/experiment.py": "chaos*",
    "energy/counter_examples.py": "energy*",
    "energy/experiment.py": "energy*",
    "energy/flows.py": "energy*",
    "energy/names.py": "energy*",
    "energy/steps.py": "energy*",
    "energy/theory.py": "energy*",
    "energy/weights.py": "energy*",
    "normalisation/bound.py": "normalisation*",
    "normalisation/critical.py": "normalisation*",
    "normalisation/draws.py": "normalisation*",
    "normalisation/gap.py": "normalisation*",
    "normalisation/growth.py": "normalisation*",
    "normalisation/horizon.py": "normalisation*",
    "normalisation/identities.py": "normalisation*",
    "normalisation/rotation.py": "normalisation*",
    "normalisation/theory.py": "normalisation*",
    "normalisation/together.py": "normalisation*",
    "normalisation/token_count.py": "normalisation*",
    "digits/experiment.py": "digits*",
    "digits/images.py": "digits*",
    "digits/training.py": "digits*",
    "digits/treatments.py": "digits*",
    "networks/arms.py": "digits* sudoku*",
    "networks/embedding.py": "digits* sudoku*",
    "networks/evaluation.py": "digits*",
    "networks/loss.py": "digits* sudoku*",
    "networks/network.py": "digits* sudoku*",
    "networks/patches.py": "digits*",
    "networks/readout.py": "digits* sudoku*",
    "networks/stored.py": "digits* sudoku*",
    "width/draws.py": "width-laws*",
    "width/experiments.py": "width-laws*",
    "width/norm_growth.py": "width-laws*",
    "width/radial.py": "width-laws*",
    "width/radius.py": "width-laws*",
    "width/theory.py": "width-laws*",
    "sudoku/experiment.py": "sudoku*",
    "sudoku/task.py": "sudoku*",
}
# Spectral stages: the shards whose spectra they change, and not their sweeps.
ANALYSING: dict[str, str] = {
    "digits/scores.py": "digits*",
    "digits/spectra.py": "digits*",
    "networks/exponents.py": "digits* sudoku*",
    "networks/eigenvalues.py": "sudoku*",
    "networks/rescaling.py": "digits*",
    "networks/evaluation.py": "digits* sudoku*",
    "sudoku/accuracy.py": "sudoku*",
    "sudoku/eigen_picture.py": "sudoku*",
    "sudoku/exponents.py": "sudoku*",
    "sudoku/orbit.py": "sudoku*",
    "sudoku/pseudo.py": "sudoku*",
    "sudoku/solving.py": "sudoku*",
    "sudoku/spectra.py": "sudoku*",
    "sudoku/trained.py": "sudoku*",
}
