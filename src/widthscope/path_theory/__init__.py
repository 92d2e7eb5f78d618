"""Order parameters of deep multi-head attention with frozen attention matrices; nothing is imported here.

The network (arXiv:2405.15926) has heads H_1..H_L, widths N_1..N_L entering its attention layers and N_a
entering the readout; its attention matrices are computed of the input tokens with frozen weights, and its
values are linear. An attention path pi = (h_1..h_L) takes one head of every layer, so that there are
D = H_1 ... H_L of them, and the output is a sum over paths. Everything here is float64.

Conventions. P examples, N0 input features. The flat index of a path has the layer-1 head slowest,
pi = h_1 (H_2...H_L) + ... + h_L. Lists over layers run from layer 1 to L: `matrices[0]` is U_1, "U", the
D x D order parameter that weighs pairs of paths in K(U) = (sigma_0^2 / D) sum U_{pi pi'} C_{pi pi'}.

Where to start: `network.Network`, `attention.attention_matrices`, `inputs.path_inputs`, `problem.problem`,
`minimise.minimise`, `prediction.predict`. The "theory notes" that docstrings cite are
docs/theory/attention_paths.md.
"""
