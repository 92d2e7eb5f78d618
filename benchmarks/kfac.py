"""A K-FAC update of one hidden layer without and with its n x n factors, and what a step of each rule costs.

    python benchmarks/kfac.py [--widths 64 128 256 512 1024] [--members 8] [--repeats 5]

- dual: `second_order.kfac.layer_update` with the empirical Fisher, two N x N Cholesky solves, rank-N product;
- sampled: the same with sampled signals, so with Woodbury's identity on the outputs' side;
- batched: both n x n factors of all members at once, Cholesky factorised and solved with the gradient;
- one by one: each member's n x n factors inverted by `torch.linalg.inv`.

All end in new weights. Then whole training steps of three layers (64 inputs, 10 outputs): gradient descent,
K-FAC (sampled, three solves of each kind) and Shampoo (without accumulation). float32, one thread, seconds of
the processor; before anything is timed, all ways must agree in float64.
"""

import argparse

import torch
from side_by_side import growth, in_turn
from torch import Tensor

from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.second_order.damping import damping
from widthscope.ensembles.second_order.factors import SampledResiduals, own_factor
from widthscope.ensembles.second_order.first_order import MLPStep
from widthscope.ensembles.second_order.kfac import KFAC, LayerFactors, layer_update
from widthscope.ensembles.second_order.shampoo import Shampoo
from widthscope.ensembles.second_order.solves import Factor
from widthscope.models.mlp import initial, layer_names, sizes

RIDGE = 0.1  # relative to each factor's trace


def main() -> None:
    args = arguments()
    print(f"{args.members} members, {args.samples} samples, float32, one thread")
    print(f"milliseconds a member, median of {args.repeats} (smallest to largest)")
    found = {}
    for width in args.widths:
        worst = disagreement(Layer(width, args.samples, args.members, torch.float64))
        layer = Layer(width, args.samples, args.members, torch.float32)
        ways = {
            "dual": layer.dual,
            "sampled": layer.sampled,
            "batched": layer.batched,
            "one by one": layer.one_by_one,
        }
        report(f"layer of width {width}, agree to {worst:.1e}", ways, args, found)
    for width in args.widths:
        report(f"step of width {width}", steps(width, args), args, found)
    if len(args.widths) > 1:
        for way, seconds in found.items():
            print(f"{way:<18} grows as the power {growth(args.widths, seconds):.2f} of the width")


def report(title: str, ways: dict, args: argparse.Namespace, found: dict[str, list[float]]) -> None:
    """Print each way's milliseconds a member, and keep its median."""
    print(title)
    times = in_turn(ways, args.repeats)
    base = next(iter(times.values())).middle
    for way, seconds in times.items():
        one = 1e3 / args.members
        print(
            f"    {way:<18} {one * seconds.middle:8.3g} ms ({one * min(seconds.times):.3g} to"
            f" {one * max(seconds.times):.3g})  {seconds.middle / base:6.2f} times as long",
            flush=True,
        )
        found.setdefault(way, []).append(seconds.middle)


class Layer:
    """A layer of `width` x `width` weights with the inputs and signals of a batch."""

    def __init__(self, width: int, samples: int, members: int, dtype: torch.dtype) -> None:
        generator = torch.Generator().manual_seed(0)

        def normal(*shape: int) -> Tensor:
            return torch.randn(members, *shape, generator=generator, dtype=torch.float64).to(dtype)

        self.weights, self.inputs = normal(width, width), normal(samples, width).tanh()
        self.signals, self.drawn = normal(samples, width) / width, normal(samples, width) / width
        self.rate = torch.ones(members, dtype=dtype)

    def dual(self) -> Tensor:
        """New weights by two N x N solves."""
        return self._by(own_factor(self.signals))

    def sampled(self) -> Tensor:
        """New weights where the outputs' factor is of other signals."""
        return self._by(Factor(own_factor(self.drawn).rows))

    def _by(self, outputs: Factor) -> Tensor:
        factors = LayerFactors(own_factor(self.inputs), outputs)
        ridges = (RIDGE * factors.inputs.trace(), RIDGE * outputs.trace())
        update = layer_update(self.inputs, self.signals, factors, ridges)
        return update.subtracted_from(self.weights, self.rate)

    def batched(self, drawn: bool = False) -> Tensor:
        """New weights by n x n Cholesky factors of all members at once."""
        first, second, gradient = self._primal(drawn)
        left = torch.cholesky_solve(gradient, torch.linalg.cholesky(second))
        update = torch.cholesky_solve(left.mT, torch.linalg.cholesky(first)).mT
        return self.weights - self.rate[:, None, None] * update

    def one_by_one(self) -> Tensor:
        """New weights by n x n inverses, a member at a time."""
        triples = zip(*self._primal(False), strict=True)
        updates = [torch.linalg.inv(b) @ g @ torch.linalg.inv(a) for a, b, g in triples]
        return torch.stack([w - u for w, u in zip(self.weights, updates, strict=True)])

    def _primal(self, drawn: bool) -> tuple[Tensor, Tensor, Tensor]:
        count = self.inputs.shape[1]
        ridged = []
        for rows in (self.inputs, self.drawn if drawn else self.signals):
            matrix = rows.mT @ rows / count
            diagonal = matrix.diagonal(dim1=1, dim2=2)
            diagonal += RIDGE * diagonal.sum(1, keepdim=True)
            ridged.append(matrix)
        return ridged[0], ridged[1], self.signals.mT @ self.inputs / count


def disagreement(layer: Layer) -> float:
    """Largest difference between ways, relative to the largest entry of an update."""
    pairs = ((layer.dual(), layer.batched()), (layer.dual(), layer.one_by_one()))
    pairs += ((layer.sampled(), layer.batched(drawn=True)),)
    return max(float((a - b).abs().max() / (b - layer.weights).abs().max()) for a, b in pairs)


def steps(width: int, args: argparse.Namespace) -> dict:
    """One training step of each method from the same weights."""
    names, ones = layer_names(3), torch.ones(args.members)
    members = Members.grid(seed=range(args.members))
    drawn = [initial(g, sizes(64, width, 10, 3)) for g in members.generators("weights")]
    parameters = stacked(drawn)
    generator = torch.Generator().manual_seed(0)
    batch = {
        "x": torch.randn(args.samples, 64, generator=generator).expand(args.members, -1, -1),
        "y": torch.randn(args.samples, 10, generator=generator).expand(args.members, -1, -1),
    }
    rates = dict.fromkeys(names, 0.01 * ones)
    rho = damping("rescaled", names, RIDGE * ones, RIDGE * ones)
    made = {
        "gradient descent": MLPStep("tanh", rates),
        "K-FAC": KFAC("tanh", rates, rho, noise=SampledResiduals(members.keys("noise"))),
        "Shampoo": Shampoo("tanh", rates, 1e-2 * ones),
    }
    return {name: lambda step=step: step(parameters, {}, batch, 0) for name, step in made.items()}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
