"""Minibatches of members whose seeds have examples of their own."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SeedBatches:
    """Batches of stored examples; members of one seed see the same ones in the same order.

    Attributes:
        examples: of each seed, (seed, example, visible), on the device.
        order: which examples, (seed, step, batch), as from `ensembles.batches.epochs`.
        places: each member's place among the seeds, (member,).
        scales: what each member's examples are multiplied by, (member,); None for 1.
    """

    examples: Tensor
    order: Tensor
    places: Tensor
    scales: Tensor | None = None

    def __call__(self, step: int) -> dict[str, Tensor]:
        """``visible`` of this step, (member, batch, visible)."""
        device = self.examples.device
        chosen = self.order[:, step].to(device=device, dtype=torch.int64)
        batch = self.examples[torch.arange(len(chosen), device=device)[:, None], chosen]
        visible = batch[self.places.to(device)]
        return {"visible": visible if self.scales is None else visible * self.scales[:, None, None]}
