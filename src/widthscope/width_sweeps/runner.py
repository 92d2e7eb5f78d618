"""One width of a sweep: all its learning rates, dampings and seeds as members of a few trainings."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import torch
import xarray as xr

from widthscope.ensembles.independence import one_thread
from widthscope.ensembles.members import DIM, Members
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import Recording
from widthscope.ensembles.training import train
from widthscope.errors import WidthscopeError
from widthscope.models import mlp
from widthscope.streams import Name, torch_generator
from widthscope.width_sweeps.batches import shared_batches
from widthscope.width_sweeps.cost import GROUP_BYTES, PROBE, Size, member_bytes
from widthscope.width_sweeps.feedback_maps import maps_of_seeds
from widthscope.width_sweeps.measurements import Coordinates, Start, recordings
from widthscope.width_sweeps.methods import METHODS, WITH_FEEDBACK, Arm, Effective, effective
from widthscope.width_sweeps.problems import Problem, placed
from widthscope.width_sweeps.tables import gridded
from widthscope.work import Work

GPU_SHARE = 6
"""On a GPU a group takes one part in so many of free memory, by `cost.member_bytes`; up to twice that."""

Also = Callable[[Problem, Effective], Sequence[Recording]]
"""A study's own recordings along ``step``, of the problem as it is learnt and what the step is built from."""


class SweepError(WidthscopeError):
    """A sweep has no member, or is asked to measure after its last step."""


@dataclass(frozen=True)
class Setup:
    """What all members of a sweep have in common.

    Attributes:
        base: M_0, the width at which all parameterisations coincide.
        layers: weight layers L.
        activation: tanh, relu or identity.
        sigma: scale of the initial weights of all layers but the last.
        readout: sigma_L, the scale of the last layer's at the base width; 0 for a readout that starts at 0.
        batch: examples of a step; 0 for all, the same at every step.
        steps: updates.
        record: numbers of updates after which to measure, rising.
        quantities: what to measure, of `measurements.QUANTITIES`.
        dtype: "float32" or "float64".
    """

    base: int = 64
    layers: int = 3
    activation: str = "tanh"
    sigma: float = 1.0
    readout: float = 0.1
    batch: int = 64
    steps: int = 100
    record: tuple[int, ...] = (0, 100)
    quantities: tuple[str, ...] = ("coordinates", "losses")
    dtype: str = "float32"

    def __post_init__(self) -> None:
        late = [step for step in self.record if not 0 <= step <= self.steps]
        if late:
            raise SweepError(f"a sweep of {self.steps} steps cannot be measured after step {late[0]}")


