"""Trainings on orthogonal patterns, as tables over (seed, epoch, pattern)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import xarray as xr

from widthscope.ensembles.members import DIM, Members
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import Recording, even_steps
from widthscope.ensembles.training import Trained, train
from widthscope.streams import Name
from widthscope.studies.attnbm.memorisation.pattern_coordinates import (
    EpochOfDescent,
    PatternOrder,
    at_patterns,
    likelihoods,
    small,
)
from widthscope.work import Work

Change = Callable[[Parameters], Parameters]


@dataclass(frozen=True)
class Descent:
    """Sizes of a training; the patterns' squared norm is the number of pixels.

    Attributes:
        pixels: N.
        patterns: P.
        hidden: H.
        rate: learning rate of every update.
        batch: patterns in a minibatch.
        epochs: passes over the patterns.
        train_bias: whether c is trained.
        from_patterns: whether the first P hidden units start at the patterns.
    """

    pixels: int
    patterns: int
    hidden: int
    rate: float
    batch: int
    epochs: int
    train_bias: bool = False
    from_patterns: bool = False

    def start(self, members: Members, purpose: Sequence[Name], work: Work) -> Parameters:
        """Initial parameters of every member, from the stream of its seed."""
        drawn = [
            small(generator, self.hidden, self.pixels, self.patterns)
            for generator in members.generators(*purpose, "initial", self.pixels, self.hidden)
        ]
        if self.from_patterns:
            drawn = [at_patterns(each, self.pixels) for each in drawn]
        return stacked(drawn, device=work.device)

    def run(
        self,
        members: Members,
        parameters: Parameters,
        purpose: Sequence[Name],
        work: Work,
        name: str,
        recorded: int,
    ) -> Trained:
        """Train from these parameters; NLLs and owners are recorded about `recorded` times."""
        generators = members.generators(*purpose, "order", self.pixels, self.hidden)
        return train(
            members,
            parameters,
            EpochOfDescent(float(self.pixels), self.rate, self.train_bias),
            PatternOrder.drawn(generators, self.patterns, self.batch, self.epochs),
            self.epochs,
            [self.recording(recorded)],
            work=work,
            name=name,
        )

    def recording(self, recorded: int) -> Recording:
        """NLL of every pattern, and its owner."""
        return Recording(
            lambda parameters: likelihoods(parameters, self.pixels),
            {"nll": ("pattern",), "owner": ("pattern",)},
            even_steps(self.epochs, recorded),
            along="epoch",
        )

    def table(self, trained: Trained) -> xr.Dataset:
        """What was recorded, (seed, epoch, pattern), with the sizes as attributes."""
        history = trained.history.swap_dims({DIM: "seed"}).rename(update="passed")
        numbers = {name: getattr(self, name) for name in ("pixels", "patterns", "hidden", "batch", "epochs")}
        return history.drop_vars("diverged_at").assign_attrs(numbers | {"rate": self.rate})


def descend(
    sizes: Descent, seeds: Sequence[int], purpose: Sequence[Name], work: Work, name: str, recorded: int = 16
) -> xr.Dataset:
    """One training for each seed, from small random weights unless the sizes say otherwise.

    Returns:
        ``nll`` of each pattern and its ``owner`` (seed, epoch, pattern), and ``loss`` (seed, passed), the
        mean of each epoch's minibatches; all in nats without (N/2) log 2 pi.
    """
    members = Members.grid(seed=seeds)
    trained = sizes.run(members, sizes.start(members, purpose, work), purpose, work, name, recorded)
    return sizes.table(trained)


def descend_and_settle(
    sizes: Descent, settled: int, seeds: Sequence[int], purpose: Sequence[Name], work: Work, name: str
) -> tuple[xr.Dataset, xr.Dataset]:
    """Minibatches first, then descent on all patterns at once, as far in each update as in an epoch before.

    Minibatches leave fluctuations above the plateau, which the second training is without.

    Returns:
        Tables of both trainings, as of `descend`.
    """
    members = Members.grid(seed=seeds)
    first = sizes.run(members, sizes.start(members, purpose, work), purpose, work, f"{name}-minibatches", 16)
    whole = Descent(
        sizes.pixels,
        sizes.patterns,
        sizes.hidden,
        sizes.rate * sizes.patterns / sizes.batch,
        sizes.patterns,
        settled,
    )
    second = whole.run(members, first.parameters, (*purpose, "settled"), work, f"{name}-settled", 16)
    return sizes.table(first), whole.table(second)
