"""Training of the networks: minibatches of stored episodes, and accuracies of what was trained."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.batches import epochs
from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.independence import one_thread
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.training import Trained, train
from widthscope.studies.attention_paths.one_shot import network
from widthscope.studies.attention_paths.one_shot.episodes import STUDY, Drawn, Episodes, tokens
from widthscope.work import Work

AT_ONCE = 4
"""Members whose gradients are taken at once: what they leave between operations stays in the cache."""

EVALUATED_AT_ONCE = 500
"""Episodes."""


@dataclass(frozen=True)
class Shape:
    """Of the networks: layers L, heads H of each, dimension G of a head, width N, width N_0 of a token."""

    layers: int
    heads: int
    key_dim: int
    width: int
    features: int


@dataclass(frozen=True)
class Batches:
    """Each network's minibatches of its own episodes.

    Attributes:
        patches: of all images, (row, place, pixel).
        rows, first, labels: as in `episodes.Drawn`, with the network first.
        order: which episodes, (net, step, batch).
    """

    patches: Tensor
    rows: Tensor
    first: Tensor
    labels: Tensor
    order: Tensor

    def __call__(self, step: int) -> dict[str, Tensor]:
        """``tokens`` (net, batch, token, feature) and ``labels`` (net, batch) of this step."""
        chosen = self.order[:, step].long()
        of_net = torch.arange(len(chosen), device=chosen.device)[:, None]
        rows, first = self.rows[of_net, chosen], self.first[of_net, chosen]
        return {"tokens": tokens(self.patches, rows, first), "labels": self.labels[of_net, chosen]}


def trained(
    members: Members,
    drawn: Sequence[Drawn],
    patches: Tensor,
    shape: Shape,
    seed: int,
    batch: int,
    steps: int,
    learning_rate: float,
    work: Work,
) -> Trained:
    """Networks after training by Adam.

    Args:
        members: with the factor ``net``, which keys all random numbers.
        drawn: each network's training episodes.
        patches: of all images.
        shape: of the networks.
        seed: of the run.
        batch: episodes in one update.
        steps: updates.
        learning_rate: Adam's, of every tensor: weights are in the theory's normalisation.
        work: what the job gives; training is resumed from its `unfinished` folder.
    """

    def generators(purpose: str) -> list[torch.Generator]:
        return members.generators(STUDY, f"one_shot.{purpose}", seed, by=("net",))

    sizes = (shape.layers, shape.heads, shape.key_dim, shape.width, shape.features)
    weights = stacked([network.initial(one, *sizes) for one in generators("weights")], work.device)
    order = epochs(generators("order"), len(drawn[0].labels), batch, steps)
    joined = {
        name: torch.stack([getattr(one, name) for one in drawn]) for name in ("rows", "first", "labels")
    }
    kept = {name: values.to(work.device) for name, values in {**joined, "order": order}.items()}
    step = GradientStep(network.losses, Adam(learning_rate), at_once=AT_ONCE)
    batches = Batches(patches.to(work.device), **kept)
    return train(members, weights, step, batches, steps, work=work, name="networks")


def accuracy(parameters: Parameters, episodes: Iterable[Episodes]) -> Tensor:
    """Share of episodes (member,) that each member decides rightly; `episodes` has each member's own."""
    device = parameters["readout"].device
    shares = []
    with torch.no_grad(), one_thread():
        for place, own in enumerate(episodes):
            alone = {name: values[place : place + 1] for name, values in parameters.items()}
            right = [
                network.outputs(alone, part[None].to(device))[0].cpu() * labels > 0
                for part, labels in zip(
                    torch.split(own.tokens, EVALUATED_AT_ONCE),
                    torch.split(own.labels, EVALUATED_AT_ONCE),
                    strict=True,
                )
            ]
            shares.append(torch.cat(right).double().mean())
    return torch.stack(shares)
