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

LONG_RUN_BOARDS = 2
"""Boards over which exponents in the long run are averaged."""


def along_training(trained: Trained, settings: Mapping[str, Any], every: bool) -> xr.Dataset:
    """The largest exponent over the first T iterations at recorded steps, averaged over hard boards.

    Args:
        trained: the arm.
        settings: `measured`.
        every: whether at every recorded step, or at the first and the last only.

    Returns:
        ``finite`` and ``finite_converged``, the share of converged ones, (member, step); the first is NaN
        where one did not converge, since an average over the others would favour those that do.
    """
    inputs = trained.inputs("ood", settings["exponent_puzzles"])
    values, converged = [], []
    places = list(range(len(trained.steps)))
    places = places if every else [places[0], places[-1]]
    for place in places:
        found = exponents.finite(trained.network, trained.parameters(place), inputs, trained.iterations)
        done = found.converged[..., 0]
        values.append(found.values[..., 0].where(done, torch.nan).mean(dim=1).cpu().numpy())
        converged.append(done.double().mean(dim=1).cpu().numpy())
    dims = (DIM, "step")
    return xr.Dataset(
        {"finite": (dims, np.stack(values, 1)), "finite_converged": (dims, np.stack(converged, 1))},
        coords={"step": [trained.steps[place] for place in places]},
        attrs={"horizon": trained.iterations},
    )


def in_the_long_run(trained: Trained, settings: Mapping[str, Any]) -> xr.Dataset:
    """The leading exponents after the trajectory and the frame have settled, mean over hard boards.

    Returns:
        ``long_run`` and its error along the trajectory ``long_run_error`` (member, exponent), by decreasing
        size, and ``long_run_history`` (member, averaged, exponent), averages over the first iterations.
    """
    inputs, parameters = trained.inputs("ood", LONG_RUN_BOARDS), trained.parameters()
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
    exponents_of, errors, history = (
        values.reshape(len(trained.members), -1, *values.shape[1:])
        for values in (found.exponents, found.standard_error, found.history)
    )
    error = errors.square().mean(dim=1).sqrt() / errors.shape[1] ** 0.5  # of a mean over boards
    each = (DIM, "exponent")
    return xr.Dataset(
        {
            "long_run": (each, exponents_of.mean(dim=1).cpu().numpy()),
            "long_run_error": (each, error.cpu().numpy()),
            "long_run_history": ((DIM, "averaged", "exponent"), history.mean(dim=1).cpu().numpy()),
        },
        coords={"averaged": found.recorded.cpu().numpy(), "exponent": range(1, settings["exponents"] + 1)},
    )
