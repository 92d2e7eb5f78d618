"""Initial networks with relu, and one K-FAC step of all their layers, in float64."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.second_order.damping import damping
from widthscope.ensembles.second_order.kfac import KFAC
from widthscope.models import mlp
from widthscope.streams import Name, torch_generator

LAYERS, ACTIVATION, SIGMA = 3, "relu", 2**0.5
NAMES = mlp.layer_names(LAYERS)


def initial(
    keys: Sequence[tuple[Name, ...]], shape: tuple[int, ...], readout: float, device: str
) -> mlp.Parameters:
    """Weights (member, ...) of these streams; `readout` is the last layer's scale, 0 for zeros."""
    drawn = [mlp.initial(torch_generator(*key), shape, SIGMA, readout) for key in keys]
    return stacked(drawn, device, torch.float64)


def step_of(
    inputs_damping: float,
    outputs_damping: float,
    members: int,
    device: str,
    schedule: Callable[[int], float] = lambda _: 1.0,
    fisher: str = "emp",
) -> KFAC:
    """K-FAC of all layers with rate 1 times a schedule, dampings relative to the traces, and B_L = I."""
    ones = torch.ones(members, dtype=torch.float64, device=device)
    rule = damping("rescaled", NAMES, inputs_damping * ones, outputs_damping * ones)
    return KFAC(ACTIVATION, dict.fromkeys(NAMES, ones), rule, fisher=fisher, schedule=schedule)


def activities(parameters: mlp.Parameters, x: Tensor) -> Tensor:
    """a_{L-1} (member, N, M) at inputs (N, D)."""
    return mlp.forward(parameters, x.expand(_members(parameters), -1, -1), ACTIVATION).inputs[-1]


def preactivations(parameters: mlp.Parameters, x: Tensor) -> tuple[Tensor, ...]:
    """h_1, ..., h_L at inputs (N, D)."""
    return mlp.forward(parameters, x.expand(_members(parameters), -1, -1), ACTIVATION).preactivations


def damping_of(a: Tensor, relative: float) -> Tensor:
    """rho_A = rho' tr A (member,) of activities (member, N, M)."""
    return relative * a.square().flatten(1).sum(dim=1) / a.shape[1]


def _members(parameters: mlp.Parameters) -> int:
    return len(parameters[NAMES[0]])
