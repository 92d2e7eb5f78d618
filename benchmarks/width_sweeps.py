"""A width sweep's members per second against a plain loop and against vmap; its growth; its memory.

    python benchmarks/width_sweeps.py
    python benchmarks/width_sweeps.py --memory

Members are seeds times learning rates of a three-layer network on digit-sized data, SGD, float32, on one
thread; seconds of the processor, all ways in turn. The sweep is `width_sweeps.runner.sweep` whole: drawing
weights, members in groups, divergence checked at every step, and a table at the end; nothing is measured
between. The loop trains one `torch.nn.Sequential` after the other by autograd and `torch.optim.SGD`; vmap is
`torch.func` over the stacked weights. Both get their initial weights for nothing. All ways must end at the
same loss before anything is timed.

With --memory, peak resident memory of a sweep by number of members, each in a process of its own, beside that
of importing alone.
"""

import argparse
import platform
import resource
import subprocess
import sys
from collections.abc import Callable

import torch
from side_by_side import growth, in_turn
from torch import Tensor, nn

from widthscope.models.mlp import initial, layer_names, sizes, squared_loss
from widthscope.parameterisations.methods import SGD
from widthscope.parameterisations.slopes import maximal_update
from widthscope.streams import torch_generator
from widthscope.width_sweeps.batches import shared_batches
from widthscope.width_sweeps.methods import Arm
from widthscope.width_sweeps.problems import Problem
from widthscope.width_sweeps.runner import Setup, sweep

INPUTS, OUTPUTS, LAYERS, EXAMPLES, BASE = 64, 10, 3, 1000, 64
PURPOSE = ("benchmark",)
ARM = Arm("sgd", maximal_update(SGD))


def main() -> None:
    args = parse_arguments()
    if args.child:
        print(peak_of_a_sweep(args.child, args.widths[0], args.steps))
    elif args.memory:
        memory(args)
    else:
        speed(args)


