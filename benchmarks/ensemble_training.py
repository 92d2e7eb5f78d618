"""Training many small transformers at once, against a plain PyTorch loop over them and against JAX.

    python benchmarks/ensemble_training.py
    python benchmarks/ensemble_training.py --jax-python ~/jax/bin/python

JAX is not needed. To time it beside the others, install it where it disturbs nothing, and name that Python:

    python -m venv ~/jax && ~/jax/bin/pip install jax numpy

Every contestant trains the same members from the same weights on the same windows of a made text: one causal
layer with one head (post-norm; head dimension, feed-forward part and width equal; tied embeddings), Adam,
float32. Plain PyTorch is what one writes for a single model (nn.Module, scaled_dot_product_attention,
torch.optim.Adam), run for one member after the other within each step. JAX runs vmap of the same loss in one
jit with the update, old parameters donated; it compiles before it is timed. All run on one thread, pinned to
one core, in turns, so that a busy machine slows all alike; times are CPU seconds. The losses after the last
step must agree.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from widthscope.ensembles.batches import Windows, choices
from widthscope.ensembles.gradient_step import GradientStep, members_at_once
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, member_of, stacked
from widthscope.ensembles.training import train
from widthscope.models import transformer

LEARNING_RATE = 1e-3
SYMBOLS = 94
JAX_SCRIPT = Path(__file__).with_name("ensemble_training_jax.py")


def main() -> None:
    args = parse_arguments()
    pin_to_one_core()
    torch.set_num_threads(1)
    print(
        f"{args.members} members, {args.batch} windows of {args.context} tokens a step, one layer, one head; "
        f"torch {torch.__version__}, Python {platform.python_version()}; "
        f"median CPU ms a step of all members, and smallest to largest of {args.repeats} repeats"
    )
    rows = []
    for width in args.widths:
        rows.append(row(width, args))
        print(line(rows[-1]), flush=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


def row(width: int, args: argparse.Namespace) -> dict:
    """Seconds a step of each contestant at one width, each of them timed in turns."""
    task = Task(width, args)
    contestants = {"ours": Ours(task), "plain": Plain(task)}
    if args.jax_python:
        contestants["jax"] = Jax(task, args.jax_python)
    found = {name: contestant.run(2) for name, contestant in contestants.items()}  # warm
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    steps = max(2, round(args.seconds / found["plain"][0] * 2))
    for _ in range(args.repeats):
        for name, contestant in contestants.items():
            spent, losses = contestant.run(steps)
            seconds[name].append(spent / steps)
            found[name] = (spent, losses)
    for name, (_, losses) in found.items():
        np.testing.assert_allclose(losses, found["ours"][1], rtol=2e-3, err_msg=f"losses of {name}")
    return {"width": width, "steps": steps, "seconds": seconds, "members": args.members}


def line(result: dict) -> str:
    parts = [f"width {result['width']:4d}"]
    median = {name: statistics.median(values) for name, values in result["seconds"].items()}
    for name, values in result["seconds"].items():
        low, high = min(values), max(values)
        parts.append(f"{name} {1e3 * median[name]:8.2f} [{1e3 * low:.2f}, {1e3 * high:.2f}]")
    # Ratios of what ran in the same turn: a slow moment of the machine is in both.
    for name in list(median)[1:]:
        ratios = [t / o for t, o in zip(result["seconds"][name], result["seconds"]["ours"], strict=True)]
        parts.append(f"{name}/ours {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]")
    return "   ".join(parts)


class Task:
    """What all contestants train: the model, initial weights, and the text with its windows."""

    def __init__(self, width: int, args: argparse.Namespace) -> None:
        self.architecture = transformer.Architecture(
            vocabulary=SYMBOLS, width=width, context=args.context, heads=1
        )
        self.members = Members.grid(seed=range(args.members))
        drawn = [transformer.initial(self.architecture, g) for g in self.members.generators("weights")]
        self.parameters = stacked(drawn)
        generator = torch.Generator().manual_seed(0)
        self.text = torch.randint(SYMBOLS, (100_000,), generator=generator)
        positions = Windows.positions(len(self.text), args.context)
        self.order = choices(self.members.generators("data"), positions, args.batch, 1000)


class Ours:
    """The engine: `train`, its checks of divergence included."""

    def __init__(self, task: Task) -> None:
        self.task = task

        def loss(p: Parameters, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            return transformer.losses(task.architecture, p, batch["tokens"], batch["targets"])

        architecture, (_, _, batch) = task.architecture, task.order.shape
        largest = batch * architecture.context * max(architecture.width, SYMBOLS, architecture.context)
        self.step = GradientStep(loss, Adam(LEARNING_RATE), at_once=members_at_once(largest))

    def run(self, steps: int) -> tuple[float, list[float]]:
        """CPU seconds of so many steps from the start, and each member's last loss."""
        task = self.task
        windows = Windows(task.text, task.order, task.architecture.context)
        begun = time.process_time()
        trained = train(task.members, task.parameters, self.step, windows, steps)
        spent = time.process_time() - begun
        return spent, trained.history["loss"][:, -1].values.tolist()


