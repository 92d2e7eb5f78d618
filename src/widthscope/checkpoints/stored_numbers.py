"""Numbers as checkpoints store them, and their exact values in float64.

Every format here is a subset of float64, so nothing is rounded; a format that is not a floating-point number
by itself (an integer of a quantised model, whose scale is elsewhere) has no value to give.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Numbers = NDArray[Any]
"""Numbers in a type of numpy's own, which becomes float64 where it is put."""


def _from_bfloat16(stored: NDArray[Any]) -> Numbers:
    """Bfloat16 is the upper half of float32."""
    wide = stored.astype(np.uint32)
    wide <<= 16
    return wide.view(np.float32)


def _from_e5m2(stored: NDArray[Any]) -> Numbers:
    """The 8-bit float with 5 exponent bits is the upper half of float16."""
    return (stored.astype(np.uint16) << 8).view(np.float16)


def _e4m3_values() -> Float64:
    """Value of each of the 256 bytes: sign, 4 exponent bits of bias 7, 3 mantissa bits, no infinity."""
    byte = np.arange(256)
    exponent, mantissa = byte >> 3 & 15, byte & 7
    magnitude = np.where(exponent == 0, mantissa * 2.0**-9, (8 + mantissa) * 2.0 ** (exponent - 10.0))
    magnitude[byte & 127 == 127] = np.nan
    return np.asarray(np.where(byte < 128, magnitude, -magnitude))


_E4M3 = _e4m3_values()

FORMATS: dict[str, tuple[Any, Callable[[NDArray[Any]], Numbers]]] = {
    "float64": (np.dtype("<f8"), lambda stored: stored),
    "float32": (np.dtype("<f4"), lambda stored: stored),
    "float16": (np.dtype("<f2"), lambda stored: stored),
    "bfloat16": (np.dtype("<u2"), _from_bfloat16),
    "float8_e4m3fn": (np.dtype("u1"), lambda stored: _E4M3[stored]),
    "float8_e5m2": (np.dtype("u1"), _from_e5m2),
}
"""For each format the numpy type of its raw bytes, and what turns those into numbers."""

SAFETENSORS_NAMES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}
"""What safetensors calls them."""
