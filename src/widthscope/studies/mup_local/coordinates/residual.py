"""How far inference to the equilibrium got, measured at the parameters that a training passes through."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from widthscope.ensembles.local.inference import energy_weights, equilibrium
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.recording import Recording
from widthscope.models.mlp import forward
from widthscope.width_sweeps.measurements import in_slices
from widthscope.width_sweeps.methods import Effective
from widthscope.width_sweeps.problems import Problem
from widthscope.width_sweeps.runner import Also

STEP_SIZE = 0.3


def residual_recording(images: int, steps: Sequence[int]) -> Also:
    """Recording of `infer_residual`: |dF/du| after the inference over that before it.

    Args:
        images: how many training images it is measured on.
        steps: when.
    """

    def of(problem: Problem, at: Effective) -> list[Recording]:
        x, y = problem.train_x[:images], problem.train_y[:images]
        options = at.arm.options
        energy = at.arm.exponents.energy_factor(at.width, at.base)

        def part(weights: Parameters, members: slice) -> dict[str, Tensor]:
            count = len(weights["W1"])
            found = equilibrium(
                weights,
                forward(weights, x.expand(count, -1, -1), at.activation),
                y.expand(count, -1, -1),
                at.activation,
                energy_weights(at.layers, energy),
                STEP_SIZE,
                options["sweeps"],
                options["tolerance"],
            )
            return {"infer_residual": found.residual}

        def measure(parameters: Parameters) -> Mapping[str, Tensor]:
            return in_slices(part, parameters, images * at.width)

        return [Recording(measure, {"infer_residual": ()}, steps)]

    return of
