"""Networks of many widths trained at many learning rates, dampings and seeds: what is measured, and how.

One call trains all members of one width; a study joins the widths and judges:

    arm = Arm("sgd", maximal_update(SGD))
    setup = Setup(base=64, steps=100, record=(0, 100))
    found = sweep(digits_problem(dataset), arm, setup, width=256, rates=(0.5, 1, 2), seeds=range(16),
                  purpose=("mup_second_order", "transfer"), work=work, name="sgd-mup-n256")
    table = joined([found, ...])            # (width, lr, damping, seed, step, layer)

Weights are keyed by the purpose, the width and the seed, and copied over rates and dampings; the minibatches
are the same for all members. So a width or a rate that is added changes no other number.
`rate_lists`, `sizes` and `cost` are for settings and plans and import no Torch.
"""
