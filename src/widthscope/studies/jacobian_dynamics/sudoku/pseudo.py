"""The pseudo-energy of trained oscillators: its fall, what the state aligns with, and voting by it."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.jacobians.self_attention import attention_jacobian
from widthscope.attention.pseudo_energy import (
    attention_alignment,
    contribution_index,
    cosine,
    pseudo_energy,
)
from widthscope.ensembles.members import DIM
from widthscope.ensembles.parameters import Parameters
from widthscope.models.recurrence.attention import attended
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import iterate, update
from widthscope.studies.jacobian_dynamics.sudoku.trained import Trained

MULTIPLE = 4
"""Test-time iterations of these measurements, in multiples of those trained."""


def energies(trained: Trained, settings: Mapping[str, Any]) -> xr.Dataset:
    """Pseudo-energy along the iterations on hard boards, and along the same with the step reversed.

    Args:
        trained: the arm.
        settings: `measured`.

    Returns:
        ``energy`` and ``energy_reversed`` (member, passed), averages over boards, of T = 0, 1, ...;
        ``fall`` and ``fall_reversed`` (member): (E(0) - E(end)) / |E(0)|, averaged over boards, and
        ``falling`` (member), the share of boards on which it is above 0.
    """
    parameters, inputs = trained.parameters(), trained.inputs("ood", settings["energy_puzzles"])
    forward = _energies(trained, parameters, inputs)
    backward = _energies(trained, {**parameters, "step": -parameters["step"]}, inputs)
    fall, reverse = (((E[..., 0] - E[..., -1]) / E[..., 0].abs()) for E in (forward, backward))
    along, each = (DIM, "passed"), (DIM,)
    return xr.Dataset(
        {
            "energy": (along, forward.mean(dim=1).cpu().numpy()),
            "energy_reversed": (along, backward.mean(dim=1).cpu().numpy()),
            "fall": (each, fall.mean(dim=1).cpu().numpy()),
            "fall_reversed": (each, reverse.mean(dim=1).cpu().numpy()),
            "falling": (each, (fall > 0).double().mean(dim=1).cpu().numpy()),
        },
        coords={"passed": range(forward.shape[-1])},
    )


def alignment(trained: Trained, settings: Mapping[str, Any]) -> xr.Dataset:
    """What the attention and the state point along, at 0, T and 4 T iterations on hard boards.

    Returns:
        ``cosine`` of MSA(X) without bias and J x, and ``cosine_other``, with J of the next seed at the same
        X, averaged over `energy_puzzles` boards; ``contribution``, the share of |x|^2 in the leading 2 % of
        the eigenvectors of J + J^T, and ``contribution_other``, in those of the next seed, averaged over
        `alignment_puzzles` boards, NaN where that is 0: (member, at). Attribute ``chance``, unless that is
        0: the share of a random direction.
    """
    rule, parameters, few = trained.network.rule, trained.parameters(), settings["alignment_puzzles"]
    inputs = trained.inputs("ood", settings["energy_puzzles"])
    other = {name: value.roll(1, dims=0) for name, value in parameters.items()}
    at, found = [0, trained.iterations, MULTIPLE * trained.iterations], []
    for state in _states(trained, parameters, inputs, at):
        turned = {name: values.to(state) for name, values in other.items()}
        own, chance = _contribution(rule, parameters, state[:, :few])
        found.append(
            {
                "cosine": attention_alignment(rule, parameters, state),
                "cosine_other": _foreign_cosine(rule, parameters, turned, state),
                "contribution": own,
                "contribution_other": _contribution(rule, turned, state[:, :few])[0],
            }
        )
    table = {
        name: ((DIM, "at"), torch.stack([each[name].mean(dim=1) for each in found], dim=1).cpu().numpy())
        for name in found[0]
    }
    return xr.Dataset(table, coords={"at": at}, attrs={"chance": chance} if few else {})


def voting(trained: Trained, settings: Mapping[str, Any]) -> xr.Dataset:
    """Shares of boards as hard as in training that are right after 4 T iterations from several first states.

    Returns:
        (member): ``single``, the mean over first states; ``voted``, by that of lowest pseudo-energy;
        ``oracle``, by any of them.
    """
    parameters, count = trained.parameters(), settings["voting_puzzles"]
    end = MULTIPLE * trained.iterations
    right, energy = [], []
    for copy in range(settings["votes"]):
        inputs = trained.inputs("id", count, copy)
        (state,) = _states(trained, parameters, inputs, [end])
        with torch.no_grad():
            _, drive = trained.network.start(parameters, inputs)
            answers = trained.network.readout.logits(parameters, state).argmax(dim=-1)
        right.append(((answers == trained.targets("id", count)) | (inputs["puzzle"] > 0)).all(dim=-1))
        energy.append(_energy(trained.network.rule, parameters, state, drive))
    solved, lowest = torch.stack(right).double(), torch.stack(energy).argmin(dim=0)
    found = {
        "single": solved.mean(dim=0),
        "voted": solved.gather(0, lowest[None])[0],
        "oracle": solved.amax(dim=0),
    }
    return xr.Dataset({name: (DIM, values.mean(dim=1).cpu().numpy()) for name, values in found.items()})


def _energies(trained: Trained, parameters: Parameters, inputs: dict[str, Tensor]) -> Tensor:
    """Pseudo-energy of every board after 0 to 4 T iterations, (member, board, passed)."""
    rule = trained.network.rule
    with torch.no_grad():
        state, drive = trained.network.start(parameters, inputs)
        found = [_energy(rule, parameters, state, drive)]
        for _ in range(MULTIPLE * trained.iterations):
            state = update(rule, parameters, state, drive)
            found.append(_energy(rule, parameters, state, drive))
    return torch.stack(found, dim=-1)


def _energy(rule: Rule, parameters: Parameters, state: Tensor, drive: Tensor) -> Tensor:
    return pseudo_energy(state, drive, attended(rule, parameters, state))


def _states(
    trained: Trained, parameters: Parameters, inputs: dict[str, Tensor], at: list[int]
) -> Iterator[Tensor]:
    """States after rising numbers of iterations of one trajectory."""
    with torch.no_grad():
        state, drive = trained.network.start(parameters, inputs)
        done = 0
        for count in at:
            state = iterate(trained.network.rule, parameters, state, drive, count - done)
            done = count
            yield state


def _contribution(rule: Rule, parameters: Parameters, state: Tensor) -> tuple[Tensor, float]:
    if not state.shape[1]:
        return torch.full((len(state), 1), torch.nan, dtype=state.dtype, device=state.device), torch.nan
    return contribution_index(attention_jacobian(rule, parameters, state), state)


def _foreign_cosine(rule: Rule, parameters: Parameters, other: Parameters, state: Tensor) -> Tensor:
    """Cosine between MSA(X) of the parameters and J x of other ones, both without output bias."""
    own, foreign = ({name: v for name, v in p.items() if name != "output_bias"} for p in (parameters, other))
    turned = torch.func.jvp(lambda X: attended(rule, foreign, X), (state,), (state,))[1]
    return cosine(attended(rule, own, state), turned)
