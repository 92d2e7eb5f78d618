"""Lyapunov exponents, time of one step: `lyapunov_spectrum` against plain loops over autograd, in one run.

    python benchmarks/lyapunov.py [--rule rms] [--exponents 8] [--steps 10] [--repeats 7]

- widthscope: `lyapunov_spectrum` on closed-form products, with its null directions, history and errors.
- widthscope on autograd: the same on `AutogradDynamics` of the same update function.
- jacrev and QR: what one writes first: J by `torch.func.jacrev`, J Q, `torch.linalg.qr`, log |diag R|.

One state, and eight at once, where the time is that of a step of all of them; the plain loop takes them one
by one. float64, one thread.
"""

import argparse

import torch
from side_by_side import Network, in_turn, network
from torch import Tensor

from widthscope.models.recurrence.update import update
from widthscope.spectra.dynamics import AutogradDynamics, Dynamics
from widthscope.spectra.frames import random_frame
from widthscope.spectra.lyapunov import lyapunov_spectrum

SIZES = ((8, 16), (8, 32), (16, 32), (16, 64))


def main() -> None:
    args = arguments()
    print(
        f"{args.rule}, {args.exponents} exponents, {args.steps} steps, float64, one thread; "
        f"times of one step: medians (smallest to largest) of {args.repeats}"
    )
    for tokens, width in SIZES:
        for states in (1, 8):
            compare(network(args.rule, tokens, width, states), args)


def compare(net: Network, args: argparse.Namespace) -> None:
    state = net.flat()
    start = random_frame(state, args.exponents)

    def function(flat: Tensor) -> Tensor:
        return update(net.rule, net.parameters, flat.reshape(net.state.shape), net.drive).reshape(flat.shape)

    def ours(dynamics: Dynamics) -> Tensor:
        settings = {"warm_up": 0, "frame_warm_up": 0, "start": start}
        return lyapunov_spectrum(dynamics, state, args.exponents, args.steps, **settings).exponents

    def plain() -> Tensor:
        return torch.stack([loop(item) for item in range(len(state))])

    def loop(item: int) -> Tensor:
        parameters = {name: values[item : item + 1] for name, values in net.parameters.items()}
        drive, shape = net.drive[item : item + 1], net.state[:1].shape

        def one(flat: Tensor) -> Tensor:
            return update(net.rule, parameters, flat.reshape(shape), drive).flatten()

        x, Q, total = state[item], start[item].mT, torch.zeros(args.exponents, dtype=torch.float64)
        for _ in range(args.steps):
            Q, R = torch.linalg.qr(torch.func.jacrev(one)(x) @ Q)
            total = total + R.diagonal().abs().log()
            x = one(x)
        return (total / args.steps).sort(descending=True).values

    ways = {
        "widthscope": lambda: ours(net.dynamics()),
        "widthscope on autograd": lambda: ours(AutogradDynamics(function)),
        "jacrev and QR": plain,
    }
    found = in_turn(ways, args.repeats)
    gap = float((ways["widthscope"]() - plain()).abs().max())
    tokens, width = net.state.shape[-2:]
    print(f"S={tokens} D={width}, {len(state)} state(s): exponents differ by at most {gap:.1e}")
    base = found["widthscope"].middle
    for way, seconds in found.items():
        a_step = type(seconds)(tuple(t / args.steps for t in seconds.times))
        print(f"    {way:<24} {a_step!s:<40} {seconds.middle / base:5.1f} times as long", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rule", default="rms", choices=("unit", "rms", "akorn"))
    parser.add_argument("--exponents", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()
