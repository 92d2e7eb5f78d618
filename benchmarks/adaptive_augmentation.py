"""What adaptive choice of a layer costs: steps of AdaLASE over uniform choice, and over plain training.

A step of AdaLASE takes a second gradient, on V images for validation, so that by the counts it takes
1 + V / B times as long as one with minibatches of B. Small perceptrons and convolutional networks of 12
seeds, interleaved; processor time, one thread.

    python benchmarks/adaptive_augmentation.py
"""

import argparse
import time
from collections.abc import Mapping

import numpy as np
import torch
import xarray as xr
from counts import FEWEST, positive
from sklearn.datasets import load_digits

from widthscope.feature_augmentation.operations.catalogue import OPERATIONS
from widthscope.studies.adalase.arms import Arm, Recipe
from widthscope.studies.adalase.networks import CNN, MLP, Network
from widthscope.studies.adalase.seed_images import images_of
from widthscope.studies.adalase.training import train_arms
from widthscope.work import Work

BATCH, TRAIN, TEST = 32, 200, 10
SEEDS = range(12)
NETWORKS: Mapping[str, tuple[Network, str]] = {
    "perceptron": (MLP(64, 64), "mixup"),
    "convolutional": (CNN(), "vertical_flip"),
}


def seconds(network: Network, operation: str, validation: int, policy: str, steps: int) -> float:
    """Of the training of all seeds with one policy: plain, uniform or adaptive."""
    images = load_digits()
    dataset = xr.Dataset(
        {
            "image": (("sample", "row", "col"), images.images.astype(np.float32)),
            "label": ("sample", images.target),
        }
    )
    everywhere = (operation,) * network.positions
    arm = {
        "plain": Arm("plain", everywhere, network.positions),
        "uniform": Arm("uniform", everywhere),
        "adaptive": Arm("adaptive", everywhere, rate=0.1),
    }[policy]
    recipe = Recipe(TRAIN, TEST, BATCH, steps, max(validation, 1))
    purpose = ("benchmark", "adaptive_augmentation")
    shown = images_of(dataset, recipe, SEEDS, purpose)
    began = time.process_time()
    train_arms(network, [arm], OPERATIONS, shown, recipe, SEEDS, purpose, Work(), "benchmark")
    return time.process_time() - began


def main() -> None:
    """Print medians of the ratios with intervals of their bootstrap."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=positive, default=40)
    parser.add_argument("--repeats", type=positive, default=7)
    parser.add_argument("--validation", type=positive, nargs="+", default=[16, 32, 64, 128])
    given = parser.parse_args()
    if max(given.validation) > TRAIN:
        parser.error(f"--validation takes at most the {TRAIN} training images, not {max(given.validation)}")
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    for name, (network, operation) in NETWORKS.items():
        ratios: dict[str, list[float]] = {}
        took = []
        for _ in range(given.repeats):
            uniform = seconds(network, operation, 0, "uniform", given.steps)
            plain = seconds(network, operation, 0, "plain", given.steps)
            took.append(plain / given.steps / len(SEEDS))
            ratios.setdefault("uniform / plain", []).append(uniform / plain)
            for validation in given.validation:
                adaptive = seconds(network, operation, validation, "adaptive", given.steps)
                key = f"V / B = {validation / BATCH:g}: adaptive / uniform"
                ratios.setdefault(key, []).append(adaptive / uniform)
        print(f"{name}: plain {np.median(took) * 1e3:.2f} ms a step and seed")
        for key, values in ratios.items():
            if len(values) < FEWEST:
                print(f"  {key}: {np.median(values):.2f} (repeats: {len(values)}, too few for an interval)")
                continue
            drawn = np.median(generator.choice(values, (4999, len(values))), axis=1)
            low, high = np.quantile(drawn, [0.025, 0.975])
            print(f"  {key}: {np.median(values):.2f} (95 %: {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