def sweep(
    problem: Problem,
    arm: Arm,
    setup: Setup,
    *,
    width: int,
    rates: Sequence[float],
    seeds: Sequence[int],
    purpose: tuple[Name, ...],
    dampings: Sequence[float] = (0.0,),
    work: Work | None = None,
    name: str = "sweep",
    group_bytes: int | None = None,
    also: Also | None = None,
) -> xr.Dataset:
    """Train one width at all these learning rates, dampings and seeds.

    Initial weights depend on the purpose, the width and the seed alone, and the order of the minibatches on
    the purpose alone: whatever else is trained, and in which groups, changes no bit on the CPU. On a GPU
    results agree up to rounding only (see `ensembles.independence`), and the state of a killed sweep is
    resumed only where its groups come out the same. Sweeps have not been run on a GPU.

    Args:
        problem: what is learnt.
        arm: by which rule, in which parameterisation.
        setup: of the network and its training.
        width: M.
        rates: learning rates eta' of the base width.
        seeds: of the initial weights.
        purpose: names of the random streams; arms of one purpose start from the same normal numbers.
        dampings: rho' of the base width; one value, which means nothing, for rules without.
        work: what the job gives.
        name: of the trainings, unique in the job.
        group_bytes: largest layer's weights of the members that train together. If None, `cost.GROUP_BYTES`,
            made for a CPU's cache; on a GPU as many members as free memory allows, see `GPU_SHARE`.
        also: what else to record, at the steps of `setup`.

    Returns:
        Over (width = 1, lr, damping, seed) and where they apply (step, layer): what was measured; `diverged`,
        `diverged_step` (-1 for never), `done`; `batch_loss` (..., update), before each update on its
        minibatch; `lr_eff` (width, lr, layer); `rho_A_eff` and `rho_B_eff` (width, damping, layer);
        `output_at_start` (width, seed), rms f(0) over rms y on the probe. NaN from the step at which a member
        diverged.

    Raises:
        SweepError: if there is no rate, damping or seed.
    """
    if not (len(rates) and len(dampings) and len(seeds)):
        raise SweepError(f"sweep {name!r} lists no learning rate, no damping or no seed")
    work = Work() if work is None else work
    members = Members.grid(lr=map(float, rates), damping=map(float, dampings), seed=map(int, seeds))
    run = _Width(problem, arm, setup, width, tuple(map(int, seeds)), purpose, work, also)
    groups = [
        run.trained(members.take(range(begin, end)), run.group_name(name, place, begin, end))
        for place, (begin, end) in enumerate(_groups(len(members), run.together(group_bytes)))
    ]
    found = gridded(xr.concat(groups, dim=DIM), rates, dampings, seeds)
    found = (
        found.assign_coords(width=[width])
        .assign(run.dampings_by_layer(dampings))
        .assign(
            lr_eff=(("width", "lr", "layer"), run.rates_by_layer(rates)[None]),
            output_at_start=(("width", "seed"), run.output_at_start()[None]),
        )
    )
    return found.assign_coords(layer=range(1, setup.layers + 1)).assign_attrs(run.attributes())


