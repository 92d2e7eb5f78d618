"""What an edit of each module of attention_paths makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
plan.py settings.py
limits/plan.py limits/settings.py
exact/plan.py exact/settings.py
sampling/plan.py sampling/settings.py
hidden_markov/plan.py hidden_markov/settings.py
one_shot/plan.py one_shot/settings.py
"""
FITTING = """
fit.py
limits/fit.py
exact/fit.py
sampling/fit.py sampling/distances.py
hidden_markov/fit.py hidden_markov/accuracies.py hidden_markov/curves.py
hidden_markov/gain_evidence.py hidden_markov/weight_evidence.py hidden_markov/width_evidence.py
one_shot/curves.py one_shot/fit.py one_shot/relabelling.py one_shot/tables.py
"""
JUDGING = """
about.py claims.py
limits/claims.py
exact/claims.py
sampling/claims.py
hidden_markov/claims.py
one_shot/claims.py
"""
DRAWING = """
figures.py curve_drawing.py matrix_drawing.py
limits/figures.py
exact/figures.py
sampling/figures.py
hidden_markov/figures.py
one_shot/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING: dict[str, str] = {
    "exact/candidates.py": "exact*",
    "exact/deviations.py": "exact*",
    "exact/experiment.py": "exact*",
    "hidden_markov/data.py": "hidden-markov*",
    "hidden_markov/depth.py": "hidden-markov*",
    "hidden_markov/experiment.py": "hidden-markov*",
    "hidden_markov/observables.py": "hidden-markov*",
    "hidden_markov/solutions.py": "hidden-markov*",
    "hidden_markov/variants.py": "hidden-markov*",
    "limits/experiment.py": "limits*",
    "one_shot/episodes.py": "one-shot*",
    "one_shot/experiment.py": "one-shot*",
    "one_shot/network.py": "one-shot*",
    "one_shot/training.py": "one-shot*",
    "sampling/experiment.py": "sampling*",
    "tasks/gaussian_paths.py": "exact* limits* sampling*",
    "tasks/hidden_markov.py": "exact* hidden-markov* limits* sampling*",
    "tasks/path_task.py": "exact* hidden-markov* limits* sampling*",
}
# What reads the swept networks: the shards whose spectra change.
ANALYSING: dict[str, str] = {
    "one_shot/head_pruning.py": "one-shot*",
    "one_shot/memory.py": "one-shot*",
    "one_shot/path_episodes.py": "one-shot*",
    "one_shot/predictors.py": "one-shot*",
    "one_shot/rival_scores.py": "one-shot*",
    "one_shot/selection.py": "one-shot*",
    "one_shot/theory_stage.py": "one-shot*",
}
