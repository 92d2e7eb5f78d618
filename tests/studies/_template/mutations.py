"""What an edit of each module of _template makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = "plan.py settings.py"
FITTING = "fit.py theory.py"
JUDGING = "about.py claims.py"
DRAWING = "figures.py"
# Experiments: the shards that they change, as patterns.
SWEEPING = {"experiment.py": "*"}
