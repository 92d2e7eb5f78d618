"""The arms of the family's experiments: what each network differs in, beside its shape. No Torch here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Arm = Mapping[str, Any]
"""Fields of `networks.Network`."""


def _arm(**fields: Any) -> Arm:
    return MappingProxyType(fields)


MIXER, PERMUTED, SPARSE = ({"kind": kind} for kind in ("mixer", "random-permuted", "sparse"))
STANDARD, ISOLATED, SPARSE_ENDS = ({"design": name} for name in ("standard", "isolated", "sparse-ends"))

ARMS: Mapping[str, Mapping[str, Arm]] = MappingProxyType(
    {
        "sparse": {
            "sparse": _arm(**SPARSE, **ISOLATED, skip=False),
            "sparse-frozen": _arm(**SPARSE, **ISOLATED, skip=False, frozen=True),
            "unmixed": _arm(**SPARSE, **ISOLATED, blocks=0),
            "one-layer": _arm(**SPARSE, **SPARSE_ENDS, blocks=0),
        },
        "standard": {
            "mixer": _arm(**MIXER, **STANDARD),
            "permuted": _arm(**PERMUTED, **STANDARD),
            "mixer-frozen": _arm(**MIXER, **STANDARD, frozen=True),
            "permuted-frozen": _arm(**PERMUTED, **STANDARD, frozen=True),
            "unmixed": _arm(**MIXER, **STANDARD, blocks=0),
            "mixer-isolated": _arm(**MIXER, **ISOLATED),
        },
        "isolated": {
            "mixer": _arm(**MIXER, **ISOLATED),
            "permuted": _arm(**PERMUTED, **ISOLATED),
            "mixer-frozen": _arm(**MIXER, **ISOLATED, frozen=True),
            "permuted-frozen": _arm(**PERMUTED, **ISOLATED, frozen=True),
            "unmixed": _arm(**MIXER, **ISOLATED, blocks=0),
            "permuted-sparse-ends": _arm(**PERMUTED, **SPARSE_ENDS),
        },
        "parameters": {
            "mixer": _arm(**MIXER, **ISOLATED, skip=False),
            "permuted": _arm(**PERMUTED, **ISOLATED, skip=False),
            "mixer-frozen": _arm(**MIXER, **ISOLATED, skip=False, frozen=True),
            "permuted-frozen": _arm(**PERMUTED, **ISOLATED, skip=False, frozen=True),
            "unmixed": _arm(**MIXER, **ISOLATED, blocks=0),
        },
    }
)
"""Arms of each experiment, by name."""

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "sparse": "sparse network",
        "sparse-frozen": "sparse network, mixing frozen",
        "one-layer": "sparse stem and head alone",
        "mixer": "mixer",
        "permuted": "random-permuted mixer",
        "mixer-frozen": "mixer, mixing frozen",
        "permuted-frozen": "random-permuted mixer, mixing frozen",
        "unmixed": "no mixing layers",
        "permuted-sparse-ends": "random-permuted mixer with sparse stem and head",
        "mixer-isolated": "mixer, isolated design",
    }
)
"""How arms are called in tables and figures."""