class Model(nn.Module):
    """One member as one would write it."""

    def __init__(self, architecture: transformer.Architecture) -> None:
        super().__init__()
        width, hidden = architecture.width, architecture.feedforward
        self.embedding = nn.Embedding(architecture.vocabulary, width)
        self.position = nn.Embedding(architecture.context, width)
        self.query, self.key, self.value, self.output = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )
        self.hidden, self.contract = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.attention_norm, self.feedforward_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.scale = width**0.5

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits (batch, token, symbol)."""
        x = (self.embedding(tokens) + self.position.weight[: tokens.shape[1]]) * self.scale
        seen = functional.scaled_dot_product_attention(
            self.query(x), self.key(x), self.value(x), is_causal=True
        )
        x = self.attention_norm(x + self.output(seen))
        x = self.feedforward_norm(x + self.contract(functional.relu(self.hidden(x))))
        return x @ self.embedding.weight.T

    def load(self, parameters: Parameters) -> None:
        """Start from one member's weights."""
        weights = {"embedding": self.embedding, "position": self.position, "output": self.output}
        weights |= {"query": self.query, "key": self.key, "value": self.value}
        weights |= {"hidden": self.hidden, "contract": self.contract}
        with torch.no_grad():
            for name, module in weights.items():
                module.weight.copy_(parameters[name].reshape(module.weight.shape))
            self.hidden.bias.copy_(parameters["hidden_bias"][0])
            self.contract.bias.copy_(parameters["contract_bias"][0])


class Plain:
    """A loop over members, each a module with an optimiser of its own."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def run(self, steps: int) -> tuple[float, list[float]]:
        """As `Ours.run`."""
        task, context = self.task, self.task.architecture.context
        models = [Model(task.architecture) for _ in range(len(task.members))]
        for place, model in enumerate(models):
            model.load(member_of(task.parameters, place))
        optimisers = [torch.optim.Adam(model.parameters(), LEARNING_RATE) for model in models]
        span = torch.arange(context + 1)
        losses = [0.0] * len(models)
        begun = time.process_time()
        for step in range(steps):
            for place, (model, optimiser) in enumerate(zip(models, optimisers, strict=True)):
                window = task.text[task.order[place, step].long()[:, None] + span]
                logits = model(window[:, :-1])
                loss = functional.cross_entropy(logits.flatten(0, 1), window[:, 1:].flatten())
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                losses[place] = loss.item()
        return time.process_time() - begun, losses


class Jax:
    """The same in JAX, in a process of another Python."""

    def __init__(self, task: Task, python: str) -> None:
        environment = os.environ | {
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
        }
        self.folder = tempfile.TemporaryDirectory()
        arrays = {name: value.numpy() for name, value in task.parameters.items()}
        path = Path(self.folder.name) / "task.npz"
        np.savez(path, _text=task.text.numpy(), _order=task.order.numpy(), **arrays)
        self.process = subprocess.Popen(
            [python, JAX_SCRIPT, path, str(task.architecture.context), str(LEARNING_RATE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    def run(self, steps: int) -> tuple[float, list[float]]:
        """As `Ours.run`."""
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("the JAX process ended; see its message above")
        found = json.loads(answer)
        return found["seconds"], found["losses"]

    def __del__(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def pin_to_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 64, 256])
    parser.add_argument("--members", type=int, default=32)
    parser.add_argument("--batch", type=int, default=8, help="windows a step and member")
    parser.add_argument("--context", type=int, default=32, help="tokens of a window")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3, help="of the plain loop, per repeat")
    parser.add_argument("--jax-python", help="a Python that has jax")
    parser.add_argument("--json", type=Path, help="where to write the times")
    return parser.parse_args()


if __name__ == "__main__":
    main()
