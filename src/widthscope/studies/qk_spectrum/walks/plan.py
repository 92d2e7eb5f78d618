"""Shards of the family `walks`."""

from widthscope.studies.base import Cost, Shard
from widthscope.studies.qk_spectrum.walks.settings import Moments, Profiles, Rho, Walks

STARTUP = 3.0
SECONDS_PER_COORDINATE = 20e-9
"""Time of one coordinate of a token of a walk, with all scores it enters."""
SECONDS_PER_LAST_TOKEN = 200e-9
"""Time of one last token with its seven conditional probabilities."""
CASES = 3.6
"""Spectra in the experiment `rho`, those of a fixed rank counted with their tenth of the draws."""


def shards(settings: Walks, seed: int) -> list[Shard]:
    """Two jobs: formulas (moments, rho over the width), and profiles over the sequence."""
    formulas = {
        "moments": {**settings.moments.model_dump(mode="json"), "seed": seed},
        "rho": {**settings.rho.model_dump(mode="json"), "seed": seed},
    }
    profiles = {**settings.profiles.model_dump(mode="json"), "seed": seed}
    seconds = _moments(settings.moments) + _rho(settings.rho)
    return [
        Shard("walks-formulas", "walks.formulas", formulas, Cost(STARTUP + seconds, 700)),
        Shard(
            "walks-profiles", "walks.profiles", profiles, Cost(STARTUP + _profiles(settings.profiles), 700)
        ),
    ]


def _moments(settings: Moments) -> float:
    return SECONDS_PER_COORDINATE * settings.walks * settings.tokens * settings.width


def _rho(settings: Rho) -> float:
    last_tokens = CASES * settings.draws * len(settings.widths) * settings.positions / 7
    coordinates = settings.witness_walks * settings.witness_width * settings.tokens
    return SECONDS_PER_LAST_TOKEN * last_tokens + SECONDS_PER_COORDINATE * coordinates


def _profiles(settings: Profiles) -> float:
    tokens = settings.walks * settings.grid + settings.softmax_walks * settings.softmax_tokens
    return SECONDS_PER_COORDINATE * tokens * settings.width
