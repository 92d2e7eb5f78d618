"""What is measured of the trained networks: accuracy, exponents, eigenvalues, orbits, pseudo-energy."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from widthscope.studies.jacobian_dynamics.networks.arms import rule_of
from widthscope.studies.jacobian_dynamics.sudoku.accuracy import accuracies
from widthscope.studies.jacobian_dynamics.sudoku.eigen_picture import eigenvalue_table
from widthscope.studies.jacobian_dynamics.sudoku.exponents import along_training, in_the_long_run
from widthscope.studies.jacobian_dynamics.sudoku.orbit import settled_changes
from widthscope.studies.jacobian_dynamics.sudoku.pseudo import alignment, energies, voting
from widthscope.studies.jacobian_dynamics.sudoku.solving import watched_board
from widthscope.studies.jacobian_dynamics.sudoku.trained import Trained
from widthscope.work import Work

FOLLOWED = "rms"
"""The arm whose exponents are followed along the training, and one of whose boards is shown."""

UNBOUNDED = "none"
"""The arm whose states grow without bound, so that it has no orbit in the long run."""


def analyse(swept: xr.DataTree, settings: Mapping[str, Any], work: Work) -> xr.DataTree:
    """Every arm of a shard in a node of its own, over (member, ...), NaN for seeds that diverged.

    Args:
        swept: what `experiment.run` stored, read lazily.
        settings: `runs`, by arm as for the sweep, and `measured`.
        work: what the job gives.

    Returns:
        for each arm what `accuracies`, `along_training`, `eigenvalue_table` and `settled_changes` return;
        `in_the_long_run` where states are bounded; for ``akorn`` also `energies`, `alignment` and `voting`;
        for ``rms`` the accuracy before training as ``untrained_boards`` and ``untrained_cells`` and, in the
        node ``board``, what `watched_board` returns.
    """
    nodes: dict[str, xr.Dataset] = {}
    for arm in work.progress(list(settings["runs"]), description="trained arms"):
        trained = Trained.of(swept, arm, settings["runs"][arm], work.device)
        nodes[arm] = measured(trained, settings["measured"])
        if arm == FOLLOWED:
            nodes["board"] = watched_board(trained, settings["measured"])
    return xr.DataTree.from_dict(nodes)


def measured(trained: Trained, settings: Mapping[str, Any]) -> xr.Dataset:
    """All that is measured of one arm; see `analyse`."""
    oscillators = rule_of(trained.arm).model == "akorn"
    longest = settings["longest"] if trained.arm == FOLLOWED or oscillators else 2
    parts = [
        accuracies(trained, longest, settings["akorn_boards"] if oscillators else None),
        along_training(trained, settings, every=trained.arm == FOLLOWED),
        eigenvalue_table(trained, settings),
        settled_changes(trained, settings),
    ]
    if trained.arm == FOLLOWED:
        before = accuracies(trained, longest, settings["untrained_boards"], place=0)
        parts.append(before.rename({name: f"untrained_{name}" for name in before.data_vars}))
    if trained.arm != UNBOUNDED:
        parts.append(in_the_long_run(trained, settings))
    if trained.arm == "akorn":
        parts += [measure(trained, settings) for measure in (energies, alignment, voting)]
    joined = xr.merge(parts, combine_attrs="no_conflicts", join="exact", compat="equals")
    return trained.masked(joined).assign_attrs(
        arm=trained.arm, iterations=trained.iterations, order=round(trained.network.embedding.tokens**0.5)
    )
