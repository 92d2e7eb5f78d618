"""The arms of the family by name: those of the library, and penalised ones with either sign of the tie."""

from collections.abc import Mapping
from types import MappingProxyType

from widthscope.mixers.designs import ARMS as LIBRARY
from widthscope.mixers.designs import Arm

PENALISED = ("asym", "anti")
"""Backward matrices are the transposes, or minus these, with a matrix added that is penalised."""

ARMS: Mapping[str, Arm] = MappingProxyType(
    {
        **{name: LIBRARY[name] for name in ("sym", "para", "parasym", "sym2", "asym")},
        "anti": Arm(backward="added", sign=-1),
    }
)
