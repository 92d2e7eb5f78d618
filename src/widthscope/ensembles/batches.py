"""What each member sees at each step: a pure function of the member's stream and the step.

The order of stored examples is drawn up front; fresh data are keyed by names. So a run that is resumed at any
step sees what it would have seen, and no state of a generator needs to be kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from widthscope.ensembles.members import Members
from widthscope.streams import Name, torch_generator


def epochs(generators: Sequence[torch.Generator], examples: int, batch: int, steps: int) -> Tensor:
    """Order of examples, (member, step, batch): each epoch a new permutation less its incomplete last batch.

    More steps only extend the order.

    Raises:
        ValueError: if a batch has more examples than there are.
    """
    whole = examples // batch
    if whole < 1:
        raise ValueError(f"a batch of {batch} needs as many examples, and there are {examples}")
    count = -(-steps // whole)

    def order(generator: torch.Generator) -> Tensor:
        drawn = [torch.randperm(examples, generator=generator)[: whole * batch] for _ in range(count)]
        return torch.cat(drawn).reshape(-1, batch)[:steps].int()

    return torch.stack([order(generator) for generator in generators])


def choices(generators: Sequence[torch.Generator], examples: int, batch: int, steps: int) -> Tensor:
    """Examples, or where a window starts, drawn with replacement, (member, step, batch).

    More steps only extend the order.
    """
    shape = (steps, batch)
    return torch.stack([torch.randint(examples, shape, generator=g, dtype=torch.int32) for g in generators])


@dataclass(frozen=True)
class Minibatches:
    """Batches of stored examples.

    Attributes:
        examples: arrays by name, (example, ...), on the device.
        order: which examples, (member, step, batch), as from `epochs` or `choices`.
    """

    examples: Mapping[str, Tensor]
    order: Tensor

    def __call__(self, step: int) -> dict[str, Tensor]:
        """Each array's examples of this step, (member, batch, ...)."""
        first = next(iter(self.examples.values()))
        chosen = self.order[:, step].to(device=first.device, dtype=torch.int64)
        return {name: values[chosen] for name, values in self.examples.items()}


@dataclass(frozen=True)
class OwnMinibatches:
    """Batches of stored examples, of which there is a set for each seed, say; several members may share one.

    Attributes:
        examples: arrays by name, (set, example, ...), on the device.
        order: which examples, (order, step, batch), as from `epochs` or `choices`; None for all at once.
        sets: each member's set, (member,); None where there are as many sets as members.
        orders: each member's order, (member,); None where there are as many orders as members.
    """

    examples: Mapping[str, Tensor]
    order: Tensor | None = None
    sets: Tensor | None = None
    orders: Tensor | None = None

    def __call__(self, step: int) -> dict[str, Tensor]:
        """Each array's examples of this step, (member, batch, ...)."""
        device = next(iter(self.examples.values())).device
        sets = None if self.sets is None else self.sets.to(device)
        if self.order is None:
            return {name: values if sets is None else values[sets] for name, values in self.examples.items()}
        chosen = self.order[:, step].to(device=device, dtype=torch.int64)
        if self.orders is not None:
            chosen = chosen[self.orders.to(device)]
        rows = torch.arange(len(chosen), device=device) if sets is None else sets
        return {name: values[rows[:, None], chosen] for name, values in self.examples.items()}


@dataclass(frozen=True)
class Windows:
    """Windows of one long sequence, to predict each character from those before it.

    Attributes:
        text: symbols by index, (position,), on the device.
        order: first positions of windows, (member, step, batch), below ``positions(len(text), length)``.
        length: characters of a window that are read; as many, one later, are to be predicted.
    """

    text: Tensor
    order: Tensor
    length: int

    @staticmethod
    def positions(characters: int, length: int) -> int:
        """How many windows a text has.

        Raises:
            ValueError: if there is none.
        """
        if characters <= length:
            raise ValueError(f"a window of {length} and its target need more than {characters} characters")
        return characters - length

    def __call__(self, step: int) -> dict[str, Tensor]:
        """``tokens`` and ``targets`` of this step, (member, batch, length) each."""
        starts = self.order[:, step].to(device=self.text.device, dtype=torch.int64)
        window = self.text[starts[..., None] + torch.arange(self.length + 1, device=self.text.device)].long()
        return {"tokens": window[..., :-1], "targets": window[..., 1:]}


@dataclass
class Fresh:
    """New data at each step, drawn for each member from a stream of its own.

    Streams are keyed by the purpose, the member's values of `by`, and the block of steps. Members with one
    key see the same data, drawn once. Asking for the steps in order draws each once; for any other step, its
    block is drawn again up to it.

    Attributes:
        draw: one member's batch from a generator: tensors by name, without a member dimension.
        members: whom to draw for.
        purpose: names of the stream.
        by: factors that key the stream.
        device: where the batch goes.
        block: steps that share a generator; another value gives other data.
    """

    draw: Callable[[torch.Generator], Mapping[str, Tensor]]
    members: Members
    purpose: tuple[Name, ...]
    by: tuple[str, ...] = ("seed",)
    device: torch.device | str = "cpu"
    block: int = 64
    _next: int = field(default=-1, init=False, repr=False)
    _generators: list[torch.Generator] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        keys = self.members.keys(*self.purpose, by=self.by)
        self._keys = list(dict.fromkeys(keys))
        self._places = torch.tensor([self._keys.index(key) for key in keys], device=self.device)

    def __call__(self, step: int) -> dict[str, Tensor]:
        """This step's batch, each tensor (member, ...)."""
        if step != self._next or step % self.block == 0:
            block = step // self.block
            self._generators = [torch_generator(*key, block) for key in self._keys]
            for _ in range(step % self.block):
                self._draw()
        drawn = self._draw()
        self._next = step + 1
        stacks = {name: torch.stack([batch[name] for batch in drawn]).to(self.device) for name in drawn[0]}
        if len(self._keys) == len(self.members):
            return stacks
        return {name: values[self._places] for name, values in stacks.items()}

    def _draw(self) -> list[Mapping[str, Tensor]]:
        return [self.draw(generator) for generator in self._generators]
