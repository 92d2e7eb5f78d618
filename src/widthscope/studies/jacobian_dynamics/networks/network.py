"""A recurrent network: embedding, the recurrence, readout."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.models.recurrence.initial import initial
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import iterate, prepared_state
from widthscope.studies.jacobian_dynamics.networks.embedding import Embedding, Inputs
from widthscope.studies.jacobian_dynamics.networks.readout import Readout


@dataclass(frozen=True)
class Network:
    """The shape of a network; its parameters are (member, ...) by name.

    Attributes:
        rule: the recurrence.
        width: D.
        heads: H.
        embedding: from inputs to the drive and the first state.
        readout: from a state to logits.
    """

    rule: Rule
    width: int
    heads: int
    embedding: Embedding
    readout: Readout

    def initial(self, generator: torch.Generator) -> Parameters:
        """One member's parameters, float64: of embedding and readout, then of the recurrence.

        In this order, so that all rules of one seed share embedding and readout.
        """
        return {
            **self.embedding.initial(generator, self.width),
            **self.readout.initial(generator, self.width),
            **initial(self.rule, generator, self.width, self.heads),
        }

    def start(self, parameters: Parameters, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """The first state, on the rule's spheres, and the drive: (member, batch, token, width) each."""
        drive = self.embedding.drive(parameters, inputs)
        return prepared_state(self.rule, self.embedding.begin(inputs, drive)), drive

    def forward(self, parameters: Parameters, inputs: Inputs, steps: int) -> Tensor:
        """Logits after `steps` updates; shapes as from `Readout.logits`."""
        state, drive = self.start(parameters, inputs)
        return self.readout.logits(parameters, iterate(self.rule, parameters, state, drive, steps))

    def logits_over(
        self, parameters: Parameters, inputs: Inputs, iterations: Sequence[int]
    ) -> Iterator[tuple[int, Tensor]]:
        """Logits after each number of updates, of one trajectory.

        Args:
            iterations: rising numbers of updates.

        Raises:
            ValueError: if they do not rise.
        """
        if list(iterations) != sorted(set(iterations)):
            raise ValueError(f"numbers of iterations must rise, and {tuple(iterations)} do not")
        state, drive = self.start(parameters, inputs)
        done = 0
        for count in iterations:
            state = iterate(self.rule, parameters, state, drive, count - done)
            done = count
            yield count, self.readout.logits(parameters, state)
