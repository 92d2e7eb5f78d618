"""Local learning rules as steps of the training loop: predictive coding and target propagation, batched.

Each layer of a multilayer perceptron (`widthscope.models.mlp`) learns from a loss of its own, whose target
comes from an inference phase (predictive coding) or from learned feedback maps (target propagation). Besides
the steps there are the rules' gradients and equilibria as pure functions of weights and one batch.
"""
