"""What an edit of each module of qk_spectrum makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
collapse/plan.py collapse/settings.py loader/plan.py loader/settings.py locater/plan.py locater/settings.py
plan.py settings.py spectrum/plan.py spectrum/settings.py training/plan.py training/settings.py
walks/plan.py walks/settings.py
"""
FITTING = """
collapse/fit.py collapse/fit_matched.py collapse/fit_spread.py collapse/trend.py fit.py loader/fit.py
locater/fit.py locater/runs.py spectrum/fit.py spectrum/fit_fast.py spectrum/fit_haar_null.py
spectrum/fit_laws.py training/fit.py training/tables.py walks/fit.py
walks/fit_contrast.py walks/fit_modes.py walks/fit_moments.py walks/fit_rho.py walks/profile_curves.py
walks/profile_table.py
"""
JUDGING = """
about.py claims.py collapse/claims.py loader/claims.py locater/claims.py spectrum/claims.py
training/claims.py walks/claims.py
"""
DRAWING = """
collapse/figures.py figures.py loader/figures.py locater/figures.py spectrum/figures.py
spectrum/law_figures.py training/figures.py walks/figures.py walks/profile_figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING = {
    "collapse/diagonal_head.py": "collapse*",
    "collapse/entropy_over_spread.py": "collapse*",
    "collapse/experiment.py": "collapse*",
    "collapse/matched_entropy.py": "collapse*",
    "loader/experiment.py": "loader*",
    "loader/modules/case.py": "loader*",
    "loader/modules/fused.py": "loader*",
    "loader/modules/rotary.py": "loader*",
    "loader/modules/separate.py": "loader*",
    "loader/rebuilt_scores.py": "loader*",
    "locater/arms.py": "locater*",
    "locater/experiment.py": "locater*",
    "locater/held_out.py": "locater*",
    "locater/language_model.py": "locater*",
    "locater/penalties.py": "locater*",
    "locater/splits.py": "locater*",
    "spectrum/fast.py": "spectrum-identities",
    "spectrum/haar_null.py": "spectrum-identities",
    "spectrum/heads.py": "spectrum-*",
    "spectrum/identities.py": "spectrum-identities",
    "spectrum/laws.py": "spectrum-laws*",
    "spectrum/names.py": "spectrum-identities",
    "training/arms.py": "training*",
    "training/experiment.py": "training*",
    "training/sequences.py": "training*",
    "walks/exact.py": "walks-*",
    "walks/feasibility.py": "walks-*",
    "walks/formulas.py": "walks-formulas",
    "walks/moments.py": "walks-formulas",
    "walks/profiles.py": "walks-profiles",
    "walks/rho.py": "walks-formulas",
    "walks/sampling.py": "walks-*",
    "walks/theory.py": "walks-*",
}
# Spectral stages: the shards whose spectra they change, and not their sweeps.
ANALYSING = {"training/spectra.py": "training*"}
