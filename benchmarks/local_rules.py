"""A learning step of each local rule against a step of back-propagation on the same engine, by width.

    python benchmarks/local_rules.py

All members of a width at once: three layers, 64 inputs and 10 outputs as digits have, tanh, float32, on one
thread; seconds of the processor, all ways in turn. Back-propagation is the engine's own step, written by
hand. Predictive coding at the equilibrium makes a fixed number of sweeps. As in a sweep four members share a
seed, and so the noise that feedback maps learn with. Before anything is timed, the pass with fixed
predictions must give the step of back-propagation.
"""

import argparse
import platform
from collections.abc import Callable

import torch
from side_by_side import growth, in_turn

from widthscope.ensembles.gradient_step import Step
from widthscope.ensembles.local.feedback import initial_feedback
from widthscope.ensembles.local.predictive_coding import PredictiveCoding
from widthscope.ensembles.local.target_propagation import TargetPropagation
from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.second_order.first_order import MLPStep
from widthscope.models.mlp import initial, layer_names, sizes

LAYERS, INPUTS, OUTPUTS = 3, 64, 10


def main() -> None:
    args = parse_arguments()
    print(
        f"{args.members} members, {args.samples} samples, {LAYERS} layers; torch {torch.__version__}, "
        f"Python {platform.python_version()}; median CPU microseconds a step and member (smallest to largest "
        f"of {args.repeats}), and times that of back-propagation"
    )
    middles: dict[str, list[float]] = {}
    for width in args.widths:
        times = in_turn(ways(width, args), args.repeats)
        for name, found in times.items():
            one = 1e6 / args.members
            low, high = one * min(found.times), one * max(found.times)
            ratio = found.middle / times["back-propagation"].middle
            print(
                f"width {width:5d}  {name:32s} {one * found.middle:9.0f} ({low:.0f} to {high:.0f})"
                f"  {ratio:6.2f}",
                flush=True,
            )
            middles.setdefault(name, []).append(found.middle)
    if len(args.widths) > 1:
        for name, seconds in middles.items():
            print(f"{name:32s} grows as width^{growth(args.widths, seconds):.2f}")


def ways(width: int, args: argparse.Namespace) -> dict[str, Callable[[], object]]:
    """One step of each rule from the same weights and data."""
    seeds = max(1, args.members // 4)
    members = Members.grid(rate=(0.5, 1.0, 2.0, 4.0), seed=range(seeds)).take(range(args.members))
    shape = sizes(INPUTS, width, OUTPUTS, LAYERS)
    weights = stacked([initial(g, shape) for g in members.generators("weights")])
    maps = stacked([initial_feedback(g, shape) for g in members.generators("maps")])
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(args.samples, INPUTS, generator=generator).expand(args.members, -1, -1)
    y = torch.randn(args.samples, OUTPUTS, generator=generator).expand(args.members, -1, -1)
    rates = dict.fromkeys(layer_names(LAYERS), torch.full((args.members,), 1e-3))
    learning = dict.fromkeys(maps, torch.full((args.members,), 1e-3))
    streams = members.keys("noise")

    def once(step: Step, parameters: Parameters) -> Callable[[], Parameters]:
        return lambda: step(parameters, step.start(parameters), {"x": x, "y": y}, 0)[0]

    found = {
        "back-propagation": once(MLPStep("tanh", rates), weights),
        "PC, fixed predictions": once(PredictiveCoding("tanh", rates, 1.0, "si_fpa"), weights),
        "PC, single pass": once(PredictiveCoding("tanh", rates), weights),
        f"PC, equilibrium, {args.sweeps} sweeps": once(
            PredictiveCoding("tanh", rates, 1.0, "eq", sweeps=args.sweeps), weights
        ),
        "DTP, fixed feedback": once(TargetPropagation("tanh", rates), weights | maps),
        "DTP, learned feedback": once(
            TargetPropagation("tanh", rates, learning, streams=streams), weights | maps
        ),
    }
    plain, fixed = found["back-propagation"](), found["PC, fixed predictions"]()
    for name in weights:
        torch.testing.assert_close(fixed[name], plain[name], rtol=1e-4, atol=1e-6)
    return found


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 128, 256, 512])
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--sweeps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()
