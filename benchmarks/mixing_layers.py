"""One mixing layer of width m = S^2 with S connections of a unit, in five forms: time and memory over m.

    python benchmarks/mixing_layers.py [--sides 8 16 32 64] [--examples 64] [--repeats 9]
    python benchmarks/mixing_layers.py --memory [--sides 16 32 64]

- mixer: `mixers.mixing.mix_tokens`, one matrix product;
- permuted: `mixers.permuted_kronecker.permuted_kronecker` between two random permutations (RP);
- kronecker: `linear_operator`'s KroneckerProductLinearOperator of the same weight and an identity;
- compressed: a sparse weight of the same density in Torch's compressed rows (CSR);
- masked: a dense weight times its static mask (SW-MLP).

Forward, and where a form can (Torch's CSR has no gradient here), forward and backward. float32, one thread,
seconds of the processor; before anything is timed, mixer, permuted and kronecker must agree with the dense
matrix in float64, and compressed with masked. --memory runs every form in a process of its own, several
forward and backward passes, and prints its peak resident memory above that of the imports (Linux).
"""

import argparse
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from linear_operator.operators import (
    DenseLinearOperator,
    IdentityLinearOperator,
    KroneckerProductLinearOperator,
)
from side_by_side import growth, in_turn
from torch import Tensor

from widthscope.mixers.mixing import initial_weights, mix_tokens
from widthscope.mixers.permuted_kronecker import dense, inverse, permuted_kronecker, random_permutations
from widthscope.mixers.sparse import (
    compressed,
    initial_sparse_weights,
    masked_product,
    random_mask,
    stored_numbers,
)

WAYS = ("mixer", "permuted", "kronecker", "compressed", "masked")
WITHOUT_GRADIENT = ("compressed",)


def main() -> None:
    args = arguments()
    if args.way:
        run_alone(args.way, args.sides[0], args.examples)
        return
    for side in args.sides[:2]:
        check(Layer(min(side, 16), args.examples, torch.float64))
    (memory if args.memory else times)(args)


def times(args: argparse.Namespace) -> None:
    """Milliseconds of every form at every width, and how they grow."""
    for what in ("forward", "forward and backward"):
        backward = what != "forward"
        found: dict[str, list[float]] = {}
        print(f"{what}, {args.examples} examples, float32, one thread, median of {args.repeats}")
        for side in args.sides:
            layer = Layer(side, args.examples, torch.float32)
            ways = {
                way: layer.work(way, backward) for way in WAYS if not (backward and way in WITHOUT_GRADIENT)
            }
            print(f"  m = {side * side}")
            seconds = in_turn(ways, args.repeats)
            for way, each in seconds.items():
                ratio = each.middle / seconds["mixer"].middle
                print(f"    {way:<11} {each}  {ratio:7.2f} times the mixer", flush=True)
                found.setdefault(way, []).append(each.middle)
        widths = [side * side for side in args.sides]
        for way, each in found.items():
            last = growth(widths[-2:], each[-2:])
            print(f"  {way:<11} grows as m^{growth(widths, each):.2f}, over the last two as m^{last:.2f}")


def memory(args: argparse.Namespace) -> None:
    """Numbers stored, and peak memory of a process for each form, above that of the imports."""
    for side in args.sides:
        print(f"m = {side * side}")
        for way in WAYS:
            command = [sys.executable, __file__, "--way", way, "--sides", str(side)]
            command += ["--examples", str(args.examples)]
            words, peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            print(f"    {way:<11} {int(words):>10} numbers, {float(peak):8.1f} MB", flush=True)


def run_alone(way: str, side: int, examples: int) -> None:
    """Print how many numbers one form stores, and how many MB it and its passes add to the imports."""
    before = resident("VmRSS")
    layer = Layer(side, examples, torch.float32, (way,))
    work = layer.work(way, backward=way not in WITHOUT_GRADIENT)
    Path("/proc/self/clear_refs").write_text("5")  # the peak from here on: drawing a mask takes more
    for _ in range(5):
        work()
    print(stored_numbers(layer.kept[way]), f"{resident('VmHWM') - before:.1f}")


def resident(which: str) -> float:
    """MB of this process: VmRSS now, VmHWM at most (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (line for line in lines if line.startswith(which))
    return int(found.split()[1]) / 1024


class Layer:
    """The five forms at one width, and one batch of features (m, example)."""

    def __init__(self, side: int, examples: int, dtype: torch.dtype, ways: tuple[str, ...] = WAYS) -> None:
        generator = torch.Generator().manual_seed(side)
        self.side, self.units, self.examples = side, side * side, examples
        self.features = torch.randn(self.units, examples, generator=generator).to(dtype)
        self.weight = initial_weights(1, side, side, side, 1.0, generator)[0].to(dtype)
        orders = random_permutations(2, self.units, generator)
        self.orders = (orders[0], orders[1])
        self.kept: dict[str, list[Tensor]] = {
            "mixer": [self.weight],
            "permuted": [self.weight, *self.orders],
            "kronecker": [self.weight],
        }
        if "masked" in ways or "compressed" in ways:
            mask = random_mask(self.units, self.units, self.units * side, generator)
            sparse = initial_sparse_weights(mask, 1.0, generator).to(dtype)
            if "compressed" in ways:
                self.kept["compressed"] = [compressed(sparse, mask)]
            if "masked" in ways:
                self.kept["masked"] = [sparse, mask.to(dtype)]

    def apply(self, way: str, x: Tensor) -> Tensor:
        """The layer on features (m, example)."""
        kept = self.kept[way]
        if way == "mixer":
            table = x.reshape(self.side, self.side, self.examples)  # [token, channel x example], one product
            return mix_tokens(kept[0], table).reshape(self.units, self.examples)
        if way == "permuted":
            return permuted_kronecker(kept[0], x, kept[1], kept[2])
        if way == "kronecker":
            identity = IdentityLinearOperator(self.side, dtype=x.dtype)
            return KroneckerProductLinearOperator(DenseLinearOperator(kept[0]), identity) @ x
        if way == "compressed":
            return kept[0] @ x
        return masked_product(kept[0], kept[1], x)

    def work(self, way: str, backward: bool) -> Callable[[], None]:
        """One pass of one form, with gradients of weights and features where `backward` is set."""
        if not backward:
            return lambda: self._forward(way)
        weight = self.kept[way][0].requires_grad_()
        features = self.features.clone().requires_grad_()

        def both() -> None:
            torch.autograd.grad(self.apply(way, features).sum(), (weight, features))

        return both

    def _forward(self, way: str) -> None:
        with torch.no_grad():
            self.apply(way, self.features)


def check(layer: Layer) -> None:
    """Every form against a dense matrix, in float64.

    Raises:
        SystemExit: if one differs.
    """
    x = layer.features
    matrices = {
        "mixer": torch.kron(layer.weight, torch.eye(layer.side, dtype=x.dtype)),
        "permuted": dense(layer.weight, layer.units, *layer.orders),
        "compressed": layer.kept["masked"][0],
        "masked": layer.kept["masked"][0],
    }
    matrices["kronecker"] = matrices["mixer"]
    # The permuted layer's dense form once more, by moving rows and columns.
    moved = matrices["mixer"][layer.orders[1]][:, inverse(layer.orders[0])]
    worst = float((moved - matrices["permuted"]).abs().max())
    for way, matrix in matrices.items():
        worst = max(worst, float((layer.apply(way, x) - matrix @ x).abs().max()))
    if worst > 1e-12:
        raise SystemExit(f"the forms differ by {worst:.1e} in float64")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sides", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument("--examples", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    main()
