"""Every rule, and random members of it with nothing left at its neutral value."""

import torch

from widthscope.ensembles.parameters import stacked
from widthscope.models.recurrence.initial import initial
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import prepared_state

ITRSA = [
    Rule(norm=norm, place=place, weights=weights)
    for norm in ("none", "unit", "rms", "ln")
    for place in ("post", "pre")
    for weights in ("free", "symmetric")
]
AKORN = [
    Rule("akorn", weights=weights, oscillator=size) for size in (2, 4, 8) for weights in ("free", "symmetric")
]
RULES = ITRSA + AKORN


def name_of(rule):
    parts = [rule.model, rule.weights]
    return "-".join(
        [*parts, str(rule.oscillator)] if rule.model == "akorn" else [*parts, rule.norm, rule.place]
    )


def parameters_of(rule, member=2, width=8, heads=2, dtype=torch.float64, seed=0, **options):
    """Members whose gains, biases, steps and frequencies are random too."""
    drawn = []
    for place in range(member):
        generator = torch.Generator().manual_seed(100 * seed + place)
        options = {"score_gain": 2.0, "projection_biases": True, **options}
        own = initial(rule, generator, width, heads, **options)
        for name, values in own.items():
            noise = torch.randn(values.shape, generator=generator, dtype=torch.float64)
            if name.endswith("bias"):
                own[name] = 0.5 * noise
            elif name in ("gain", "step", "frequency"):
                own[name] = values * (1 + 0.2 * noise)
        drawn.append(own)
    return stacked(drawn, dtype=dtype)


def states_of(rule, member=2, batch=3, count=5, width=8, dtype=torch.float64, seed=0):
    """A state where the rule's states live, slightly off the gain, and a drive."""
    generator = torch.Generator().manual_seed(seed + 7)
    state, drive = torch.randn(2, member, batch, count, width, generator=generator, dtype=torch.float64)
    return prepared_state(rule, state).to(dtype), (0.7 * drive).to(dtype)
