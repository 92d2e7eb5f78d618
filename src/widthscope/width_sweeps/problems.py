"""What the networks of a width sweep learn: inputs and targets, the same for all members."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.errors import WidthscopeError
from widthscope.streams import Name, numpy_generator, torch_generator
from widthscope.width_sweeps.cost import BLOCK


class ProblemError(WidthscopeError):
    """A problem asks for more examples than there are, or for shapes that cannot be."""


@dataclass(frozen=True)
class Problem:
    """Regression by the squared loss; with labels, also classification.

    Attributes:
        name: of the data.
        train_x: (N, D), float64.
        train_y: (N, C), float64.
        test_x, test_y: as these, of examples that are never trained on.
        train_labels, test_labels: (N,) classes, int64; None where the targets are no classes.
    """

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    train_labels: Tensor | None = None
    test_labels: Tensor | None = None

    @property
    def inputs(self) -> int:
        """D."""
        return self.train_x.shape[1]

    @property
    def outputs(self) -> int:
        """C."""
        return self.train_y.shape[1]

    def digest(self) -> str:
        """First 16 digits of the sha256 of all inputs and targets."""
        content = hashlib.sha256()
        for values in (self.train_x, self.train_y, self.test_x, self.test_y):
            content.update(np.ascontiguousarray(values.numpy()).data)
        return content.hexdigest()[:16]


def placed(problem: Problem, device: str, dtype: torch.dtype) -> Problem:
    """The problem on a device, inputs and targets of a dtype."""

    def labels(values: Tensor | None) -> Tensor | None:
        return None if values is None else values.to(device)

    return replace(
        problem,
        **{
            key: getattr(problem, key).to(device=device, dtype=dtype)
            for key in ("train_x", "train_y", "test_x", "test_y")
        },
        train_labels=labels(problem.train_labels),
        test_labels=labels(problem.test_labels),
    )


def digits_problem(
    dataset: xr.Dataset,
    train: int = 1000,
    test: int | None = None,
    purpose: tuple[Name, ...] = ("width_sweeps", "split"),
) -> Problem:
    """Images as vectors, centred pixel by pixel and divided by the overall rms; targets one-hot - 1/C.

    Pixels' means and the rms are those of all images; only those that are used are held in float64.

    Args:
        dataset: `digits`, or any with ``image`` (sample, ...) and ``label`` (sample); one with a variable
            ``test`` (sample), as `cifar10`, is split by it, any other at random.
        train: images trained on, drawn at random.
        test: images tested on; None for all that are left.
        purpose: names of the stream that draws them.

    Raises:
        ProblemError: if there are fewer images.
    """
    labels = dataset["label"].values.astype(np.int64)
    images = dataset["image"].values.reshape(len(labels), -1)
    centre, scale = _moments(images)
    order = numpy_generator(*purpose).permutation(len(labels))
    if "test" in dataset:
        tested = dataset["test"].values[order].astype(bool)
        learnt, left = order[~tested], order[tested]
    else:
        learnt, left = order[:train], order[train:]
    test = len(left) if test is None else test
    if not 0 < train <= len(learnt) or not 0 < test <= len(left):
        raise ProblemError(
            f"{train} images to train on and {test} to test on are asked for, of {len(labels)} in all"
        )
    targets = np.eye(labels.max() + 1)[labels] - 1 / (labels.max() + 1)

    def part(places: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        x = images[places].astype(np.float64)
        x -= centre
        x /= scale
        return torch.from_numpy(x), torch.from_numpy(targets[places]), torch.from_numpy(labels[places])

    train_x, train_y, train_labels = part(learnt[:train])
    test_x, test_y, test_labels = part(left[:test])
    return Problem("images", train_x, train_y, test_x, test_y, train_labels, test_labels)


def _moments(images: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean of each pixel over all images (sample, pixel), and the rms of all that differs from it."""
    blocks = [images[begin : begin + BLOCK] for begin in range(0, len(images), BLOCK)]
    centre = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / len(images)
    squares = sum(np.square(block - centre).sum() for block in blocks)
    return centre, float(np.sqrt(squares / images.size))


def quadratic_problem(
    purpose: tuple[Name, ...] = ("width_sweeps", "quadratic"),
    inputs: int = 32,
    outputs: int = 2,
    train: int = 512,
    test: int = 1000,
) -> Problem:
    """A task that only features learn from few examples: squares of projections on hidden directions.

        x ~ N(0, I_D),   y_c = ((u_c . x)^2 - 1) / sqrt(2),   u_1, ..., u_C orthonormal

    Targets have mean 0 and variance 1.

    Raises:
        ProblemError: if there are more directions than inputs.
    """
    if not 1 <= outputs <= inputs:
        raise ProblemError(f"{outputs} orthonormal directions do not fit into {inputs} inputs")
    directions = torch.randn(
        inputs, outputs, generator=torch_generator(*purpose, "directions"), dtype=torch.float64
    )
    orthonormal = torch.linalg.qr(directions).Q

    def part(count: int, of: str) -> tuple[Tensor, Tensor]:
        x = torch.randn(count, inputs, generator=torch_generator(*purpose, of), dtype=torch.float64)
        return x, ((x @ orthonormal).square() - 1) / 2**0.5

    return Problem("quadratic", *part(train, "train"), *part(test, "test"))
