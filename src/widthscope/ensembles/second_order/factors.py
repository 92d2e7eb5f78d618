r"""The two factors of a layer: A_l = (1/N) a^T a of its inputs and B_l = (1/N) s^T s of its signals.

Which signals s define the Fisher matrix of the squared loss:

- ``emp``: delta_l itself, so that B_l shrinks with the residuals;
- ``mc``: the residual replaced by one sample N(0, I_C) of the model's own noise;
- ``exact``: the expectation of ``mc``: every output's unit vector back-propagated, N C rows.

Source: Martens and Grosse, arXiv:1503.05671, Sect. 2 and 3; Kunstner et al., arXiv:1905.12558 on ``emp``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.second_order.low_rank import Passed
from widthscope.ensembles.second_order.solves import Factor
from widthscope.models.mlp import Forward, backward
from widthscope.streams import Name, numpy_generator

FISHERS = ("mc", "emp", "exact")


@dataclass(frozen=True)
class SampledResiduals:
    """Residuals N(0, I_C), a pure function of each member's stream and the step.

    Attributes:
        keys: names of each member's stream, as of `Members.keys`; equal ones are drawn once.
    """

    keys: Sequence[tuple[Name, ...]]

    def __call__(self, step: int, like: Tensor) -> Tensor:
        """Of the shape (member, N, C), dtype and device of the outputs `like`, drawn in float64."""
        unique = list(dict.fromkeys(self.keys))
        # NumPy's generator: a fresh one of Torch's takes ten times as long to seed.
        drawn = np.stack([numpy_generator(*key, step).standard_normal(like.shape[1:]) for key in unique])
        places = torch.tensor([unique.index(key) for key in self.keys], device=like.device)
        return (
            torch.from_numpy(drawn).to(like)[places].expand_as(like)
        )  # a lone member has a copy of itself for company


def own_factor(rows: Tensor) -> Factor:
    """(1/N) Z^T Z of rows Z (member, N, n), to be applied to Z itself."""
    return windowed_factor([rows], 0.0, rows.shape[1], own_coordinates(rows))


def windowed_factor(
    batches: Sequence[Tensor], decay: float, samples: int, coordinates: Tensor | None
) -> Factor:
    """Average sum_k w_k (1/N) Z_k^T Z_k over batches, newest first, with weights w_k ~ decay^k of sum 1.

    Args:
        batches: Z_0, Z_1, ..., each (member, K, n).
        decay: in [0, 1).
        samples: N, as many as K but for ``exact``.
        coordinates: P (member or 1, N, K) with P Z_0 what the factor is applied to; None where there is none.
    """
    powers = [decay**k for k in range(len(batches))]
    scales = [(power / (sum(powers) * samples)) ** 0.5 for power in powers]
    rows = torch.cat([batch * scale for batch, scale in zip(batches, scales, strict=True)], dim=1)
    if coordinates is None:
        return Factor(rows)
    older = rows.shape[1] - coordinates.shape[2]
    padded = torch.nn.functional.pad(coordinates / scales[0], (0, older))
    return Factor(rows, padded.expand(len(rows), -1, -1))


def own_coordinates(rows: Tensor) -> Tensor:
    """P = I (1, N, N), for what is applied to the rows (member, N, n) themselves."""
    return torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device)[None]


def fisher_signals(
    fisher: str, parameters: Parameters, passed: Passed, activation: str, noise: Tensor | None
) -> tuple[Tensor, ...]:
    """Signals s_1, ..., s_L that make the factors: (member, N, n_l), or (member, N C, n_l) for ``exact``."""
    if fisher == "emp":
        return passed.signals
    outputs = passed.forward.outputs
    if fisher == "mc":
        assert noise is not None
        return backward(parameters, passed.forward, noise, activation)
    count = outputs.shape[2]
    repeated = Forward(
        tuple(h.repeat_interleave(count, dim=1) for h in passed.forward.preactivations),
        tuple(a.repeat_interleave(count, dim=1) for a in passed.forward.inputs),
    )
    identity = torch.eye(count, dtype=outputs.dtype, device=outputs.device)
    units = identity.repeat(outputs.shape[1], 1).expand(len(outputs), -1, -1).contiguous()
    return backward(parameters, repeated, units, activation)


def residual_coordinates(residuals: Tensor) -> Tensor:
    """P (member, N, N C) with delta_l = P s_l for ``exact``: sample n's residuals at its own C rows."""
    members, samples, outputs = residuals.shape
    blocks = residuals.new_zeros(members, samples, samples, outputs)
    places = torch.arange(samples, device=residuals.device)
    blocks[:, places, places] = residuals
    return blocks.reshape(members, samples, samples * outputs)
