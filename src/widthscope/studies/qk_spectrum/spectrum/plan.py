"""Shards of the family `spectrum`."""

from widthscope.studies.base import SHARD_SECONDS, Cost, Shard
from widthscope.studies.qk_spectrum.spectrum.settings import Fast, HaarNull, Laws, Spectrum

STARTUP = 3.0


def shards(settings: Spectrum, seed: int) -> list[Shard]:
    """Exact identities (small products, Haar null), and the laws at initialisation: one job, or one per
    aspect."""
    identities = {
        "fast": {**settings.fast.model_dump(mode="json"), "seed": seed},
        "haar": {**settings.haar.model_dump(mode="json"), "seed": seed},
    }
    seconds = STARTUP + _fast(settings.fast) + _haar(settings.haar)
    dense = round(600 + 60e-6 * settings.fast.width**2)
    found = [Shard("spectrum-identities", "spectrum.identities", identities, Cost(seconds, dense))]
    aspects = settings.laws.aspects
    whole = sum(_laws(settings.laws, aspect) for aspect in aspects)
    groups = {"spectrum-laws": aspects}
    if whole > SHARD_SECONDS:
        groups = {f"spectrum-laws-a{aspect}": (aspect,) for aspect in aspects}
    for name, chosen in groups.items():
        own = {**settings.laws.model_dump(mode="json"), "aspects": list(chosen), "seed": seed}
        cost = Cost(STARTUP + sum(_laws(settings.laws, aspect) for aspect in chosen), 700)
        found.append(Shard(name, "spectrum.laws", own, cost))
    return found


def _fast(settings: Fast) -> float:
    """Dense eigenvalues and singular values cost most, about 6 ns d^3 a head; then matching them."""
    return 2 * settings.heads * (6e-9 * settings.width**3 + 1e-6 * settings.width**2)


def _haar(settings: HaarNull) -> float:
    return settings.rotations * (1.5e-9 * settings.width**3 + 20e-9 * settings.width * settings.head_dim * 4)


def _laws(settings: Laws, aspect: int) -> float:
    """Draws, thin QR and eigenvalues of one aspect, over its head dimensions."""
    matrices = [settings.seeds * settings.values / n for n in settings.head_dims]
    each = [30e-9 * aspect * n**2 + (1.5e-9 * aspect + 12e-9) * n**3 + 6e-5 for n in settings.head_dims]
    return sum(count * seconds for count, seconds in zip(matrices, each, strict=True))
