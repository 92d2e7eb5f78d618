"""Random streams keyed by names, so that no run's numbers depend on another's.

A stream's key is what it is for, ("limit_law", "rate", seed, width), never its place in a loop or a counter.
Adding a width, a member or a shard, or using more cores, therefore leaves every other stream as it was.
"""

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

Name = str | int | float

# Torch serialises the state of its CPU generator as 5056 bytes; the 624 words of the Mersenne Twister, eight
# bytes each, begin at byte 24, after seed, counters and position (aten/src/ATen/CPUGeneratorImpl.cpp).
_TORCH_STATE_BYTES = 5056
_TORCH_KEY = slice(24, 24 + 8 * 624)


def _encoded(name: Name | np.generic) -> bytes:
    """One name as a typed, length-prefixed text, so that no two sequences of names share an encoding."""
    value = name.item() if isinstance(name, np.generic) else name
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"a stream is named by str, int and float, not {type(value).__name__} ({value!r})")
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("NaN cannot name a stream")
    # Adding zero makes -0.0 and 0.0, which are equal, one name.
    text = (value + 0.0).hex() if isinstance(value, float) else str(value)
    encoded = text.encode("utf-8")
    return f"{type(value).__name__}:{len(encoded)}:".encode() + encoded


def seed_sequence(*names: Name) -> np.random.SeedSequence:
    """The seed sequence of a stream.

    Order and type matter: ("a", 1), ("a1",), ("a", "1") and ("a", 1.0) are four streams. NumPy scalars count
    as the Python numbers they equal.

    Raises:
        TypeError: if a name is not str, int or float.
        ValueError: if there is no name, or one is NaN.
    """
    if not names:
        raise ValueError("a stream needs at least one name")
    digest = hashlib.sha256(b"".join(_encoded(name) for name in names)).digest()
    return np.random.SeedSequence(int.from_bytes(digest, "big"))


def numpy_generator(*names: Name) -> np.random.Generator:
    """A NumPy generator (PCG64) on the stream of these names; names and errors as in `seed_sequence`."""
    return np.random.Generator(np.random.PCG64(seed_sequence(*names)))


def torch_generator(*names: Name) -> "torch.Generator":
    """A Torch CPU generator (Mersenne Twister) on the stream of these names; errors as in `seed_sequence`.

    `torch.Generator.manual_seed` keeps 32 bits of its seed on the CPU, so that among 10,000 streams two would
    be equal with probability 0.01. The whole state is therefore set from the seed sequence, as NumPy's
    MT19937 does.
    """
    import torch  # here, since most of the workflow's processes need no Torch

    words = np.random.MT19937(seed_sequence(*names)).state["state"]["key"]
    generator = torch.Generator(device="cpu").manual_seed(0)
    state = generator.get_state().numpy()
    if state.nbytes != _TORCH_STATE_BYTES:
        raise RuntimeError(f"this Torch's generator has {state.nbytes} bytes, not {_TORCH_STATE_BYTES}")
    state[_TORCH_KEY] = words.astype("<u8").view(np.uint8)
    generator.set_state(torch.from_numpy(state))
    return generator