class _Width:
    """One width's data and initial weights, on the device, and how members of it are trained."""

    def __init__(
        self,
        problem: Problem,
        arm: Arm,
        setup: Setup,
        width: int,
        seeds: tuple[int, ...],
        purpose: tuple[Name, ...],
        work: Work,
        also: Also | None = None,
    ) -> None:
        self._also = also
        self._arm, self._setup, self._width, self._seeds = arm, setup, width, seeds
        self._purpose, self._work, self._dtype = purpose, work, getattr(torch, setup.dtype)
        self._digest, self._name = problem.digest(), problem.name
        self._problem = placed(problem, work.device, self._dtype)
        shape = mlp.sizes(problem.inputs, width, problem.outputs, setup.layers)
        self._weights = stacked([self._drawn(seed, shape) for seed in seeds], work.device, self._dtype)
        self._maps: Parameters = {}
        if arm.method in WITH_FEEDBACK:
            self._maps = maps_of_seeds(
                self._problem,
                self._weights,
                seeds,
                arm.exponents,
                arm.options,
                width=width,
                base=setup.base,
                activation=setup.activation,
                batch=setup.batch,
                purpose=purpose,
            )

    def together(self, group_bytes: int | None) -> int:
        """Members that train together, at least two."""
        if group_bytes is None and self._on_gpu:
            return max(2, _free_bytes(self._work.device) // GPU_SHARE // self._member_bytes())
        largest = max(value[0].nbytes for value in self._weights.values())
        return max(2, (GROUP_BYTES if group_bytes is None else group_bytes) // largest)

    def group_name(self, name: str, place: int, begin: int, end: int) -> str:
        """The training's; on a GPU it tells the members: a killed sweep may be divided otherwise again."""
        if self._on_gpu:
            return f"{name}-members{begin}-{end}"
        return f"{name}-group{place + 1}" if place else name

    @property
    def _on_gpu(self) -> bool:
        return torch.device(self._work.device).type == "cuda"

    def _member_bytes(self) -> int:
        problem, setup = self._problem, self._setup
        batch = setup.batch or len(problem.train_x)
        size = Size(self._width, problem.inputs, problem.outputs, setup.layers, batch)
        single = member_bytes(self._arm.method, size)
        return single * int(self._dtype.itemsize) // 4

    def _drawn(self, seed: int, shape: tuple[int, ...]) -> Parameters:
        """One seed's initial weights, rounded to the sweep's dtype at once: many seeds are drawn."""
        setup, exponents = self._setup, self._arm.exponents
        readout = setup.readout * (self._width / setup.base) ** (0.5 - exponents.readout)
        generator = torch_generator(*self._purpose, "weights", self._width, seed)
        drawn = mlp.initial(generator, shape, setup.sigma, readout)
        return {name: value.to(self._dtype) for name, value in drawn.items()}

    def trained(self, members: Members, name: str) -> xr.Dataset:
        """Records (member, step, ...) of these members."""
        setup, device = self._setup, self._work.device
        draws = torch.tensor([self._seeds.index(int(seed)) for seed in members.values("seed")])
        start = Start(self._weights, draws.to(device))
        parameters = {key: value[start.draws] for key, value in (self._weights | self._maps).items()}
        at = effective(
            self._arm,
            members.tensor("lr", device, self._dtype),
            members.tensor("damping", device, self._dtype),
            setup.activation,
            setup.layers,
            self._width,
            setup.base,
            [(*self._purpose, "signals", self._width, seed) for seed in members.values("seed")],
        )
        with one_thread():  # what is measured of the start depends on nobody else either
            kept = recordings(self._problem, start, setup.activation, setup.record, setup.quantities)
            if self._also is not None:
                kept.extend(self._also(self._problem, at))
        end = train(
            members,
            parameters,
            METHODS[self._arm.method](at),
            shared_batches(self._problem, setup.batch, setup.steps, self._purpose, len(members)),
            setup.steps,
            kept,
            self._work,
            name,
        )
        return end.history.rename(loss="batch_loss").drop_vars("update")

    def rates_by_layer(self, rates: Sequence[float]) -> np.ndarray:
        """(lr, layer) learning rates as they are at this width."""
        layers = self._setup.layers
        factors = [
            self._arm.rate_factor(layer, layers, self._width, self._setup.base)
            for layer in range(1, layers + 1)
        ]
        return np.outer(np.asarray(rates, dtype=float), factors)

    def dampings_by_layer(self, dampings: Sequence[float]) -> xr.Dataset:
        """`rho_A_eff` and `rho_B_eff` (width, damping, layer) as they are at this width."""
        arm, setup = self._arm, self._setup
        found = arm.damping.values(
            arm.exponents, np.asarray(dampings, dtype=float), setup.layers, self._width, setup.base
        )
        dims = ("width", "damping", "layer")
        return xr.Dataset({"rho_A_eff": (dims, found[0][None]), "rho_B_eff": (dims, found[1][None])})

    def output_at_start(self) -> np.ndarray:
        """rms f(0) over rms y, (seed,)."""
        problem, draws = self._problem, torch.arange(len(self._seeds))
        with one_thread():
            probe = Coordinates(
                problem.train_x[:PROBE],
                problem.train_y[:PROBE],
                Start(self._weights, draws),
                self._setup.activation,
            )
            found: np.ndarray = probe.output_at_start()[: len(draws)].cpu().numpy()
        return found

    def attributes(self) -> dict[str, object]:
        """What the numbers depend on besides the coordinates."""
        exponents = asdict(self._arm.exponents)
        setup = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self._setup).items()
        }
        return {
            "method": self._arm.method,
            **{key: list(value) if isinstance(value, tuple) else value for key, value in exponents.items()},
            "options": str(dict(self._arm.options)),
            "frozen": list(self._arm.frozen),
            **{f"damping_{key}": value for key, value in asdict(self._arm.damping).items()},
            **{f"setup_{key}": value for key, value in setup.items()},
            "problem": self._name,
            "problem_sha256": self._digest,
            "purpose": [str(part) for part in self._purpose],
        }


def _groups(members: int, together: int) -> list[tuple[int, int]]:
    """Ends of the groups, of almost equal size, of at least `together` members where there are so many."""
    count = max(1, members // together)
    return list(pairwise(members * place // count for place in range(count + 1)))


def _free_bytes(device: str) -> int:
    """Of a GPU's memory, with what Torch holds of it and does not use."""
    free: int = torch.cuda.mem_get_info(device)[0]
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
