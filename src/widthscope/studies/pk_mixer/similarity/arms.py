"""The family's networks, all of the standard design without skips, and the pairs that are compared."""

from widthscope.studies.pk_mixer.networks import Network

PURPOSE = ("pk_mixer", "similarity")

ANOTHER = "another "
"""Before an arm's name: a second network of that arm, trained on the same images from weights of its own."""

DRAWN_TWICE = ("mixer", "narrow", "dense", "sparser")
"""Arms with a second network, of which controls are made."""

WEIGHED = ("mixer", "sparse", "dense", "narrow", f"{ANOTHER}dense")
"""Networks whose mixing weights are kept for their spectra."""

SHUFFLED = "shuffled "
"""Before an arm's name: its features in another order of the examples."""

PAIRS = (
    *(("mixer", other) for other in ("sparser", "sparse", "denser", "dense", "narrow", "permuted")),
    *(("permuted", other) for other in ("sparse", "dense")),
    *((f"{ANOTHER}{end}", other) for end in ("narrow", "dense", "sparser") for other in ("sparse", end)),
    *((f"{ANOTHER}mixer", other) for other in ("permuted", "mixer")),
    ("mixer", f"{SHUFFLED}sparse"),
)
"""Arms whose features are compared, layer by layer."""


def node_name(arm: str) -> str:
    """Where an arm's weights are stored: names in a store have no blanks."""
    return arm.replace(" ", "-")


def arms(side: int, factor: int, blocks: int, inputs: int) -> dict[str, Network]:
    """Networks by the names of their arms.

    ``mixer`` and ``permuted`` have side x side tables. Of the same width side^2 are ``sparse``, of the same
    number of connections, ``denser`` and ``sparser`` by the factor, and ``dense``. ``narrow`` is dense, with
    the connections of the mixer and the width side^(3/2), rounded. Arms of `DRAWN_TWICE` come a second time.
    """
    width, connections = side**2, side**3
    narrow = round(side**1.5)

    def network(kind: str, tokens: int, channels: int, ones: int = 0) -> Network:
        return Network(
            kind,  # type: ignore[arg-type]
            "standard",
            tokens,
            channels,
            connections=ones,
            blocks=blocks,
            skip=False,
            inputs=inputs,
        )

    found = {
        "mixer": network("mixer", side, side),
        "permuted": network("random-permuted", side, side),
        "sparser": network("sparse", side, side, connections // factor),
        "sparse": network("sparse", side, side, connections),
        "denser": network("sparse", side, side, connections * factor),
        "dense": network("sparse", side, side, width**2),
        "narrow": network("sparse", narrow, 1, narrow**2),
    }
    return found | {f"{ANOTHER}{arm}": found[arm] for arm in DRAWN_TWICE}
