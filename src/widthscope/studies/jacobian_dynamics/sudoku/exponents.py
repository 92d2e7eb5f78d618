"""Lyapunov exponents of trained networks: over the trained iterations, and in the long run."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.ensembles.members import DIM
from widthscope.spectra.lyapunov import lyapunov_spectrum
from widthscope.studies.jacobian_dynamics.networks import exponents
from widthscope.studies.jacobian_dynamics.sudoku.trained import Trained


def along_training(trained: Trained, settings: Mapping[str, Any], every: bool) -> xr.Dataset:
    """The largest exponent over the first T iterations at recorded steps, averaged over hard boards.

    Args:
        trained: the arm.
        settings: `measured`.
        every: whether at every recorded step, or at the first and the last only.

    Returns:
        ``finite`` and ``finite_converged``, the share of converged ones, (member, step).
    """
    inputs = trained.inputs("ood", settings["exponent_puzzles"])
    values, converged = [], []
    places = list(range(len(trained.steps)))
    places = places if every else [places[0], places[-1]]
    for place in places:
        found = exponents.finite(trained.network, trained.parameters(place), inputs, trained.iterations)
        values.append(found.values[..., 0].mean(dim=1).cpu().numpy())
        converged.append(found.converged[..., 0].double().mean(dim=1).cpu().numpy())
    dims = (DIM, "step")
    return xr.Dataset(
        {"finite": (dims, np.stack(values, 1)), "finite_converged": (dims, np.stack(converged, 1))},
        coords={"step": [trained.steps[place] for place in places]},
        attrs={"horizon": trained.iterations},
    )


def in_the_long_run(trained: Trained, settings: Mapping[str, Any]) -> xr.Dataset:
    """The leading exponents after the trajectory and the frame have settled, on the first hard board.

    Returns:
        ``long_run`` and its error along the trajectory ``long_run_error`` (member, exponent), by decreasing
        size, and ``long_run_history`` (member, averaged, exponent), averages over the first iterations.
    """
    inputs, parameters = trained.inputs("ood", 1), trained.parameters()
    with torch.no_grad():
        state, drive = trained.network.start(parameters, inputs)
        dynamics = RecurrentDynamics(trained.network.rule, parameters, drive)
        found = lyapunov_spectrum(
            dynamics,
            dynamics.flattened(state),
            settings["exponents"],
            settings["long_run"],
            warm_up=settings["warm_up"],
            frame_warm_up=settings["warm_up"],
        )
    each = (DIM, "exponent")
    return xr.Dataset(
        {
            "long_run": (each, found.exponents.cpu().numpy()),
            "long_run_error": (each, found.standard_error.cpu().numpy()),
            "long_run_history": ((DIM, "averaged", "exponent"), found.history.cpu().numpy()),
        },
        coords={"averaged": found.recorded.cpu().numpy(), "exponent": range(1, settings["exponents"] + 1)},
    )
