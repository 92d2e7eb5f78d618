"""Refuse what would not fit in memory, before anything of it is allocated."""

from widthscope.errors import PosteriorError
from widthscope.spectra.dense_memory import available_bytes


def refuse_too_large(what: str, needed: int, remedy: str) -> None:
    """Do nothing if `needed` bytes are available to this process.

    Raises:
        PosteriorError: if they are not; it says how many GB it would take, and `remedy`, what to change.
    """
    available = available_bytes()
    if needed > available:
        raise PosteriorError(
            f"{what} would take {needed / 1e9:.3g} GB of memory and {available / 1e9:.3g} GB are available: "
            f"{remedy}"
        )
