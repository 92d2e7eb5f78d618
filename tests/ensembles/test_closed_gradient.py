"""A step whose gradient has a closed form does what differentiation and the same optimiser do."""

import torch
from torch import Tensor

from widthscope.ensembles.closed_gradient import ClosedGradientStep
from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters


class Quadratic(ClosedGradientStep):
    """1/2 |w - target|^2 of each member."""

    def gradients(self, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
        errors = parameters["w"] - batch["target"]
        return errors.square().sum(dim=1) / 2, {"w": errors}


def quadratic(parameters: Parameters, batch: Batch) -> Tensor:
    return (parameters["w"] - batch["target"]).square().sum(dim=1) / 2


def test_updates_are_those_of_differentiation() -> None:
    generator = torch.Generator().manual_seed(3)
    start = {"w": torch.randn(4, 5, generator=generator, dtype=torch.float64)}
    batch = {"target": torch.randn(4, 5, generator=generator, dtype=torch.float64)}
    optimiser = SGD(torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64), momentum=0.9)
    schedule = [1.0, 0.5, 0.25].__getitem__
    found = []
    for step in (Quadratic(optimiser, schedule), GradientStep(quadratic, optimiser, schedule)):
        parameters, state = start, step.start(start)
        for k in range(3):
            parameters, state, losses = step(parameters, state, batch, k)
        found.append((parameters["w"], losses))
    for closed, differentiated in zip(*found, strict=True):
        assert torch.allclose(closed, differentiated, rtol=1e-14, atol=0)
    assert not torch.allclose(found[0][0], start["w"])
