"""A small training that the tests share: a two-layer network with one output, on stored examples."""

import torch

from widthscope.ensembles.batches import Minibatches, epochs
from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.recording import Recording, even_steps, parameters_at
from widthscope.ensembles.training import train
from widthscope.models.activations import ACTIVATIONS

STEPS = 25


def network(width, activation="tanh"):
    """Initial draw and loss of a network with `width` hidden units and one output."""

    def initial(generator):
        def normal(*shape):
            return torch.randn(shape, generator=generator, dtype=torch.float64) / shape[-1] ** 0.5

        return {"first": normal(width, 3), "bias": normal(width), "last": normal(1, width)}

    def loss(p, batch):
        hidden = ACTIVATIONS[activation](batch["x"] @ p["first"].mT + p["bias"][:, None])
        return (hidden @ p["last"].mT - batch["y"]).square().mean((1, 2))

    return initial, loss


def trained(
    members, dtype=torch.float32, width=5, activation="tanh", steps=STEPS, rate=None, step=None, **options
):
    """Train `members` with Adam at 0.01, or at their factor `rate`."""
    initial, loss = network(width, activation)
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    examples = {"x": x.to(dtype), "y": (x[:, :1] * x[:, 1:2]).to(dtype)}
    parameters = stacked([initial(g) for g in members.generators("weights")], dtype=dtype)
    recordings = [
        parameters_at(even_steps(steps, 5), {"first": ("unit", "input")}),
        Recording(
            lambda p: {"norm": torch.linalg.vector_norm(p["first"], dim=(1, 2))},
            {"norm": ()},
            (0, 1, steps),
            along="measured",
        ),
    ]
    rates = 0.01 if rate is None else members.tensor(rate, dtype=dtype)
    return train(
        members,
        parameters,
        step or GradientStep(loss, Adam(rates)),
        Minibatches(examples, epochs(members.generators("data"), 40, 8, steps)),
        steps,
        recordings,
        **options,
    )


SEEDS = Members.grid(seed=range(17))
