"""Shards of the family `memorisation`: one for each part, or one for all where they are short."""

from math import ceil
from typing import Any

from widthscope.studies.attnbm.memorisation.settings import DIGIT_PIXELS, Memorisation
from widthscope.studies.base import GPU_SPEEDUP, SHARD_SECONDS, Cost, Shard

ENTRY = "memorisation.experiment"
STARTUP = 3.5

TOGETHER_SECONDS = 8.0
"""Parts that take no longer than this in all share one job, whose start would cost as much."""

UPDATE_SECONDS = 2.5e-4
"""Of one update of all members, whatever its size, on one core."""

NUMBER_SECONDS = 2.3e-8
"""Of each of the member x hidden x batch numbers of an update in pattern coordinates, measured."""

WEIGHT_SECONDS = 3e-9
"""Of each weight in an update of all weights."""

START_MB = 420


COMPARED = ("copied", "from-patterns", "with-bias")
"""Trainings beside those at every number of hidden units."""

Parts = dict[str, dict[str, Any]]


def shards(settings: Memorisation, seed: int) -> list[Shard]:
    """A job for each part, or for each of its sizes where it is long; one for all where they are short."""
    every = [*_hidden_units(settings), *_plateaus(settings), _published(settings), _images(settings)]
    if sum(cost.seconds for _, _, cost in every) <= TOGETHER_SECONDS:
        return [_shard("memorisation", every, seed)]
    found = []
    for part in ("hidden_units", "plateaus", "published", "images"):
        pieces = [piece for piece in every if part in piece[1]]
        name = f"memorisation-{part.replace('_', '-')}"
        if sum(cost.seconds for _, _, cost in pieces) <= SHARD_SECONDS / 10:
            found.append(_shard(name, pieces, seed))
        else:
            found += [_shard(f"{name}-{piece[0]}" if piece[0] else name, [piece], seed) for piece in pieces]
    return found


Piece = tuple[str, Parts, Cost]
"""What one job could be: its name within the part, its settings, its cost."""


def _shard(name: str, pieces: list[Piece], seed: int) -> Shard:
    parts: Parts = {}
    for _, own, _ in pieces:
        for part, sizes in own.items():
            known = parts.setdefault(part, {**sizes, **{name: [] for name in LISTED if name in sizes}})
            for listed in LISTED:
                if listed in sizes:
                    known[listed] += sizes[listed]
    seconds = sum(cost.seconds for _, _, cost in pieces)
    memory = max(cost.memory_mb for _, _, cost in pieces)
    return Shard(
        name,
        ENTRY,
        {"seed": seed, "parts": parts},
        Cost(STARTUP + seconds, START_MB + memory),
        datasets=("digits",) if "images" in parts else (),
        gpu_speedup=GPU_SPEEDUP if seconds > SHARD_SECONDS else 1.0,
    )


LISTED = ("trained", "compared", "sizes")
"""Settings of pieces that a job of several pieces has all of."""


def _descent(seeds: int, hidden: int, patterns: int, batch: int, epochs: int) -> Cost:
    """Of one training in pattern coordinates."""
    updates = epochs * ceil(patterns / batch)
    seconds = updates * (UPDATE_SECONDS + seeds * hidden * batch * NUMBER_SECONDS)
    numbers = 6 * seeds * hidden * patterns + 3 * seeds * updates * batch
    return Cost(seconds, ceil(4 * numbers / 2**20))


def _hidden_units(settings: Memorisation) -> list[Piece]:
    own = settings.hidden_units
    sizes = own.model_dump(mode="json")

    def piece(name: str, seeds: int, hidden: int, trained: list[int], compared: list[str]) -> Piece:
        parts = {"hidden_units": {**sizes, "trained": trained, "compared": compared}}
        return name, parts, _descent(seeds, hidden, own.patterns, own.batch, own.epochs)

    found = [piece(f"h{hidden}", own.seeds, hidden, [hidden], []) for hidden in own.hidden]
    for name in COMPARED:
        copied = name == "copied"
        seeds = own.seeds * len(own.hidden) if copied else own.seeds
        found.append(piece(name, seeds, own.hidden[0] if copied else own.judged, [], [name]))
    return found


def _plateaus(settings: Memorisation) -> list[Piece]:
    own = settings.plateaus
    sizes, found = own.model_dump(mode="json"), []
    for pixels, hidden in own.sizes:
        costs = [
            _descent(own.seeds, hidden, own.patterns, batch, epochs)
            for batch, epochs in ((own.batch, own.epochs), (own.patterns, own.settled))
        ]
        whole = Cost(sum(cost.seconds for cost in costs), max(cost.memory_mb for cost in costs))
        parts = {"plateaus": {**sizes, "sizes": [[pixels, hidden]]}}
        found.append((f"n{pixels}-h{hidden}", parts, whole))
    return found


def _published(settings: Memorisation) -> Piece:
    own = settings.published
    epochs = own.epochs + max(8, own.epochs // 10)
    cost = _descent(own.seeds, own.hidden, own.patterns, own.batch, epochs)
    return "", {"published": own.model_dump(mode="json")}, cost


def _images(settings: Memorisation) -> Piece:
    own = settings.images
    updates = own.epochs * (own.patterns // own.batch)
    weights = own.seeds * own.hidden * DIGIT_PIXELS
    seconds = updates * (UPDATE_SECONDS + weights * WEIGHT_SECONDS)
    memory = ceil(4 * (8 * weights + 3 * own.seeds * updates * own.batch) / 2**20)
    return "", {"images": own.model_dump(mode="json")}, Cost(seconds, memory)
