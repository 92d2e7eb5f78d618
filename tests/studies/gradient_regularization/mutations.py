"""What an edit of each module of the study makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
plan.py settings.py settings_types.py training_cost.py
differences/plan.py differences/settings.py
costs/plan.py costs/settings.py
flooding/plan.py flooding/settings.py
diagonal/plan.py diagonal/settings.py
label_noise/plan.py label_noise/settings.py
stability/plan.py stability/settings.py
flatness/plan.py flatness/settings.py
"""
FITTING = """
fit.py tables.py
differences/fit.py
costs/fit.py
flooding/fit.py
diagonal/fit.py diagonal/laws.py diagonal/naming.py diagonal/shifts.py
label_noise/fit.py
stability/fit.py
flatness/fit.py
"""
JUDGING = """
about.py claims.py
differences/claims.py
costs/claims.py
flooding/claims.py
diagonal/claims.py
label_noise/claims.py
stability/claims.py
flatness/claims.py
"""
DRAWING = """
figures.py
differences/figures.py
costs/figures.py
flooding/figures.py
diagonal/figures.py
label_noise/figures.py
stability/figures.py
flatness/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "arms.py": "label-noise* stability* flatness*",
    "costs/experiment.py": "costs*",
    "diagonal/descents.py": "diagonal*",
    "diagonal/experiment.py": "diagonal*",
    "diagonal/flows.py": "diagonal*",
    "differences/experiment.py": "differences*",
    "flooding/experiment.py": "flooding*",
    "flooding/pairs.py": "flooding*",
    "images.py": "label-noise* flooding* stability* flatness*",
    "networks.py": "label-noise* costs* flooding* differences* stability* flatness*",
    "label_noise/experiment.py": "label-noise*",
    "training.py": "label-noise* stability*",
    "flatness/experiment.py": "flatness*",
    "stability/experiment.py": "stability*",
}
