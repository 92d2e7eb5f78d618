"""An echo-state network without input: x -> tanh(gain W x), W random with independent entries.

``python echo_state.py`` writes eight states for it.
"""

import numpy as np
import torch

SIZE = 200
W = torch.from_numpy(np.random.default_rng(0).standard_normal((SIZE, SIZE))) / SIZE**0.5


def step(state: torch.Tensor, gain: float = 1.5) -> torch.Tensor:
    """The next states, (state, size) -> (state, size)."""
    return torch.tanh(gain * state @ W.T)


def damped(state: torch.Tensor) -> torch.Tensor:
    """The same with a gain below the edge."""
    return step(state, gain=0.9)


if __name__ == "__main__":
    np.save("states.npy", np.random.default_rng(1).standard_normal((8, SIZE)))
