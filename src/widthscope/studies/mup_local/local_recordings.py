"""What local rules leave besides weights, measured at the parameters that a training passes through.

Of predictive coding, inference from the feed-forward states h to u on the first training images:

    energy_init = F(h),   energy_final = F(u),   infer_residual = |dF/du| at u over that at h,
    state_shift = rms(u_l - h_l), where u_L = y is clamped;

of target propagation, g_l(z) = Q_l psi(z) for l = 2, ..., L, NaN for the first layer, which has no map:

    recon_mse = mean square of Q_l psi(h_l) - h_{l-1},   feedback_align = cos(Q_l, W_l^T),
    WQ_diag = mean of the diagonal of W_L Q_L .
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from widthscope.ensembles.local.feedback import (
    alignment,
    readout_through,
    reconstruction_errors,
    weights_of,
)
from widthscope.ensembles.local.inference import at_states, energies, energy_weights, relative_residual
from widthscope.ensembles.local.predictive_coding import Inference
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.recording import Recording
from widthscope.models.mlp import forward
from widthscope.width_sweeps.measurements import in_slices
from widthscope.width_sweeps.methods import WITH_FEEDBACK, Effective
from widthscope.width_sweeps.problems import Problem
from widthscope.width_sweeps.runner import Also

CODING = "pc_"
"""What the names of predictive coding's methods begin with; the rest is the kind of its inference."""

INFERRED: tuple[str, ...] = ("energy_init", "energy_final", "infer_residual")
"""Of predictive coding, one number for each member."""


def local_recordings(images: int, steps: Sequence[int]) -> Also:
    """Recordings of what the arm's rule leaves besides weights; none of rules that leave nothing.

    Args:
        images: how many training images it is measured on, the first ones.
        steps: numbers of updates after which to measure, rising.
    """

    def of(problem: Problem, at: Effective) -> list[Recording]:
        x, y = problem.train_x[:images], problem.train_y[:images]
        measure: _Inference | _Feedback
        whole: tuple[str, ...]
        layered: tuple[str, ...]
        if at.arm.method.startswith(CODING):
            measure, whole, layered = _Inference(x, y, at), INFERRED, ("state_shift",)
        elif at.arm.method in WITH_FEEDBACK:
            measure, whole, layered = _Feedback(x, at), ("WQ_diag",), ("recon_mse", "feedback_align")
        else:
            return []

        def measured(parameters: Parameters) -> Mapping[str, Tensor]:
            return in_slices(measure, parameters, images * at.width)

        dims: dict[str, tuple[str, ...]] = {**dict.fromkeys(whole, ()), **dict.fromkeys(layered, ("layer",))}
        coords = {"layer": list(range(1, at.layers + 1))}
        return [Recording(measured, dims, steps, coords=coords)]

    return of


class _Inference:
    """Measurement of predictive coding's inference; see the module."""

    def __init__(self, x: Tensor, y: Tensor, at: Effective) -> None:
        options = at.arm.options
        energy = options.get("energy", 1.0) * at.arm.exponents.energy_factor(at.width, at.base)
        self._x, self._y, self._activation = x, y, at.activation
        self._gammas = energy_weights(at.layers, energy)
        given = {key: options[key] for key in ("step_size", "sweeps", "tolerance") if key in options}
        self._infer = Inference(at.arm.method.removeprefix(CODING), **given)

    def __call__(self, weights: Parameters, members: slice) -> dict[str, Tensor]:
        """By name (member,) or (member, layer)."""
        count, activation, gammas = len(weights["W1"]), self._activation, self._gammas
        y = self._y.expand(count, -1, -1)
        passed = forward(weights, self._x.expand(count, -1, -1), activation)
        states = self._infer(weights, passed, y, activation, gammas).states
        before, after = (
            at_states(weights, passed, at, y, activation) for at in (passed.preactivations[:-1], states)
        )
        shifts = [u - h for u, h in zip((*states, y), passed.preactivations, strict=True)]
        return {
            "energy_init": energies(before.errors, gammas),
            "energy_final": energies(after.errors, gammas),
            "infer_residual": relative_residual(weights, passed, states, y, activation, gammas),
            "state_shift": torch.stack(
                [shift.square().flatten(1).mean(dim=1).sqrt() for shift in shifts], dim=1
            ),
        }


class _Feedback:
    """Measurement of target propagation's feedback maps; see the module."""

    def __init__(self, x: Tensor, at: Effective) -> None:
        self._x, self._activation, self._layers = x, at.activation, at.layers

    def __call__(self, parameters: Parameters, members: slice) -> dict[str, Tensor]:
        """By name (member,) or (member, layer)."""
        x = self._x.expand(len(parameters["W1"]), -1, -1)
        left = reconstruction_errors(
            parameters, forward(weights_of(parameters), x, self._activation), self._activation
        )
        maps = range(2, self._layers + 1)
        aligned = [alignment(parameters[f"Q{layer}"], parameters[f"W{layer}"]) for layer in maps]
        none = torch.full_like(aligned[0], torch.nan)
        last = self._layers
        return {
            "recon_mse": torch.stack([none, *(left[f"Q{layer}"] for layer in maps)], dim=1),
            "feedback_align": torch.stack([none, *aligned], dim=1),
            "WQ_diag": readout_through(parameters[f"Q{last}"], parameters[f"W{last}"]),
        }
