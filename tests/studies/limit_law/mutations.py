"""What an edit of each module of limit_law makes stale (see `tests/workflow/test_mutations.py`)."""

# Read when the plan is made: they change what runs only by changing a shard's settings.
PLANNING = """
convergence/plan.py convergence/settings.py extensions/plan.py extensions/settings.py heads/plan.py
heads/settings.py mixture/plan.py mixture/settings.py packing.py plan.py scores/plan.py
scores/settings.py settings.py tokens/plan.py tokens/settings.py
"""
FITTING = """
convergence/fit.py convergence/one_dimension_fit.py convergence/rate_fit.py extensions/fit.py
extensions/fit_depth.py extensions/fit_layernorm.py extensions/fit_sequence.py extensions/fit_weights.py
fit.py heads/fit.py heads/fit_low_rank.py heads/fit_many_heads.py heads/theory.py measurements.py
mixture/coordinate_curves.py mixture/coordinate_estimates.py mixture/fit.py mixture/fit_coordinates.py
mixture/fit_kurtosis.py mixture/theory.py orthonormal.py scores/covariance_fit.py scores/fit.py
scores/gaussian_fit.py scores/sampler_fit.py scores/scaling_fit.py tokens/fit.py tokens/fit_images.py
tokens/fit_relu.py
"""
JUDGING = """
about.py claims.py convergence/claims.py extensions/claims.py heads/claims.py mixture/claims.py
scores/claims.py tokens/claims.py
"""
DRAWING = """
convergence/figures.py extensions/figures.py figures.py heads/figures.py mixture/figures.py
scores/figures.py series.py tokens/figures.py
"""
# Experiments, and what they share: the shards that they change, as patterns.
SWEEPING = {
    "batch_means.py": "mixture-* heads-* extensions-* tokens-digits",
    "cells.py": "tokens-* extensions-stack",
    "convergence/experiment.py": "convergence-*-h2",
    "convergence/likelihood_ratio.py": "convergence-likelihood-ratio",
    "convergence/one_dimension.py": "convergence-one-dimension",
    "convergence/paper_kl.py": "convergence-paper-kl",
    "coupling.py": "convergence-*-h2 convergence-one-dimension heads-low-rank",
    "extensions/causal.py": "extensions-sequence",
    "extensions/depth.py": "extensions-stack",
    "extensions/layernorm.py": "extensions-stack",
    "extensions/length.py": "extensions-sequence",
    "extensions/sequence.py": "extensions-sequence",
    "extensions/stack.py": "extensions-stack",
    "extensions/theory.py": "extensions-stack",
    "extensions/universality.py": "extensions-weights",
    "extensions/weights.py": "extensions-weights",
    "extensions/witness.py": "extensions-stack",
    "frequencies.py": "convergence-*-h2 scores-sampler heads-low-rank",
    "heads/low_rank.py": "heads-low-rank",
    "heads/many_heads.py": "heads-count heads-order-of-limits",
    "mixture/coordinates.py": "mixture-coordinates",
    "mixture/kurtosis.py": "mixture-kurtosis",
    "parts.py": "extensions-* tokens-*",
    "scores/generic_tokens.py": "scores-sampler scores-law",
    "scores/sampler.py": "scores-sampler",
    "scores/score_law.py": "scores-law",
    "scores/wrong_scaling.py": "scores-scaling",
    "tokens/data_gram.py": "tokens-digits",
    "tokens/digits.py": "tokens-digits",
    "tokens/image_tokens.py": "tokens-digits",
    "tokens/joint_gram.py": "tokens-digits",
    "tokens/relu.py": "tokens-relu",
    "tokens/relu_gram.py": "tokens-relu",
}
