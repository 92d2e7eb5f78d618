"""Gradient regularisation: finite difference against double backpropagation, in products, time and memory.

    python benchmarks/gradient_regularisation.py [--depths 2 3 4 6 8 12 16] [--width 512] [--repeats 15]
    python benchmarks/gradient_regularisation.py --module [--depths 3 8]

One step of a multilayer perceptron of the study (width M, batch 128, float32, one thread), by the steps of
`gradient_regularisation.ensemble_steps`: matrix products as they run, bytes that autograd keeps at most, and
seconds of the processor. All ways take turns within each repeat; a ratio is that of one repeat, shown is the
median with its 95 % bootstrap interval. Whether the ratio of double backpropagation to the difference grows
with the depth is told by Spearman's correlation.

--module: `gradient_regularised_step` and `sharpness_aware_step` on a `torch.nn.Sequential`, against the loop
that a user would write, and against the SAM of `pytorch_optimizer`; first, all must end at the same
parameters.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from counts import FEWEST, positive
from pytorch_optimizer import SAM
from scipy.stats import spearmanr
from side_by_side import Seconds, in_turn
from torch import Tensor, nn

from widthscope.ensembles.parameters import stacked
from widthscope.gradient_regularisation.module_step import gradient_regularised_step, sharpness_aware_step
from widthscope.statistics.intervals import bootstrap
from widthscope.studies.gradient_regularization.costs.experiment import costs, steps
from widthscope.studies.gradient_regularization.networks import Network, initial

BATCH = 128
STRENGTH, ASCENT, RADIUS, RATE = 0.1, 0.05, 0.05, 0.01
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def main() -> None:
    args = arguments()
    for activation in args.activations:
        (modules if args.module else depths)(args, activation)


def depths(args: argparse.Namespace, activation: str) -> None:
    """Products, bytes and seconds over the depth."""
    print(f"{activation}, width {args.width}, batch {BATCH}, float32, one thread, {args.repeats} repeats")
    medians = []
    for depth in args.depths:
        network = Network(activation, layers=depth, width=args.width, inputs=args.width)
        generator = torch.Generator().manual_seed(depth)
        parameters = stacked([initial(generator, network)])
        batch = {
            "x": torch.randn(1, BATCH, args.width, generator=generator),
            "labels": torch.randint(network.classes, (1, BATCH), generator=generator),
        }
        every = steps(network)
        ways = {
            name: partial(step, parameters, step.start(parameters), batch, 0) for name, step in every.items()
        }
        counted = {name: costs(step, parameters, batch) for name, step in every.items()}
        seconds = in_turn(ways, args.repeats)
        products = " ".join(f"{counted[name][0]:>3}" for name in ("gradient", "forward", "double"))
        ratios = [counted["double"][place] / counted["forward"][place] for place in range(3)]
        medians.append(float(np.median(ratios_of(seconds["double"], seconds["forward"]))))
        print(f"  L = {depth:<2} products {products}; a gradient takes {seconds['gradient']}")
        print(f"    forward over gradient, seconds  {shown(seconds['forward'], seconds['gradient'])}")
        print(f"    double over forward, seconds    {shown(seconds['double'], seconds['forward'])}")
        print("    products, multiplications, bytes kept  " + " ".join(f"{each:.2f}" for each in ratios))
        sys.stdout.flush()
    if len(args.depths) > 2:
        rising = spearmanr(args.depths, medians)
        print(f"  double / forward over the depth: Spearman {rising.statistic:.2f}")


def modules(args: argparse.Namespace, activation: str) -> None:
    """The drop-in against loops over `loss.backward()`."""
    print(f"{activation}, width {args.width}, batch {BATCH}, a torch.nn.Sequential, {args.repeats} repeats")
    for depth in args.depths:
        ways = loops(args.width, depth, ACTIVATIONS[activation])
        check(ways)
        seconds = in_turn({name: run for name, (run, _) in ways.items()}, args.repeats)
        print(f"  L = {depth}: plain step {seconds['plain']}")
        for more, less in (("forward by hand", "plain"), ("exact by hand", "forward by hand")):
            print(f"    {more:<17} over {less:<24} {shown(seconds[more], seconds[less])}")
        for ours, theirs in PAIRS.items():
            print(f"    {ours:<17} over {theirs:<24} {shown(seconds[ours], seconds[theirs])}", flush=True)


PAIRS = {
    "forward": "forward by hand",
    "exact": "exact by hand",
    "sharpness-aware": "sharpness-aware by hand",
    "sharpness-aware ": "pytorch_optimizer's SAM",
}
"""What is compared; the last once more, under a name of its own."""

Way = tuple[Callable[[], None], nn.Module]


def loops(width: int, depth: int, activation: type[nn.Module]) -> Mapping[str, Way]:
    """One step of every way, each on its own copy of one module."""
    torch.manual_seed(depth)
    sizes = [width] * depth + [10]
    layers = [module for pair in pairwise(sizes) for module in (nn.Linear(*pair), activation())][:-1]
    template = nn.Sequential(*layers)
    x, labels = torch.randn(BATCH, width), torch.randint(10, (BATCH,))

    def way(build: Callable[..., Callable[[], None]]) -> Way:
        model = deepcopy(template)
        return build(model, lambda: nn.functional.cross_entropy(model(x), labels)), model

    return {
        "plain": way(plain),
        "forward": way(drop_in("forward")),
        "forward by hand": way(forward_by_hand),
        "exact": way(drop_in("exact")),
        "exact by hand": way(exact_by_hand),
        "sharpness-aware": way(sharpness_aware),
        "sharpness-aware by hand": way(sharpness_aware_by_hand),
        "sharpness-aware ": way(sharpness_aware),
        "pytorch_optimizer's SAM": way(published_sam),
    }


Loss = Callable[[], Tensor]


def plain(model: nn.Module, loss: Loss) -> Callable[[], None]:
    optimiser = torch.optim.SGD(model.parameters(), RATE)

    def run() -> None:
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()

    return run


def drop_in(difference: str) -> Callable[[nn.Module, Loss], Callable[[], None]]:
    ascent = None if difference == "exact" else ASCENT

    def build(model: nn.Module, loss: Loss) -> Callable[[], None]:
        optimiser = torch.optim.SGD(model.parameters(), RATE)
        return lambda: gradient_regularised_step(
            model, loss, optimiser, strength=STRENGTH, ascent=ascent, difference=difference
        )

    return build


def forward_by_hand(model: nn.Module, loss: Loss) -> Callable[[], None]:
    optimiser = torch.optim.SGD(model.parameters(), RATE)
    weights = list(model.parameters())

    def run() -> None:
        first = torch.autograd.grad(loss(), weights)
        start = [weight.detach().clone() for weight in weights]
        with torch.no_grad():
            for weight, gradient in zip(weights, first, strict=True):
                weight.add_(gradient, alpha=ASCENT)
        second = torch.autograd.grad(loss(), weights)
        with torch.no_grad():
            for weight, kept, g, ahead in zip(weights, start, first, second, strict=True):
                weight.copy_(kept)
                weight.grad = g + STRENGTH / ASCENT * (ahead - g)
        optimiser.step()

    return run


def exact_by_hand(model: nn.Module, loss: Loss) -> Callable[[], None]:
    optimiser = torch.optim.SGD(model.parameters(), RATE)
    weights = list(model.parameters())

    def run() -> None:
        optimiser.zero_grad()
        value = loss()
        found = torch.autograd.grad(value, weights, create_graph=True)
        (value + STRENGTH / 2 * sum(g.square().sum() for g in found)).backward()
        optimiser.step()

    return run


def sharpness_aware(model: nn.Module, loss: Loss) -> Callable[[], None]:
    optimiser = torch.optim.SGD(model.parameters(), RATE)
    return lambda: sharpness_aware_step(model, loss, optimiser, radius=RADIUS)


def sharpness_aware_by_hand(model: nn.Module, loss: Loss) -> Callable[[], None]:
    optimiser = torch.optim.SGD(model.parameters(), RATE)
    weights = list(model.parameters())

    def run() -> None:
        first = torch.autograd.grad(loss(), weights)
        length = RADIUS / torch.stack([g.norm() for g in first]).norm()
        start = [weight.detach().clone() for weight in weights]
        with torch.no_grad():
            for weight, gradient in zip(weights, first, strict=True):
                weight.add_(length * gradient)
        optimiser.zero_grad()
        loss().backward()
        with torch.no_grad():
            for weight, kept in zip(weights, start, strict=True):
                weight.copy_(kept)
        optimiser.step()

    return run


def published_sam(model: nn.Module, loss: Loss) -> Callable[[], None]:
    optimiser = SAM(model.parameters(), torch.optim.SGD, rho=RADIUS, lr=RATE)

    def run() -> None:
        loss().backward()
        optimiser.first_step(zero_grad=True)
        loss().backward()
        optimiser.second_step(zero_grad=True)

    return run


def check(ways: Mapping[str, Way]) -> None:
    """Compared ways must end at the same parameters after a step each.

    Raises:
        SystemExit: if two do not.
    """
    for run, _ in ways.values():
        run()
    for ours, theirs in PAIRS.items():
        apart = max(
            float((one - other).detach().abs().max())
            for one, other in zip(ways[ours][1].parameters(), ways[theirs][1].parameters(), strict=True)
        )
        if apart > 1e-5:
            raise SystemExit(f"{ours} and {theirs} are {apart:.1e} apart after one step")


def ratios_of(one: Seconds, other: Seconds) -> np.ndarray:
    """Of each repeat."""
    return np.array(one.times) / np.array(other.times)


def shown(one: Seconds, other: Seconds) -> str:
    """Median ratio over the repeats, with its 95 % interval where there are enough."""
    ratios = ratios_of(one, other)
    if len(ratios) < FEWEST:
        return f"{np.median(ratios):.2f} (repeats: {len(ratios)}, too few for an interval)"
    found = bootstrap(np.median, ratios, np.random.default_rng(0), level=0.95, method="percentile")
    low, high = found.interval
    return f"{found.value:.2f} ({low:.2f} to {high:.2f})"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--depths", type=positive, nargs="+", default=[2, 3, 4, 6, 8, 12, 16])
    parser.add_argument("--width", type=positive, default=512)
    parser.add_argument("--repeats", type=positive, default=15)
    parser.add_argument("--activations", nargs="+", default=["relu"], choices=list(ACTIVATIONS))
    parser.add_argument("--module", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
