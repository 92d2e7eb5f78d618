"""What every task gives: path inputs and labels of the examples to learn from, and of those to predict."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class PathTask:
    """A data set as the theory sees it, in float64.

    Attributes:
        inputs: what each path makes of each example that is learned from, (P, D, N0).
        labels: their targets, (P,).
        test_inputs: path inputs of the examples that are predicted, (tests, D, N0).
        test_labels: their targets without noise, (tests,).
    """

    inputs: Tensor
    labels: Tensor
    test_inputs: Tensor
    test_labels: Tensor

    def with_paths(self, paths: list[int]) -> "PathTask":
        """The same examples seen by some of the paths alone, in the order of `paths`."""
        return PathTask(self.inputs[:, paths], self.labels, self.test_inputs[:, paths], self.test_labels)

    def with_labels(self, labels: Tensor) -> "PathTask":
        """The same examples with other targets to learn, such as permuted ones, (P,)."""
        return PathTask(self.inputs, labels, self.test_inputs, self.test_labels)
