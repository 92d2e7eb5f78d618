"""Training many small mixers at once, against a plain PyTorch loop over them.

    python benchmarks/mixer_ensembles.py
    python benchmarks/mixer_ensembles.py --arm sym --members 2 10 40

Both train the same members from the same weights on the same images (random ones, 8 by 8 in patches of 2
by 2; C channels, Hs = C, Hc = 2 C hidden units, four blocks) by AdamW in float32. Plain PyTorch is what one
writes for a single model: an nn.Module on features (image, token, channel) with `functional.layer_norm` over
tokens and channels, products with the weights where they lie, and `torch.optim.AdamW`; it is run for one
member after the other within each step. Ours is `ensembles.training.train`, its checks of divergence
included. All run on one thread, pinned to one core, in turns, so that a busy machine slows both alike; times
are CPU seconds. The losses after the last step must agree.
"""

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, member_of
from widthscope.ensembles.training import train
from widthscope.mixers.designs import ARMS, Arm, Shape
from widthscope.mixers.normalisation import EPS
from widthscope.studies.ham_mixer.networks import Stream, drawn, losses

RATE, DECAY = 3e-3, 0.05
IMAGES = 500


def main() -> None:
    args = parse_arguments()
    pin_to_one_core()
    torch.set_num_threads(1)
    print(
        f"arm {args.arm}, batches of {args.batch}, {Shape().blocks} blocks; torch {torch.__version__}, "
        f"Python {platform.python_version()}; median CPU ms a step and member, and smallest to largest of "
        f"{args.repeats} repeats"
    )
    rows = []
    for channels in args.channels:
        for members in args.members:
            rows.append(row(channels, members, args))
            print(line(rows[-1]), flush=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


def row(channels: int, members: int, args: argparse.Namespace) -> dict:
    """Seconds a step and member of both, timed in turns."""
    shape = Shape(channels=channels, token_hidden=channels, channel_hidden=2 * channels)
    task = Task(ARMS[args.arm], shape, members, args.batch)
    contestants = {"ours": Ours(task), "plain": Plain(task)}
    found = {name: contestant.run(2) for name, contestant in contestants.items()}  # warm
    steps = max(2, min(task.steps, round(2 * args.seconds / found["plain"][0])))
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(args.repeats):
        for name, contestant in contestants.items():
            spent, last = contestant.run(steps)
            seconds[name].append(spent / steps / members)
            found[name] = (spent, last)
    np.testing.assert_allclose(found["plain"][1], found["ours"][1], rtol=5e-3, err_msg="last losses")
    weights = shape.weights(ARMS[args.arm])
    return {"channels": channels, "members": members, "weights": weights, "steps": steps, "seconds": seconds}


def line(result: dict) -> str:
    parts = [f"C {result['channels']:4d} ({result['weights']} weights), {result['members']:3d} members"]
    for name, values in result["seconds"].items():
        low, high = 1e3 * min(values), 1e3 * max(values)
        parts.append(f"{name} {1e3 * statistics.median(values):7.2f} [{low:.2f}, {high:.2f}]")
    # Ratios of what ran in the same turn: a slow moment of the machine is in both.
    ratios = [p / o for p, o in zip(result["seconds"]["plain"], result["seconds"]["ours"], strict=True)]
    parts.append(f"plain/ours {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]")
    return "   ".join(parts)


class Task:
    """What both train: arm and shape, initial weights, images and their order."""

    def __init__(self, arm: Arm, shape: Shape, members: int, batch: int, steps: int = 200) -> None:
        self.arm, self.shape, self.steps = arm, shape, steps
        self.members = Members.grid(seed=range(members))
        self.parameters = drawn(arm, shape, Stream("benchmark", 0), self.members)
        generator = torch.Generator().manual_seed(0)
        self.images = torch.randn(IMAGES, 1, shape.side, shape.side, generator=generator)
        self.labels = torch.randint(shape.classes, (IMAGES,), generator=generator)
        self.order = torch.randint(IMAGES, (members, steps, batch), generator=generator)


class Ours:
    """The engine: `train`, its checks of divergence included."""

    def __init__(self, task: Task) -> None:
        self.task = task

        def loss(parameters: Parameters, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            return losses(task.arm, task.shape, parameters, batch)

        self.step = GradientStep(loss, Adam(RATE, weight_decay=DECAY))

    def run(self, steps: int) -> tuple[float, list[float]]:
        """CPU seconds of so many steps from the start, and each member's last loss."""
        task, penalty = self.task, torch.zeros(len(self.task.members))

        def batches(step: int) -> dict[str, torch.Tensor]:
            chosen = task.order[:, step]
            return {"images": task.images[chosen], "labels": task.labels[chosen], "penalty": penalty}

        begun = time.process_time()
        trained = train(task.members, task.parameters, self.step, batches, steps)
        spent = time.process_time() - begun
        return spent, trained.history["loss"][:, -1].values.tolist()


class Block(nn.Module):
    """One block as one would write it; features are (image, token, channel)."""

    def __init__(self, arm: Arm, shape: Shape) -> None:
        super().__init__()
        self.arm = arm
        sizes = {
            "token": (arm.widening * shape.token_hidden, shape.tokens),
            "channel": (arm.widening * shape.channel_hidden, shape.channels),
        }
        for name, (hidden, visible) in sizes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(hidden, visible)))
            if arm.backward != "tied":
                self.register_parameter(f"{name}_back", nn.Parameter(torch.empty(visible, hidden)))

    def back(self, name: str) -> torch.Tensor:
        """The backward matrix (visible, hidden)."""
        if self.arm.backward == "free":
            return getattr(self, f"{name}_back")
        tied = self.arm.sign * getattr(self, name).T
        return tied if self.arm.backward == "tied" else tied + getattr(self, f"{name}_back")

    def token_branch(self, g: torch.Tensor) -> torch.Tensor:
        """W2 phi(W g)."""
        return self.back("token") @ functional.gelu(self.token @ g)

    def channel_branch(self, g: torch.Tensor) -> torch.Tensor:
        """phi(g V^T) V2^T."""
        return functional.linear(functional.gelu(functional.linear(g, self.channel)), self.back("channel"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """State after the block, as the state before."""
        g = functional.layer_norm(x, x.shape[1:], eps=EPS)
        if self.arm.order == "serial":
            x = x + self.token_branch(g)
            return x + self.channel_branch(functional.layer_norm(x, x.shape[1:], eps=EPS))
        return x + self.token_branch(g) + self.channel_branch(g)


class Model(nn.Module):
    """One member as one would write it."""

    def __init__(self, arm: Arm, shape: Shape) -> None:
        super().__init__()
        self.embed = nn.Conv2d(shape.colours, shape.channels, shape.patch, stride=shape.patch)
        self.blocks = nn.ModuleList(Block(arm, shape) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(shape.channels, eps=EPS)
        self.readout = nn.Linear(shape.channels, shape.classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores (image, class)."""
        x = self.embed(images).flatten(2).mT.contiguous()
        for each in self.blocks:
            x = each(x)
        return self.readout(self.norm(x).mean(1))

    def load(self, parameters: Parameters) -> None:
        """Start from one member's weights."""
        with torch.no_grad():
            self.embed.weight.copy_(parameters["embed"].view(self.embed.weight.shape))
            self.embed.bias.copy_(parameters["embed_bias"])
            self.norm.weight.copy_(parameters["gain"])
            self.norm.bias.copy_(parameters["shift"])
            self.readout.weight.copy_(parameters["readout"])
            self.readout.bias.copy_(parameters["readout_bias"])
            for place, block in enumerate(self.blocks):
                for name, value in block.named_parameters():
                    value.copy_(parameters[name][place])


class Plain:
    """A loop over members, each a module with an optimiser of its own."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def run(self, steps: int) -> tuple[float, list[float]]:
        """As `Ours.run`."""
        task = self.task
        models = [Model(task.arm, task.shape) for _ in range(len(task.members))]
        for place, model in enumerate(models):
            model.load(member_of(task.parameters, place))
        optimisers = [torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY) for model in models]
        last = [0.0] * len(models)
        begun = time.process_time()
        for step in range(steps):
            for place, (model, optimiser) in enumerate(zip(models, optimisers, strict=True)):
                chosen = task.order[place, step]
                loss = functional.cross_entropy(model(task.images[chosen]), task.labels[chosen])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                last[place] = loss.item()
        return time.process_time() - begun, last


def pin_to_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arm", choices=tuple(ARMS), default="para")
    parser.add_argument("--channels", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument("--members", type=int, nargs="+", default=[10])
    parser.add_argument("--batch", type=int, default=100, help="images a step and member")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of the plain loop, per repeat")
    parser.add_argument("--json", type=Path, help="where to write the times")
    return parser.parse_args()


if __name__ == "__main__":
    main()
