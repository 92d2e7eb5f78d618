"""What the two arms are shown: random walks with their next token, or independent tokens with their mean.

Both arms of a seed are made of the same noise e_1, ..., e_{T+1}:

    walk:  x_t = (e_1 + ... + e_t) / sqrt(T), to predict x_{T+1};
    iid:   x_t = e_t,                         to predict (x_1 + ... + x_T) / T.

So E|x_T|^2 is the width in both. The best prediction from a walk attends to its last token, and from
independent tokens to all alike.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from widthscope.ensembles.batches import Fresh
from widthscope.ensembles.members import Members
from widthscope.studies.qk_spectrum.training.arms import ARMS


def sequences(noise: Tensor, arm: str) -> dict[str, Tensor]:
    """Tokens (..., T, width) and targets (..., width) of one arm, from noise (..., T + 1, width).

    Raises:
        ValueError: if there is no such arm.
    """
    if arm not in ARMS:
        raise ValueError(f"there is no arm {arm!r}; the arms are {', '.join(ARMS)}")
    count = noise.shape[-2] - 1
    if arm == "iid":
        tokens = noise[..., :-1, :]
        return {"tokens": tokens, "targets": tokens.mean(dim=-2)}
    walk = noise.cumsum(dim=-2) / math.sqrt(count)
    return {"tokens": walk[..., :-1, :], "targets": walk[..., -1, :]}


class ArmSequences:
    """A batch for every member: the noise of its seed as its arm sees it.

    Args:
        members: with the factors ``seed`` and ``arm``.
        purpose: names of the stream; the noise depends on these, the seed and the step alone.
        batch, tokens, width: sizes.
        device: where the batch goes.
    """

    def __init__(
        self, members: Members, purpose: Sequence[str | int], batch: int, tokens: int, width: int, device: str
    ) -> None:
        shape = (batch, tokens + 1, width)

        def draw(generator: torch.Generator) -> Mapping[str, Tensor]:
            return {"noise": torch.randn(shape, generator=generator)}

        seeds = list(dict.fromkeys(members.values("seed")))
        self._arm = torch.tensor([ARMS.index(str(arm)) for arm in members.values("arm")], device=device)
        self._seed = torch.tensor([seeds.index(seed) for seed in members.values("seed")], device=device)
        self._noise = Fresh(draw, Members.grid(seed=seeds), tuple(purpose), device=device)

    def __call__(self, step: int) -> dict[str, Tensor]:
        """``tokens`` (member, batch, token, width) and ``targets`` (member, batch, width) of this step."""
        noise = self._noise(step)["noise"]
        arms = [sequences(noise, arm) for arm in ARMS]
        return {
            name: torch.stack([arm[name] for arm in arms])[self._arm, self._seed]
            for name in ("tokens", "targets")
        }
