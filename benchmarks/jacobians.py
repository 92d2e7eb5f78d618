"""Dense Jacobians of one step of recurrent attention: closed form against `torch.func`, batched, in one run.

    python benchmarks/jacobians.py [--rules unit akorn] [--states 16] [--repeats 7]

- widthscope: `attention.jacobians.update_jacobian`, all states at once.
- jacrev, jacfwd: `torch.func` on the same update function, vmapped over the states.

float64, one thread; then how the closed form's cost grows with tokens S and width D.
"""

import argparse

import torch
from side_by_side import Network, growth, in_turn, network, shown
from torch import Tensor

from widthscope.attention.jacobians.update import update_jacobian
from widthscope.models.recurrence.update import update

SIZES = ((8, 16), (8, 32), (16, 32), (16, 64))


def main() -> None:
    args = arguments()
    print(
        f"{args.states} states, 4 heads, float64, one thread; medians (smallest to largest) of {args.repeats}"
    )
    for rule in args.rules:
        for tokens, width in SIZES:
            compare(network(rule, tokens, width, args.states), f"{rule} S={tokens} D={width}", args.repeats)
    for rule in args.rules:
        for name, sizes in (
            ("S at D=32", [(tokens, 32) for tokens in (4, 8, 16, 32, 64)]),
            ("D at S=16", [(16, width) for width in (16, 32, 64, 128)]),
        ):
            found = [closed_form(network(rule, *size, 1), args.repeats) for size in sizes]
            varied = [size[0] if name.startswith("S") else size[1] for size in sizes]
            steps = " ".join(shown(seconds) for seconds in found)
            powers = (
                f"{growth(varied, found):.2f}, between the last two {growth(varied[-2:], found[-2:]):.2f}"
            )
            print(f"{rule}: one state's closed form grows as the power {powers}, of {name}: {steps}")


def compare(net: Network, name: str, repeats: int) -> None:
    tokens, width = net.state.shape[-2:]

    def one(parameters: dict[str, Tensor], state: Tensor, drive: Tensor) -> Tensor:
        alone = {key: value[None] for key, value in parameters.items()}
        return update(net.rule, alone, state[None], drive[None])[0]

    def by(transform: object) -> Tensor:
        batched = torch.func.vmap(transform(one, argnums=1))(net.parameters, net.state, net.drive)
        return batched.reshape(-1, 1, tokens * width, tokens * width)

    ways = {
        "closed form": lambda: update_jacobian(net.rule, net.parameters, net.state, net.drive),
        "jacrev": lambda: by(torch.func.jacrev),
        "jacfwd": lambda: by(torch.func.jacfwd),
    }
    ours = ways["closed form"]()
    error = max(float((ours - ways[other]()).abs().max()) for other in ("jacrev", "jacfwd"))
    found = in_turn(ways, repeats)
    base = found["closed form"].middle
    print(f"{name}: largest difference {error:.1e}")
    for way, seconds in found.items():
        print(f"    {way:<12} {seconds!s:<40} {seconds.middle / base:5.1f} times as long", flush=True)


def closed_form(net: Network, repeats: int) -> float:
    work = {"": lambda: update_jacobian(net.rule, net.parameters, net.state, net.drive)}
    return in_turn(work, repeats)[""].middle


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rules", nargs="+", default=["unit", "akorn"])
    parser.add_argument("--states", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()
