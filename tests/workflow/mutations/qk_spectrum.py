"""What an edit of each module of qk_spectrum makes stale (see `test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
collapse/plan.py collapse/settings.py loader/plan.py loader/settings.py locater/plan.py locater/settings.py
plan.py settings.py spectrum/plan.py spectrum/settings.py training/plan.py training/settings.py walks/plan.py
walks/settings.py
"""
FITTING = """
collapse/fit.py collapse/fit_matched.py collapse/fit_spread.py collapse/trend.py fit.py loader/fit.py
locater/fit.py spectrum/fit.py training/fit.py walks/fit.py
"""
JUDGING = """
about.py claims.py collapse/claims.py loader/claims.py locater/claims.py spectrum/claims.py
training/claims.py walks/claims.py
"""
DRAWING = """
collapse/figures.py figures.py loader/figures.py locater/figures.py spectrum/figures.py training/figures.py
walks/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING = {
    "collapse/diagonal_head.py": "collapse*",
    "collapse/entropy_over_spread.py": "collapse*",
    "collapse/experiment.py": "collapse*",
    "collapse/matched_entropy.py": "collapse*",
    "loader/experiment.py": "loader",
    "loader/modules/case.py": "loader",
    "loader/modules/fused.py": "loader",
    "loader/modules/rotary.py": "loader",
    "loader/modules/separate.py": "loader",
    "loader/rebuilt_scores.py": "loader",
}