def speed(args: argparse.Namespace) -> None:
    print(
        f"{LAYERS} layers, {args.steps} steps of 64 samples; torch {torch.__version__}, Python "
        f"{platform.python_version()}; median CPU microseconds a step and member (smallest to largest of "
        f"{args.repeats}), members trained per second of 100 steps, and times the sweep's"
    )
    middles: dict[str, list[float]] = {}
    for width in args.widths:
        members = max(8, min(64, 64 * 128 // width))
        work = ways(width, members, args.steps)
        last = {name: way() for name, way in work.items()}
        for name, found in last.items():
            torch.testing.assert_close(found, last["sweep"], rtol=2e-3, atol=1e-5, msg=f"{name} at {width}")
        times = in_turn(work, args.repeats)
        for name, found in times.items():
            one = 1e6 / members / args.steps
            ratio = found.middle / times["sweep"].middle
            print(
                f"width {width:4d}, {members} members  {name:6s} {one * found.middle:8.0f} "
                f"({one * min(found.times):.0f} to {one * max(found.times):.0f})"
                f" {1e4 / (one * found.middle):9.1f} {ratio:6.2f}",
                flush=True,
            )
            middles.setdefault(name, []).append(one * found.middle)
    if len(args.widths) > 1:
        for name, seconds in middles.items():
            print(
                f"{name:6s} grows as width^{growth(args.widths, seconds):.2f}, "
                f"over the last two widths as width^{growth(args.widths[-2:], seconds[-2:]):.2f}"
            )


def ways(width: int, members: int, steps: int) -> dict[str, Callable[[], Tensor]]:
    """The same training in three ways; each returns every member's last loss on its minibatch."""
    problem = made_up()
    rates = [2.0**place for place in range(-5, -1)]
    seeds = range(members // len(rates))
    drawn = [
        initial(
            torch_generator(*PURPOSE, "weights", width, seed),
            sizes(INPUTS, width, OUTPUTS, LAYERS),
            1.0,
            scale(width),
        )
        for seed in seeds
    ]
    listed = [
        ({name: value.float() for name, value in weights.items()}, rate)
        for rate in rates
        for weights in drawn
    ]
    single = Problem(
        *[problem.name],
        *(v.float() for v in (problem.train_x, problem.train_y, problem.test_x, problem.test_y)),
    )
    batches = shared_batches(single, 64, steps, PURPOSE, 1)
    factors = [ARM.rate_factor(layer, LAYERS, width, BASE) for layer in range(1, LAYERS + 1)]
    return {
        "sweep": lambda: swept(problem, width, rates, seeds, steps),
        "loop": lambda: looped(listed, factors, batches, steps),
        "vmap": lambda: vmapped(listed, factors, batches, steps),
    }


def swept(problem: Problem, width: int, rates: list[float], seeds: range, steps: int) -> Tensor:
    setup = Setup(base=BASE, layers=LAYERS, steps=steps, record=(), quantities=())
    found = sweep(problem, ARM, setup, width=width, rates=rates, seeds=seeds, purpose=PURPOSE)
    return torch.from_numpy(found["batch_loss"].isel(update=-1).values.ravel())


def looped(listed: list, factors: list[float], batches: Callable, steps: int) -> Tensor:
    last = []
    for weights, rate in listed:
        modules: list[nn.Module] = []
        for value in weights.values():
            linear = nn.Linear(value.shape[1], value.shape[0], bias=False)
            with torch.no_grad():
                linear.weight.copy_(value)
            modules += [linear, nn.Tanh()]
        model = nn.Sequential(*modules[:-1])
        groups = [
            {"params": [weight], "lr": rate * factor}
            for weight, factor in zip(model.parameters(), factors, strict=True)
        ]
        optimiser = torch.optim.SGD(groups)
        for step in range(steps):
            batch = batches(step)
            optimiser.zero_grad()
            loss = 0.5 * (model(batch["x"][0]) - batch["y"][0]).square().sum(dim=1).mean()
            loss.backward()
            optimiser.step()
        last.append(loss.detach())
    return torch.stack(last)


def vmapped(listed: list, factors: list[float], batches: Callable, steps: int) -> Tensor:
    names = layer_names(LAYERS)
    modules = [part for _ in range(LAYERS) for part in (nn.Linear(1, 1, bias=False), nn.Tanh())][:-1]
    model = nn.Sequential(*modules)
    keys = [name for name, _ in model.named_parameters()]
    stacked = {
        key: torch.stack([weights[name] for weights, _ in listed])
        for key, name in zip(keys, names, strict=True)
    }
    rates = torch.tensor([rate for _, rate in listed])[:, None, None]

    def loss(weights: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        outputs = torch.func.functional_call(model, weights, (x,))
        return squared_loss(outputs[None], y[None])[0]

    one = torch.func.vmap(torch.func.grad_and_value(loss), in_dims=(0, None, None))
    for step in range(steps):
        batch = batches(step)
        gradients, losses = one(stacked, batch["x"][0], batch["y"][0])
        for key, factor in zip(keys, factors, strict=True):
            stacked[key].addcmul_(gradients[key], rates * -factor)
    return losses


def memory(args: argparse.Namespace) -> None:
    print("peak resident MB of a process, by members; 0 members: importing alone")
    for width in args.widths:
        for members in (0, 64, 256, 1024):
            command = [
                sys.executable,
                __file__,
                "--child",
                f"{members},",
                "--widths",
                f"{width}",
                "--steps",
                "3",
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            weights = 4e-6 * members * width * (INPUTS + OUTPUTS + (LAYERS - 2) * width)
            line = f"width {width:4d} {members:5d} members ({weights:6.0f} MB of weights)"
            print(line, f"{done.stdout.strip():>6s}", flush=True)


def peak_of_a_sweep(members: str, width: int, steps: int) -> int:
    count = int(members.rstrip(","))
    if count:
        swept(made_up(), width, [2.0**place for place in range(-9, -1)], range(count // 8), steps)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def made_up() -> Problem:
    """Random data of the digits' size."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return Problem(
        "made up",
        normal(EXAMPLES, INPUTS),
        0.3 * normal(EXAMPLES, OUTPUTS),
        normal(200, INPUTS),
        normal(200, OUTPUTS),
    )


def scale(width: int) -> float:
    """Of the readout's initial weights, as of `Setup`."""
    return Setup().readout * (width / BASE) ** (0.5 - ARM.exponents.readout)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64, 128, 256, 512])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
