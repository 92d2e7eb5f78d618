"""Which models there are and at which iterations they are read; light, so that fits need no Torch."""

MODELS = ("rms", "unit", "none", "sym", "akorn")
"""Models that are trained without penalty; see `networks.arms`."""

NORMALISED = ("rms", "unit", "akorn")
"""Those with a normalisation and free weights."""

RESCALED = ("rms", "unit", "none", "sym")
"""Models whose scales are changed after training, as in arXiv:2505.19458, figure 3."""

LEARNED = ("rms", "unit", "sym")
"""Those of them that learn at a laptop's sizes; the model without norm stayed near chance in trials."""


def iterations_of(trained: int, longest: int) -> tuple[int, ...]:
    """Numbers of iterations: about powers of two and 3/2 of them, up to `longest` times those trained.

    All have the parity of those trained with: AKOrN ends on orbits of period two, and answers on one of the
    two states only (theory notes, trap 6).
    """
    last, power, found = trained * longest, 1, {trained}
    while power <= last:
        found |= {power, 3 * power // 2}
        power *= 2
    shifted = {count + (count - trained) % 2 for count in (*found, last)}
    return tuple(sorted(count for count in shifted if 1 <= count <= last))
