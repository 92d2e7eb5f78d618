"""Training many members (seed, learning rate, penalty, ...) of one width at once.

Every tensor has a leading member dimension, and members never mix: a member's result is the same to the last
bit whoever shares its batch (`independence` says what that takes of a loss). What is trained is in
`widthscope.models`; a study picks the parts and hands them to the one loop:

    members = Members.grid(seed=range(20), rate=(1e-3, 3e-3))
    parameters = stacked([initial(generator) for generator in members.generators("weights")])
    step = GradientStep(loss, Adam(members.tensor("rate")), warmup_cosine(50, 1000))
    data = Minibatches(examples, epochs(members.generators("data"), len(examples["x"]), 32, 1000))
    history = train(members, parameters, step, data, 1000, [parameters_at((0, 1000), dims)], work).history

Another `step` (second order, local rules, several passes) is any object with `start` and `__call__` as
`gradient_step.Step` has them. Divergence, records, resuming and progress stay with the loop.
"""
